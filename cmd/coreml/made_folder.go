package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// inFolder calls make, which makes something at a path, once the folder for it is there.
// Folders that are missing are made, and removed again when make fails, unless somebody
// else has put something into them.
func inFolder(at string, make func() error) error {
	made, err := makeFolders(filepath.Dir(filepath.Clean(at)))
	if err == nil {
		err = make()
	}
	if err != nil {
		for _, dir := range slices.Backward(made) {
			// One that is not empty stays, and the error that counts is another one.
			_ = os.Remove(dir)
		}
	}
	return err
}

// makeFolders makes a folder with those above it, and returns the ones that were missing,
// the outermost first.
func makeFolders(dir string) (made []string, err error) {
	var missing []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		missing = append(missing, at)
	}
	for _, at := range slices.Backward(missing) {
		switch err := os.Mkdir(at, 0o777); {
		case errors.Is(err, fs.ErrExist): // by somebody else, in the meantime
		case err != nil:
			return made, err
		default:
			made = append(made, at)
		}
	}
	return made, nil
}
