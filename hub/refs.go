package hub

import "context"

// Ref is a name for a commit.
type Ref struct {
	// Name is the short name, such as "main", and Ref the long one, such as
	// "refs/heads/main".
	Name, Ref string

	// Commit is what it stands for.
	Commit string
}

// Refs are the names that a repository's commits have.
type Refs struct {
	// Branches, Tags and PullRequests are those of the authors; Converts are made by
	// the hub's own conversions.
	Branches, Tags, PullRequests, Converts []Ref
}

// Refs asks the hub for the branches, tags and pull requests of a repository.
// The revision of repo plays no part.
func (c *Client) Refs(ctx context.Context, repo Repo) (*Refs, error) {
	return nil, errNotYet
}
