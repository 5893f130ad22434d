// Package driverfile finds the file beside a package that says how it is driven, for
// models that write text and for those that make vectors.
package driverfile

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// Version is the version of the form that the field "version" counts; 0 means 1.
const Version = 1

// MaxBytes bounds a driver file.
const MaxBytes = 1 << 20

// The kinds of drivers, which the field "kind" may name: of a model that writes text,
// and of one that makes vectors or scores of texts.
const (
	Text       = "text"
	Embeddings = "embeddings"
)

// Find returns the driver file of the package at pkg: NAME.driver.json beside
// NAME.mlpackage, or else driver.json. Data is nil where there is neither. What is wrong
// with the file is an error that names it.
func Find(fsys fs.FS, pkg string) (name string, data []byte, err error) {
	base := path.Base(pkg)
	base = strings.TrimSuffix(base, path.Ext(base))
	for _, name := range []string{base + ".driver.json", "driver.json"} {
		data, err := storage.ReadOptional(fsys, path.Join(path.Dir(pkg), name), MaxBytes)
		if err != nil || data != nil {
			return name, data, err
		}
	}
	return "", nil, nil
}

// CheckKind refuses the kind of another driver than the one that is wanted. The empty
// kind is that of files that do not say it.
func CheckKind(kind, want string) error {
	switch {
	case kind == "" || kind == want:
		return nil
	case kind == Text:
		return fmt.Errorf("is %q: the package writes text and makes no vectors", kind)
	case kind == Embeddings:
		return fmt.Errorf("is %q: the package makes vectors and writes no text", kind)
	}
	return fmt.Errorf("is %q, want %q or %q", kind, Text, Embeddings)
}

// CheckVersion refuses versions that this program does not read.
func CheckVersion(n int) error {
	if n < 0 || n > Version {
		return fmt.Errorf("is %d; this program reads version %d", n, Version)
	}
	return nil
}
