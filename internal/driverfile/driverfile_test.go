package driverfile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/driverfile"
)

func TestTheFileOfThePackageComesBeforeThatOfTheFolder(t *testing.T) {
	fsys := fstest.MapFS{
		"a/driver.json": {Data: []byte("folder")}, "a/M.driver.json": {Data: []byte("package")},
		"b/driver.json": {Data: make([]byte, driverfile.MaxBytes+1)},
	}
	for pkg, want := range map[string]string{"a/M.mlpackage": "package", "a/M.mlmodelc": "package", "a/N.mlpackage": "folder", "M.mlpackage": ""} {
		if _, data, err := driverfile.Find(fsys, pkg); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v; want %q", pkg, data, err, want)
		}
	}
	if name, _, err := driverfile.Find(fsys, "b/M.mlpackage"); err == nil || name != "driver.json" {
		t.Errorf("a file that is too long: %q, %v", name, err)
	}
}

func TestKindsAndVersionsAreToldApart(t *testing.T) {
	for _, c := range []struct{ kind, want, reason string }{
		{"", driverfile.Text, ""},
		{"text", driverfile.Text, ""},
		{"embeddings", driverfile.Embeddings, ""},
		{"embeddings", driverfile.Text, "makes vectors"},
		{"text", driverfile.Embeddings, "writes text"},
		{"x", driverfile.Text, `is "x", want "text" or "embeddings"`},
	} {
		err := driverfile.CheckKind(c.kind, c.want)
		if (err == nil) != (c.reason == "") || err != nil && !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%q for %q: %v", c.kind, c.want, err)
		}
	}
	for n, ok := range map[int]bool{-1: false, 0: true, 1: true, 2: false} {
		if err := driverfile.CheckVersion(n); (err == nil) != ok {
			t.Errorf("version %d: %v", n, err)
		}
	}
}
