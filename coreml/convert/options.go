package convert

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/storage"
)

// Options say how a model is converted. The zero Options, and nil, make the package that
// Apple's conversion of Mistral 7B made known: fp16 weights, caches in states.
type Options struct {
	// Context is the most tokens of a text; 0 is the smaller of what the model was
	// trained for and 2048.
	Context int
	// Quantize is the form of the matrices, such as "int4", "int4:block=64", "int8" or
	// "lut4:group=16". Matrices of fewer than 2048 elements, and those whose rows the
	// blocks do not divide, stay as they are, as coremltools leaves them. "" leaves
	// matrices in fp16, but carries over the codes of those that the checkpoint has
	// quantised in a form that Core ML has too; such packages need iOS 18 and macOS 15.
	// "none" decodes these too.
	Quantize string
	// Keep are patterns, as of path.Match, of the names of tensors that stay in fp16.
	Keep []string
	// Cache says where keys and values are kept: "state" (""), "io" for inputs and
	// outputs, "none" for models that are given the whole text each time.
	Cache string
	// Logits are of "all" tokens (""), or of the "last".
	Logits string
	// Batch is the number of texts that are computed together; 0 is 1.
	Batch int
	// DType is the type of weights and results: "fp16" ("") or "fp32".
	DType string
	// Layout is "linear" (""), or "conv" for linear layers as convolutions of one place.
	Layout string
	// Function is the name of the function; "" is main.
	Function string
	// Adapters are low-rank adapters that become functions beside that one, which stays
	// the default. All weights but their own factors are stored once.
	Adapters []Adapter
	// Ignore names fields of config.json that change nothing, though they are not known.
	Ignore []string
	// Repository is the name under which a hub has the checkpoint, "organization/name",
	// where that is where it came from, and Revision the commit. The package's metadata
	// say so; without them they say what the checkpoint says of itself.
	Repository, Revision string
	// DryRun reports what would be done, and writes nothing.
	DryRun bool
	// Threads bounds the threads that are used; 0 is all. The package is the same with
	// any number.
	Threads int
	// Progress, unless nil, is called from time to time with how many of how many weights
	// are done, from one goroutine at a time.
	Progress func(done, total int64)
}

// settings are options that have been read.
type settings struct {
	*Options
	form  modelgen.Form
	quant quantize.Form
}

// settings reads the options.
func (o *Options) settings() (*settings, error) {
	if o == nil {
		o = &Options{}
	}
	s := &settings{Options: o}
	var err error
	if s.quant, err = quantize.ParseForm(cmp.Or(o.Quantize, "none")); err != nil {
		return nil, fmt.Errorf("%w quantize: %w", ErrOption, err)
	}
	s.form.Batch, s.form.NewOps = o.Batch, !s.quant.IsNone()
	choices := []struct {
		name, value string
		known       map[string]func()
	}{
		{"cache", o.Cache, map[string]func(){
			"": nil, "state": nil,
			"io":   func() { s.form.Cache = modelgen.IOCache },
			"none": func() { s.form.Cache = modelgen.NoCache },
		}},
		{"logits", o.Logits, map[string]func(){"": nil, "all": nil, "last": func() { s.form.LastLogits = true }}},
		{"dtype", o.DType, map[string]func(){"": nil, "fp16": nil, "fp32": func() { s.form.Float = dtype.Float32 }}},
		{"layout", o.Layout, map[string]func(){"": nil, "linear": nil, "conv": func() { s.form.Conv = true }}},
	}
	for _, c := range choices {
		set, ok := c.known[c.value]
		if !ok {
			return nil, fmt.Errorf("%w %s: %s is not known", ErrOption, c.name, storage.Quote(c.value))
		}
		if set != nil {
			set()
		}
	}
	for _, p := range o.Keep {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%w keep: %s: %w", ErrOption, storage.Quote(p), err)
		}
	}
	if o.Repository != "" && !repositoryName.MatchString(o.Repository) {
		return nil, fmt.Errorf("%w repository: %s is no name as organization/name", ErrOption, storage.Quote(o.Repository))
	}
	if o.Revision != "" && (o.Repository == "" || !revisionName.MatchString(o.Revision)) {
		return nil, fmt.Errorf("%w revision: %s is no revision of a repository", ErrOption, storage.Quote(o.Revision))
	}
	if err := s.checkAdapters(); err != nil {
		return nil, err
	}
	if o.Context < 0 || o.Batch < 0 || o.Threads < 0 {
		return nil, fmt.Errorf("%w: context, batch and threads are not negative", ErrOption)
	}
	return s, nil
}

// usualContext is the context where nobody asks for another.
const usualContext = 2048

// context chooses the most tokens of a text.
func (s *settings) context(d *decoder) error {
	most, why := d.maxPositions, "the model was trained for"
	if d.most > 0 && d.most < most {
		most, why = d.most, d.why
	}
	switch {
	case s.Context == 0:
		d.Context = min(most, usualContext)
	case d.most > 0 && s.Context > d.most:
		return fmt.Errorf("%w context: %d tokens are more than %d: %s", ErrOption, s.Context, most, why)
	default:
		d.Context = s.Context
	}
	return nil
}

// keeps reports whether a tensor stays in fp16 by the caller's wish.
func (s *settings) keeps(name string) bool {
	for _, p := range s.Keep {
		if ok, err := path.Match(p, name); ok && err == nil {
			return true
		}
	}
	return false
}

// keepsAny reports whether a weight stays in fp16 by the caller's wish.
func (s *settings) keepsAny(w modelgen.Weight, v *view) bool {
	return s.keeps(v.Name()) || s.keeps(w.Name) || slices.ContainsFunc(v.names, s.keeps)
}

// function is the name of the function.
func (s *settings) function() string { return cmp.Or(s.Function, "main") }
