package hub

import (
	"context"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

// DownloadOptions are the choices of [Client.Download]. The zero value, and nil,
// fetch into the cache what is not there.
type DownloadOptions struct {
	// LocalDir is a folder that gets a real file in place of a link in the cache,
	// with Python's record of it in .cache/huggingface.
	LocalDir string

	// Force fetches the file again if it is there.
	Force bool

	// LocalOnly makes no request: the file is in the cache, or it is [ErrNotCached].
	LocalOnly bool

	// Progress is told of what happens. Its calls never overlap; the download waits
	// while it runs.
	Progress func(Event)
}

// Download returns the path of one file of a repository, and fetches it into the
// cache if it is not there. When the hub cannot be asked, the file that the cache
// has for the revision is the answer. It is Python's hf_hub_download.
func (c *Client) Download(ctx context.Context, repo Repo, path string, o *DownloadOptions) (at string, err error) {
	if o == nil {
		o = &DownloadOptions{}
	}
	s, err := c.asking(repo)
	if err != nil {
		return "", err
	}
	if err := cache.CheckName(path); err != nil {
		return "", call{op: "download", repo: repo, path: path}.fail(fromCache(err, path))
	}
	j, err := newJob(s, repo, *o)
	if err != nil {
		return "", err
	}
	defer func() { err = also(err, j.close()) }()
	at, err = j.file(ctx, repo.revision(), path, nil)
	if err != nil {
		return "", err
	}
	j.report.done()
	return at, nil
}
