package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/quote"
)

// Package is a Core ML package of a repository on the disk.
type Package struct {
	// Path is where it lies, for generate.Open or coreml.Load. In a cache its files are
	// links; [Materialize] makes a folder of files of it.
	Path string

	// Tokenizer is the folder of its tokenizer, for generate.Config.Tokenizer; "" where
	// there is none.
	Tokenizer string

	// Dir is the folder of the revision's files, in which Path lies.
	Dir string

	// Repo is the repository with the revision that was asked for, Commit what that
	// stood for.
	Repo   Repo
	Commit string

	// Name is the package's path in the repository.
	Name string
}

// ResolveOptions are the choices of [Client.Resolve]. The zero value, and nil, fetch
// what is not in the cache.
type ResolveOptions struct {
	// LocalOnly makes no request: what is not in the cache is [ErrNotCached] or
	// [ErrIncompleteSnapshot].
	LocalOnly bool

	// PreferCache makes no request where the cache has all that is wanted of some
	// revision that fits the name. Otherwise one request finds out what the revision
	// stands for today.
	PreferCache bool

	// Tokenizer is asked where no tokenizer lies in the repository, with the path of the
	// package: the repository whose tokenizer belongs to it, or "". A package of
	// exporters names it in its metadata, as co.huggingface.exporters.name, which this
	// package does not read. What the cache has of that repository is taken without
	// asking the hub. Nil asks nobody.
	Tokenizer func(packagePath string) (name string, err error)

	// Progress is told of what happens. Its calls never overlap; downloads wait while it
	// runs. Where files of two repositories are fetched, the totals begin anew.
	Progress func(Event)
}

// lookUp finds what a name stands for in a repository, as choose knows it among the files,
// and fetches it. The resolver is nil where the name or the options are wrong.
func (c *Client) lookUp(ctx context.Context, name string, o *ResolveOptions, choose func(Repo, []File, string) (*chosen, error)) (Repo, *resolver, *onDisk, error) {
	repo, where, err := ParseName(name)
	if err != nil {
		return Repo{}, nil, nil, err
	}
	r, err := c.resolver(o)
	if err != nil {
		return repo, nil, nil, err
	}
	found, err := r.find(ctx, repo, func(files []File) (*chosen, error) { return choose(repo, files, where) }, true)
	return repo, r, found, err
}

// ParseName reads the name of a package, "organization/name[@revision][:path]":
// what [ParseRepo] reads, and a path in the repository behind a colon.
func ParseName(name string) (repo Repo, where string, err error) {
	rest := strings.TrimPrefix(name, "hf://")
	id, where, named := strings.Cut(rest, ":")
	if repo, err = ParseRepo(id); err != nil {
		return Repo{}, "", err
	}
	if !named {
		return repo, "", nil
	}
	if where = path.Clean(where); where == "." {
		where = ""
	}
	if where != "" && cache.CheckName(where) != nil {
		return Repo{}, "", fmt.Errorf("hub: %s: %w: no path in a repository stands behind the colon", quote.Name(name, maxName), ErrUnsafeName)
	}
	return repo, where, nil
}

