package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/tokenizer"
)

// What the user named a model or a tokenizer by becomes a place on the disk here: a
// path, or the name of a repository of a hub, which is downloaded.

// hubFlags are those of the verbs that take the name of a model.
type hubFlags struct {
	Offline bool `help:"Ask no hub: names of repositories stand for what is in the local cache. HF_HUB_OFFLINE=1 says the same."`
}

// client returns the client of a hub that the flags and the environment mean.
func (f *hubFlags) client() *hub.Client { return newClient(f.Offline) }

// newClient returns a client that tells the hub which program it is of.
func newClient(offline bool) *hub.Client {
	c := &hub.Client{UserAgent: "coreml/" + version()}
	if offline {
		c.Network = hub.NetworkOffline
		c.NoToken = true // what is wrong with it does not matter then
	}
	return c
}

// finder finds models and tokenizers for one call.
type finder struct {
	client *hub.Client
	// show returns the display for a download, nil for none.
	show func() *display
	// folders says that the verb takes a folder with the several packages of one model.
	folders bool
}

// finder returns the finder of a verb.
func (f *hubFlags) finder(s *streams, quiet bool) *finder {
	return &finder{client: f.client(), show: func() *display { return newDisplay(s, quiet) }}
}

// folders returns a finder that takes folders with the several packages of one model.
func (f *hubFlags) folders(s *streams) *finder {
	find := f.finder(s, false)
	find.folders = true
	return find
}

// place is where a model lies.
type place struct {
	path string // of the package
	// several is set where path is a folder, for which no package stands alone.
	several *severalError
	// tokenizer is the folder of its tokenizer, empty where that has to be looked for.
	tokenizer string
	// fromHub says that it was named as one of a hub, so that asking a hub for what
	// belongs to it surprises nobody.
	fromHub bool
}

