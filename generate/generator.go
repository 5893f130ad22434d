package generate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// Generator writes text with one model. It is made by [Open], [OpenFS] or [New]
// and may be used from any number of goroutines at once.
type Generator struct {
	model    *coreml.Model
	tok      *tokenizer.Tokenizer
	prog     *program
	pool     *pool
	chunk    int
	defaults Defaults
	ends     map[int]bool
	turnEnd  int // the token that ends a chat message, or -1
	load     time.Duration
}

// Open loads the package at path, the tokenizer and generation_config.json
// beside it, and a driver file if there is one. A nil opts is the zero
// [Options].
func Open(ctx context.Context, path string, opts *Options) (*Generator, error) {
	start := time.Now()
	o := options(opts)
	clean := filepath.Clean(path)
	dir, base := filepath.Dir(clean), filepath.Base(clean)
	tokPath := o.Tokenizer
	if tokPath == "" {
		tokPath = dir
	}
	tokDir := tokPath
	if info, err := os.Stat(tokPath); err == nil && !info.IsDir() {
		tokDir = filepath.Dir(tokPath)
	}
	model := func(cfg *coreml.Config) (*coreml.Model, error) { return coreml.Load(ctx, clean, cfg) }
	tok := func() (*tokenizer.Tokenizer, error) { return tokenizer.Load(tokPath) }
	sides := func() error {
		if err := o.readSides(os.DirFS(dir), base); err != nil {
			return err
		}
		return o.readDefaults(os.DirFS(tokDir), ".")
	}
	return open(ctx, start, &o, model, tok, sides, tokPath)
}

// OpenFS is [Open] for the package in the folder dir of fsys, such as an
// embed.FS. The tokenizer and the other files lie in the same file system.
func OpenFS(ctx context.Context, fsys fs.FS, dir string, opts *Options) (*Generator, error) {
	start := time.Now()
	o := options(opts)
	tokDir := o.Tokenizer
	if tokDir == "" {
		tokDir = path.Dir(dir)
	}
	model := func(cfg *coreml.Config) (*coreml.Model, error) { return coreml.LoadFS(ctx, fsys, dir, cfg) }
	tok := func() (*tokenizer.Tokenizer, error) { return tokenizer.LoadFS(fsys, tokDir) }
	sides := func() error {
		if err := o.readSides(fsys, dir); err != nil {
			return err
		}
		return o.readDefaults(fsys, tokDir)
	}
	return open(ctx, start, &o, model, tok, sides, tokDir)
}

func options(opts *Options) Options {
	if opts == nil {
		return Options{}
	}
	return *opts
}

// readSides reads the optional files beside the package at pkg, unless they
// were given.
func (o *Options) readSides(fsys fs.FS, pkg string) error {
	if o.Driver == nil {
		d, err := readDriver(fsys, pkg)
		if err != nil {
			return err
		}
		o.Driver = d
	}
	return o.readDefaults(fsys, path.Dir(pkg))
}

// readDefaults reads generation_config.json in dir, if there is one, unless the
// defaults were given or found already.
func (o *Options) readDefaults(fsys fs.FS, dir string) error {
	if o.Defaults != nil {
		return nil
	}
	f, err := fsys.Open(path.Join(dir, "generation_config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	o.Defaults, err = ReadDefaults(f)
	return errors.Join(err, f.Close())
}

// open joins what the two forms of opening have in common. The tokenizer comes
// first: it is quick and the likelier to be missing.
func open(ctx context.Context, start time.Time, o *Options, model func(*coreml.Config) (*coreml.Model, error),
	tok func() (*tokenizer.Tokenizer, error), sides func() error, where string,
) (*Generator, error) {
	t, err := tok()
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w in %s: %w", ErrNoTokenizer, where, err)
		}
		return nil, fmt.Errorf("generate: open: %w", err)
	}
	if err := sides(); err != nil {
		return nil, fmt.Errorf("generate: open: %w", err)
	}
	cfg := coreml.Config{}
	if o.Model != nil {
		cfg = *o.Model
	}
	if cfg.Arithmetic == coreml.ArithmeticDefault {
		cfg.Arithmetic = coreml.Fast
	}
	m, err := model(&cfg)
	if err != nil {
		return nil, fmt.Errorf("generate: open: %w", err)
	}
	g, err := newGenerator(ctx, m, m.Description(), t, o, m.Close)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("generate: open: %w", err), m.Close())
	}
	g.model, g.load = m, time.Since(start)
	return g, nil
}

