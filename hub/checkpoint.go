package hub

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/quote"
)

// Checkpoint is a trained model of a repository on the disk, as its publisher stores it.
type Checkpoint struct {
	// Path is the folder with config.json and safetensors files, or a GGUF file: the
	// first of its parts where it was split. Files are links into the cache.
	Path string

	// Repo is the repository with the revision that was asked for, Commit what that
	// stood for.
	Repo   Repo
	Commit string
}

// ResolveCheckpoint returns the checkpoint that a name stands for, and fetches of the
// repository what is not there: config.json, the safetensors files with their index and
// the files of the tokenizer, or the parts of one GGUF file. A path in the name is the
// folder of a checkpoint or a GGUF file.
//
// Options count as for [Client.Resolve]; Tokenizer is not asked. A repository without a
// checkpoint, or with pickled weights alone, is [ErrEntryNotFound]; where it has several
// GGUF files and no other weights, a name without one of them is [ErrAmbiguous], and so are
// several safetensors files without an index.
func (c *Client) ResolveCheckpoint(ctx context.Context, name string, o *ResolveOptions) (*Checkpoint, error) {
	repo, _, found, err := c.lookUp(ctx, name, o, chooseCheckpoint)
	if err != nil {
		return nil, err
	}
	return &Checkpoint{Path: filepath.Join(found.dir, filepath.FromSlash(found.checkpoint)), Repo: repo, Commit: found.commit}, nil
}

// The names of a checkpoint's files.
const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
	indexFile   = "model.safetensors.index.json"
)

var (
	// shardName is that of one of several weight files, partName that of a part of a GGUF
	// file.
	shardName = regexp.MustCompile(`^(.*)-\d{5}-of-\d{5}\.safetensors$`)
	partName  = regexp.MustCompile(`(?i)^(.*)-(\d{5})(-of-\d{5}\.gguf)$`)
)

// chooseCheckpoint returns the files of the checkpoint that a path means: in that
// folder, "" being the root, or that GGUF file.
func chooseCheckpoint(repo Repo, files []File, where string) (*chosen, error) {
	dir := cmp.Or(where, ".")
	named := strings.EqualFold(path.Ext(where), ".gguf") && slices.ContainsFunc(files, func(f File) bool { return f.Path == where })
	if named {
		dir = path.Dir(where)
	}
	var names []string // of the files in the folder
	for _, f := range files {
		if name, ok := below(dir, f.Path); ok && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	c := &chosen{checkpoint: dir}
	if named {
		c.files = partsOf(names, path.Base(where))
		c.checkpoint = path.Join(dir, c.files[0])
	} else if weights := weightFiles(names); len(weights) > 0 && slices.Contains(names, configFile) {
		if len(weights) > 1 && !slices.Contains(weights, indexFile) {
			return nil, fmt.Errorf("hub: %s: %w: there are %d safetensors files and no %s that says what is in them: %s",
				quote.Bare(repo.String(), maxName), ErrAmbiguous, len(weights), indexFile, someNames(weights))
		}
		c.files = weights
	} else {
		file, err := onlyGGUF(repo, names, dir)
		if err != nil {
			return nil, err
		}
		c.files = partsOf(names, file)
		c.checkpoint = path.Join(dir, c.files[0])
	}
	for i, name := range c.files {
		c.files[i] = path.Join(dir, name)
	}
	if c.checkpoint == dir {
		beside, _ := filesBeside(files, dir)
		c.files = append(c.files, beside...)
	}
	for _, name := range c.files {
		if err := cache.CheckName(name); err != nil {
			return nil, fromCache(err, name)
		}
	}
	return c, nil
}

// weightFiles returns the safetensors files of a folder that are its model, with their
// index. Many a folder has the weights a second time under other names, as
// consolidated.safetensors: only an index or the usual name tells which are which, and
// where there is neither, all are returned.
func weightFiles(names []string) []string {
	var all, shards, usual []string
	for _, name := range names {
		if path.Ext(name) != ".safetensors" {
			continue
		}
		all = append(all, name)
		if m := shardName.FindStringSubmatch(name); m != nil {
			shards = append(shards, name)
			if m[1] == "model" {
				usual = append(usual, name)
			}
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case slices.Contains(names, indexFile):
		for _, list := range [][]string{usual, shards} {
			if len(list) > 0 {
				return append(list, indexFile)
			}
		}
		return append(all, indexFile)
	case slices.Contains(all, weightsFile):
		return []string{weightsFile}
	}
	return all
}

// partsOf returns the names of a GGUF file's parts, the first one first: the name alone
// where it was not split.
func partsOf(names []string, name string) []string {
	m := partName.FindStringSubmatch(name)
	if m == nil {
		return []string{name}
	}
	var parts []string
	for _, other := range names {
		if o := partName.FindStringSubmatch(other); o != nil && o[1] == m[1] && o[3] == m[3] {
			parts = append(parts, other)
		}
	}
	return parts
}

// onlyGGUF returns the one GGUF file of a folder that has no other weights, or the first
// part of it. Names are sorted.
func onlyGGUF(repo Repo, names []string, dir string) (string, error) {
	var found []string
	pickled, split := "", map[string]bool{}
	for _, name := range names {
		switch ext := strings.ToLower(path.Ext(name)); {
		// An encoder of images that goes with a model.
		case ext == ".gguf" && strings.Contains(strings.ToLower(name), "mmproj"):
		case ext == ".gguf":
			if m := partName.FindStringSubmatch(name); m != nil {
				if split[m[1]+m[3]] {
					continue
				}
				split[m[1]+m[3]] = true
			}
			found = append(found, name)
		case ext == ".bin" || ext == ".pt" || ext == ".pth" || ext == ".ckpt":
			pickled = name
		}
	}
	who, where := quote.Bare(repo.String(), maxName), ""
	if dir != "." {
		where = " at " + quote.Name(dir, maxName)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		first := quote.Bare(path.Join(dir, found[0]), maxName)
		return "", fmt.Errorf("hub: %s: %w: there are %d GGUF files%s: name one, as in %s:%s, of %s", who, ErrAmbiguous, len(found), where, who, first, someNames(found))
	case pickled != "":
		return "", fmt.Errorf("hub: %s: %w: no safetensors or GGUF files%s, only pickled weights as %s, which are a program and are not run", who, ErrEntryNotFound, where, quote.Name(pickled, maxName))
	}
	return "", fmt.Errorf("hub: %s: %w: no checkpoint lies there%s: neither %s with safetensors files, nor a GGUF file", who, ErrEntryNotFound, where, configFile)
}

// someNames lists the first of many names.
func someNames(names []string) string {
	const shown = 40
	var list []string
	for _, name := range names[:min(shown, len(names))] {
		list = append(list, quote.Name(name, maxName))
	}
	text := strings.Join(list, ", ")
	if n := len(names) - shown; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
