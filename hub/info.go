package hub

import (
	"context"
	"time"
)

// RepoInfo is what a hub knows of a repository at a revision. Its texts are foreign:
// escape them before they go to a terminal.
type RepoInfo struct {
	// ID is the repository's present name, which is another than the one asked for
	// after a renaming.
	ID string

	// Commit is the commit that the revision stands for.
	Commit string

	// Private and Disabled say who may see it: some, or nobody.
	Private, Disabled bool

	// Gated is "" when everybody may download it, and otherwise how access is
	// given: "auto" or "manual".
	Gated string

	// LastModified is the time of the last commit, zero where the hub does not say.
	LastModified time.Time

	// Tags are what the authors and the hub put on it.
	Tags []string

	// Pipeline and Library are the task and the library that it is for, such as
	// "text-generation" and "coreml".
	Pipeline, Library string

	// Downloads and Likes count what their names say.
	Downloads, Likes int64

	// Siblings are the paths of its files.
	Siblings []string
}

// Info asks the hub about a repository. It makes one request and keeps nothing.
func (c *Client) Info(ctx context.Context, repo Repo) (*RepoInfo, error) {
	return nil, errNotYet
}
