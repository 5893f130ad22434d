package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
	"net/url"
	"time"
)

// Bounds of a listing. What goes beyond one is [ErrTooLarge]: a hub that is broken
// or hostile cannot fill the memory. The largest repositories that the hub's own
// advice allows have 100 000 files.
const (
	// MaxFiles is the most files and folders of a revision.
	MaxFiles = 300_000

	// MaxPages is the most pages of a listing.
	MaxPages = 10_000

	// MaxPage is the most bytes of one page, and of any other answer in JSON.
	MaxPage = 16 << 20

	// MaxListing is the most bytes of all pages together.
	MaxListing = 128 << 20
)

// File is one file of a revision.
type File struct {
	// Path is its path in the repository, with slashes, as the hub says it. The
	// methods that download refuse one that leads astray; who makes a path of it
	// must do so too, with filepath.IsLocal.
	Path string

	// Size is its size in bytes.
	Size int64

	// BlobID is git's name of it: the SHA-1 of its content, or of the pointer where
	// LFS is not nil.
	BlobID string

	// LFS says where the content is in Git LFS.
	LFS *LFS

	// XetHash is its name in the hub's store of chunks, "" without one.
	XetHash string
}

// LFS names content that is in Git LFS.
type LFS struct {
	// SHA256 is the hash of the content, in hexadecimal.
	SHA256 string

	// Size is its size in bytes.
	Size int64
}

// entryJSON is one entry in a hub's listing.
type entryJSON struct {
	Type string `json:"type"`
	Path string `json:"path"`
	Size int64  `json:"size"`
	OID  string `json:"oid"`
	LFS  *struct {
		OID  string `json:"oid"`
		Size int64  `json:"size"`
	} `json:"lfs"`
	XetHash string `json:"xetHash"`
}

// file gives it its form. ok is false for a folder.
func (e *entryJSON) file() (f File, ok bool, err error) {
	if e.Type != "file" {
		return File{}, false, nil
	}
	f = File{Path: e.Path, Size: e.Size, BlobID: e.OID, XetHash: e.XetHash}
	if e.LFS != nil {
		f.LFS = &LFS{SHA256: e.LFS.OID, Size: e.LFS.Size}
	}
	if f.Path == "" || f.BlobID == "" || f.Size < 0 || f.LFS != nil && f.LFS.Size < 0 {
		return File{}, false, fmt.Errorf("%w: a file in the listing has no path, hash or size", ErrNotHub)
	}
	return f, true, nil
}

// Files lists the files of a revision, folders and all below them. They come as
// the pages of the hub's answer do; an error comes once, last.
func (c *Client) Files(ctx context.Context, repo Repo) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		s, err := c.asking(repo)
		if err != nil {
			yield(File{}, err)
			return
		}
		s.files(ctx, repo, patience{retries: s.retries})(yield)
	}
}

// files is Files, of settings, with so much patience for each page.
func (s *settings) files(ctx context.Context, repo Repo, p patience) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		l := listing{s: s, patience: p, asked: call{op: "list files", repo: repo}, seen: map[uint64]bool{}}
		u, err := s.apiURL(repo, "/tree/"+escape(repo.revision(), ""), "recursive=true&expand=false")
		for u != nil && err == nil {
			var page []File
			if page, u, err = l.page(ctx, u); err != nil {
				break
			}
			for _, f := range page {
				if !yield(f, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(File{}, l.asked.fail(err))
		}
	}
}

// listing counts what has come, page by page.
type listing struct {
	s *settings
	patience
	asked   call
	seen    map[uint64]bool // hashes of the pages' addresses, which may be long
	entries int
	bytes   int64         // of the answers
	sizes   int64         // of the files
	spent   time.Duration // on the pages
}

// maxListingTime is the longest that the pages of a listing may take together. Each
// of them may be slow, and there may be [MaxPages].
const maxListingTime = time.Hour

// seed is that of the hashes of addresses.
var seed = maphash.MakeSeed()

// page fetches one page, and says where the next one is.
func (l *listing) page(ctx context.Context, u *url.URL) ([]File, *url.URL, error) {
	switch address := maphash.String(seed, u.String()); {
	case l.seen[address]:
		return nil, nil, fmt.Errorf("%w: the pages of the listing go in a circle", ErrNotHub)
	case len(l.seen) == MaxPages:
		return nil, nil, fmt.Errorf("%w: a listing of more than %d pages", ErrTooLarge, MaxPages)
	default:
		l.seen[address] = true
	}
	began := time.Now()
	var page []File
	var entries int
	var bytes int64
	at, h, err := l.s.getJSON(ctx, l.asked, u, l.patience, func(d *json.Decoder) (err error) {
		page, entries, err = readPage(d, MaxFiles-l.entries)
		bytes = d.InputOffset()
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	l.entries += entries
	if l.bytes += bytes; l.bytes > MaxListing {
		return nil, nil, fmt.Errorf("%w: a listing of more than %d bytes", ErrTooLarge, int64(MaxListing))
	}
	for _, f := range page {
		// Nobody's sum of some of them can be negative.
		if l.sizes += f.Size; l.sizes < 0 {
			return nil, nil, fmt.Errorf("%w: a listing of files of more bytes than can be counted", ErrTooLarge)
		}
	}
	if l.spent += time.Since(began); l.spent > maxListingTime {
		return nil, nil, fmt.Errorf("%w: a listing that takes more than %v", ErrTooLarge, maxListingTime)
	}
	next, err := l.s.nextPage(at, h)
	return page, next, err
}

// readPage reads a list of entries one by one: at most so many of them.
func readPage(d *json.Decoder, most int) (page []File, entries int, err error) {
	if t, err := d.Token(); err != nil {
		return nil, 0, err
	} else if t != json.Delim('[') {
		return nil, 0, fmt.Errorf("%w: the listing is no list", ErrNotHub)
	}
	for d.More() {
		if entries++; entries > most {
			return nil, 0, fmt.Errorf("%w: a listing of more than %d files and folders", ErrTooLarge, MaxFiles)
		}
		var e entryJSON
		if err := d.Decode(&e); err != nil {
			return nil, 0, err
		}
		f, ok, err := e.file()
		if err != nil {
			return nil, 0, err
		}
		if ok {
			page = append(page, f)
		}
	}
	_, err = d.Token() // the end of the list
	return page, entries, err
}
