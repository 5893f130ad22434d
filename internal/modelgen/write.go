package modelgen

import (
	"context"
	"errors"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// Write makes a package of the source's weights at the path dir, where nothing
// may lie yet. It asks for one weight at a time. It gives up with ctx's error
// when ctx ends. The package appears at dir when all of it is written, and not
// at all after an error.
func Write(ctx context.Context, dir string, c *Config, src Source) error {
	if err := c.check(); err != nil {
		return err
	}
	p := &Package{
		Functions:   []Function{{Name: "main", Model: c.Model(), Source: src}},
		Description: &milpb.Metadata{ShortDescription: c.Description},
	}
	return p.Write(ctx, dir)
}

// Package is a package to be made.
type Package struct {
	// Functions are its functions, of which the first is the default. Their weights lie
	// in one file: a source that is given to several of them may share what it has put
	// there.
	Functions []Function
	Form      Form
	// Description is what the package says of itself.
	Description *milpb.Metadata
}

// Function is a function of a package.
type Function struct {
	Name   string
	Model  *Model
	Source Source
	// Change, unless nil, changes the program of the function before it is written.
	Change func(f *mil.Function) error
}

// Write makes the package at the path dir, as the function Write does.
func (p *Package) Write(ctx context.Context, dir string) error {
	for _, f := range p.Functions {
		if err := errors.Join(f.Model.Check(), p.Form.check(f.Model)); err != nil {
			return err
		}
		if err := f.Source.Check(f.Model); err != nil {
			return err
		}
	}
	w, err := modelpkg.Create(dir)
	if err != nil {
		return err
	}
	program, d, err := p.build(ctx, w)
	if err != nil {
		return errors.Join(err, w.Discard())
	}
	return mil.WriteTo(w, program, d)
}

// build writes the weights and returns the program over them.
func (p *Package) build(ctx context.Context, w *modelpkg.Writer) (*mil.Program, *milpb.ModelDescription, error) {
	var functions []*mil.Function
	for _, f := range p.Functions {
		function, err := p.function(ctx, &f, w, f.Source)
		if err != nil {
			return nil, nil, err
		}
		functions = append(functions, function)
	}
	program := mil.NewProgram(functions...)
	d, err := mil.Describe(program, p.Functions[0].Name)
	if err != nil {
		return nil, nil, err
	}
	bound(d.Input, p.Functions[0].Model.Context)
	for i := range d.Functions {
		for _, f := range p.Functions {
			if f.Name == d.Functions[i].Name {
				bound(d.Functions[i].Input, f.Model.Context)
			}
		}
	}
	d.Metadata = p.Description
	return program, d, nil
}

// function builds a function over the weights of a source.
func (p *Package) function(ctx context.Context, f *Function, w *modelpkg.Writer, src Source) (*mil.Function, error) {
	b := mil.NewBuilder(f.Name, p.Form.opset())
	g := newGraph(f.Model, &p.Form, &Store{Builder: b, w: w}, src)
	if err := g.build(ctx); err != nil {
		return nil, err
	}
	function, err := b.Function()
	if err != nil || f.Change == nil {
		return function, err
	}
	if err := f.Change(function); err != nil {
		return nil, err
	}
	return b.Function() // verified anew
}

// Rehearse builds the functions without their weights, and writes nothing. It finds what a
// Change refuses.
func (p *Package) Rehearse(ctx context.Context) error {
	for _, f := range p.Functions {
		if _, err := p.function(ctx, &f, nil, &lister{}); err != nil {
			return err
		}
	}
	return nil
}

// bound bounds open dimensions by the context. A program has no bounds
// for open dimensions; an engine would else accept more tokens than the cache
// has room for.
func bound(inputs []milpb.FeatureDescription, context int) {
	for i := range inputs {
		a := inputs[i].Type.Array
		for k := range a.Ranges {
			if a.Ranges[k].Upper < 0 {
				a.Ranges[k].Upper = int64(context)
			}
		}
	}
}
