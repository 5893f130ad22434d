package hub

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

// FileStatus is what [Client.Verify] finds of a file.
type FileStatus string

// The findings.
const (
	// FileOK says that the bytes are those that the file's hash stands for.
	FileOK FileStatus = "ok"

	// FileCorrupt says that they are others, or cannot be read.
	FileCorrupt FileStatus = "corrupt"

	// FileMissing says that the revision has the file and the cache has not. Who
	// wanted some files only has others missing.
	FileMissing FileStatus = "missing"

	// FileUnknown says that there is no hash to check against.
	FileUnknown FileStatus = "unknown"
)

// VerifiedFile is a file that was checked.
type VerifiedFile struct {
	// Commit is the revision that it belongs to, "" for a blob that belongs to none.
	Commit string

	// Name is its path in the repository, or the blob's name.
	Name string

	// Path is where it is, "" for one that is not there.
	Path string

	// Size is in bytes; of one that is missing, what it would have.
	Size int64

	// Status is what was found.
	Status FileStatus

	// Err says why it is corrupt, a [*ChecksumError] where the hash is another one.
	Err error
}

// Verify hashes what the cache has of a repository again, and gives each file in
// the order of their names when it is done with it. The revision is a commit, or a
// branch or tag by which the cache knows one; "" stands for every one that is
// there, and blobs that belong to none. Bytes that several files share are read
// once. Nothing is asked of a hub and nothing is changed. An error comes last:
// [ErrNotCached] where there is nothing to check.
func (c *Client) Verify(ctx context.Context, repo Repo) iter.Seq2[VerifiedFile, error] {
	return func(yield func(VerifiedFile, error) bool) {
		err := c.verify(ctx, repo, func(f VerifiedFile) error {
			if !yield(f, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(VerifiedFile{}, err)
		}
	}
}

// errStop ends a walk whose caller has seen enough.
var errStop = errors.New("enough")

func (c *Client) verify(ctx context.Context, repo Repo, each func(VerifiedFile) error) error {
	s, err := c.settings()
	if err != nil {
		return err
	}
	if err := repo.Check(); err != nil {
		return err
	}
	opened, err := s.open()
	if err != nil {
		return err
	}
	defer opened.Close()
	op := fmt.Sprintf("verify %s", repo)
	in, err := opened.Repo(kinds[repo.Type], repo.ID)
	if err != nil {
		return cacheFailure(op, err)
	}
	commit := repo.Revision
	if commit != "" && !isCommit(commit) {
		if commit, err = in.Ref(commit); err != nil {
			return cacheFailure(op, err)
		}
	}
	err = in.Verify(ctx, commit, func(f cache.Checked) error {
		return each(VerifiedFile{
			Commit: f.Commit, Name: f.Name, Path: f.Path, Size: f.Size,
			Status: FileStatus(f.Status), Err: fromCache(f.Err, f.Name),
		})
	})
	if err != nil && !errors.Is(err, errStop) {
		return cacheFailure(op, err)
	}
	return err
}
