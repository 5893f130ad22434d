package checkpoint_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint"
)

func TestScratch(t *testing.T) {
	path := os.Getenv("SCRATCH")
	c, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	t.Log(c.Form, string(c.Config))
	for n, x := range c.Tensors {
		codes, err := x.Codes(t.Context())
		t.Log(n, x.Shape(), x.Stored(), codes != nil, err)
	}
	dir := os.Getenv("OUT")
	for n, b := range c.Files {
		t.Log(n, len(b), json.Valid(b))
		os.WriteFile(dir+"/"+n, b, 0o644)
	}
}
