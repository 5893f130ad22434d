// Package modelpkg opens Core ML model packages: the manifest, the model file
// and the weight files, of which all but the manifest are mapped into memory. It
// hands out messages, element types and bytes; what they mean is for package mil
// to say. It writes packages too. A compiled model (.mlmodelc) of an ML Program, or a
// pipeline of such, opens as a package does; its program is a text.
package modelpkg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/storage"
)

// Errors of Open and of what an open package is asked for.
var (
	// ErrCompiled means that the folder is a compiled model that is not read here: a
	// CompiledError says which kind only Core ML itself reads, other errors what is wrong.
	ErrCompiled = errors.New("only Core ML itself runs it: use the .mlpackage that it was compiled from")
	// ErrCompiledData means that the description in a compiled model is malformed or
	// missing.
	ErrCompiledData = errors.New("malformed compiled model")
	// ErrNotPackage means that the path holds nothing like a model.
	ErrNotPackage = errors.New("not a model package: it has no Manifest.json")
	// ErrManifest means that Manifest.json is malformed or points outside the
	// package.
	ErrManifest = errors.New("malformed manifest")
	// ErrNotProgram means that the model is of another type than ML Program.
	ErrNotProgram = errors.New("model is not an ML Program: convert it with coremltools' convert_to=\"mlprogram\"")
	// ErrFunction means that the package has no function of the asked name.
	ErrFunction = errors.New("no such function")
	// ErrClosed means that the package has been closed.
	ErrClosed = errors.New("package is closed")
)

// Package is an open model package. Any number of goroutines may use it at
// once. After Close the messages are still there, but the tensor data that they
// refer to is not.
type Package struct {
	fsys     fs.FS  // all names below are names in it
	dir      string // the package folder; the folder around a bare model file
	bare     string // the bare model file; empty for a package
	name     string // the model file of a package that is not compiled
	modelDir string // what @model_path stands for
	items    []string
	model    *milpb.Model
	compiled bool       // spec is the text of a program
	stages   []*Package // of a compiled pipeline, which has no spec

	mu     sync.Mutex // guards what follows
	closed bool
	spec   *storage.Bytes // the model file, to which the messages' tensor data refers; nil in a pipeline
	files  *weightFiles
}

// OpenPath opens the package, or the bare .mlmodel file, at a path of the
// operating system. The file system is rooted in the package, or in the folder
// of the bare file.
func OpenPath(name string) (*Package, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	var p *Package
	switch {
	case !info.IsDir():
		p, err = Open(os.DirFS(filepath.Dir(name)), filepath.Base(name))
	default:
		p, err = open(os.DirFS(name), ".", compiledName(name))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, Locate(err, name))
	}
	return p, nil
}

// Open opens the package or compiled model that is the folder dir of fsys, or the bare
// .mlmodel file of that name. The model file is decoded at once, weight files are opened
// when the first of their contents is asked for. Errors do not name dir, which
// the caller knows, and name files as they are called inside the package. The
// caller closes the package, after the last use of anything that refers to it.
func Open(fsys fs.FS, dir string) (*Package, error) {
	return open(fsys, dir, compiledName(dir))
}

// compiledName recognises a compiled model by its folder's name.
func compiledName(name string) bool {
	return strings.EqualFold(path.Ext(strings.TrimRight(filepath.ToSlash(name), "/")), ".mlmodelc")
}

// open is Open for a folder that is, or is not, called a compiled model.
func open(fsys fs.FS, dir string, compiled bool) (*Package, error) {
	dir = path.Clean(dir)
	if !fs.ValidPath(dir) {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrInvalid}
	}
	info, err := fs.Stat(fsys, dir)
	if err != nil {
		return nil, err
	}
	p := &Package{fsys: fsys, dir: dir, files: newWeightFiles()}
	modelFile := dir
	if !info.IsDir() {
		p.dir, p.bare = path.Dir(dir), dir
	} else if modelFile, err = p.readManifest(compiled); errors.Is(err, errIsCompiled) {
		if err := p.openCompiled(); err != nil {
			// Whatever is wrong with it: that it is a compiled model is known.
			return nil, errors.Join(storage.Also(err, ErrCompiled), p.Close())
		}
		return p, nil
	} else if err != nil {
		return nil, err
	}
	p.name, p.modelDir = modelFile, path.Dir(modelFile)
	if p.spec, err = storage.ReadFile(fsys, modelFile); err != nil {
		return nil, p.inside(modelFile, err)
	}
	if err := p.decode(modelFile); err != nil {
		return nil, errors.Join(err, p.spec.Release())
	}
	return p, nil
}

// decode decodes the model file. What turns out to be no model at all is told by
// its first bytes.
func (p *Package) decode(name string) (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	p.model, err = milpb.DecodeModel(p.spec.Data())
	if err == nil && p.model.Program != nil {
		return p.spec.Err()
	}
	if err != nil || p.model.Type == 0 {
		if other := storage.Sniff(name, p.spec.Data(), ""); other != nil {
			return p.inside(name, other)
		}
	}
	if err == nil {
		err = fmt.Errorf("%w (its type is %v)", ErrNotProgram, p.model.Type)
	}
	return p.inside(name, err)
}

// Err returns an error when one of the package's files was shortened while it
// was mapped: what was read of it may not have been its content. No package has
// no files. A loader asks at its end, and a prediction after each run.
func (p *Package) Err() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	if p.spec != nil {
		if err := p.spec.Err(); err != nil {
			return err
		}
	}
	if err := p.files.err(); err != nil {
		return err
	}
	for _, stage := range p.stages {
		if err := stage.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Model returns the decoded model file. Its tensor data is valid until Close.
// The messages must not be changed. That of a compiled model has no program, whose form
// is a text.
func (p *Package) Model() *milpb.Model { return p.model }

// ForgetProgram lets go of the program's messages: Model().Program is nil from then on.
// They take seven to eight bytes for a byte of the model file, and whoever has made
// something else of them needs them no more; the package's own methods do not either.
// Nobody else may use the package meanwhile.
func (p *Package) ForgetProgram() { p.model.Program = nil }

// Close gives the mapped files back. Everything that refers to the package's
// memory must not be used any more. Further calls do nothing.
func (p *Package) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	var err error
	if p.spec != nil {
		err = p.spec.Release()
	}
	err = errors.Join(err, p.files.leave())
	for _, stage := range p.stages {
		err = errors.Join(err, stage.Close())
	}
	return err
}
