package embed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// Open loads the package at path, the tokenizer beside it, and what lies beside
// either of the files that sentence-transformers writes (the package comment lists
// them). A nil ctx never ends; a nil cfg is the zero [Config].
//
// path is the package itself, not the folder around it. Only where the package is
// fit to give vectors or scores does a tokenizer that is missing, or broken, count.
func Open(ctx context.Context, path string, cfg *Config) (*Model, error) {
	c := valueOr(cfg, Config{})
	clean := filepath.Clean(path)
	dir := filepath.Dir(clean)
	s := &source{
		fsys: os.DirFS(dir), pkg: filepath.Base(clean), tokenizer: cmp.Or(c.Tokenizer, dir),
		loadModel: func(ctx context.Context, cfg *coreml.Config) (*coreml.Model, error) {
			return coreml.Load(ctx, path, cfg)
		},
	}
	s.places = []place{{s.fsys, "."}}
	if c.Tokenizer != "" {
		s.places = append(s.places, place{os.DirFS(folderOf(c.Tokenizer)), "."})
	}
	s.loadTokenizer = func() (*tokenizer.Tokenizer, error) { return c.Loader.Load(s.tokenizer) }
	m, err := s.open(background(ctx), &c)
	return m, prefixed("open", err)
}

// OpenFS is [Open] for the package in the folder dir of fsys, such as an embed.FS.
// The tokenizer and the other files lie in the same file system.
func OpenFS(ctx context.Context, fsys fs.FS, dir string, cfg *Config) (*Model, error) {
	if fsys == nil {
		return nil, prefixed("open", errors.New("the file system is nil"))
	}
	c := valueOr(cfg, Config{})
	s := &source{
		fsys: fsys, pkg: dir, tokenizer: cmp.Or(c.Tokenizer, path.Dir(dir)), places: []place{{fsys, path.Dir(dir)}},
		loadModel: func(ctx context.Context, cfg *coreml.Config) (*coreml.Model, error) {
			return coreml.LoadFS(ctx, fsys, dir, cfg)
		},
	}
	if c.Tokenizer != "" {
		s.places = append(s.places, place{fsys, c.Tokenizer})
	}
	s.loadTokenizer = func() (*tokenizer.Tokenizer, error) { return c.Loader.LoadFS(fsys, s.tokenizer) }
	m, err := s.open(background(ctx), &c)
	return m, prefixed("open", err)
}

// New joins a loaded model and a tokenizer. The model stays the caller's: Close
// does not close it. What files say of a model is told by cfg, or is not known. A
// nil cfg is the zero [Config].
func New(m *coreml.Model, t *tokenizer.Tokenizer, cfg *Config) (*Model, error) {
	c := valueOr(cfg, Config{})
	err := c.validate()
	switch {
	case err != nil:
	case m == nil:
		err = configErrorf("model", "is nil")
	case t == nil:
		err = ErrNoTokenizer
	default:
		var e *Model
		if e, err = newModel(m, t, &c, new(Settings)); err == nil {
			return e, nil
		}
	}
	return nil, prefixed("new", err)
}

// background returns ctx, or the background where it is nil.
func background(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// folderOf returns the folder of a tokenizer that is given as a file or as a
// folder.
func folderOf(tokenizer string) string {
	if info, err := os.Stat(tokenizer); err == nil && !info.IsDir() {
		return filepath.Dir(tokenizer)
	}
	return tokenizer
}

// source is where the parts of a model lie.
type source struct {
	// fsys holds the package, at pkg.
	fsys fs.FS
	pkg  string
	// tokenizer is the place of the tokenizer.
	tokenizer string
	// places are the folders in which the other files may lie, the package's first.
	places []place

	loadModel     func(context.Context, *coreml.Config) (*coreml.Model, error)
	loadTokenizer func() (*tokenizer.Tokenizer, error)
}

// open loads the parts. The tokenizer comes first, since it is quick. Where it is
// not to be had, the package is looked at all the same: a package that is none of
// embeddings needs no tokenizer.
func (s *source) open(ctx context.Context, c *Config) (*Model, error) {
	if err := cmp.Or(ctx.Err(), c.validate()); err != nil {
		return nil, err
	}
	t, missing := s.loadTokenizer()
	if errors.Is(missing, fs.ErrNotExist) {
		missing = fmt.Errorf("%w in %s: %w", ErrNoTokenizer, s.tokenizer, missing)
	}
	settings, err := readSettings(s.places)
	missing = cmp.Or(missing, err)
	if c.Driver == nil {
		c.Driver, err = readDriver(s.fsys, s.pkg)
		missing = cmp.Or(missing, err)
	}
	m, err := s.loadModel(ctx, c.modelConfig())
	if err != nil {
		return nil, err
	}
	var e *Model
	if missing != nil {
		err = cmp.Or(unfit(m, c.Driver), missing)
	} else if e, err = newModel(m, t, c, settings); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	e.close = m.Close
	return e, nil
}

// unfit returns why a package gives no embeddings whatever the files beside it say,
// nil where it may give some.
func unfit(m *coreml.Model, d *Driver) error {
	b := &binder{desc: m.Description(), shapeOf: m.OutputShape, override: valueOr(d, Driver{}), pooling: PoolingMean}
	_, err := b.detect()
	return err
}

// modelConfig returns how the model is loaded.
func (c *Config) modelConfig() *coreml.Config {
	cfg := valueOr(c.Model, coreml.Config{})
	if cfg.Arithmetic == coreml.ArithmeticDefault {
		cfg.Arithmetic = coreml.ArithmeticWide
	}
	return &cfg
}
