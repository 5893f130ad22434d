package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// incomplete ends the name of a file in the making, Python's and ours.
const incomplete = ".incomplete"

// Files in the making that nobody has touched for this long, and whose lock is
// free, are left by somebody who will not come back.
const staleAfter = 24 * time.Hour

// Partial is a file in the making, under a name of its own until it is whole and
// its bytes are known to be the right ones. It is one goroutine's. Two processes
// never write one: each holds a lock of it while it is open. What a process of
// ours left when it died is taken over by the next one that wants the file.
//
// After [Partial.Commit] has succeeded, Abort and Keep do nothing.
type Partial struct {
	f      *folder
	root   *os.Root
	file   *os.File
	name   string // below the root
	target string // below the root
	size   int64  // -1 unknown
	digest Digest

	offset  int64
	hash    *hashing // nil where there is nothing to check, or only at the end
	resumed int64
}

// Begin opens the file in the making of a blob of size bytes (-1: unknown) that
// must hash to digest. Bytes that a process of ours left are kept, after they have
// been read again for the hash: [Partial.Offset] tells how many. The caller holds
// the blob's [Lock]. It also removes what others left in the folder long ago.
func (r *Repo) Begin(ctx context.Context, etag string, size int64, digest Digest) (*Partial, error) {
	if err := CheckETag(etag); err != nil {
		return nil, err
	}
	root, err := r.c.writing()
	if err != nil {
		return nil, err
	}
	dir := r.in("blobs")
	if err := makeDirs(root, dir); err != nil {
		return nil, trouble(err)
	}
	r.c.tag()
	return r.c.begin(ctx, making{
		dir: dir, prefix: etag, target: path.Join(dir, etag),
		size: size, digest: digest, resume: r.mayResume(dir, etag, size),
	})
}

// worthLooking is the size from which bytes that another process left a moment
// ago are worth reading a folder that may have thousands of entries.
const worthLooking = 64 << 10

// mayResume says whether a file in the making may be there for an etag. The first
// call reads the folder and clears it of what is stale.
func (r *Repo) mayResume(dir, etag string, size int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leftovers == nil {
		r.leftovers = map[string]bool{}
		for _, name := range r.c.unfinished(dir) {
			r.leftovers[owner(name)] = true
			r.c.sweep(path.Join(dir, name), func() (*Lock, error) { return r.TryLock(owner(name)) })
		}
	}
	return r.leftovers[etag] || size < 0 || size >= worthLooking
}

// making says where a file is to be made, and what it must be.
type making struct {
	dir, prefix string // the temporary name is dir/prefix.<8 hex>.incomplete
	target      string
	size        int64
	digest      Digest
	resume      bool
}

// begin takes over a file in the making, or makes one, and locks it.
func (f *folder) begin(ctx context.Context, m making) (*Partial, error) {
	root, err := f.writing()
	if err != nil {
		return nil, err
	}
	p := &Partial{f: f, root: root, target: m.target, size: m.size, digest: m.digest}
	if m.resume {
		if err := p.adopt(ctx, m.dir, m.prefix); err != nil {
			return nil, err
		}
	}
	if p.file != nil {
		return p, nil
	}
	err = within(root, m.dir, func() (err error) {
		p.file, p.name, err = create(root, m.dir, func() string { return ownName(m.prefix) }, 0o666)
		return err
	})
	if err != nil {
		return nil, trouble(err)
	}
	if _, err := tryLockFile(p.file, partialOffset); err != nil && !errors.Is(err, errNoLocks) {
		return nil, errors.Join(err, p.Abort())
	}
	p.rehash()
	return p, nil
}

// ownName is a temporary name of the form that Python uses, whose last four digits
// are of a checksum over the rest. By it we know our own: Python does not lock
// its files, so one of its may be written to where locks do not work.
func ownName(prefix string) string {
	head := fmt.Sprintf("%s.%04x", prefix, rand.Uint32()&0xffff)
	return head + check(head) + incomplete
}

// check is the checksum at the end of our own temporary names.
func check(head string) string {
	return fmt.Sprintf("%04x", crc32.ChecksumIEEE([]byte(head))&0xffff)
}

// owner is the etag that a temporary name is of.
func owner(name string) string {
	stem := strings.TrimSuffix(name, incomplete)
	if i := len(stem) - len(".12345678"); i > 0 && stem[i] == '.' && isHex(stem[i+1:], 8) {
		return stem[:i]
	}
	return stem
}

