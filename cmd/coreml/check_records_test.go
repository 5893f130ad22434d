package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecordsThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"a text for the runs":  {`{"package":"m", "runs":"all"}`, "runs: a string where a list belongs (line 1)"},
		"a number for a key":   {"{\"package\":\"m\",\n\"runs\":[{\"steps\":[{\"inputs\":{\"x\":7}}]}]}", "(line 2)"},
		"cut off":              {"{\n\"package\"", "cases.json: not JSON at line 2: unexpected end of JSON input"},
		"no tensors":           {`{"package":"m","runs":[{}]}`, "names no tensors"},
		"more than a sensible": {strings.Repeat(" ", 17<<20), "larger than what is read"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "cases.json"), []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := call(t, "check", dir)
		if r.status != exitFailure || !strings.Contains(r.err, tc.want) || strings.Contains(r.err, "Go ") || strings.Contains(r.err, "casesFile") {
			t.Errorf("%s: status %d, %s", name, r.status, r.err)
		}
	}
}
