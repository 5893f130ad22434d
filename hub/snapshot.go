package hub

import "context"

// SnapshotOptions are the choices of [Client.Snapshot]. The zero value, and nil,
// fetch all of the revision into the cache.
type SnapshotOptions struct {
	// Allow and Ignore are patterns for paths in the repository. A file is wanted
	// when it matches one of Allow, or Allow is nil, and none of Ignore. They are
	// those of Python's fnmatch: * and ? match slashes too, and a pattern with a
	// slash at its end means all that is in the folder.
	Allow, Ignore []string

	// LocalDir is a folder that gets real files in place of links in the cache,
	// with Python's record of them in .cache/huggingface.
	LocalDir string

	// Force fetches files again that are there.
	Force bool

	// LocalOnly makes no request: the snapshot is in the cache, or it is
	// [ErrNotCached] or [ErrIncompleteSnapshot].
	LocalOnly bool

	// DryRun fetches and writes nothing: Snapshot.Missing is what would be fetched.
	DryRun bool

	// Progress is told of what happens. Its calls never overlap; downloads wait
	// while it runs.
	Progress func(Event)
}

// Snapshot is a revision of a repository on the disk.
type Snapshot struct {
	// Dir is the folder of its files: LocalDir, or one in the cache, where they are
	// links.
	Dir string

	// Commit is the commit that the revision stood for, "" where the hub could not
	// be asked and a LocalDir answered.
	Commit string

	// Files are those that were wanted, sorted by path. Where the hub could not be
	// asked and the cache has no listing, they are those that are there, with paths
	// and sizes alone.
	Files []File

	// Missing are those of Files that a dry run found to be fetched.
	Missing []File
}

// Snapshot returns the folder of a revision's files, and fetches those that are
// not there, several at once. When the hub cannot be asked, the snapshot in the
// cache is the answer, if it is whole as far as the cache can tell. It is Python's
// snapshot_download.
//
// One file that fails ends it; the others keep what they have for the next time.
func (c *Client) Snapshot(ctx context.Context, repo Repo, o *SnapshotOptions) (*Snapshot, error) {
	return nil, errNotYet
}