// isOwn says whether a temporary name is one of [ownName].
func isOwn(name string) bool {
	stem, ok := strings.CutSuffix(name, incomplete)
	return ok && owner(name) != stem && check(stem[:len(stem)-4]) == stem[len(stem)-4:]
}

// unfinished lists the names of files in the making in a folder.
func (f *folder) unfinished(dir string) []string {
	var names []string
	_ = f.eachName(dir, func(name string) {
		if strings.HasSuffix(name, incomplete) {
			names = append(names, name)
		}
	})
	return names
}

// eachName calls what with the name of each entry of a folder, which is never held
// whole.
func (f *folder) eachName(dir string, what func(string)) error {
	root, err := f.reading()
	if err != nil {
		return err
	}
	info, err := root.Stat(dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "read", Path: f.path(dir), Err: syscall.ENOTDIR}
	}
	if err != nil {
		return err
	}
	d, err := root.OpenFile(dir, os.O_RDONLY|noWait, 0)
	if err != nil {
		return err
	}
	for {
		names, err := d.Readdirnames(1024)
		for _, name := range names {
			what(name)
		}
		if len(names) == 0 || err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, d.Close())
		}
	}
}

// adopt takes over the longest file in the making that a process of ours left.
func (p *Partial) adopt(ctx context.Context, dir, prefix string) error {
	best := int64(0)
	for _, name := range p.f.unfinished(dir) {
		if owner(name) != prefix {
			continue
		}
		full := path.Join(dir, name)
		if !isOwn(name) {
			p.f.sweep(full, held)
			continue
		}
		file, size, ok := p.takeOver(full)
		switch {
		case !ok:
			continue
		case size <= best: // it is of no use any more, and nobody's
			file.Close()
			_ = p.root.Remove(full)
			continue
		case p.file != nil:
			p.file.Close()
			_ = p.root.Remove(p.name)
		}
		p.file, p.name, best = file, full, size
	}
	if p.file == nil {
		return nil
	}
	switch err := p.reread(ctx, best); {
	case err == nil:
		p.resumed = p.offset
		return nil
	case ctx.Err() != nil:
		p.offset = best
		return errors.Join(err, p.Keep())
	}
	// What cannot be read is of no use.
	return p.drop()
}

// takeOver opens a file in the making if no process has it open and it can be
// the beginning of what is wanted.
func (p *Partial) takeOver(name string) (file *os.File, size int64, ok bool) {
	info, err := p.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || links(info) > 1 {
		return nil, 0, false
	}
	file, err = p.root.OpenFile(name, os.O_RDWR|noWait, 0)
	if err != nil {
		return nil, 0, false
	}
	// Without locks nobody can tell whether it is being written to.
	free, err := tryLockFile(file, partialOffset)
	if err != nil || !free || !still(p.root, name, file) {
		file.Close()
		return nil, 0, false
	}
	now, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, false
	}
	if p.size >= 0 && now.Size() > p.size {
		return file, 0, true
	}
	return file, now.Size(), true
}

// reread hashes the bytes that are there, and stands behind them.
func (p *Partial) reread(ctx context.Context, size int64) error {
	p.rehash()
	buf := make([]byte, 1<<20)
	for p.offset < size {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := p.file.ReadAt(buf[:min(int64(len(buf)), size-p.offset)], p.offset)
		if n == 0 {
			return fmt.Errorf("read what is there of %s: %w", p.f.path(p.target), err)
		}
		if p.hash != nil {
			p.hash.Write(buf[:n])
		}
		p.offset += int64(n)
	}
	_, err := p.file.Seek(size, io.SeekStart)
	return err
}

// rehash starts the hash anew. Git's hash begins with the size: where that is not
// known the file is hashed when it is whole.
func (p *Partial) rehash() {
	p.hash.stop()
	p.hash, p.offset = nil, 0
	if h := p.digest.hasher(p.size); h != nil && (p.size >= 0 || p.digest.SHA256 != "") {
		p.hash = newHashing(h, p.size)
	}
}

// Offset is the number of bytes that are there, hence where to go on.
func (p *Partial) Offset() int64 { return p.offset }

// Resumed is the number of bytes that another process had left.
func (p *Partial) Resumed() int64 { return p.resumed }

