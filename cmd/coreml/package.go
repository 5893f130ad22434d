package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/modelpkg"
)

// The forms of a model, by the ends of their names, those first that are taken
// before the others where a folder has several.
var packageForms = []string{".mlpackage", ".mlmodel", ".mlmodelc"}

// looksLikePackage reports whether a package lies under a name that says so.
func looksLikePackage(name string) bool {
	if !slices.Contains(packageForms, strings.ToLower(filepath.Ext(filepath.Clean(name)))) {
		return false
	}
	_, err := os.Stat(name)
	return err == nil
}

// packagePath returns the package that a path given by the user means: what lies
// there, or the only package in the folder, which may be a download with the
// tokenizer beside the package.
func packagePath(name string) (string, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no model package %s%w", quoted(name), silent{err})
	case err != nil:
		return "", err
	case !info.IsDir():
		return name, nil
	}
	if slices.Contains(packageForms, strings.ToLower(filepath.Ext(filepath.Clean(name)))) {
		return name, nil // a folder that is called a package is one, or it is said what it lacks
	}
	// A package may be a folder without the ending, as an archive unpacks it.
	for _, file := range []string{"Manifest.json", "coremldata.bin"} {
		if _, err := os.Lstat(filepath.Join(name, file)); !errors.Is(err, fs.ErrNotExist) {
			return name, err
		}
	}
	return packageIn(name)
}

// severalError is the error of a folder with several packages, of which most verbs
// take one.
type severalError struct {
	dir   string
	found []string
}

func (e *severalError) Error() string {
	return fmt.Sprintf("there are several packages in %s: name one of %s", quoted(e.dir), nameList(e.found))
}

// because says why the packages of the folder are not one model together.
func (e *severalError) because(err error) error {
	return fmt.Errorf("%s; they are no model together: %w", e.Error(), err)
}

// packageIn returns the only package in a folder that is none itself.
//
// Only the folder itself is looked through: a package in a folder below was not
// meant.
func packageIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	// A folder with a package and its source or compiled form is usual; the package
	// is what every engine takes.
	for _, form := range packageForms {
		var found []string
		for _, e := range entries {
			if strings.EqualFold(filepath.Ext(e.Name()), form) {
				found = append(found, e.Name())
			}
		}
		switch {
		case len(found) == 1:
			return filepath.Join(dir, found[0]), nil
		case len(found) > 1:
			for i := range found {
				found[i] = filepath.Join(dir, found[i])
			}
			return "", &severalError{dir, found}
		}
	}
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return modelpkg.IsCheckpoint(e.Name()) }) {
		return "", fmt.Errorf("%s: %w, but it holds a checkpoint, %s", plain(dir), modelpkg.ErrNotPackage, modelpkg.Convertible)
	}
	return "", fmt.Errorf("%s: %w, and no .mlpackage lies in it", plain(dir), modelpkg.ErrNotPackage)
}
