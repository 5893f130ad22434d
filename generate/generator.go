package generate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// Generator writes text with one model. It is made by [Open], [OpenFS] or [New]
// and may be used from any number of goroutines at once.
type Generator struct {
	model    *coreml.Model
	tok      *tokenizer.Tokenizer
	bound    *boundModel
	pool     *pool
	chunk    int
	defaults Defaults
	ends     map[int]bool
	turnEnd  int // the token that ends a chat message, or -1
	load     time.Duration
}

// background returns ctx, or the background where it is nil.
func background(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// Open loads the package at path, the tokenizer and generation_config.json
// beside it, and a driver file if there is one. A nil ctx never ends; a nil cfg
// is the zero [Config].
func Open(ctx context.Context, path string, cfg *Config) (*Generator, error) {
	ctx = background(ctx)
	start := time.Now()
	c := copied(cfg)
	clean := filepath.Clean(path)
	dir, base := filepath.Dir(clean), filepath.Base(clean)
	tokPath := c.Tokenizer
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
		if err := c.readSides(os.DirFS(dir), base); err != nil {
			return err
		}
		return c.readDefaults(os.DirFS(tokDir), ".")
	}
	return open(ctx, start, &c, model, tok, sides, tokPath)
}

// OpenFS is [Open] for the package in the folder dir of fsys, such as an
// embed.FS. The tokenizer and the other files lie in the same file system.
func OpenFS(ctx context.Context, fsys fs.FS, dir string, cfg *Config) (*Generator, error) {
	ctx = background(ctx)
	start := time.Now()
	c := copied(cfg)
	tokDir := c.Tokenizer
	if tokDir == "" {
		tokDir = path.Dir(dir)
	}
	model := func(cfg *coreml.Config) (*coreml.Model, error) { return coreml.LoadFS(ctx, fsys, dir, cfg) }
	tok := func() (*tokenizer.Tokenizer, error) { return tokenizer.LoadFS(fsys, tokDir) }
	sides := func() error {
		if err := c.readSides(fsys, dir); err != nil {
			return err
		}
		return c.readDefaults(fsys, tokDir)
	}
	return open(ctx, start, &c, model, tok, sides, tokDir)
}

// copied returns a copy of cfg, or the zero Config.
func copied(cfg *Config) Config {
	if cfg == nil {
		return Config{}
	}
	return *cfg
}

// readSides reads the optional files beside the package at pkg, unless they
// were given.
func (c *Config) readSides(fsys fs.FS, pkg string) error {
	if c.Driver == nil {
		d, err := readDriver(fsys, pkg)
		if err != nil {
			return err
		}
		c.Driver = d
	}
	return c.readDefaults(fsys, path.Dir(pkg))
}

// readDefaults reads generation_config.json in dir, if there is one, unless the
// defaults were given or found already.
func (c *Config) readDefaults(fsys fs.FS, dir string) error {
	if c.Defaults != nil {
		return nil
	}
	data, err := storage.ReadSmall(fsys, path.Join(dir, defaultsName), maxConfigBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, storage.ErrTooLong):
		return badFile(err)
	case err != nil:
		return err
	}
	if c.Defaults, err = parseDefaults(data); err != nil {
		return fmt.Errorf("%s: %w", defaultsName, err)
	}
	return nil
}

// open joins what the two forms of opening have in common. The tokenizer comes
// first: it is quick and the likelier to be missing.
func open(ctx context.Context, start time.Time, c *Config, model func(*coreml.Config) (*coreml.Model, error),
	tok func() (*tokenizer.Tokenizer, error), sides func() error, where string,
) (*Generator, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("generate: open: %w", err)
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("generate: open: %w", err)
	}
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
	if c.Model != nil {
		cfg = *c.Model
	}
	if cfg.Arithmetic == coreml.ArithmeticDefault {
		cfg.Arithmetic = coreml.ArithmeticFast
	}
	m, err := model(&cfg)
	if err != nil {
		return nil, fmt.Errorf("generate: open: %w", err)
	}
	g, err := newGenerator(ctx, m, m.Description(), t, c, m.Close)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("generate: open: %w", err), m.Close())
	}
	g.model, g.load = m, time.Since(start)
	return g, nil
}

