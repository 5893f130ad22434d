package coreml

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// Model is one function of a package, ready to make predictions; MLModel of
// Core ML. It is made by [Load] or [LoadFS] and safe for concurrent use by any
// number of goroutines.
//
// A Model that nobody refers to any more is closed by the garbage collector,
// at some time or never: call Close. One that Load did not make, nil or the zero
// Model, is as a closed one that describes nothing.
type Model struct {
	p       *program
	cleanup runtime.Cleanup
}

// program is what a Model consists of. It does not refer to the Model, so that
// the Model can be collected while states of it are alive.
type program struct {
	gate    gate
	prog    engine.Program
	loaded  loaded
	engine  string
	note    string       // why it is not the engine of first choice
	desc    *Description // handed out; nothing here reads it
	inputs  []FeatureDescription
	outputs []FeatureDescription
	states  []FeatureDescription
	place   map[string]int // of each name in states
	frames  frames
	batches idle[batch]
	print   fingerprint
}

// Load loads the package at path: an .mlpackage folder, a compiled model's .mlmodelc
// folder, or a bare .mlmodel file without weight files. Weight files are mapped into memory rather than read and
// must not be changed while the model is open: replace them by renaming. One that
// is shortened all the same makes predictions fail with [ErrFileChanged].
//
// Only regular files are read, through links too; whatever else lies where a file
// belongs, a named pipe for example, is refused with [ErrNotRegular] at once.
//
// Load gives up with ctx's error when ctx ends; ctx is not used afterwards. A nil
// ctx is context.Background and a nil cfg the zero [Config].
func Load(ctx context.Context, path string, cfg *Config) (*Model, error) {
	if path == "" {
		return nil, fail("load model", fmt.Errorf("the path is empty: %w", ErrNotPackage))
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fail("load model", err)
	}
	src := engine.Source{FS: os.DirFS(path), Dir: ".", Path: path}
	// A folder that is called a compiled model is known by its name.
	if !info.IsDir() || compiled(path) {
		clean := filepath.Clean(path)
		src.FS, src.Dir = os.DirFS(filepath.Dir(clean)), filepath.Base(clean)
	}
	return load(orBackground(ctx), src, path, cfg)
}

// LoadFS loads the package in the folder dir of fsys, such as an embed.FS. A
// file that is an *os.File underneath is mapped into memory; any other is read
// once. fsys is not used after the Model has been closed.
//
// LoadFS gives up with ctx's error when ctx ends. A nil ctx is context.Background
// and a nil cfg the zero [Config].
func LoadFS(ctx context.Context, fsys fs.FS, dir string, cfg *Config) (*Model, error) {
	if fsys == nil {
		return nil, fail("load model", errNoFileSystem)
	}
	if _, err := fs.Stat(fsys, dir); err != nil {
		return nil, fail("load model", err)
	}
	return load(orBackground(ctx), engine.Source{FS: fsys, Dir: dir}, dir, cfg)
}

func load(ctx context.Context, src engine.Source, name string, cfg *Config) (*Model, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	ec, err := cfg.engineConfig()
	if err != nil {
		return nil, fail("load model", err)
	}
	var e engine.Engine
	var prog engine.Program
	note := ""
	err = withAdapters(ctx, ec, cfg.Adapters, func(ec engine.Config) (err error) {
		e, prog, note, err = open(ctx, src, name, cfg, ec)
		return err
	})
	if err != nil {
		return nil, fail("load model", fmt.Errorf("%s: %w", name, engineError(modelpkg.Locate(err, name))))
	}
	return newModel(prog, loaded{e, src, ec, slices.Clone(cfg.Adapters), name}, note), nil
}

// loaded is what a model was loaded from, and how.
type loaded struct {
	engine   engine.Engine
	src      engine.Source
	cfg      engine.Config
	adapters []Adapter
	name     string
}

func newModel(prog engine.Program, from loaded, note string) *Model {
	d := prog.Description()
	p := &program{
		prog: prog, loaded: from, engine: from.engine.Name(), note: note, desc: describe(d),
		inputs: describeFeatures(d.Inputs), outputs: describeFeatures(d.Outputs), states: describeFeatures(d.States),
	}
	p.place = placesOf(p.states)
	p.frames.inputs, p.frames.outputs = len(p.inputs), len(p.outputs)
	m := &Model{p: p}
	m.cleanup = runtime.AddCleanup(m, func(p *program) { _ = p.close() }, p)
	return m
}

