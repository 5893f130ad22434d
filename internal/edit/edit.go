// Package edit changes what a package says of itself and which functions it has:
// descriptions, names, functions of other packages, which share the weights that are
// equal. The computation stays as it is.
package edit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

// What can be wrong, for errors.Is.
var (
	// ErrModel means that a package is none of an ML Program.
	ErrModel = errors.New("not an ML Program package")
	// ErrEdit means that the changes do not fit the package or each other.
	ErrEdit = errors.New("cannot be changed so")
	// ErrDiskFull means that the disk has no room for the result.
	ErrDiskFull = storage.ErrDiskFull
)

// Edit is what is changed. It is done in the order of the fields.
type Edit struct {
	// Merge adds functions of other packages.
	Merge []Merge
	// Rename gives functions new names, old ones to new ones.
	Rename map[string]string
	// Only keeps these functions, and removes all others. Empty keeps all. A package
	// that is left with one function has it as main.
	Only []string
	// Default is the function that is used when none is asked for.
	Default string

	// Texts of the package. Nil leaves one as it is; an empty one removes it.
	Description, Author, License, Version *string
	// Metadata sets entries of the author's own; nil removes one.
	Metadata map[string]*string
	// Features sets the texts of inputs, outputs and states, by their names, in all
	// functions.
	Features map[string]string
}

// Merge is a function of another package.
type Merge struct {
	// Package is the other package, and Function the function's name there; empty is its
	// default one.
	Package, Function string
	// Name is the function's name in the result.
	Name string
}

// Apply reads the package in and writes the changed one at out, where nothing may lie
// yet. Weights are shared that are equal byte for byte, in whatever package they lay.
func Apply(ctx context.Context, in, out string, e *Edit) (err error) {
	s := &session{ctx: ctx}
	defer func() {
		for _, p := range s.packages {
			err = errors.Join(err, p.Close())
		}
	}()
	if err := s.open(in); err != nil {
		return err
	}
	for _, change := range []func(*Edit) error{s.merge, s.rename, s.only, s.chooseDefault, s.texts, s.features} {
		if err := change(e); err != nil {
			return err
		}
	}
	if err := s.lay(); err != nil {
		return err
	}
	if len(s.packages) > 1 {
		if err := s.share(); err != nil {
			return err
		}
	}
	if err := s.room(out); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return mil.Write(out, s.program, s.description)
}

// session is the package as it is changed. While that goes on, the description lists
// all functions, and the fields of a single one are empty.
type session struct {
	ctx         context.Context //nolint:containedctx // lives for one call
	packages    []*modelpkg.Package
	program     *mil.Program
	description *milpb.ModelDescription
	single      bool // the package had one function and no list
}

// read opens a package.
func (s *session) read(name string) (*modelpkg.Package, *mil.Program, error) {
	pkg, err := modelpkg.OpenPath(name)
	if err != nil {
		return nil, nil, err
	}
	s.packages = append(s.packages, pkg)
	if pkg.Compiled() || len(pkg.Stages()) > 0 || pkg.Model().Type != milpb.TypeMLProgram {
		return nil, nil, fmt.Errorf("%w: %s", ErrModel, mil.Plain(filepath.Base(name)))
	}
	p, err := mil.Read(s.ctx, pkg)
	return pkg, p, err
}

// open reads the first package.
func (s *session) open(name string) error {
	pkg, p, err := s.read(name)
	if err != nil {
		return err
	}
	d := pkg.Model().Description
	if d == nil {
		d = &milpb.ModelDescription{}
	}
	s.program, s.description = p, d
	if d.Metadata == nil {
		d.Metadata = &milpb.Metadata{}
	}
	if s.single = len(d.Functions) == 0; s.single {
		main, err := describe(pkg, "main")
		if err != nil {
			return err
		}
		d.Functions = []milpb.FunctionDescription{*main}
		d.DefaultFunctionName = "main"
	}
	return nil
}

// describe returns the description of a function under its own name.
func describe(pkg *modelpkg.Package, name string) (*milpb.FunctionDescription, error) {
	f, err := pkg.FunctionInterface(name)
	if err != nil {
		return nil, err
	}
	d := *f
	d.Name = name
	return &d, nil
}

// merge adds the functions of other packages.
func (s *session) merge(e *Edit) error {
	for _, m := range e.Merge {
		pkg, p, err := s.read(m.Package)
		if err != nil {
			return err
		}
		from := m.Function
		if from == "" {
			from = pkg.DefaultFunction()
		}
		f := p.Function(from)
		if f == nil {
			return fmt.Errorf("%w: %s has no function %s", ErrEdit, mil.Plain(filepath.Base(m.Package)), mil.Quote(from))
		}
		d, err := describe(pkg, from)
		if err != nil {
			return err
		}
		if m.Name == "" || s.program.Function(m.Name) != nil {
			return fmt.Errorf("%w: there is a function %s already", ErrEdit, mil.Quote(m.Name))
		}
		f.Name, d.Name = m.Name, m.Name
		s.program.Functions = append(s.program.Functions, f)
		s.description.Functions = append(s.description.Functions, *d)
	}
	return nil
}

// rename renames functions, all at once, so that two can change names.
func (s *session) rename(e *Edit) error {
	for old := range e.Rename {
		if s.program.Function(old) == nil {
			return fmt.Errorf("%w: there is no function %s", ErrEdit, mil.Quote(old))
		}
	}
	name := func(old string) string {
		if n, ok := e.Rename[old]; ok {
			return n
		}
		return old
	}
	taken := map[string]bool{}
	for _, f := range s.program.Functions {
		f.Name = name(f.Name)
		if f.Name == "" || taken[f.Name] {
			return fmt.Errorf("%w: two functions %s", ErrEdit, mil.Quote(f.Name))
		}
		taken[f.Name] = true
	}
	for i := range s.description.Functions {
		d := &s.description.Functions[i]
		d.Name = name(d.Name)
	}
	s.description.DefaultFunctionName = name(s.description.DefaultFunctionName)
	return nil
}