// New joins a loaded model and a tokenizer. The model stays the caller's: Close
// does not close it. Without a tokenizer, nil, the generator gives sequences
// only, and streams fail with [ErrNoTokenizer]. A nil cfg is the zero
// [Config].
func New(m *coreml.Model, t *tokenizer.Tokenizer, cfg *Config) (*Generator, error) {
	c := copied(cfg)
	if m == nil {
		return nil, fmt.Errorf("generate: new: %w: no model", ErrConfig)
	}
	g, err := newGenerator(context.Background(), m, m.Description(), t, &c, func() error { return nil })
	if err != nil {
		return nil, fmt.Errorf("generate: new: %w", err)
	}
	g.model = m
	return g, nil
}

func newGenerator(ctx context.Context, m predictor, desc *coreml.Description, t *tokenizer.Tokenizer, c *Config,
	drained func() error,
) (*Generator, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	g := &Generator{tok: t, chunk: c.PrefillChunk, defaults: Defaults{PadToken: -1}, turnEnd: -1}
	if c.Defaults != nil {
		g.defaults = c.Defaults.clone()
	}
	switch {
	case g.chunk == 0:
		g.chunk = DefaultPrefillChunk
	case g.chunk < 0:
		g.chunk = maxContext
	}
	entries := 0
	if t != nil {
		entries = t.VocabSize()
	}
	width := func(f *coreml.FeatureDescription) int { return vocabularyOf(m, f) }
	d, err := detect(desc, c.Driver, width, entries)
	if err != nil {
		return nil, err
	}
	if g.bound, err = bindModel(m, desc, d, g.defaults.PadToken); err != nil {
		return nil, err
	}
	logits := int(g.bound.vocabulary.Load())
	if err := checkVocabulary(t, logits); err != nil {
		return nil, err
	}
	if err := g.defaults.checkIDs(logits); err != nil {
		return nil, err
	}
	states := c.MaxStates
	if states == 0 {
		states = DefaultMaxStates
	}
	f, err := findFamily(d.Family)
	if err != nil {
		return nil, err
	}
	g.pool = newPool(func() (lane, error) { return f.newLane(g.bound) }, states, drained)
	g.findEnds(ctx)
	return g, ctx.Err()
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
	text, err := g.template(ctx, []tokenizer.Message{
		{Role: "user", Content: "a"}, {Role: "assistant", Content: mark},
	}, nil)
	if err != nil {
		return
	}
	if i := lastIndexAfter(text, mark); i >= 0 {
		if ids, err := g.encodeText(ctx, text[i:], false); err == nil && len(ids) > 0 && g.tok.IsSpecial(ids[0]) {
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
func (g *Generator) Driver() Driver {
	d := *g.bound.d
	d.Caches, d.Constants = maps.Clone(d.Caches), maps.Clone(d.Constants)
	return d
}

// Defaults returns a copy of the model's own settings.
func (g *Generator) Defaults() Defaults { return g.defaults.clone() }

// DefaultSampling returns how the model itself wants its tokens chosen, as
// generation_config.json says: what a nil [Options.Sampling] stands for. It is a
// copy that may be changed and used as Options.Sampling, and never nil: a zero
// one takes the likeliest token.
func (g *Generator) DefaultSampling() *Sampling {
	if s := g.defaults.Sampling.clone(); s != nil {
		return s
	}
	return new(Sampling)
}

// Vocabulary returns the number of logits that the model gives for a token, or
// 0 while it is not known: a package may leave it open until the first
// prediction.
func (g *Generator) Vocabulary() int { return int(g.bound.vocabulary.Load()) }

// ContextLength returns the greatest number of tokens of prompt and answer together.
func (g *Generator) ContextLength() int { return g.bound.context }

// Close refuses further work and returns at once. Streams end with [ErrClosed]
// at their next token, and the model that [Open] loaded is closed when the last
// of them has ended.
func (g *Generator) Close() error {
	if err := g.pool.close(); err != nil {
		return fmt.Errorf("generate: close: %w", err)
	}
	return nil
}