// Write appends. More bytes than were announced give a [*SizeError], and none of
// them are written.
func (p *Partial) Write(b []byte) (int, error) {
	if p.file == nil {
		return 0, fs.ErrClosed
	}
	if p.size >= 0 && int64(len(b)) > p.size-p.offset {
		return 0, &SizeError{Want: p.size, Got: p.offset + int64(len(b))}
	}
	n, err := p.file.Write(b)
	if p.hash != nil {
		p.hash.Write(b[:n])
	}
	p.offset += int64(n)
	return n, trouble(err)
}

// Restart forgets what is there: the server sends from the beginning.
func (p *Partial) Restart() error {
	if p.file == nil {
		return fs.ErrClosed
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	p.rehash()
	p.resumed = 0
	return nil
}

// Commit checks size and hash and gives the file its name, in place of whatever
// has it. It does not wait for the disk, as Python does not: after a loss of power
// the file may be gone, or short, and files of a cache can be fetched again.
// A [*SizeError] leaves it open for what is missing, [Partial.Keep] or
// [Partial.Abort]. After a [*HashError] it is gone, as after Abort: nobody knows
// which of its bytes are the wrong ones.
func (p *Partial) Commit() error {
	if p.file == nil {
		return fs.ErrClosed
	}
	if p.size >= 0 && p.offset != p.size {
		return &SizeError{Want: p.size, Got: p.offset}
	}
	if err := p.verify(); err != nil {
		return err
	}
	if closeToRename {
		if err := p.file.Close(); err != nil {
			return trouble(errors.Join(err, p.drop()))
		}
	}
	if err := p.root.Rename(p.name, p.target); err != nil {
		return trouble(err)
	}
	err := p.file.Close()
	p.file = nil
	if closeToRename {
		err = nil // it was closed before
	}
	return trouble(err)
}

// verify compares the hash of all bytes with what it has to be.
func (p *Partial) verify() error {
	want := p.digest.want()
	if want == "" {
		return nil
	}
	var got string
	if p.hash != nil {
		got = p.hash.sum()
	} else {
		h := p.digest.hasher(p.offset)
		if _, err := io.Copy(h, io.NewSectionReader(p.file, 0, p.offset)); err != nil {
			return err
		}
		got = sum(h)
	}
	if got != want {
		err := &HashError{Algorithm: p.digest.Algorithm(), Want: want, Got: got}
		return errors.Join(err, p.drop())
	}
	return nil
}

// Abort removes the file.
func (p *Partial) Abort() error {
	if p.file == nil {
		return nil
	}
	return p.drop()
}

// drop closes and removes the file. Windows removes none that is open.
func (p *Partial) drop() error {
	p.hash.stop()
	err := p.root.Remove(p.name)
	if closeToRename && err != nil {
		p.file.Close()
		err = p.root.Remove(p.name)
		p.file = nil
		return err
	}
	err = errors.Join(err, ignoreClosed(p.file.Close()))
	p.file = nil
	return err
}

// Keep leaves the bytes for the next process that wants the file. Where there are
// none it is Abort.
func (p *Partial) Keep() error {
	if p.file == nil {
		return nil
	}
	if p.offset == 0 {
		return p.drop()
	}
	p.hash.stop()
	unlockFile(p.file, partialOffset)
	err := p.file.Close()
	p.file = nil
	return ignoreClosed(err)
}

// ignoreClosed is err, unless the file was closed before: by Commit, to rename it.
func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// held stands for taking a lock that the caller has already.
func held() (*Lock, error) { return nil, nil } //nolint:nilnil // a nil Lock has nothing to unlock

// sweep removes a file in the making that nobody has touched for long and whose
// lock nobody holds. What early versions of Python left has no digits in its
// name: they go on with it.
func (f *folder) sweep(name string, lock func() (*Lock, error)) {
	base := path.Base(name)
	root, err := f.reading()
	if err != nil || owner(base)+incomplete == base {
		return
	}
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < staleAfter {
		return
	}
	l, err := lock()
	if err != nil {
		return
	}
	defer l.Unlock() //nolint:errcheck // what was done under it counts
	file, err := root.OpenFile(name, os.O_RDWR|noWait, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if free, err := tryLockFile(file, partialOffset); err == nil && free && still(root, name, file) {
		_ = root.Remove(name)
	}
}