// onDisk reports whether something lies at a path, a link that leads nowhere too.
func onDisk(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// isName reports whether a text can be the name of a package in a repository:
// organization/name, with a revision and a path or without.
//
// What ends as packages do is a path, unless more than a name is said: a hub should
// not be asked for a file name with a mistake in it.
func isName(text string) bool {
	repo, where, err := hub.ParseName(text)
	if err != nil || !strings.Contains(repo.ID, "/") {
		return false
	}
	plainPath := repo.Revision == "" && where == "" && !strings.HasPrefix(text, "hf://")
	return !plainPath || !slices.Contains(packageForms, strings.ToLower(filepath.Ext(text)))
}

// wholeRepo reads the name of a repository for a verb that takes no part of one.
func wholeRepo(verb, name string) (hub.Repo, error) {
	repo, where, err := hub.ParseName(name)
	switch {
	case err != nil:
		return repo, usagef("%s", explain(err))
	case where != "":
		return repo, usagef("%s takes whole repositories, and %s names a part of one", verb, quoted(name))
	}
	return repo, nil
}

// isRepository reports whether a text that a package holds is the id of a repository,
// and nothing more than that.
func isRepository(id string) bool {
	repo, err := hub.ParseRepo(id)
	return err == nil && repo == (hub.Repo{ID: id}) && strings.Contains(id, "/")
}

// model returns the package that an argument means: a name is a path when something
// lies there, and else one of a hub.
func (f *finder) model(ctx context.Context, name string) (place, error) {
	if onDisk(name) || !isName(name) {
		path, err := packagePath(name)
		if several, ok := errors.AsType[*severalError](err); ok && f.folders {
			return place{path: filepath.Clean(name), several: several}, nil
		}
		return place{path: path}, err
	}
	show := f.show()
	defer show.close()
	p, err := f.client.Resolve(ctx, name, &hub.ResolveOptions{Progress: show.progress()})
	if err != nil {
		return place{}, f.neither("model package", name, err)
	}
	return place{path: p.Path, tokenizer: p.Tokenizer, fromHub: true}, nil
}

// checkpoint returns the checkpoint that an argument means: a name is a path when
// something lies there, and else one of a hub.
func (f *finder) checkpoint(ctx context.Context, name string) (*hub.Checkpoint, error) {
	if onDisk(name) || !isName(name) {
		return &hub.Checkpoint{Path: name}, nil
	}
	show := f.show()
	defer show.close()
	c, err := f.client.ResolveCheckpoint(ctx, name, &hub.ResolveOptions{Progress: show.progress()})
	if err != nil {
		return nil, f.neither("checkpoint", name, err)
	}
	return c, nil
}

// adapter returns the folder of the adapter that an argument means: a name is a path when
// something lies there, and else one of a hub.
func (f *finder) adapter(ctx context.Context, name string) (string, error) {
	if onDisk(name) || !isName(name) {
		return name, nil
	}
	show := f.show()
	defer show.close()
	a, err := f.client.ResolveAdapter(ctx, name, &hub.ResolveOptions{Progress: show.progress()})
	if err != nil {
		return "", f.neither("adapter", name, err)
	}
	return a.Path, nil
}

// neither says of a name that nothing was found for what was tried.
func (f *finder) neither(what, name string, err error) error {
	hubError, asked := errors.AsType[*hub.Error](err)
	switch {
	case errors.Is(err, hub.ErrOffline):
		return fmt.Errorf("there is no %s %s: it is no file or folder here, and %s%w", what, quoted(name), f.notCached(err), silent{err})
	case errors.Is(err, hub.ErrRepositoryNotFound), errors.Is(err, hub.ErrNotHub), asked && hubError.Status == 0:
		return fmt.Errorf("there is no %s %s: it is no file or folder here, and on the hub: %w", what, quoted(name), err)
	}
	return err
}

// notCached says what the cache lacks in a call that may not ask a hub.
func (f *finder) notCached(err error) string {
	dir, failed := f.client.CacheFolder()
	if failed != nil {
		return failed.Error()
	}
	lacks := "has nothing of that repository"
	if incomplete, ok := errors.AsType[*hub.IncompleteError](err); ok {
		lacks = "lacks some of it, " + nameList(incomplete.Missing)
	} else if errors.Is(err, hub.ErrAmbiguous) || errors.Is(err, hub.ErrEntryNotFound) {
		return err.Error()
	}
	return fmt.Sprintf("the local cache %s %s; without --offline and HF_HUB_OFFLINE it would be downloaded", dir, lacks)
}

// tokenizer returns the folder or file of the tokenizer for a package: the one that
// was asked for, which may be that of a repository or of another package, or the one
// beside the package, or that of the repository that the package was made from.
func (f *finder) tokenizer(ctx context.Context, at place, asked string) (string, error) {
	if asked != "" {
		return f.askedTokenizer(ctx, asked)
	}
	if at.tokenizer != "" {
		return at.tokenizer, nil
	}
	beside := filepath.Dir(filepath.Clean(at.path))
	if at.several != nil {
		beside = at.path
	}
	for _, name := range tokenizer.FileNames() {
		// A link that leads nowhere is one that the loader tells of.
		if onDisk(filepath.Join(beside, name)) {
			return beside, nil
		}
	}
	if at.several != nil {
		return "", fmt.Errorf("no tokenizer in %s: give --tokenizer", at.path)
	}
	// The package is opened only where nothing lies beside it.
	repo, err := repositoryOf(at.path)
	if err != nil {
		return "", err
	}
	if repo == "" {
		return "", fmt.Errorf("no tokenizer beside %s, and the package does not say which repository it was made from: give --tokenizer", at.path)
	}
	// It is a hint by who made the package: for one that lies here it is only looked
	// for where the user keeps downloads.
	dir, err := f.repositoryTokenizer(ctx, repo, !at.fromHub)
	switch {
	case err == nil:
		return dir, nil
	case !at.fromHub && (errors.Is(err, hub.ErrNotCached) || errors.Is(err, hub.ErrEntryNotFound)):
		cache, failed := f.client.CacheFolder()
		if failed != nil {
			return "", failed
		}
		return "", fmt.Errorf("no tokenizer beside %s: the package was made from %s, and the local cache %s has no tokenizer of that repository: --tokenizer %s downloads it, or give a folder%w",
			at.path, repo, cache, repo, silent{err})
	}
	return "", fmt.Errorf("no tokenizer beside %s: give --tokenizer, since that of the repository that the package was made from cannot be had: %w", at.path, err)
}

// askedTokenizer returns the tokenizer that the user named.
func (f *finder) askedTokenizer(ctx context.Context, asked string) (string, error) {
	info, err := os.Stat(asked)
	switch {
	case err == nil && looksLikePackage(asked):
		return f.tokenizer(ctx, place{path: asked}, "") // the one that goes with the package
	case err == nil && info.IsDir():
		return asked, hasTokenizer(asked)
	case err == nil || onDisk(asked) || !isName(asked):
		return asked, err
	}
	dir, err := f.repositoryTokenizer(ctx, asked, false)
	if err != nil {
		return "", f.neither("tokenizer", asked, err)
	}
	return dir, nil
}

// repositoryTokenizer returns the folder of a repository's tokenizer. What the cache
// has is taken as it is: of the files of a tokenizer there are no versions that
// matter, and a request for each call would.
func (f *finder) repositoryTokenizer(ctx context.Context, name string, local bool) (string, error) {
	show := f.show()
	defer show.close()
	return f.client.ResolveTokenizer(ctx, name, &hub.ResolveOptions{LocalOnly: local, PreferCache: true, Progress: show.progress()})
}

// hasTokenizer refuses a folder in which there is no tokenizer.
func hasTokenizer(dir string) error {
	names := tokenizer.FileNames()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("no tokenizer in %s: it has none of %s%w", dir, strings.Join(names, ", "), silent{fs.ErrNotExist})
}
