package hub

import (
	"context"
	"iter"
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
	MaxPage = 32 << 20

	// MaxListing is the most bytes of all pages together.
	MaxListing = 256 << 20
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

// Files lists the files of a revision, folders and all below them. They come as
// the pages of the hub's answer do; an error comes once, last.
func (c *Client) Files(ctx context.Context, repo Repo) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) { yield(File{}, errNotYet) }
}
