package hub

import (
	"context"
	"encoding/json"
	"fmt"
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

// infoJSON is a hub's answer. Only the commit is needed; all else may be missing.
type infoJSON struct {
	ID           loose[string]       `json:"id"`
	SHA          string              `json:"sha"`
	Private      loose[bool]         `json:"private"`
	Disabled     loose[bool]         `json:"disabled"`
	Gated        json.RawMessage     `json:"gated"` // false, "auto" or "manual"
	LastModified loose[string]       `json:"lastModified"`
	Tags         list[loose[string]] `json:"tags"`
	Pipeline     loose[string]       `json:"pipeline_tag"`
	Library      loose[string]       `json:"library_name"`
	Downloads    loose[int64]        `json:"downloads"`
	Likes        loose[int64]        `json:"likes"`
	Siblings     list[struct {
		Name loose[string] `json:"rfilename"`
	}] `json:"siblings"`
}

// Info asks the hub about a repository. It makes one request and keeps nothing.
func (c *Client) Info(ctx context.Context, repo Repo) (*RepoInfo, error) {
	s, err := c.asking(repo)
	if err != nil {
		return nil, err
	}
	return s.info(ctx, repo, s.retries)
}

// asking returns the settings for a question about a repository.
func (c *Client) asking(repo Repo) (*settings, error) {
	if err := repo.Check(); err != nil {
		return nil, err
	}
	return c.settings()
}

// info is Info with so many further attempts.
func (s *settings) info(ctx context.Context, repo Repo, retries int) (*RepoInfo, error) {
	return s.patientInfo(ctx, repo, patience{retries: retries})
}

// patientInfo is Info with so much patience.
func (s *settings) patientInfo(ctx context.Context, repo Repo, p patience) (*RepoInfo, error) {
	asked := call{op: "info", repo: repo}
	u, err := s.apiURL(repo, "/revision/"+escape(repo.revision(), ""), "")
	if err != nil {
		return nil, asked.fail(err)
	}
	var got infoJSON
	_, _, err = s.getJSON(ctx, asked, u, p, func(d *json.Decoder) error {
		got = infoJSON{}
		if err := d.Decode(&got); err != nil {
			return err
		}
		if !isCommit(got.SHA) {
			return fmt.Errorf("%w: it names no commit", ErrNotHub)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return got.info(), nil
}

// info gives the answer its form.
func (j *infoJSON) info() *RepoInfo {
	info := &RepoInfo{
		ID: j.ID.value, Commit: j.SHA, Private: j.Private.value, Disabled: j.Disabled.value,
		Pipeline: j.Pipeline.value, Library: j.Library.value,
		Downloads: j.Downloads.value, Likes: j.Likes.value,
	}
	switch gated := string(j.Gated); gated {
	case `"auto"`, "true":
		info.Gated = "auto"
	case `"manual"`:
		info.Gated = "manual"
	}
	for _, tag := range j.Tags {
		info.Tags = append(info.Tags, tag.value)
	}
	if t, err := time.Parse(time.RFC3339, j.LastModified.value); err == nil {
		info.LastModified = t
	}
	for _, file := range j.Siblings {
		info.Siblings = append(info.Siblings, file.Name.value)
	}
	return info
}
