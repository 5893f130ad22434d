package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// start runs the command with a scenario. It returns the addresses that it prints,
// and what ends it.
func start(t *testing.T, scenario string) (addresses map[string]string, stop func() error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "scenario.json")
	if err := os.WriteFile(name, []byte(scenario), 0o666); err != nil {
		t.Fatal(err)
	}
	stdin, input := io.Pipe()
	output, stdout := io.Pipe()
	ended := make(chan error, 1)
	root := fstest.MapFS{"folder/f": {Data: []byte("from the folder")}}
	go func() {
		err := run(name, root, stdin, stdout)
		stdout.CloseWithError(err)
		ended <- err
	}()
	if err := json.NewDecoder(output).Decode(&addresses); err != nil {
		t.Fatal(err)
	}
	return addresses, func() error {
		input.Close()
		return <-ended
	}
}

// call sends a request and returns status and body.
func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestItServesUntilItsInputEnds(t *testing.T) {
	at, stop := start(t, `{"repos": [{"id": "org/name", "dir": "folder"}]}`)
	file := at["hub"] + "/org/name/resolve/main/f"
	if status, text := call(t, "GET", file, ""); status != 200 || text != "from the folder" {
		t.Errorf("%d %q", status, text)
	}
	if status, text := call(t, "POST", at["control"]+"/faults", `[{"op": "body", "do": {"status": 503}}]`); status != 200 {
		t.Errorf("%d %q", status, text)
	}
	if status, _ := call(t, "GET", file, ""); status != 503 {
		t.Errorf("%d, want the fault", status)
	}
	call(t, "DELETE", at["control"]+"/faults", "")
	call(t, "POST", at["control"]+"/repos", `{"repos": [{"id": "org/name", "files": {"f": "other"}}]}`)
	if _, text := call(t, "GET", file, ""); text != "other" {
		t.Errorf("%q", text)
	}
	if _, text := call(t, "GET", at["control"]+"/commit?id=org/name&revision=main", ""); len(text) != 40 {
		t.Errorf("commit %q", text)
	}
	_, text := call(t, "GET", at["control"]+"/requests", "")
	var log []hubtest.Request
	if err := json.Unmarshal([]byte(text), &log); err != nil || len(log) != 3 || !log[1].Faulted {
		t.Errorf("log: %v %s", err, text)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestAWrongFaultIsRefused(t *testing.T) {
	at, stop := start(t, `{}`)
	if status, _ := call(t, "POST", at["control"]+"/faults", `[{"oops": 1}]`); status != 400 {
		t.Errorf("%d", status)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestAWrongScenarioDoesNotStart(t *testing.T) {
	name := filepath.Join(t.TempDir(), "scenario.json")
	if err := os.WriteFile(name, []byte(`{"repos": [{}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run(name, nil, strings.NewReader(""), io.Discard); err == nil {
		t.Error("it started")
	}
}