// LoadFunction loads another function of the same package with the same engine and
// settings: an adapter that is a function, say, or a variant for prompts. An empty name is the package's
// default function, and one that it lacks gives [ErrUnknownFunction]. The portable
// engine uses the weight files that m has mapped; Core ML shares what it can by itself.
//
// The new Model is closed by itself, before or after m. States belong to the function
// that made them. A nil ctx is context.Background.
func (m *Model) LoadFunction(ctx context.Context, name string) (*Model, error) {
	other, err := m.loadFunction(orBackground(ctx), name, m.program().loaded.adapters)
	runtime.KeepAlive(m)
	if err != nil {
		return nil, fail("load function", err)
	}
	return other, nil
}

func compiled(name string) bool {
	return strings.EqualFold(filepath.Ext(filepath.Clean(name)), ".mlmodelc")
}

// Description returns what the package says of itself and of the loaded
// function. Every call returns the same Description; treat it as read-only. It
// stays valid after Close.
func (m *Model) Description() *Description { return m.program().desc }

// OutputShape returns what is known of an output's shape before anything is run:
// a size for each dimension, or -1 where it depends on the inputs. It is nil for
// a name that is no output's and where nothing is known. Packages often leave
// the shapes of outputs out of their description; an engine that reads the
// program itself knows more.
func (m *Model) OutputShape(name string) []int {
	program := m.program()
	for i := range program.outputs {
		f := &program.outputs[i]
		if f.Name != name {
			continue
		}
		if p, ok := program.prog.(engine.ShapedProgram); ok {
			if shape := p.OutputShape(i); shape != nil {
				return shape
			}
		}
		if f.Kind != KindMultiArray || f.Flexible() {
			return nil
		}
		return slices.Clone(f.Shape)
	}
	return nil
}

// Info is what an engine says of itself and of a model that it loaded.
type Info struct {
	// Engine is the engine's name: framework or portable.
	Engine string
	// Devices are those that predictions really use, such as CPU.
	Devices []string
	// Notes are sentences about what was asked for and is not had, such as
	// compute units that the engine lacks.
	Notes []string
	// Arithmetic is how results are rounded. The framework, whose devices decide
	// it, says [ArithmeticDefault].
	Arithmetic Arithmetic
	// Threads is the most threads that one prediction uses; 0 when the engine
	// does not say.
	Threads int
	// Instructions are the processor's instructions in use, such as avx2.
	Instructions string
}

// Info returns what the engine says of itself.
func (m *Model) Info() Info {
	p := m.program()
	if p == noProgram {
		return Info{}
	}
	i := p.prog.Info()
	notes := slices.Clone(i.Notes)
	if p.note != "" {
		notes = append([]string{p.note}, notes...)
	}
	runtime.KeepAlive(m)
	return Info{
		Engine: i.Engine, Devices: slices.Clone(i.Devices), Notes: notes,
		Arithmetic: Arithmetic(i.Arithmetic), Threads: i.Threads, Instructions: i.Instructions,
	}
}

// PlanText describes, for people, what the engine made of the function. The text
// may change from version to version. It is empty after Close.
func (m *Model) PlanText() string {
	p := m.program()
	if !p.gate.enter() {
		return ""
	}
	defer runtime.KeepAlive(m)
	defer p.gate.leave()
	return p.prog.PlanText()
}

// NewState returns a fresh state whose buffers are zero: the memory of one
// conversation. A function without states gives a State without buffers, which
// [Model.Predict] accepts, so that callers need not tell the two apart.
func (m *Model) NewState() (*State, error) {
	s, err := m.program().newState()
	runtime.KeepAlive(m)
	if err != nil {
		return nil, fail("new state", err)
	}
	return s, nil
}

// Close waits for the calls in progress to end and gives the model's memory
// back. Calls made from then on fail with [ErrClosed]. To end long predictions
// sooner, cancel their contexts first.
//
// States of the model stay usable but for Predict, and tensors that Predict
// returned stay valid. Closing a closed model does nothing.
func (m *Model) Close() error {
	if m == nil {
		return nil
	}
	m.cleanup.Stop()
	if err := m.program().close(); err != nil {
		return fail("close model", err)
	}
	return nil
}

func (p *program) close() error {
	if !p.gate.close() {
		return nil
	}
	p.frames.drop()
	p.batches.drop()
	return p.prog.Close()
}
