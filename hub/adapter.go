package hub

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"github.com/gocoreml/coreml/internal/quote"
)

// Adapter is a low-rank adapter (LoRA) of a repository on the disk.
type Adapter struct {
	// Path is its folder, as PEFT or mlx-lm wrote it. Files are links into the cache.
	Path string

	// Repo is the repository with the revision that was asked for, Commit what that
	// stood for.
	Repo   Repo
	Commit string
}

// The names of an adapter's files: its configuration, the weights by PEFT and by mlx-lm,
// and those that older versions of PEFT pickled.
const (
	adapterConfig  = "adapter_config.json"
	peftWeights    = "adapter_model.safetensors"
	mlxWeights     = "adapters.safetensors"
	pickledAdapter = "adapter_model.bin"
)

// ResolveAdapter returns the adapter that a name stands for, and fetches of the
// repository what is not there: adapter_config.json and the weights. A path in the name is
// the adapter's folder.
//
// Options count as for [Client.Resolve]; Tokenizer is not asked. A repository without an
// adapter, or with pickled weights alone, is [ErrEntryNotFound].
func (c *Client) ResolveAdapter(ctx context.Context, name string, o *ResolveOptions) (*Adapter, error) {
	repo, _, found, err := c.lookUp(ctx, name, o, chooseAdapter)
	if err != nil {
		return nil, err
	}
	return &Adapter{Path: filepath.Join(found.dir, filepath.FromSlash(found.checkpoint)), Repo: repo, Commit: found.commit}, nil
}

// chooseAdapter returns the files of the adapter in a folder, "" being the root.
func chooseAdapter(repo Repo, files []File, where string) (*chosen, error) {
	dir := cmp.Or(where, ".")
	has := func(name string) bool {
		return slices.ContainsFunc(files, func(f File) bool { return f.Path == path.Join(dir, name) })
	}
	lacks := func(format string, args ...any) error {
		at := ""
		if where != "" {
			at = " at " + quote.Name(where, maxName)
		}
		return fmt.Errorf("hub: %s: %w: no adapter lies there%s: %s", quote.Bare(repo.String(), maxName), ErrEntryNotFound, at, fmt.Sprintf(format, args...))
	}
	switch {
	case !has(adapterConfig):
		return nil, lacks("it has no %s", adapterConfig)
	case has(peftWeights) || has(mlxWeights):
	case has(pickledAdapter):
		return nil, lacks("only pickled weights, %s, which are a program and are not run", pickledAdapter)
	default:
		return nil, lacks("it has neither %s nor %s", peftWeights, mlxWeights)
	}
	c := &chosen{checkpoint: dir}
	for _, name := range []string{adapterConfig, peftWeights, mlxWeights} {
		if has(name) {
			c.files = append(c.files, path.Join(dir, name))
		}
	}
	return c, nil
}
