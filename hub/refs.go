package hub

import (
	"context"
	"encoding/json"
)

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

// refJSON is one of them in a hub's answer.
type refJSON struct {
	Name   string `json:"name"`
	Ref    string `json:"ref"`
	Commit string `json:"targetCommit"`
}

// Refs asks the hub for the branches, tags and pull requests of a repository.
// The revision of repo plays no part.
func (c *Client) Refs(ctx context.Context, repo Repo) (*Refs, error) {
	repo = repo.at("")
	s, err := c.asking(repo)
	if err != nil {
		return nil, err
	}
	asked := call{op: "refs", repo: repo}
	u, err := s.apiURL(repo, "/refs", "include_prs=1")
	if err != nil {
		return nil, asked.fail(err)
	}
	var got struct {
		Branches     list[refJSON] `json:"branches"`
		Tags         list[refJSON] `json:"tags"`
		PullRequests list[refJSON] `json:"pullRequests"`
		Converts     list[refJSON] `json:"converts"`
	}
	_, _, err = s.getJSON(ctx, asked, u, patience{retries: s.retries}, func(d *json.Decoder) error {
		got.Branches, got.Tags, got.PullRequests, got.Converts = nil, nil, nil, nil
		return d.Decode(&got)
	})
	if err != nil {
		return nil, err
	}
	return &Refs{
		Branches: refsOf(got.Branches), Tags: refsOf(got.Tags),
		PullRequests: refsOf(got.PullRequests), Converts: refsOf(got.Converts),
	}, nil
}

// refsOf gives the answer its form.
func refsOf(given []refJSON) []Ref {
	var refs []Ref
	for _, r := range given {
		refs = append(refs, Ref(r))
	}
	return refs
}
