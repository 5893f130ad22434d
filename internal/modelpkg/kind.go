package modelpkg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// want is what those need to know who named something else than a package.
const want = "a model package is a folder that ends in .mlpackage"

// NotPackageError says of a folder that it is no package, and what is in it
// that may have been meant. It is [ErrNotPackage]. Downloads often end in a
// folder around the package, or in an archive that nobody unpacked.
type NotPackageError struct {
	// Path is the folder.
	Path string
	// Packages are the names of the model packages and bare model files in it, and
	// Archives those of archives that may hold one.
	Packages, Archives []string
	// Checkpoint says that the folder holds a trained model, which a package can be
	// made of.
	Checkpoint bool
}

// Error names what may have been meant.
func (e *NotPackageError) Error() string {
	text := ErrNotPackage.Error()
	switch {
	case len(e.Packages) == 1:
		return text + ", but it holds a model: did you mean " + e.quoted(e.Packages[0]) + "?"
	case len(e.Packages) > 1:
		return text + ", but it holds models: did you mean one of " + e.list(e.Packages) + "?"
	case len(e.Archives) > 0:
		return text + ", but it holds an archive: unpack " + e.list(e.Archives) + " first"
	case e.Checkpoint:
		return text + ", but it holds a checkpoint, " + Convertible
	}
	return text + "; " + want
}

// Unwrap returns [ErrNotPackage].
func (e *NotPackageError) Unwrap() error { return ErrNotPackage }

// quoted is a name in the folder as a message shows it.
func (e *NotPackageError) quoted(name string) string {
	return storage.Quote(filepath.Join(e.Path, name))
}

// listed is how many names a message has room for.
const listed = 5

// list joins names for a message.
func (e *NotPackageError) list(names []string) string {
	var out []string
	for _, name := range names[:min(len(names), listed)] {
		out = append(out, e.quoted(name))
	}
	if len(names) > listed {
		out = append(out, fmt.Sprintf("%d more", len(names)-listed))
	}
	return strings.Join(out, ", ")
}

// Locate tells an error of [Open] the path of the package, which Open itself does
// not know.
func Locate(err error, name string) error {
	if e, ok := errors.AsType[*NotPackageError](err); ok {
		e.Path = name
	}
	return err
}

// maxEntries bounds how many names of a folder that is no package are looked at.
const maxEntries = 1000

// notPackage looks around in a folder without a manifest. Whatever cannot be
// read adds nothing: the error is about the folder.
func (p *Package) notPackage() error {
	e := &NotPackageError{Path: p.dir}
	f, err := p.fsys.Open(p.dir) // a folder: Open has asked
	if err != nil {
		return e
	}
	defer f.Close() //nolint:errcheck // it was only read
	dir, ok := f.(fs.ReadDirFile)
	if !ok {
		return e
	}
	entries, err := dir.ReadDir(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return e
	}
	for _, entry := range entries {
		name := entry.Name()
		switch ext := strings.ToLower(path.Ext(name)); {
		case ext == ".mlpackage" && p.isPackage(name), ext == ".mlmodel", ext == ".mlmodelc" && entry.IsDir():
			e.Packages = append(e.Packages, name)
		case ext == ".zip" || ext == ".tar" || ext == ".gz" || ext == ".tgz":
			e.Archives = append(e.Archives, name)
		case IsCheckpoint(name):
			e.Checkpoint = true
		}
	}
	slices.Sort(e.Packages)
	slices.Sort(e.Archives)
	return e
}

// Convertible goes on with a sentence about a checkpoint: what to do with it.
const Convertible = "of which coreml convert makes a package"

// IsCheckpoint reports whether a file of that name has the weights of a trained model.
func IsCheckpoint(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".safetensors" || ext == ".gguf"
}

// isPackage reports whether a folder inside of the folder has a manifest.
func (p *Package) isPackage(name string) bool {
	_, err := fs.Stat(p.fsys, path.Join(p.dir, name, manifestName))
	return err == nil
}

// CompiledError says of a compiled model why it cannot be run: what it is. It is
// [ErrCompiled].
type CompiledError struct {
	// What is what the folder holds, such as "a neural network".
	What string
	// Err is a cause with a name of its own, [ErrNotProgram] for a model that is of
	// another type; nil where there is none.
	Err error
}

// Error says what the model is and who runs it.
func (e *CompiledError) Error() string {
	return "the compiled model is " + e.What + "; " + ErrCompiled.Error()
}

// Unwrap returns [ErrCompiled] and the cause.
func (e *CompiledError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrCompiled}
	}
	return []error{ErrCompiled, e.Err}
}

// bareError is an error about the path itself that was to be opened: its text
// does not repeat the path, which the caller names.
type bareError struct {
	text string
	err  error
}

func (e *bareError) Error() string { return e.text }

// Unwrap returns the cause and, since the path leads to no model,
// [ErrNotPackage].
func (e *bareError) Unwrap() []error { return []error{ErrNotPackage, e.err} }

// inside makes an error about a file of the package fit for callers that name
// the package: names are relative to it.
func (p *Package) inside(file string, err error) error {
	bare := file == p.bare && p.bare != ""
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		if bare {
			return fmt.Errorf("%s: %w", e.Op, e.Err)
		}
		return &fs.PathError{Op: e.Op, Path: p.relative(e.Path), Err: e.Err}
	}
	if e, ok := errors.AsType[*storage.NotRegularError](err); ok {
		if bare {
			return &bareError{"this is " + e.What() + "; " + want, err}
		}
		return &storage.NotRegularError{Name: p.relative(e.Name), Mode: e.Mode}
	}
	if e, ok := errors.AsType[*storage.WrongFileError](err); ok {
		if bare {
			e.Want = want
			if e.Kind == storage.KindGGUF || e.Kind == storage.KindSafetensors {
				return &bareError{"this is " + string(e.Kind) + ", " + Convertible, err}
			}
			return &bareError{"this is " + e.What(), err}
		}
		e.Name = p.relative(e.Name)
		return e
	}
	if bare {
		return err
	}
	return fmt.Errorf("%s: %w", storage.Quote(p.relative(file)), err)
}

// relative is a name of the file system, seen from the package.
func (p *Package) relative(name string) string {
	if rest, ok := strings.CutPrefix(name, p.dir+"/"); ok {
		return rest
	}
	return name
}
