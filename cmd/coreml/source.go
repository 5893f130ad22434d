package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/driverfile"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

// repositoryKey is the metadata entry with the repository that a package was
// made from; exporters of the transformers library write it.
//
// It is a hint by who made the package.
const repositoryKey = "co.huggingface.exporters.name"

// openModel opens the package that a name means with the tokenizer that goes with it.
// No name means the embedded model.
//
// Reading another program's folder for a tokenizer comes last: what lies beside the
// package was put there for it.
func openModel(ctx context.Context, f *finder, name, tok string, cfg *generate.Config) (*generate.Generator, error) {
	if name == "" {
		if tok != "" {
			return nil, usagef("--tokenizer needs a --model")
		}
		return generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, cfg)
	}
	at, err := f.model(ctx, name)
	if err != nil {
		return nil, err
	}
	path := at.path
	// Looked for here and not by the library, which knows no hub and no cache.
	dir, err := f.tokenizer(ctx, at, tok)
	if err != nil {
		// A tokenizer would be of no use to a package that writes no text.
		//
		// Who runs a classifier with generate should not be sent to look for a
		// tokenizer.
		if why := writesNoText(path, cfg.Model); why != nil && cfg.Driver == nil {
			err = why
		}
		return nil, err
	}
	cfg.Tokenizer = dir
	g, err := generate.Open(ctx, path, cfg)
	if err != nil {
		return nil, at.blame(err)
	}
	return g, nil
}

// openSequences opens a model that was found, without a tokenizer.
func openSequences(ctx context.Context, at place, cfg *generate.Config) (*generate.Generator, error) {
	cfg.NoTokenizer = true
	g, err := generate.Open(ctx, at.path, cfg)
	if err != nil {
		return nil, at.blame(err)
	}
	return g, nil
}

// blame says which model an error is about.
func (p place) blame(err error) error {
	if p.several != nil {
		return p.several.because(err)
	}
	return fmt.Errorf("%s: %w", p.path, err)
}

// writesNoText returns why a package cannot write text, nil where it can or where
// that is not clear.
func writesNoText(path string, cfg *coreml.Config) error {
	function := ""
	if cfg != nil {
		function = cfg.Function
	}
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		return nil //nolint:nilerr // whoever loads it says so
	}
	defer pkg.Close() //nolint:errcheck // it was only read
	driver, err := driverBeside(path)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	d, err := describe(pkg, function)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	if driver != nil && len(driver.Stages) > 0 {
		return nil // several functions, or packages, may do together what one does not
	}
	_, why := generate.Detect(d, driver)
	for _, name := range d.Functions {
		if d, err := describe(pkg, name); err == nil && function == "" && why != nil {
			if _, err := generate.Detect(d, driver); err == nil {
				return nil
			}
		}
	}
	if why != nil {
		return fmt.Errorf("%s: %w", path, why)
	}
	return nil
}

// modelDriver is namedDriver for a command that has a model of its own where none is named,
// which no other driver fits.
func modelDriver(model, name string) (*generate.Driver, error) {
	driver, err := namedDriver(name)
	if err == nil && driver != nil && model == "" {
		return nil, usagef("--driver needs a --model")
	}
	return driver, err
}

// namedDriver reads the driver file of --driver, nil where none is given.
func namedDriver(name string) (*generate.Driver, error) {
	if name == "" {
		return nil, nil
	}
	f, err := storage.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--driver: %w", err)
	}
	d, err := generate.ReadDriver(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// driverBeside reads the driver file beside the package, nil when there is none.
func driverBeside(path string) (*generate.Driver, error) {
	if path == "" {
		return nil, nil
	}
	dir, file := filepath.Split(filepath.Clean(path))
	name, data, err := driverfile.Find(os.DirFS(filepath.Clean(dir)), file)
	if err != nil || data == nil {
		return nil, err
	}
	d, err := generate.ReadDriver(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
	}
	return d, nil
}

// repositoryOf reads the repository from the package's metadata, empty when
// there is none.
func repositoryOf(path string) (repo string, err error) {
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, pkg.Close()) }()
	d := pkg.Model().Description
	if d == nil || d.Metadata == nil {
		return "", nil
	}
	for _, pair := range d.Metadata.UserDefined {
		if pair.Key == repositoryKey && isRepository(pair.Value) {
			return pair.Value, nil
		}
	}
	return "", nil
}
