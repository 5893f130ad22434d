package mil_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// fixturePackages returns the packages of this package's testdata (made by
// testdata/forms.py), of the project's, and of COREML_FIXTURES.
func fixturePackages(t testing.TB) []string {
	t.Helper()
	var list []string
	for _, root := range []string{"testdata/forms", "../../testdata/fixtures", os.Getenv("COREML_FIXTURES")} {
		if root == "" {
			continue
		}
		found, err := filepath.Glob(filepath.Join(root, "*", "model.mlpackage"))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	if len(list) == 0 {
		t.Skip("no fixtures: set COREML_FIXTURES")
	}
	return list
}

func open(t testing.TB, path string) *modelpkg.Package {
	t.Helper()
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pkg.Close(); err != nil {
			t.Error(err)
		}
	})
	return pkg
}

func TestEveryFixtureIsReadAndVerified(t *testing.T) {
	for _, path := range fixturePackages(t) {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			pkg := open(t, path)
			p, err := mil.Read(t.Context(), pkg)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range pkg.Functions() {
				if f := p.Function(name); f == nil || len(f.Body.Ops) == 0 {
					t.Errorf("function %s has no operations", name)
				}
			}
		})
	}
}
