package generate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// Detection is a driver that was found, with the reasons for it.
type Detection struct {
	// Driver drives the packages. As JSON it is a driver file.
	Driver *Driver
	// Reasons are sentences that say what in the packages led to it.
	Reasons []string
}

// DetectPath finds the driver of what lies at path as [Open] does: of a package
// with all of its functions, or of a folder with several packages. It loads the
// functions and closes them again. A tokenizer, at cfg.Tokenizer or beside the
// package, is asked for the size of its vocabulary and may be missing. A nil ctx
// never ends; a nil cfg is the zero [Config]. What is not understood gives a
// [*DriverError], as for [Detect].
func DetectPath(ctx context.Context, path string, cfg *Config) (*Detection, error) {
	c := valueOr(cfg, Config{})
	s := pathSource(path, &c)
	found, err := s.detect(background(ctx), &c)
	if err != nil {
		return nil, prefixed(fmt.Errorf("detect: %w", err))
	}
	return &Detection{found.driver, found.why}, nil
}

// detect finds the driver without making a generator of it.
func (s *source) detect(ctx context.Context, c *Config) (_ detection, err error) {
	if err := ctx.Err(); err != nil {
		return detection{}, err
	}
	entries := 0
	if t, err := s.tokenizerFor(c); err == nil && t != nil {
		entries = t.VocabSize()
	}
	if c.Driver == nil {
		if c.Driver, err = readDriver(s.fsys, s.pkg); err != nil {
			return detection{}, err
		}
	}
	o := &opened{s: s, cfg: c.modelConfig(), functions: map[functionKey]*coreml.Model{}}
	defer func() { err = errors.Join(err, o.close()) }()
	set, err := o.packages(ctx, c)
	if err != nil {
		return detection{}, err
	}
	vocabulary := func(f *coreml.FeatureDescription) int {
		width, _ := vocabularyOf(o.first, f, 0)
		return width
	}
	found, err := detect(set, c.Driver, vocabulary, entries)
	if err != nil {
		return detection{}, err
	}
	b, err := bindModel(ctx, textsSource{o, 0}, found.driver, -1, entries) // what only binding tells
	if err != nil {
		return detection{}, err
	}
	return found, b.release()
}

// pathSource is where the parts of a model on disk lie.
func pathSource(path string, c *Config) *source {
	clean := filepath.Clean(path)
	dir, folder := filepath.Dir(clean), isFolder(clean)
	if folder {
		dir = clean
	}
	s := &source{
		fsys: os.DirFS(dir), pkg: filepath.Base(clean), folder: folder, tokenizer: dir,
		loadModel: func(ctx context.Context, name string, cfg *coreml.Config) (*coreml.Model, error) {
			if name == "" {
				return coreml.Load(ctx, path, cfg)
			}
			return coreml.Load(ctx, filepath.Join(dir, filepath.FromSlash(name)), cfg)
		},
	}
	if c.Tokenizer != "" {
		s.tokenizer = c.Tokenizer
		s.tokenizerDir = func() (fs.FS, string) { return os.DirFS(folderOf(c.Tokenizer)), "." }
	}
	s.loadTokenizer = func() (*tokenizer.Tokenizer, error) { return c.Loader.Load(s.tokenizer) }
	return s
}
