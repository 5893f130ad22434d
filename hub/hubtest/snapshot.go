package hubtest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// snapshot is a commit made ready to serve: what git and large-file storage call
// its files is known.
type snapshot struct {
	id, title string
	date      time.Time
	files     map[string]*file
	dirs      map[string]string // the git object of each folder, by path; "" is the root's
	entries   []string          // the paths of files and folders, sorted
}

// file is a file of a snapshot.
type file struct {
	path   string
	size   int64
	lfs    bool
	blob   string // the git object: the file's, or that of the pointer to large-file storage
	sha256 string // with large-file storage only
	xet    string // with Xet only
	open   func() (io.ReadSeeker, func(), error)
}

// pointer is what git keeps of a file that lies in large-file storage.
func (f *file) pointer() string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", f.sha256, f.size)
}

// snapshot reads a commit's files. Each is hashed once: with sha256 if large-file
// storage holds it, else with the sha1 of a git blob.
func (h *hosted) snapshot(c Commit, n int, parent string) (*snapshot, error) {
	s := &snapshot{title: c.Title, date: c.Date, files: map[string]*file{}, dirs: map[string]string{}}
	if s.title == "" {
		s.title = fmt.Sprintf("Commit %d", n+1)
	}
	if s.date.IsZero() {
		s.date = time.Date(2026, time.January, 1, n, 0, 0, 0, time.UTC)
	}
	if err := h.gather(s, c.Files); err != nil {
		return nil, err
	}
	root := newNode()
	for _, f := range s.files {
		root.add(strings.Split(f.path, "/"), f.blob)
	}
	s.dirs[""] = root.hash("", s.dirs)
	for dir := range s.dirs {
		if dir != "" {
			s.entries = append(s.entries, dir)
		}
	}
	for name := range s.files {
		s.entries = append(s.entries, name)
	}
	slices.Sort(s.entries)
	text := "tree " + s.dirs[""] + "\n"
	if parent != "" {
		text += "parent " + parent + "\n"
	}
	who := fmt.Sprintf("%s <%s@hubtest> %d +0000", h.ID, h.Type.orModel(), s.date.Unix())
	s.id = object("commit", text+"author "+who+"\ncommitter "+who+"\n\n"+s.title+"\n")
	return s, nil
}

// gather hashes the files of a file system, and those of an [FS] that have names
// which no file system takes.
func (h *hosted) gather(s *snapshot, fsys fs.FS) error {
	if own, ok := fsys.(FS); ok {
		for name, c := range own {
			open := func() (io.ReadSeeker, func(), error) { return c.Reader(), func() {}, nil }
			if err := h.addFile(s, name, c.Len(), c, open); err != nil {
				return err
			}
		}
		return nil
	}
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := fs.Stat(fsys, name)
		if err != nil || info.IsDir() {
			return err
		}
		open := func() (io.ReadSeeker, func(), error) { return seekable(fsys, name) }
		return h.addFile(s, name, info.Size(), nil, open)
	})
}

// addFile hashes one file and adds it.
func (h *hosted) addFile(s *snapshot, name string, size int64, c Content, open func() (io.ReadSeeker, func(), error)) error {
	f := &file{path: name, size: size, lfs: h.LFS(name, size), open: open}
	sum, err := f.digest(c)
	if err != nil {
		return fmt.Errorf("hash %q: %w", name, err)
	}
	f.blob = sum
	if f.lfs {
		f.sha256 = sum
		f.blob = object("blob", f.pointer())
		if h.Xet {
			x := sha256.Sum256([]byte("xet " + f.sha256))
			f.xet = hex.EncodeToString(x[:])
		}
	}
	s.files[name] = f
	return nil
}

// patterns remembers the hashes of patterns, which may be of many gigabytes and the
// same in many tests.
var patterns sync.Map

// patternKey is what the hash of a pattern follows from.
type patternKey struct {
	Pattern
	lfs bool
}

// digest reads the file whole, unless it is a pattern that was read before.
func (f *file) digest(c Content) (string, error) {
	p, isPattern := c.(Pattern)
	key := patternKey{p, f.lfs}
	if sum, known := patterns.Load(key); isPattern && known {
		return sum.(string), nil //nolint:errcheck // nothing else is stored
	}
	r, done, err := f.open()
	if err != nil {
		return "", err
	}
	defer done()
	var sum hash.Hash
	if f.lfs {
		sum = sha256.New()
	} else {
		sum = sha1.New()
		fmt.Fprintf(sum, "blob %d\x00", f.size)
	}
	n, err := io.CopyBuffer(sum, struct{ io.Reader }{r}, make([]byte, 1<<20))
	if err == nil && n != f.size {
		err = fmt.Errorf("%d bytes where %d were announced", n, f.size)
	}
	if err != nil {
		return "", err
	}
	text := hex.EncodeToString(sum.Sum(nil))
	if isPattern {
		patterns.Store(key, text)
	}
	return text, nil
}

// object is the name that git gives an object.
func object(kind, content string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, len(content), content))
	return hex.EncodeToString(sum[:])
}

// node is a folder while git's names of folders are found out.
type node struct {
	files map[string]string
	dirs  map[string]*node
}

func newNode() *node { return &node{files: map[string]string{}, dirs: map[string]*node{}} }

// add puts a file below the folder.
func (n *node) add(segments []string, blob string) {
	for ; len(segments) > 1; segments = segments[1:] {
		next := n.dirs[segments[0]]
		if next == nil {
			next = newNode()
			n.dirs[segments[0]] = next
		}
		n = next
	}
	n.files[segments[0]] = blob
}

// hash is the folder's name in git. It notes those of the folders below it.
func (n *node) hash(dir string, dirs map[string]string) string {
	type entry struct{ mode, name, id, order string }
	entries := make([]entry, 0, len(n.files)+len(n.dirs))
	for name, id := range n.files {
		entries = append(entries, entry{"100644", name, id, name})
	}
	for name, sub := range n.dirs {
		full := strings.TrimPrefix(dir+"/"+name, "/")
		id := sub.hash(full, dirs)
		dirs[full] = id
		entries = append(entries, entry{"40000", name, id, name + "/"})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.order, b.order) })
	var text strings.Builder
	for _, e := range entries {
		raw, _ := hex.DecodeString(e.id) // made by this package
		fmt.Fprintf(&text, "%s %s\x00%s", e.mode, e.name, raw)
	}
	return object("tree", text.String())
}
