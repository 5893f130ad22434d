package convert

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/gocoreml/coreml/internal/adapter/graft"
	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// tensorsKey is the key of the metadata under which a package says from which tensors of
// the checkpoint its weights came: a JSON object from weight to tensor.
const tensorsKey = graft.TensorsKey

// repositoryKey names the repository whose tokenizer belongs to a package: mostly the one
// that it was made from.
const repositoryKey = "co.huggingface.exporters.name"

// revisionKey names the commit of that repository from which the weights are.
const revisionKey = "com.github.gocoreml.revision"

// Convert makes a package at the path package of the checkpoint at the path model, where
// nothing may lie yet. The package appears under its name when it is whole, and not at
// all after an error or when ctx ends. The files of the tokenizer are laid beside it.
func Convert(ctx context.Context, model, pkg string, o *Options) (*Report, error) {
	s, err := o.settings()
	if err != nil {
		return nil, err
	}
	c, err := checkpoint.Open(ctx, model)
	if err != nil {
		return nil, err
	}
	report, err := convert(ctx, c, pkg, s)
	return report, errors.Join(err, c.Close())
}

// convert makes a package of an open checkpoint.
func convert(ctx context.Context, c *checkpoint.Checkpoint, pkg string, s *settings) (_ *Report, err error) {
	cfg, err := newConfig(c.Config)
	if err != nil {
		return nil, err
	}
	d, err := newDecoder(cfg, s.Ignore)
	if err != nil {
		return nil, err
	}
	if err := s.context(d); err != nil {
		return nil, err
	}
	if d.Encoder != nil {
		s.form.Cache = modelgen.NoCache
	}
	weights, views, err := d.resolve(c, &s.form)
	if err != nil {
		return nil, d.modelError(err)
	}
	carries, err := s.settleCodes(ctx, weights, views)
	if err != nil {
		return nil, err
	}
	s.form.NewOps = s.form.NewOps || carries
	src := newSource(ctx, s, views, weights)
	report := src.report
	report.ModelType, report.Form, report.Context = cfg.modelType, c.Form, d.Context
	adapters, closeAll, err := openAdapters(ctx, s.Adapters)
	defer func() { err = cmp.Or(err, closeAll()) }()
	if err != nil {
		return nil, err
	}
	p := &modelgen.Package{
		Functions:   s.functions(ctx, d, src, adapters),
		Form:        s.form,
		Description: describe(c, cfg, s, views),
	}
	if s.DryRun {
		if err := p.Rehearse(ctx); err != nil {
			return nil, d.modelError(err)
		}
		return report, src.estimate()
	}
	if err := d.checkSpareHead(ctx, c); err != nil {
		return nil, err
	}
	if err := storage.Room(pkg, uint64(src.size())); err != nil {
		return nil, err
	}
	if err := p.Write(ctx, pkg); err != nil {
		return nil, d.modelError(err)
	}
	report.Files, report.Differing, err = writeFiles(filepath.Dir(pkg), c.Files)
	return report, err
}

// describe is what the package says of itself.
func describe(c *checkpoint.Checkpoint, cfg *config, s *settings, views map[key]*view) *milpb.Metadata {
	// A map of strings is always JSON, with its keys in order.
	list, _ := json.Marshal(tensorNames(views)) //nolint:errcheck,errchkjson // as the comment says
	user := []milpb.StringPair{{Key: tensorsKey, Value: string(list)}}
	name := c.Name
	other := elsewhere(c, cfg)
	if repo := cmp.Or(other, s.Repository, repository(c, cfg)); repo != "" {
		user = append(user, milpb.StringPair{Key: repositoryKey, Value: repo})
	}
	if s.Repository != "" {
		name = path.Base(s.Repository) // a folder of the cache is called by the commit
	}
	if s.Revision != "" && other == "" {
		user = append(user, milpb.StringPair{Key: revisionKey, Value: s.Revision})
	}
	weights := s.quant.String()
	for _, v := range views {
		if v.codeBits != 0 {
			weights = carriedOver
		}
	}
	return &milpb.Metadata{
		ShortDescription: fmt.Sprintf("%s (%s), weights %s", name, cfg.modelType, weights),
		UserDefined:      user,
	}
}

// repository is the name under which a hub has the model, "" where it is not known: what
// the checkpoint says itself, or the folder of a download.
func repository(c *checkpoint.Checkpoint, cfg *config) string {
	name := cfg.text("_name_or_path", "")
	if !repositoryName.MatchString(name) {
		return ""
	}
	return name
}

// elsewhere is the repository whose tokenizer the model uses where the checkpoint has
// none, "" where it has one or the architecture does not tell.
func elsewhere(c *checkpoint.Checkpoint, cfg *config) string {
	for _, name := range []string{"tokenizer.json", "tokenizer.model"} {
		if c.Files[name] != nil {
			return ""
		}
	}
	return architectures[cfg.modelType].tokenizer
}

// repositoryName is what names of repositories look like.
var repositoryName = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$`)

// revisionName is what names of commits, branches and tags look like.
var revisionName = regexp.MustCompile(`^[\w.][\w./-]{0,199}$`)

// writeFiles lays files beside the package. One that is there already with the same
// content stays, and one with another is reported.
func writeFiles(dir string, files map[string][]byte) (written, differing []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if same, there := sameFile(path, files[name]); there {
			if !same {
				differing = append(differing, name)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return written, differing, err
		}
		if err := os.WriteFile(path, files[name], 0o666); err != nil {
			return written, differing, err
		}
		written = append(written, name)
	}
	return written, differing, nil
}
