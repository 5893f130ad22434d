package portable

import (
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
)

// The messages of a model file take several times its size, and a loaded program has no
// use for them.
func TestALoadedProgramLetsGoOfThePackagesMessages(t *testing.T) {
	path := filepath.FromSlash("../../../testdata/fixtures/llama-int4/model.mlpackage")
	loaded, err := Engine{}.Load(t.Context(), engine.Source{Path: path}, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close() //nolint:errcheck // it was only read
	p, ok := loaded.(*program)
	if !ok || p.pkg.Model().Program != nil {
		t.Error("the messages of the program are still there")
	}
	if p.pkg.Model().Description == nil || len(p.Description().Inputs) == 0 {
		t.Error("the description went with them")
	}
}
