package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/quote"
	"github.com/gocoreml/coreml/internal/storage"
)

// fileSize is the size of a file that is there, links followed.
func fileSize(at string) int64 {
	info, err := os.Stat(at)
	if err != nil {
		return 0 // it has just gone: the size is for show
	}
	return info.Size()
}

// agree refuses a file of which the listing of the commit names other content than
// the headers do. The listing may be one of long ago, and from another hub.
func agree(m metadata, known *File) error {
	if known == nil {
		return nil
	}
	said, listed := cache.DigestOf(m.etag), digestIn(known)
	if said.Algorithm() == listed.Algorithm() && !said.Is(listed) {
		return fmt.Errorf("%w: the listing of the commit says that the file is %s, and its headers that it is %s",
			ErrNotHub, quote.Bare(cmp.Or(listed.SHA256, listed.GitSHA1), maxName), quote.Bare(m.etag, maxName))
	}
	return nil
}

// digestIn is what a listing says of a file's bytes.
func digestIn(f *File) cache.Digest {
	if f.LFS != nil {
		return cache.DigestOf(f.LFS.SHA256)
	}
	return cache.DigestOf(f.BlobID)
}

// digestOf is what the bytes of a file must hash to: what its etag is, or where that
// is no hash what the listing says. Nothing is rare enough to be noted.
func (j *job) digestOf(ctx context.Context, path string, m metadata, known *File) cache.Digest {
	d := cache.DigestOf(m.etag)
	if d == (cache.Digest{}) && known != nil {
		d = digestIn(known)
	}
	if d == (cache.Digest{}) {
		j.s.log.WarnContext(ctx, "no hash is known of a file: only its size is checked", "repo", j.repo.String(), "path", path, "etag", m.etag)
	}
	return d
}

// toCache brings a file into the cache and returns its path there.
func (j *job) toCache(ctx context.Context, revision, path string, m metadata, known *File) (string, error) {
	at, there, err := j.in.Pointer(m.commit, path)
	if err != nil {
		return "", fromCache(err, path)
	}
	noted := j.in.SetRef(revision, m.commit)
	if there && !j.force {
		j.cached(path, fileSize(at)) // also where the cache cannot be written to
		return at, nil
	}
	if noted != nil {
		return "", fromCache(noted, path)
	}
	lock, err := j.lock(ctx, path, m)
	if err != nil {
		return "", fromCache(err, path)
	}
	defer lock.Unlock() //nolint:errcheck // what was done under it counts
	// Another process may have brought it while this one waited.
	if size, ok := j.in.HasBlob(m.etag); ok && !j.force && (m.size < 0 || size == m.size) {
		if err := j.in.Link(m.commit, path, m.etag); err != nil {
			return "", fromCache(err, path)
		}
		j.cached(path, size)
		return at, nil
	}
	digest := j.digestOf(ctx, path, m, known)
	err = j.bring(ctx, path, m, func(ctx context.Context) (*cache.Partial, error) {
		return j.in.Begin(ctx, m.etag, m.size, digest)
	}, func() error { return j.in.LinkNew(m.commit, path, m.etag) })
	return at, err
}

// lock takes the lock of a blob, and says so when it has to wait for it.
func (j *job) lock(ctx context.Context, path string, m metadata) (*cache.Lock, error) {
	lock, err := j.in.TryLock(m.etag)
	if !errors.Is(err, cache.ErrLocked) {
		return lock, err
	}
	j.s.log.InfoContext(ctx, "another download of the file is waited for", "repo", j.repo.String(), "path", path)
	j.report.file(Event{Kind: FileWaiting, File: path, Size: m.size})
	return j.in.Lock(ctx, m.etag)
}

// toLocal brings a file into the local folder and returns its path there.
func (j *job) toLocal(ctx context.Context, path string, m metadata, known *File) (string, error) {
	at := j.local.Path(path)
	if size, there := j.local.Stat(path); there && !j.force {
		before, ok, err := j.local.Metadata(ctx, path)
		if err == nil && ok && before.ETag == m.etag {
			return at, j.keepLocal(ctx, path, size, m)
		}
	}
	lock, err := j.local.Lock(ctx, path)
	if err != nil {
		return "", fromCache(err, path)
	}
	defer lock.Unlock() //nolint:errcheck // where Progress panics: else it has ended before
	digest := j.digestOf(ctx, path, m, known)
	err = j.fillLocal(ctx, path, m, digest)
	if err := also(err, lock.Unlock()); err != nil {
		return "", fromCache(err, path)
	}
	return at, fromCache(j.local.SetMetadata(ctx, path, m.commit, m.etag), path)
}

// keepLocal notes that a file which is there is that of the commit.
func (j *job) keepLocal(ctx context.Context, path string, size int64, m metadata) error {
	if err := j.local.SetMetadata(ctx, path, m.commit, m.etag); err != nil {
		return fromCache(err, path)
	}
	j.cached(path, size)
	return nil
}

