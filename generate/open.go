package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// Open loads the package at path, the tokenizer and generation_config.json
// beside it, and a driver file if there is one. A nil ctx never ends; a nil cfg
// is the zero [Config].
//
// path is the package itself, or a folder with the several packages of one model: the
// error of another path is that of [coreml.Load] and says what lies there. Only where the package is fit
// to write text does a tokenizer that is missing, or broken, count.
func Open(ctx context.Context, path string, cfg *Config) (*Generator, error) {
	c := valueOr(cfg, Config{})
	s := pathSource(path, &c)
	return open(ctx, s, &c)
}

// OpenFS is [Open] for the package in the folder dir of fsys, such as an
// embed.FS. The tokenizer and the other files lie in the same file system.
func OpenFS(ctx context.Context, fsys fs.FS, dir string, cfg *Config) (*Generator, error) {
	if fsys == nil {
		return nil, prefixed(fmt.Errorf("open: %w", errNilFileSystem))
	}
	c := valueOr(cfg, Config{})
	s := &source{
		fsys: fsys, pkg: dir, tokenizer: path.Dir(dir),
		loadModel: func(ctx context.Context, name string, cfg *coreml.Config) (*coreml.Model, error) {
			if name == "" {
				return coreml.LoadFS(ctx, fsys, dir, cfg)
			}
			return coreml.LoadFS(ctx, fsys, path.Join(path.Dir(dir), name), cfg)
		},
	}
	if c.Tokenizer != "" {
		s.tokenizer = c.Tokenizer
		s.tokenizerDir = func() (fs.FS, string) { return fsys, c.Tokenizer }
	}
	s.loadTokenizer = func() (*tokenizer.Tokenizer, error) { return c.Loader.LoadFS(fsys, s.tokenizer) }
	return open(ctx, s, &c)
}

// New joins a loaded model and a tokenizer. The model stays the caller's: Close
// does not close it, but what was loaded for [Options.Function]. Without a tokenizer, nil, the generator gives sequences
// only, and streams fail with [ErrNoTokenizer]. A nil cfg is the zero
// [Config].
func New(m *coreml.Model, t *tokenizer.Tokenizer, cfg *Config) (*Generator, error) {
	g, err := newWithModel(m, t, valueOr(cfg, Config{}))
	if err != nil {
		return nil, prefixed(fmt.Errorf("new: %w", err))
	}
	return g, nil
}

func newWithModel(m *coreml.Model, t *tokenizer.Tokenizer, c Config) (*Generator, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: no model", ErrConfig)
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	more := &furtherFunctions{model: m, more: map[string]*coreml.Model{}}
	src := oneFunction{model: m, desc: m.Description(), more: more.load}
	g, err := newGenerator(context.Background(), src, src.set(), t, &c, more.close)
	if err != nil {
		return nil, errors.Join(err, more.close())
	}
	g.model = m
	return g, nil
}

// folderOf returns the folder of a tokenizer that is given as a file or as a
// folder.
func folderOf(tokenizer string) string {
	if info, err := os.Stat(tokenizer); err == nil && !info.IsDir() {
		return filepath.Dir(tokenizer)
	}
	return tokenizer
}

// isFolder reports whether a path is a folder with the packages of one model, and no
// package itself: several of them, or one beside a file that says how it is driven.
func isFolder(path string) bool {
	if isPackage(path) {
		return false
	}
	dir := os.DirFS(path)
	if _, err := fs.Stat(dir, "Manifest.json"); err == nil {
		return false
	}
	list, err := packagesIn(dir)
	if err != nil {
		return false
	}
	for _, name := range []string{"driver.json", metaName} {
		if info, err := fs.Stat(dir, name); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return len(list) > 1
}

// source is where the parts of a model lie: on disk for [Open], in an fs.FS for
// [OpenFS].
type source struct {
	// fsys holds the package, at pkg, and the files beside it.
	fsys fs.FS
	pkg  string
	// folder says that there are several packages in fsys, and none at pkg.
	folder bool
	// tokenizer is the place of the tokenizer. Where that is not beside the
	// package, tokenizerDir returns its folder.
	tokenizer    string
	tokenizerDir func() (fs.FS, string)

	// loadModel loads a package of the folder, the one at pkg where the name is empty.
	loadModel     func(ctx context.Context, name string, cfg *coreml.Config) (*coreml.Model, error)
	loadTokenizer func() (*tokenizer.Tokenizer, error)
}

// open is what the two forms of opening have in common.
func open(ctx context.Context, s *source, c *Config) (*Generator, error) {
	start := time.Now()
	g, err := s.open(background(ctx), c)
	if err != nil {
		return nil, prefixed(fmt.Errorf("open: %w", err))
	}
	g.load = time.Since(start)
	return g, nil
}

// open loads the parts. The tokenizer comes first, since it is quick. Where it is
// not to be had, the package is looked at all the same: a path that leads to none
// has no tokenizer beside it either, and is what the caller has to mend.
func (s *source) open(ctx context.Context, c *Config) (*Generator, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	t, missing := s.tokenizerFor(c)
	missing = cmp.Or(missing, s.readFiles(c)) // read in any case: a driver says what the package is
	o := &opened{s: s, cfg: c.modelConfig(), functions: map[functionKey]*coreml.Model{}}
	set, err := o.packages(ctx, c)
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	if missing != nil {
		_, err := newGenerator(ctx, o, set, nil, c, func() error { return nil })
		return nil, errors.Join(cmp.Or(err, missing), o.close())
	}
	g, err := newGenerator(ctx, o, set, t, c, o.close)
	if err == nil {
		err = cmp.Or(checkDeclared(g.tok, g.Vocabulary(), sizeBeside(s.fsys, path.Dir(s.pkg))), o.closeUnused())
	}
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	g.model = o.first
	return g, nil
}

// tokenizerFor loads the tokenizer, nil where none is asked for.
func (s *source) tokenizerFor(c *Config) (*tokenizer.Tokenizer, error) {
	if c.NoTokenizer {
		return nil, nil
	}
	t, err := s.loadTokenizer()
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w in %s: %w", ErrNoTokenizer, s.tokenizer, err)
	}
	return t, err
}

// modelConfig returns how the model is loaded: as the caller says, and in the
// arithmetic that is best for text where the caller does not say.
func (c *Config) modelConfig() *coreml.Config {
	cfg := valueOr(c.Model, coreml.Config{})
	if cfg.Arithmetic == coreml.ArithmeticDefault {
		cfg.Arithmetic = coreml.ArithmeticFast
	}
	return &cfg
}

// readFiles completes c by the optional files: the driver file beside the package,
// and generation_config.json beside it or else beside the tokenizer.
func (s *source) readFiles(c *Config) (err error) {
	if c.Driver == nil {
		if c.Driver, err = readDriver(s.fsys, s.pkg); err != nil {
			return err
		}
	}
	if c.Defaults != nil {
		return nil
	}
	c.Defaults, err = readDefaults(s.fsys, path.Dir(s.pkg))
	if c.Defaults == nil && err == nil && s.tokenizerDir != nil {
		c.Defaults, err = readDefaults(s.tokenizerDir())
	}
	return err
}

// readDefaults reads generation_config.json in dir, nil where there is none.
func readDefaults(fsys fs.FS, dir string) (*Defaults, error) {
	data, err := storage.ReadOptional(fsys, path.Join(dir, defaultsName), maxConfigBytes)
	switch {
	case errors.Is(err, storage.ErrTooLong):
		return nil, badFile(err)
	case err != nil || data == nil:
		return nil, err
	}
	return parseNamedDefaults(data)
}
