package generate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
)

// oneFunction is the source of functions of a model that is loaded already.
type oneFunction struct {
	model predictor
	desc  *coreml.Description
	// more loads other functions of the package; nil where there is no way to.
	more func(ctx context.Context, name string) (predictor, *coreml.Description, error)
}

func (o oneFunction) set() []packageFunctions {
	return []packageFunctions{{functions: []*coreml.Description{o.desc}}}
}

func (o oneFunction) function(ctx context.Context, pkg, name string) (predictor, *coreml.Description, error) {
	if o.more != nil && pkg == "" && name != "" && name != o.desc.Function && slices.Contains(o.desc.Functions, name) {
		return o.more(ctx, name)
	}
	if pkg != "" || name != "" && name != o.desc.Function {
		return nil, nil, driverErrorf("stages", "function %q of package %q is not at hand: one function was loaded, and Open loads others", name, pkg)
	}
	return o.model, o.desc, nil
}

func (o oneFunction) table(r *Role) (*storage.Bytes, error) {
	return nil, fmt.Errorf("file %q is not at hand: one function was loaded, and Open reads files", r.File)
}

// functionKey names a function of a package.
type functionKey struct{ pkg, function string }

// opened is the source of functions of the packages in a folder. Each is loaded
// once.
type opened struct {
	s         *source
	cfg       *coreml.Config
	functions map[functionKey]*coreml.Model
	first     *coreml.Model
	set       []packageFunctions
	used      map[*coreml.Model]bool // what a driver has asked for
}

// maxPackages bounds the packages of one model.
const maxPackages = 128

// packageForms are the endings of folders that hold a package.
var packageForms = []string{".mlpackage", ".mlmodelc"}

// isPackage reports whether a name is that of a package.
func isPackage(name string) bool {
	return slices.Contains(packageForms, strings.ToLower(path.Ext(name)))
}

// packages loads what detection has to look at: the package that was named, or
// those of a folder.
func (o *opened) packages(ctx context.Context, c *Config) ([]packageFunctions, error) {
	files, err := o.files(c)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		p, err := o.describe(ctx, file, c.Driver)
		if err != nil {
			return nil, err
		}
		o.set = append(o.set, p)
	}
	if c.Driver == nil || len(c.Driver.Stages) == 0 {
		if err := o.s.arrange(o.set, c); err != nil {
			return nil, err
		}
	}
	return o.set, nil
}

// files lists the packages of the model: those that the driver names, or all of a
// folder. The empty name is the package that was opened.
func (o *opened) files(c *Config) ([]string, error) {
	if c.Driver != nil {
		if err := c.Driver.checkForm(); err != nil {
			return nil, err
		}
		var named []string
		for i := range c.Driver.Stages {
			if p := c.Driver.Stages[i].Package; p != "" && !slices.Contains(named, p) {
				named = append(named, p)
			}
		}
		if len(named) > 0 {
			for _, p := range c.Driver.Image.packages() {
				if !slices.Contains(named, p) {
					named = append(named, p)
				}
			}
			return named, nil
		}
	}
	if !o.s.folder {
		return []string{""}, nil
	}
	return packagesIn(o.s.fsys)
}

// packagesIn lists the packages in a folder. Of two forms of one package it takes
// the first of packageForms.
func packagesIn(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var out []string
	stems := map[string]bool{}
	for _, form := range packageForms {
		for _, e := range entries {
			stem := strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
			if !strings.EqualFold(path.Ext(e.Name()), form) || stems[stem] || strings.HasPrefix(stem, ".") {
				continue
			}
			stems[stem] = true
			out = append(out, e.Name())
		}
	}
	switch {
	case len(out) == 0:
		return nil, errors.New("no .mlpackage lies in the folder")
	case len(out) > maxPackages:
		return nil, fmt.Errorf("%d packages lie in the folder, more than the %d of any model", len(out), maxPackages)
	}
	slices.Sort(out)
	return out, nil
}

// describe loads a package's default function, and others where they may be of use.
func (o *opened) describe(ctx context.Context, file string, d *Driver) (packageFunctions, error) {
	m, err := o.load(ctx, file, o.cfg.Function)
	if err != nil {
		return packageFunctions{}, err
	}
	if o.first == nil {
		o.first = m
	}
	desc := m.Description()
	p := packageFunctions{file: file, functions: []*coreml.Description{desc}, preprocessor: o.s.readPreprocessor}
	if len(desc.Functions) < 2 || len(desc.Functions) > maxStages || o.cfg.Function != "" {
		return p, nil
	}
	named := namedFunctions(d, file)
	if lo, hi := queryBounds(desc); len(named) == 0 && lo <= 1 && hi != 1 && hi != 0 {
		return p, nil // it takes any number of tokens: there is nothing to pair
	}
	for _, name := range desc.Functions {
		if name == desc.Function || len(named) > 0 && !slices.Contains(named, name) {
			continue
		}
		other, err := o.load(ctx, file, name)
		if err != nil {
			return p, err
		}
		p.functions = append(p.functions, other.Description())
	}
	return p, nil
}

// namedFunctions lists the functions of a package that a driver names.
func namedFunctions(d *Driver, file string) []string {
	if d == nil {
		return nil
	}
	var out []string
	for i := range d.Stages {
		if s := &d.Stages[i]; s.Package == file && (s.Function != "" || s.Prefill != "" || len(s.Prefills) > 0) {
			out = append(out, s.Function, s.Prefill)
			out = append(out, s.Prefills...)
		}
	}
	return out
}

func (o *opened) load(ctx context.Context, pkg, function string) (*coreml.Model, error) {
	key := functionKey{pkg, function}
	if m, ok := o.functions[key]; ok {
		return m, nil
	}
	m, err := o.loadModel(ctx, pkg, function)
	if err != nil {
		if pkg != "" {
			err = fmt.Errorf("%s: %w", pkg, err)
		}
		return nil, err
	}
	o.functions[key] = m
	if function == "" {
		o.functions[functionKey{pkg, m.Description().Function}] = m
	}
	return m, nil
}

// loadModel loads a function, with the files of another one of the package where there
// is one.
func (o *opened) loadModel(ctx context.Context, pkg, function string) (*coreml.Model, error) {
	for key, m := range o.functions {
		if key.pkg == pkg {
			return m.LoadFunction(ctx, function)
		}
	}
	cfg := *o.cfg
	cfg.Function = function
	return o.s.loadModel(ctx, pkg, &cfg)
}

func (o *opened) function(ctx context.Context, pkg, name string) (predictor, *coreml.Description, error) {
	if pkg == "" && o.s.folder && len(o.set) > 0 {
		pkg = o.set[0].file
	}
	if name == "" {
		name = o.cfg.Function
	}
	m, err := o.load(ctx, pkg, name)
	if err != nil {
		return nil, nil, err
	}
	if o.used == nil {
		o.used = map[*coreml.Model]bool{}
	}
	o.used[m] = true
	return m, m.Description(), nil
}

// closeUnused closes functions that only detection has looked at. Each is loaded again
// when somebody asks for it.
func (o *opened) closeUnused() error {
	var errs []error
	for key, m := range o.functions {
		if !o.used[m] && m != o.first {
			delete(o.functions, key)
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}

func (o *opened) close() error {
	var errs []error
	closed := map[*coreml.Model]bool{}
	for _, m := range o.functions {
		if !closed[m] {
			closed[m] = true
			errs = append(errs, m.Close())
		}
	}
	o.functions = map[functionKey]*coreml.Model{}
	return errors.Join(errs...)
}