// only removes all functions but those.
func (s *session) only(e *Edit) error {
	if len(e.Only) == 0 {
		return nil
	}
	for _, name := range e.Only {
		if s.program.Function(name) == nil {
			return fmt.Errorf("%w: there is no function %s", ErrEdit, mil.Quote(name))
		}
	}
	s.program.Functions = slices.DeleteFunc(s.program.Functions, func(f *mil.Function) bool { return !slices.Contains(e.Only, f.Name) })
	s.description.Functions = slices.DeleteFunc(s.description.Functions, func(f milpb.FunctionDescription) bool { return !slices.Contains(e.Only, f.Name) })
	if len(s.program.Functions) == 1 {
		s.single = true
		s.program.Functions[0].Name = "main"
		s.description.Functions[0].Name = "main"
		s.description.DefaultFunctionName = "main"
	}
	return nil
}

// chooseDefault sets the default function.
func (s *session) chooseDefault(e *Edit) error {
	if e.Default != "" {
		if s.program.Function(e.Default) == nil {
			return fmt.Errorf("%w: there is no function %s", ErrEdit, mil.Quote(e.Default))
		}
		s.description.DefaultFunctionName = e.Default
	}
	if len(s.program.Functions) == 0 {
		return fmt.Errorf("%w: it has no function", ErrModel)
	}
	if name := s.description.DefaultFunctionName; s.program.Function(name) == nil {
		s.description.DefaultFunctionName = s.program.Functions[0].Name
	}
	return nil
}

// texts sets the metadata.
func (s *session) texts(e *Edit) error {
	m := s.description.Metadata
	for _, t := range []struct {
		to   *string
		from *string
	}{{&m.ShortDescription, e.Description}, {&m.Author, e.Author}, {&m.License, e.License}, {&m.VersionString, e.Version}} {
		if t.from != nil {
			*t.to = *t.from
		}
	}
	for key, value := range e.Metadata {
		m.UserDefined = slices.DeleteFunc(m.UserDefined, func(p milpb.StringPair) bool { return p.Key == key })
		if value != nil {
			m.UserDefined = append(m.UserDefined, milpb.StringPair{Key: key, Value: *value})
		}
	}
	if len(e.Metadata) > 0 {
		slices.SortFunc(m.UserDefined, func(a, b milpb.StringPair) int { return strings.Compare(a.Key, b.Key) })
	}
	return nil
}

// features sets the texts of inputs, outputs and states.
func (s *session) features(e *Edit) error {
	found := map[string]bool{}
	for i := range s.description.Functions {
		f := &s.description.Functions[i]
		for _, list := range [][]milpb.FeatureDescription{f.Input, f.Output, f.State} {
			for j := range list {
				if text, ok := e.Features[list[j].Name]; ok {
					list[j].ShortDescription = text
					found[list[j].Name] = true
				}
			}
		}
	}
	for name := range e.Features {
		if !found[name] {
			return fmt.Errorf("%w: there is no input, output or state %s", ErrEdit, mil.Quote(name))
		}
	}
	return nil
}

// lay gives the description the form that the number of functions asks for.
func (s *session) lay() error {
	d := s.description
	if s.single && len(s.program.Functions) == 1 && s.program.Functions[0].Name == "main" {
		f := d.Functions[0]
		d.Input, d.Output, d.State = f.Input, f.Output, f.State
		d.PredictedFeatureName, d.PredictedProbabilitiesName = f.PredictedFeatureName, f.PredictedProbabilitiesName
		d.Functions, d.DefaultFunctionName = nil, ""
		return nil
	}
	for _, f := range s.program.Functions {
		if err := modernize(f); err != nil {
			return err
		}
	}
	d.Input, d.Output, d.State = nil, nil, nil
	d.PredictedFeatureName, d.PredictedProbabilitiesName = "", ""
	slices.SortFunc(s.program.Functions, func(a, b *mil.Function) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(d.Functions, func(a, b milpb.FunctionDescription) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// modernize gives a function the operator set that packages of several functions and
// of named ones need, which is that of iOS18.
func modernize(f *mil.Function) error {
	if f.Opset != "CoreML5" && f.Opset != "CoreML6" && f.Opset != "CoreML7" {
		return nil
	}
	old := ""
	each(f.Body, func(op *mil.Op) {
		if strings.HasPrefix(op.Type, "constexpr_") {
			old = op.Type
		}
	})
	if old != "" {
		return fmt.Errorf("%w: function %s has compressed weights in the form of %s; several functions need that of CoreML8 (iOS18)", ErrEdit, mil.Quote(f.Name), f.Opset)
	}
	f.Opset = "CoreML8"
	return nil
}

// each calls f for all operations of a block and the blocks inside.
func each(b *mil.Block, f func(*mil.Op)) {
	for _, op := range b.Ops {
		f(op)
		for _, inner := range op.Blocks {
			each(inner, f)
		}
	}
}

// room refuses to begin what the disk has no room for, where the system tells.
func (s *session) room(out string) error {
	var need uint64
	for _, p := range s.packages {
		files, err := p.Weights()
		if err != nil {
			return err
		}
		for _, f := range files {
			need += uint64(f.Size)
		}
	}
	return storage.Room(out, need)
}