// fillLocal makes the file what it should be: it is that already, which its hash
// tells, or the cache has it, or it is fetched. The file's lock is held.
func (j *job) fillLocal(ctx context.Context, path string, m metadata, digest cache.Digest) error {
	if size, there := j.local.Stat(path); there && !j.force && digest != (cache.Digest{}) && (m.size < 0 || size == m.size) {
		if j.local.Verify(ctx, path, digest) == nil {
			j.cached(path, size)
			return nil
		}
	}
	if _, there, err := j.in.Pointer(m.commit, path); err == nil && there && !j.force {
		if err := j.local.Copy(ctx, path, j.in, m.commit); err != nil {
			return err
		}
		j.cached(path, fileSize(j.local.Path(path)))
		return nil
	}
	return j.bring(ctx, path, m, func(ctx context.Context) (*cache.Partial, error) {
		return j.local.Begin(ctx, path, m.etag, m.size, digest)
	}, nil)
}

// bring fetches a body into a file in the making, and gives it its place when every
// byte of it is checked. After that, then is called, if there is one.
func (j *job) bring(ctx context.Context, path string, m metadata, begin func(context.Context) (*cache.Partial, error), then func() error) error {
	hub, err := j.s.fileURL(j.repo.at(m.commit), path)
	if err != nil {
		return err
	}
	resumed, err := j.bringOnce(ctx, path, m, hub, begin)
	if errors.Is(err, ErrChecksum) && resumed {
		// What an earlier process left was not what it should have been.
		j.s.log.WarnContext(ctx, "what was there of a file is wrong: it is fetched anew", "repo", j.repo.String(), "path", path, "error", err)
		_, err = j.bringOnce(ctx, path, m, hub, begin)
	}
	if err != nil {
		return err
	}
	if then != nil {
		if err := then(); err != nil {
			return fromCache(err, path)
		}
	}
	size := m.size
	if size < 0 {
		size = fileSize(j.placeOf(m.commit, path))
	}
	j.report.file(Event{Kind: FileDone, File: path, Done: size, Size: size})
	return nil
}

// placeOf is where a file is when it is there.
func (j *job) placeOf(commit, path string) string {
	if j.local != nil {
		return j.local.Path(path)
	}
	at, _, _ := j.in.Pointer(commit, path) // the names were checked before
	return at
}

// bringOnce is bring up to the check. It reports whether a part of the file was
// there before.
func (j *job) bringOnce(ctx context.Context, path string, m metadata, hub *url.URL, begin func(context.Context) (*cache.Partial, error)) (resumed bool, err error) {
	to, err := begin(ctx)
	if err != nil {
		return false, fromCache(err, path)
	}
	defer to.Keep() //nolint:errcheck // where Progress panics: else it has ended before
	defer func() { err = j.leave(ctx, to, err, path) }()
	j.report.file(Event{Kind: FileStarted, File: path, Size: m.size})
	if off := to.Offset(); off > 0 {
		resumed = true
		j.report.file(Event{Kind: FileResumed, File: path, Done: off, Size: m.size})
	}
	if err := j.room(m.size - to.Offset()); err != nil {
		return resumed, err
	}
	f := &fetch{
		s: j.s, asked: j.call("download", path), hub: hub, body: m.body, size: m.size, to: to,
		report: func(e Event) { e.File = path; j.report.file(e) },
	}
	if err := f.run(ctx); err != nil {
		return resumed, err
	}
	return resumed && to.Resumed() > 0, to.Commit()
}

// leave ends a file in the making: what may be of use the next time stays.
func (j *job) leave(ctx context.Context, to *cache.Partial, err error, path string) error {
	if err == nil {
		return nil
	}
	err = fromCache(err, path)
	wrong := errors.Is(err, ErrChecksum) || errors.Is(err, ErrSize) || errors.Is(err, ErrTooLarge)
	full := errors.Is(err, ErrDiskFull)
	stopped := ctx.Err() != nil && !errors.Is(context.Cause(ctx), errOther)
	end := to.Abort
	switch {
	case wrong, full && to.Resumed() == 0:
	case stopped, full, to.Offset() >= worthKeeping:
		end = to.Keep
	}
	return also(err, fromCache(end(), path))
}

// room refuses to begin what the disk has no room for, where the system tells.
func (j *job) room(need int64) error {
	dir := j.cache.Dir()
	if j.local != nil {
		dir = j.local.Dir()
	}
	free, ok := storage.FreeSpace(dir)
	if ok && need > 0 && uint64(need) > free {
		return fmt.Errorf("%w: %d more bytes are needed in %s, and %d are free", ErrDiskFull, need, dir, free)
	}
	return nil
}
