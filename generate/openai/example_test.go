package openai_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// A server of the model that this module brings. A program of one's own gives the handler to
// http.ListenAndServe, under whatever path and behind whatever else it has.
func ExampleNew() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{MaxStates: 4, MaxQueue: 64})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()
	h, err := openai.New(&openai.Config{APIKeys: []string{"secret"}}, openai.Model{ID: "storyteller", Generator: g})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(h)
	defer server.Close()

	body := `{"model": "storyteller", "prompt": "Once upon a", "max_tokens": 1, "temperature": 0}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/completions", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "Bearer secret")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(res.Body)
	fmt.Println(res.Status, strings.Contains(string(reply), `"text":" time"`), err)

	// Requests under way are answered, and no new ones.
	fmt.Println(h.Shutdown(ctx))
	// Output:
	// 200 OK true <nil>
	// <nil>
}