// New joins a loaded model and a tokenizer. The model stays the caller's: Close
// does not close it. Without a tokenizer, nil, the generator gives sequences
// only, and streams fail with [ErrNoTokenizer]. A nil opts is the zero
// [Options].
func New(m *coreml.Model, t *tokenizer.Tokenizer, opts *Options) (*Generator, error) {
	o := options(opts)
	if m == nil {
		return nil, fmt.Errorf("generate: new: %w: no model", ErrConfig)
	}
	g, err := newGenerator(context.Background(), m, m.Description(), t, &o, func() error { return nil })
	if err != nil {
		return nil, fmt.Errorf("generate: new: %w", err)
	}
	g.model = m
	return g, nil
}

func newGenerator(ctx context.Context, m predictor, desc *coreml.Description, t *tokenizer.Tokenizer, o *Options, drained func() error,
) (*Generator, error) {
	if o.MaxStates < 0 {
		return nil, fmt.Errorf("%w: MaxStates is %d", ErrConfig, o.MaxStates)
	}
	g := &Generator{tok: t, chunk: o.PrefillChunk, defaults: Defaults{PadToken: -1}, turnEnd: -1}
	if o.Defaults != nil {
		g.defaults = *o.Defaults
	}
	if s := g.defaults.Sampling; s != nil {
		if err := s.validate(); err != nil {
			return nil, err
		}
	}
	switch {
	case g.chunk == 0:
		g.chunk = DefaultPrefillChunk
	case g.chunk < 0:
		g.chunk = maxContext
	}
	d, err := Detect(desc, o.Driver)
	if err != nil {
		return nil, err
	}
	if g.prog, err = newProgram(m, desc, d, g.defaults.PadToken); err != nil {
		return nil, err
	}
	states := o.MaxStates
	if states == 0 {
		states = DefaultMaxStates
	}
	g.pool = newPool(g.prog, states, drained)
	g.findEnds(ctx)
	return g, nil
}

// findEnds collects the model's end tokens: those of generation_config.json and
// the tokenizer's own.
func (g *Generator) findEnds(ctx context.Context) {
	g.ends = map[int]bool{}
	for _, id := range g.defaults.EndTokens {
		g.ends[id] = true
	}
	if g.tok == nil {
		return
	}
	if c := g.tok.Config(); c.EOSToken != "" {
		if id, ok := g.tok.TokenToID(c.EOSToken); ok {
			g.ends[id] = true
		}
	}
	if !g.tok.HasChatTemplate() {
		return
	}
	// What a template puts behind an answer ends an answer, whether or not the
	// model's configuration says so.
	const mark = "\u2042"
	text, err := g.tok.ApplyChatTemplate(ctx, []tokenizer.Message{
		{Role: "user", Content: "a"}, {Role: "assistant", Content: mark},
	}, nil)
	if err != nil {
		return
	}
	if i := lastIndexAfter(text, mark); i >= 0 {
		if ids, err := g.tok.Encode(text[i:], false); err == nil && len(ids) > 0 && g.tok.IsSpecial(ids[0]) {
			g.turnEnd = ids[0]
		}
	}
}

// EndTokens returns the ids that end an answer, in rising order.
func (g *Generator) EndTokens() []int {
	var out []int
	for id := range g.ends {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Model returns the model.
func (g *Generator) Model() *coreml.Model { return g.model }

// Tokenizer returns the tokenizer, nil when there is none.
func (g *Generator) Tokenizer() *tokenizer.Tokenizer { return g.tok }

// Driver returns a copy of what was detected and overridden.
func (g *Generator) Driver() Driver { return *g.prog.d }

// Defaults returns the model's own settings.
func (g *Generator) Defaults() Defaults { return g.defaults }

// Context returns the greatest number of tokens of prompt and answer together.
func (g *Generator) Context() int { return g.prog.context }

// Close refuses further work and returns at once. Streams end with [ErrClosed]
// at their next token, and the model that [Open] loaded is closed when the last
// of them has ended.
func (g *Generator) Close() error {
	if err := g.pool.close(); err != nil {
		return fmt.Errorf("generate: close: %w", err)
	}
	return nil
}