// Resolve returns the package that a name stands for, "organization/name[@revision]"
// for the only one in a repository and "organization/name:path" for one of several,
// and fetches what is not there: the package itself, and the tokenizer and the settings
// beside it, or in the nearest folder above that has a tokenizer. Nothing else of the
// repository is fetched.
//
// Where everything is in the cache it makes one request, which finds out what the
// revision stands for, and none when the client is offline. When the hub cannot be
// asked, what the cache has is the answer.
//
// Of several forms of a package, .mlpackage counts before .mlmodel and that before
// .mlmodelc. A name that leads to none, or to several, is a [*PackagesError].
func (c *Client) Resolve(ctx context.Context, name string, o *ResolveOptions) (*Package, error) {
	repo, r, found, err := c.lookUp(ctx, name, o, choose)
	if err != nil {
		return nil, r.withSizes(ctx, err)
	}
	p := &Package{
		Path: filepath.Join(found.dir, filepath.FromSlash(found.pkg.Path)),
		Dir:  found.dir, Repo: repo, Commit: found.commit, Name: found.pkg.Path, Tokenizer: found.tokenizerDir(),
	}
	if p.Tokenizer == "" && r.o.Tokenizer != nil {
		if p.Tokenizer, err = r.named(ctx, p.Path); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Resolve is [Client.Resolve] of a client that takes everything from the environment.
func Resolve(ctx context.Context, name string, o *ResolveOptions) (*Package, error) {
	return new(Client).Resolve(ctx, name, o)
}

// ResolveTokenizer returns the folder of a repository's tokenizer and fetches what
// is not there: the tokenizer's files alone. A path in the name is the folder in the
// repository, or a file in it. Options count as for [Client.Resolve]; Tokenizer is not
// asked. From the cache alone, any of the tokenizer's files will do.
func (c *Client) ResolveTokenizer(ctx context.Context, name string, o *ResolveOptions) (string, error) {
	r, err := c.resolver(o)
	if err != nil {
		return "", err
	}
	return r.tokenizer(ctx, name)
}

// resolver finds what one name, or two, stand for.
type resolver struct {
	c *Client
	s *settings
	o ResolveOptions
}

func (c *Client) resolver(o *ResolveOptions) (*resolver, error) {
	s, err := c.settings()
	if err != nil {
		return nil, err
	}
	r := &resolver{c: c, s: s}
	if o != nil {
		r.o = *o
	}
	return r, nil
}

// offline reports whether no request may be made.
func (r *resolver) offline() bool { return r.s.offline || r.o.LocalOnly }

// named returns the folder of the tokenizer that the package itself names.
func (r *resolver) named(ctx context.Context, pkg string) (string, error) {
	name, err := r.o.Tokenizer(pkg)
	if err != nil || name == "" {
		return "", err
	}
	r.o.PreferCache = true
	return r.tokenizer(ctx, name)
}

func (r *resolver) tokenizer(ctx context.Context, name string) (string, error) {
	repo, where, err := ParseName(name)
	if err != nil {
		return "", err
	}
	found, err := r.find(ctx, repo, func(files []File) (*chosen, error) { return chooseTokenizer(repo, files, where) }, false)
	if err != nil {
		return "", err
	}
	return found.tokenizerDir(), nil
}

// onDisk is what was chosen of a repository, on the disk.
type onDisk struct {
	*chosen
	dir    string // of the commit's files
	commit string
}

// tokenizerDir is the folder of the tokenizer, "" where there is none.
func (f *onDisk) tokenizerDir() string {
	if f.tokenizer == "" {
		return ""
	}
	return filepath.Join(f.dir, filepath.FromSlash(f.tokenizer))
}

// picker chooses files of a repository.
type picker func([]File) (*chosen, error)

// find returns what pick chooses of a repository, from the cache or from the hub.
// Strict says that every file that is listed has to be there.
func (r *resolver) find(ctx context.Context, repo Repo, pick picker, strict bool) (_ *onDisk, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	store, err := r.s.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	in, err := store.Repo(kinds[repo.Type], repo.ID)
	if err != nil {
		return nil, fromCache(err, "")
	}
	k := &keeper{in, repo}
	have, lacks := k.find(pick, strict)
	switch {
	case r.offline() && lacks != nil:
		return nil, call{op: "find", repo: repo}.fail(fmt.Errorf("%w: %w", ErrOffline, lacks))
	// The files of a commit never change.
	case lacks == nil && (r.offline() || r.o.PreferCache || isCommit(repo.revision())):
		return have, nil
	}
	return r.ask(ctx, k, pick, have)
}

// ask finds out what the revision stands for today and fetches what the cache lacks
// of it. Have is what the cache has, nil where that is not enough: it is the answer when
// the hub gives none.
func (r *resolver) ask(ctx context.Context, k *keeper, pick picker, have *onDisk) (*onDisk, error) {
	var moved error
	// A second time where somebody pushed a commit between the two questions.
	for range 2 {
		info, err := r.info(ctx, k.repo, have != nil)
		if err != nil {
			return r.instead(ctx, k.repo, have, err)
		}
		ch, err := pick(listed(info.Siblings))
		if err != nil {
			return nil, err
		}
		if len(k.missing(info.Commit, ch.files)) == 0 {
			k.remember(info.Commit)
			return &onDisk{ch, k.SnapshotDir(info.Commit), info.Commit}, nil
		}
		snap, err := r.c.Snapshot(ctx, k.repo, &SnapshotOptions{Allow: literals(ch.files), Progress: r.o.Progress})
		if err != nil {
			return nil, err
		}
		lost := k.missing(snap.Commit, ch.files)
		if len(lost) == 0 {
			return &onDisk{ch, snap.Dir, snap.Commit}, nil
		}
		moved = &IncompleteError{Dir: snap.Dir, Missing: lost}
	}
	return nil, moved
}

// info asks the hub, and only once where there is another answer: a network that is
// down holds nobody up.
func (r *resolver) info(ctx context.Context, repo Repo, once bool) (*RepoInfo, error) {
	if once {
		return r.s.info(ctx, repo, 0)
	}
	report := newReporter(r.o.Progress)
	return r.s.patientInfo(ctx, repo, patience{r.s.retries, func(n int, wait time.Duration, err error) {
		report.file(Event{Kind: FileRetried, Size: -1, Attempt: n, Wait: wait, Err: err})
	}})
}

// instead answers with what the cache has when the hub could not be asked. What the hub
// has said for certain stands.
func (r *resolver) instead(ctx context.Context, repo Repo, have *onDisk, err error) (*onDisk, error) {
	switch {
	case ctx.Err() != nil, final(err):
		return nil, err
	case have == nil:
		return nil, notCached(err)
	}
	r.s.log.WarnContext(ctx, "the hub cannot be asked: the cache answers", "repo", repo.String(), "error", err)
	newReporter(r.o.Progress).instead("", err)
	return have, nil
}

// listed makes a listing of names, whose sizes are not known.
func listed(names []string) []File {
	files := make([]File, len(names))
	for i, name := range names {
		files[i] = File{Path: name, Size: -1}
	}
	return files
}

// withSizes fills in the sizes of packages, which are worth a request where a person
// has to choose.
func (r *resolver) withSizes(ctx context.Context, err error) error {
	several, ok := errors.AsType[*PackagesError](err)
	if !ok || r.offline() || len(several.Packages) == 0 || several.Packages[0].Size >= 0 {
		return err
	}
	var files []File
	for f, failed := range r.c.Files(ctx, several.Repo) {
		if failed != nil {
			return err // without sizes it is as true
		}
		files = append(files, f)
	}
	sizes := map[string]int64{}
	for _, p := range findPackages(files) {
		sizes[p.Path] = p.Size
	}
	for i := range several.Packages {
		if size, ok := sizes[several.Packages[i].Path]; ok {
			several.Packages[i].Size = size
		}
	}
	return err
}

// keeper is what the cache has of one repository.
type keeper struct {
	*cache.Repo
	repo Repo
}

// remember keeps what the revision stands for, as a download does.
//
// A cache that cannot be written to is one that is read all the same.
func (k *keeper) remember(commit string) { _ = k.SetRef(k.repo.revision(), commit) }

// missing returns those files of a commit that the cache does not have.
func (k *keeper) missing(commit string, names []string) []string {
	var list []string
	for _, name := range names {
		if _, ok, err := k.Pointer(commit, name); err != nil || !ok {
			list = append(list, name)
		}
	}
	return list
}

// commits are those that the revision may stand for, by what the cache knows: copies
// for use without a network often lack its record, and then any will do, the newest
// first.
func (k *keeper) commits() ([]string, error) {
	revision := k.repo.revision()
	if isCommit(revision) {
		return []string{revision}, nil
	}
	commit, err := k.Ref(revision)
	switch {
	case err == nil:
		return []string{commit}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case k.repo.Revision != "":
		return nil, ErrNotCached
	}
	entries, err := cache.ReadDir(filepath.Join(k.Dir(), "snapshots"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []string
	age := map[string]int64{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && isCommit(e.Name()) {
			list = append(list, e.Name())
			age[e.Name()] = info.ModTime().UnixNano()
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Compare(age[b], age[a]) })
	if len(list) == 0 {
		return nil, ErrNotCached
	}
	return list, nil
}

// find returns what pick chooses of the cache.
func (k *keeper) find(pick picker, strict bool) (*onDisk, error) {
	commits, err := k.commits()
	if err != nil {
		return nil, err
	}
	var first error
	for _, commit := range commits {
		found, err := k.at(commit, pick, strict)
		if err == nil {
			return found, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// at is find for one commit.
func (k *keeper) at(commit string, pick picker, strict bool) (*onDisk, error) {
	dir := k.SnapshotDir(commit)
	files, err := k.files(commit, strict)
	if err != nil {
		return nil, err
	}
	ch, err := pick(files)
	if err != nil {
		return nil, err
	}
	if lost := k.missing(commit, ch.files); len(lost) > 0 {
		return nil, &IncompleteError{Dir: dir, Missing: lost}
	}
	return &onDisk{ch, dir, commit}, nil
}

// files lists a commit's files: as the hub listed them where everything has to be
// there and the cache knows, else those that are there.
func (k *keeper) files(commit string, strict bool) ([]File, error) {
	tree, err := k.Tree(commit)
	if err != nil || !strict {
		files, err := found(k.SnapshotDir(commit), &SnapshotOptions{})
		if absent(err) {
			err = ErrNotCached
		}
		return files, err
	}
	files := make([]File, 0, len(tree))
	for name, f := range tree {
		files = append(files, File{Path: name, Size: f.Size})
	}
	return files, nil
}

// CacheFolder returns the folder of the client's cache, which need not exist.
func (c *Client) CacheFolder() (string, error) {
	s, err := c.settings()
	if err != nil {
		return "", err
	}
	return s.dir, nil
}

// literals are patterns that match the names and nothing else.
func literals(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = Literal(name)
	}
	return list
}

// Literal returns a pattern for [SnapshotOptions] that matches nothing but the name.
func Literal(name string) string {
	return strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(name)
}
