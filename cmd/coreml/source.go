package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// repositoryKey is the metadata entry with the repository that a package was
// made from; exporters of the transformers library write it.
//
// It is a hint by who made the package, so that what it names is only looked for
// where the user keeps downloads.
const repositoryKey = "co.huggingface.exporters.name"

// openModel opens the package at path with the tokenizer that goes with it. No
// path means the embedded model.
//
// Reading another program's folder for a tokenizer comes last: what lies beside the
// package was put there for it.
func openModel(ctx context.Context, path, tok string, cfg *generate.Config) (*generate.Generator, error) {
	if path == "" {
		if tok != "" {
			return nil, usagef("--tokenizer needs a --model")
		}
		return generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, cfg)
	}
	path, err := packagePath(path)
	if err != nil {
		return nil, err
	}
	// Looked for here and not by the library, which does not know the cache.
	dir, err := findTokenizer(path, tok)
	if err != nil {
		// A tokenizer would be of no use to a package that writes no text.
		//
		// Who runs a classifier with generate should not be sent to look for a
		// tokenizer.
		if why := writesNoText(path, cfg.Model); why != nil {
			err = why
		}
		return nil, err
	}
	cfg.Tokenizer = dir
	g, err := generate.Open(ctx, path, cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
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
	if _, err := generate.Detect(d, driver); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// driverBeside reads the driver file beside the package, nil when there is none.
func driverBeside(path string) (*generate.Driver, error) {
	if path == "" {
		return nil, nil
	}
	clean := filepath.Clean(path)
	stem := strings.TrimSuffix(clean, filepath.Ext(clean))
	for _, name := range []string{stem + ".driver.json", filepath.Join(filepath.Dir(clean), "driver.json")} {
		f, err := storage.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			if err := storage.Absent(os.DirFS(filepath.Dir(name)), filepath.Base(name)); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		d, err := generate.ReadDriver(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return d, nil
	}
	return nil, nil
}

// findTokenizer returns the folder or file of the tokenizer: the one asked for,
// which may be a repository in the local cache, or the one beside the package,
// or that of the repository that the package was made from.
func findTokenizer(pkg, asked string) (string, error) {
	if asked != "" {
		info, err := os.Stat(asked)
		switch {
		case err == nil && looksLikePackage(asked):
			return findTokenizer(asked, "") // the one that goes with the package
		case err == nil && info.IsDir():
			return asked, hasTokenizer(asked)
		case err == nil || !isRepository(asked):
			return asked, err
		}
		dir, err := cachedTokenizer(asked)
		if errors.Is(err, errNotCached) {
			return "", fmt.Errorf("there is no tokenizer %s: it is no file or folder here, and %s%w", quoted(asked), notCached(asked), silent{err})
		}
		return dir, err
	}
	beside := filepath.Dir(filepath.Clean(pkg))
	for _, name := range tokenizer.FileNames() {
		// A link that leads nowhere is one that the loader tells of.
		if _, err := os.Lstat(filepath.Join(beside, name)); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return beside, nil
		}
	}
	// The package is opened only where nothing lies beside it.
	repo, err := repositoryOf(pkg)
	if err != nil {
		return "", err
	}
	if repo == "" {
		return "", fmt.Errorf("no tokenizer beside %s, and the package does not say which repository it was made from: give --tokenizer", pkg)
	}
	dir, err := cachedTokenizer(repo)
	if errors.Is(err, errNotCached) {
		return "", fmt.Errorf("no tokenizer beside %s: the package was made from %s, and %s, or give --tokenizer%w", pkg, repo, notCached(repo), silent{err})
	}
	if err != nil {
		return "", fmt.Errorf("no tokenizer beside %s: %w", pkg, err)
	}
	return dir, nil
}

// loadTokenizer loads what findTokenizer found and names it where that fails.
func loadTokenizer(where string) (*tokenizer.Tokenizer, error) {
	tok, err := tokenizer.Load(where)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return tok, nil
}

// hasTokenizer refuses a folder in which there is no tokenizer.
func hasTokenizer(dir string) error {
	names := tokenizer.FileNames()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("no tokenizer in %s: it has none of %s%w", dir, strings.Join(names, ", "), silent{fs.ErrNotExist})
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
