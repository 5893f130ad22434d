package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/quote"
)

// worthKeeping is how many bytes of a file in the making are left for the next
// attempt when the network has failed for good. Less is fetched again sooner than
// a user understands what the file is. When the context ends, all is kept.
const worthKeeping = 8 << 20

// job is one call of Download or Snapshot.
type job struct {
	s         *settings
	repo      Repo // at the revision that was asked for
	force     bool
	localOnly bool
	report    *reporter

	cache *cache.Cache
	in    *cache.Repo     // the repository's part of the cache
	local *cache.LocalDir // nil: files go into the cache
}

// open opens the cache of these settings.
func (s *settings) open() (*cache.Cache, error) {
	c, err := cache.Open(s.dir, cache.Options{NoLinks: s.noLinks})
	if err != nil {
		return nil, fmt.Errorf("hub: open the cache: %w", err)
	}
	return c, nil
}

// kinds are the cache's names for the kinds of repositories.
var kinds = [...]cache.Kind{Model: cache.Model, Dataset: cache.Dataset, Space: cache.Space}

// newJob opens what a call needs. It is to be closed.
func newJob(s *settings, repo Repo, o DownloadOptions) (_ *job, err error) {
	j := &job{s: s, repo: repo, force: o.Force, localOnly: o.LocalOnly || s.offline, report: newReporter(o.Progress)}
	if j.force && j.localOnly {
		return nil, fmt.Errorf("hub: a download cannot be forced: %w", ErrOffline)
	}
	if o.LocalDir != "" {
		if err := insideCache(s.dir, o.LocalDir); err != nil {
			return nil, err
		}
	}
	if j.cache, err = s.open(); err != nil {
		return nil, err
	}
	if j.in, err = j.cache.Repo(kinds[repo.Type], repo.ID); err != nil {
		return nil, errors.Join(fromCache(err, ""), j.close())
	}
	if o.LocalDir != "" {
		if j.local, err = cache.OpenLocal(o.LocalDir); err != nil {
			return nil, errors.Join(fmt.Errorf("hub: %w", err), j.close())
		}
	}
	return j, nil
}

// also is err, and with it what failed while it was cleared up behind. An error
// that is alone stays as it is.
func also(err, more error) error {
	if more == nil {
		return err
	}
	return errors.Join(err, more)
}

// close lets go of the folders.
func (j *job) close() error {
	err := j.cache.Close()
	if j.local != nil {
		err = errors.Join(err, j.local.Close())
	}
	return err
}

// commit is the commit of the revision as far as the cache knows it, "" if it does
// not.
func (j *job) commit() string {
	if rev := j.repo.revision(); isCommit(rev) {
		return rev
	}
	commit, err := j.in.Ref(j.repo.revision())
	if err != nil {
		return "" // what cannot be read is not known
	}
	return commit
}

// patient asks as often as the client says, and reports each failure.
func (j *job) patient(path string) patience {
	return patience{j.s.retries, func(n int, wait time.Duration, err error) {
		j.report.file(Event{Kind: FileRetried, File: path, Size: -1, Attempt: n, Wait: wait, Err: err})
	}}
}

// call is what errors say of this job.
func (j *job) call(op, path string) call { return call{op: op, repo: j.repo, path: path} }

// fromCache gives an error of the cache the form that this package's have.
func fromCache(err error, path string) error {
	if _, ok := err.(*Error); ok || err == nil { //nolint:errorlint // it has its form
		return err
	}
	if e, ok := errors.AsType[*cache.HashError](err); ok {
		return &ChecksumError{Path: path, Algorithm: e.Algorithm, Want: e.Want, Got: e.Got}
	}
	if _, ok := errors.AsType[*cache.SizeError](err); ok {
		return fmt.Errorf("%w: %w", ErrSize, err)
	}
	if _, ok := errors.AsType[*cache.NameError](err); ok {
		return fmt.Errorf("%w: %w", ErrUnsafeName, err)
	}
	switch {
	case errors.Is(err, cache.ErrTooMany):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, cache.ErrDiskFull):
		return &meaningError{ErrDiskFull, err}
	case errors.Is(err, cache.ErrReadOnly):
		return &meaningError{ErrReadOnly, err}
	}
	return err
}

// meaningError is an error that says itself what it means.
type meaningError struct{ meaning, err error }

func (e *meaningError) Error() string   { return e.err.Error() }
func (e *meaningError) Unwrap() []error { return []error{e.meaning, e.err} }

// file brings one file and returns its path. Known is what a listing says of it,
// nil without one. Revision is what to ask the hub for: the revision, or the commit
// where that is known. Its events end with one that says how it went.
func (j *job) file(ctx context.Context, revision, path string, known *File) (at string, err error) {
	size := int64(-1)
	if known != nil {
		size = known.Size
	}
	defer func() {
		if err != nil {
			err = j.call("download", path).fail(err)
			j.report.file(Event{Kind: FileFailed, File: path, Size: size, Err: err})
		}
	}()
	if isCommit(revision) && !j.force {
		if at, size, ok := j.have(ctx, revision, path); ok {
			j.alone(known, size)
			j.cached(path, size)
			return at, nil
		}
	}
	m, err := j.head(ctx, revision, path)
	if err != nil {
		return j.fallback(ctx, path, known, err)
	}
	if err := agree(m, known); err != nil {
		return "", err
	}
	if m.size < 0 {
		m.size = size
	}
	size = m.size
	j.alone(known, size)
	if j.local != nil {
		return j.toLocal(ctx, path, m, known)
	}
	return j.toCache(ctx, revision, path, m, known)
}

