package hubtest_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// A server whose first answer to a download is that it is busy.
func Example() {
	hub, err := hubtest.Start(hubtest.Repo{ID: "org/name", Files: hubtest.FS{
		"config.json":       hubtest.Text(`{"model_type":"toy"}`),
		"model.safetensors": hubtest.Pattern{Size: 3_000_000},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer hub.Close()
	hub.Add(hubtest.Fault{Op: hubtest.Body, To: 1, Do: hubtest.Do{Status: 503}})

	for _, name := range []string{"config.json", "config.json", "model.safetensors", "model.safetensors"} {
		resp, err := http.Get(hub.URL() + "/org/name/resolve/main/" + name) //nolint:noctx // as short as it can be
		if err != nil {
			fmt.Println(err)
			return
		}
		n, _ := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		fmt.Println(name, resp.StatusCode, n)
	}
	for _, r := range hub.Requests() {
		fmt.Println(r.Origin, r.Op, r.File)
	}
	// Output:
	// config.json 503 0
	// config.json 200 20
	// model.safetensors 503 0
	// model.safetensors 200 3000000
	// hub body config.json
	// hub body config.json
	// hub redirect model.safetensors
	// cdn body model.safetensors
	// hub redirect model.safetensors
	// cdn body model.safetensors
}
