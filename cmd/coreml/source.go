package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tokenizer"
)

// repositoryKey is the metadata entry with the repository that a package was
// made from; exporters of the transformers library write it.
const repositoryKey = "co.huggingface.exporters.name"

// openModel opens the package at path with the tokenizer that goes with it. No
// path means the embedded model.
func openModel(ctx context.Context, path, tok string, opts *generate.Options) (*generate.Generator, error) {
	if path == "" {
		if tok != "" {
			return nil, usagef("--tokenizer needs a --model")
		}
		return generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, opts)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	dir, err := findTokenizer(path, tok)
	if err != nil {
		return nil, err
	}
	opts.Tokenizer = dir
	return generate.Open(ctx, path, opts)
}

// findTokenizer returns the folder or file of the tokenizer: the one asked for,
// which may be a repository in the local cache, or the one beside the package,
// or that of the repository that the package was made from.
func findTokenizer(pkg, asked string) (string, error) {
	if asked != "" {
		if _, err := os.Stat(asked); err == nil || !isRepository(asked) {
			return asked, nil
		}
		return cachedTokenizer(asked)
	}
	beside := filepath.Dir(filepath.Clean(pkg))
	for _, name := range tokenizer.FileNames() {
		if _, err := os.Stat(filepath.Join(beside, name)); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return beside, nil
		}
	}
	repo, err := repositoryOf(pkg)
	if err != nil {
		return "", err
	}
	if repo == "" {
		return "", fmt.Errorf("no tokenizer beside %s, and the package does not say which repository it was made from: give --tokenizer", pkg)
	}
	dir, err := cachedTokenizer(repo)
	if err != nil {
		return "", fmt.Errorf("no tokenizer beside %s: %w", pkg, err)
	}
	return dir, nil
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