// alone reports the one file of a Download, which no listing has told of.
func (j *job) alone(known *File, size int64) {
	if known == nil {
		j.report.listed(1, max(0, size))
	}
}

// cached reports a file that need not be fetched.
func (j *job) cached(path string, size int64) {
	j.report.file(Event{Kind: FileCached, File: path, Done: size, Size: size})
}

// have looks for the file of a commit.
func (j *job) have(ctx context.Context, commit, path string) (at string, size int64, ok bool) {
	if j.local == nil {
		at, ok, err := j.in.Pointer(commit, path)
		if err != nil || !ok {
			return "", 0, false
		}
		return at, fileSize(at), true
	}
	size, ok = j.local.Stat(path)
	if !ok {
		return "", 0, false
	}
	known, ok, err := j.local.Metadata(ctx, path)
	return j.local.Path(path), size, err == nil && ok && known.Commit == commit
}

// head asks for a file's metadata. That the hub has no such file is noted in the
// cache, as Python does. Where the cache has an answer the hub is asked only once,
// so that a network that is down does not hold anybody up.
func (j *job) head(ctx context.Context, revision, path string) (metadata, error) {
	if j.localOnly {
		return metadata{}, ErrOffline
	}
	p := j.patient(path)
	if _, ok := j.instead(path); ok && !j.force {
		p = patience{}
	}
	m, err := j.s.head(ctx, j.repo.at(revision), path, p)
	if errors.Is(err, ErrEntryNotFound) && isCommit(m.commit) && j.local == nil {
		if err := errors.Join(j.in.MarkMissing(m.commit, path), j.in.SetRef(revision, m.commit)); err != nil {
			j.s.log.WarnContext(ctx, "could not note that a file does not exist", "repo", j.repo.String(), "path", path, "error", err)
		}
	}
	return m, err
}

// instead is the file that stands in for one when the hub cannot be asked: that of
// the commit that the revision last stood for.
func (j *job) instead(path string) (at string, ok bool) {
	if j.local != nil {
		_, ok := j.local.Stat(path)
		return j.local.Path(path), ok
	}
	commit := j.commit()
	if commit == "" {
		return "", false
	}
	at, ok, err := j.in.Pointer(commit, path)
	return at, ok && err == nil
}

// fallback answers from the disk when the hub could not be asked, for the reason
// err. What the hub has said for certain stands.
func (j *job) fallback(ctx context.Context, path string, known *File, err error) (string, error) {
	if ctx.Err() != nil || final(err) || j.force {
		return "", err
	}
	at, ok := j.instead(path)
	if !ok {
		return "", notCached(err)
	}
	if !j.localOnly {
		j.s.log.WarnContext(ctx, "the hub cannot be asked: the file on the disk is used", "repo", j.repo.String(), "path", path, "error", err)
		j.report.instead(path, err)
	}
	size := fileSize(at)
	j.alone(known, size)
	j.cached(path, size)
	return at, nil
}

// final reports whether an error is an answer of the hub that nothing on the disk
// can take the place of.
func final(err error) bool {
	return errors.Is(err, ErrRevisionNotFound) || errors.Is(err, ErrEntryNotFound) ||
		errors.Is(err, ErrUnsafeName) || errors.Is(err, ErrTooLarge)
}

// notCached is the error when neither the hub nor the cache has an answer. A hub
// that says why not is the better one to listen to.
func notCached(err error) error {
	for _, said := range []error{ErrGated, ErrRepositoryNotFound, ErrDisabled, ErrUnauthorized} {
		if errors.Is(err, said) {
			return err
		}
	}
	if errors.Is(err, ErrNotCached) {
		return err
	}
	return because(ErrNotCached, err)
}

// because is the error what for the reason err. It stays one [*Error], so that
// what a hub answered is found in it.
func because(what, err error) error {
	e, ok := err.(*Error) //nolint:errorlint // one that is wrapped has been told of already
	if !ok {
		return fmt.Errorf("%w, and the hub cannot be asked: %w", what, err)
	}
	both := *e
	if both.Err = what; e.Err != nil {
		both.Err = fmt.Errorf("%w, and the hub cannot be asked: %w", what, e.Err)
	}
	return &both
}

// absent reports whether an error means no more than that something is not there.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// insideCache refuses a local folder in which the cache keeps what is its own.
func insideCache(cacheDir, local string) error {
	real := func(dir string) string {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		if there, err := filepath.EvalSymlinks(dir); err == nil {
			return there
		}
		return dir
	}
	rel, err := filepath.Rel(real(cacheDir), real(local))
	if err != nil || !filepath.IsLocal(rel) {
		return nil //nolint:nilerr // they have nothing to do with each other
	}
	first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	if first == "." || first == "blobs" || first == ".locks" || strings.Contains(first, "--") {
		return fmt.Errorf("hub: the local folder %s lies in the cache %s: the cache is for the cache's own files", quote.Name(local, maxPath), quote.Name(cacheDir, maxPath))
	}
	return nil
}
