package hubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// Scenario is what a server serves and what goes wrong, as JSON can say it: see
// [ReadScenario].
type Scenario struct {
	// Repos are the repositories.
	Repos []Repo

	// Faults are the faults, in the order in which they are tried.
	Faults []Fault
}

// repoJSON is a repository in a scenario.
type repoJSON struct {
	commitJSON
	Type     Type         `json:"type"`
	ID       string       `json:"id"`
	Commits  []commitJSON `json:"commits"`
	LFS      *[]string    `json:"lfs"`
	Xet      bool         `json:"xet"`
	Gzip     bool         `json:"gzip"`
	PageSize int          `json:"page_size"`
	Resolve  bool         `json:"resolve_cache"`
	Gated    bool         `json:"gated"`
	GatedAPI bool         `json:"gated_api"`
	Private  bool         `json:"private"`
	Disabled bool         `json:"disabled"`
	Readers  []string     `json:"readers"`
	MovedTo  string       `json:"moved_to"`
}

// commitJSON is a commit in a scenario: a folder, or texts and patterns by path.
type commitJSON struct {
	Dir      string             `json:"dir"`
	Files    map[string]string  `json:"files"`
	Patterns map[string]Pattern `json:"patterns"`
	Title    string             `json:"title"`
	Refs     []string           `json:"refs"`
}

// ReadScenario reads a scenario from JSON. Unknown fields are errors.
//
//	{"repos": [{"id": "org/name", "files": {"config.json": "{}"}, "patterns": {"model.safetensors": {"size": 3000000}},
//	            "lfs": ["*.safetensors"], "gated": true, "readers": ["hf_me"]},
//	           {"id": "org/two", "commits": [{"dir": "first"}, {"dir": "second", "refs": ["main", "refs/tags/v1"]}]}],
//	 "faults": [{"op": "body", "to": 2, "do": {"status": 503}}]}
//
// The fields are those of [Repo], [Commit], [Fault] and [Do] in lower case with
// underscores. A commit's files are a folder of root, "dir", or texts and patterns by
// path; "lfs" lists patterns of what large-file storage holds; a delay is a text such
// as "150ms".
func ReadScenario(r io.Reader, root fs.FS) (*Scenario, error) {
	var text struct {
		Repos  []repoJSON `json:"repos"`
		Faults []Fault    `json:"faults"`
	}
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&text); err != nil {
		return nil, fmt.Errorf("hubtest: read a scenario: %w", err)
	}
	s := &Scenario{Faults: text.Faults}
	for _, one := range text.Repos {
		repo, err := one.repo(root)
		if err != nil {
			return nil, fmt.Errorf("hubtest: repository %s: %w", one.ID, err)
		}
		s.Repos = append(s.Repos, repo)
	}
	return s, nil
}

// repo makes the repository.
func (j repoJSON) repo(root fs.FS) (Repo, error) {
	r := Repo{
		Type: j.Type, ID: j.ID, Xet: j.Xet, Gzip: j.Gzip, ResolveCache: j.Resolve, PageSize: j.PageSize, Gated: j.Gated, GatedAPI: j.GatedAPI,
		Private: j.Private, Disabled: j.Disabled, Readers: j.Readers, MovedTo: j.MovedTo,
	}
	if j.LFS != nil {
		r.LFS = func(name string, _ int64) bool {
			for _, pattern := range *j.LFS {
				if pattern != "" && glob(pattern, name) {
					return true
				}
			}
			return false
		}
	}
	if j.MovedTo != "" {
		return r, nil
	}
	commits := j.Commits
	if commits == nil {
		commits = []commitJSON{j.commitJSON}
	}
	for _, c := range commits {
		files, err := c.fs(root)
		if err != nil {
			return Repo{}, err
		}
		r.Commits = append(r.Commits, Commit{Files: files, Title: c.Title, Refs: c.Refs})
	}
	return r, nil
}

// fs makes the files of a commit.
func (j commitJSON) fs(root fs.FS) (fs.FS, error) {
	if j.Dir != "" {
		if root == nil || j.Files != nil || j.Patterns != nil {
			return nil, fmt.Errorf("folder %q beside files, or without a root", j.Dir)
		}
		return fs.Sub(root, j.Dir)
	}
	files := FS{}
	for name, text := range j.Files {
		files[name] = Text(text)
	}
	for name, p := range j.Patterns {
		if p.Size < 0 {
			return nil, fmt.Errorf("pattern %q has a negative size", name)
		}
		files[name] = p
	}
	return files, nil
}

// plainDo is a Do without methods of its own.
type plainDo Do

// doJSON is a Do with its delay as text.
type doJSON struct {
	plainDo
	Delay string `json:"delay,omitempty"`
}

// MarshalJSON writes the delay as text.
func (d Do) MarshalJSON() ([]byte, error) {
	text := doJSON{plainDo: plainDo(d)}
	if d.Delay != 0 {
		text.Delay = d.Delay.String()
	}
	return json.Marshal(text)
}

// UnmarshalJSON reads what MarshalJSON writes. Unknown fields are errors.
func (d *Do) UnmarshalJSON(data []byte) error {
	var text doJSON
	if err := strict(data, &text); err != nil {
		return err
	}
	*d = Do(text.plainDo)
	if text.Delay == "" {
		return nil
	}
	delay, err := time.ParseDuration(text.Delay)
	d.Delay = delay
	return err
}

// strict reads JSON whose every field must be known.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
