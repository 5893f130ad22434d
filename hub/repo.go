package hub

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/quote"
)

// RepoType is the kind of a repository.
type RepoType int

// The kinds of repositories.
const (
	Model RepoType = iota
	Dataset
	Space
)

// types are the names of the kinds: alone, and before an id.
var types = [...]struct{ name, prefix string }{
	Model:   {"model", ""},
	Dataset: {"dataset", "datasets/"},
	Space:   {"space", "spaces/"},
}

// String returns "model", "dataset" or "space".
func (t RepoType) String() string {
	if t < 0 || int(t) >= len(types) {
		return fmt.Sprintf("RepoType(%d)", int(t))
	}
	return types[t].name
}

// prefix is what stands before the id of such a repository, in addresses and names.
func (t RepoType) prefix() string {
	if t < 0 || int(t) >= len(types) {
		return ""
	}
	return types[t].prefix
}

// DefaultRevision is the branch that an empty Revision stands for.
const DefaultRevision = "main"

// Repo names a repository at a revision.
type Repo struct {
	// Type is its kind; the zero value is a model.
	Type RepoType

	// ID is "organization/name", or a name alone for a few old ones.
	ID string

	// Revision is a branch, a tag, a commit of 40 hexadecimal digits, or a pull
	// request as "refs/pr/1". "" stands for [DefaultRevision].
	Revision string
}

// ParseRepo reads "organization/name", with "datasets/" or "spaces/" before it for
// those kinds and "@revision" behind it for a revision. "models/" and "hf://" may
// stand before it as well. It checks what [Repo.Check] does.
func ParseRepo(s string) (Repo, error) {
	rest := strings.TrimPrefix(s, "hf://")
	var r Repo
	switch {
	case strings.HasPrefix(rest, "datasets/"):
		r.Type = Dataset
	case strings.HasPrefix(rest, "spaces/"):
		r.Type = Space
	default:
		rest = strings.TrimPrefix(rest, "models/")
	}
	rest = strings.TrimPrefix(rest, r.Type.prefix())
	id, revision, named := strings.Cut(rest, "@")
	r.ID, r.Revision = id, revision
	if named && revision == "" {
		return Repo{}, fmt.Errorf("hub: %s: %w: no revision behind @", quote.Name(s, maxName), ErrUnsafeName)
	}
	if err := r.Check(); err != nil {
		return Repo{}, err
	}
	return r, nil
}

// modelsLast matches what is the name of a model only with "models/" before it.
var modelsLast = regexp.MustCompile(`^(?:models|datasets|spaces)/`)

// String returns the form that [ParseRepo] reads.
func (r Repo) String() string {
	s := r.Type.prefix() + r.ID
	if r.Type == Model && modelsLast.MatchString(r.ID) {
		s = "models/" + s
	}
	if r.Revision != "" {
		s += "@" + r.Revision
	}
	return s
}

// revision is the revision with the default filled in.
func (r Repo) revision() string {
	if r.Revision == "" {
		return DefaultRevision
	}
	return r.Revision
}

// at is the repository at another revision.
func (r Repo) at(revision string) Repo {
	r.Revision = revision
	return r
}

// Check reports, as an error that is [ErrUnsafeName], what cannot be a repository
// and a revision. A hub need not be asked for that: both become names of folders.
func (r Repo) Check() error {
	if r.Type < Model || r.Type > Space {
		return fmt.Errorf("hub: %w: %v is no kind of repository", ErrUnsafeName, r.Type)
	}
	for _, err := range []error{cache.CheckID(r.ID), cache.CheckRevision(r.revision())} {
		if err != nil {
			return fmt.Errorf("hub: %w: %w", ErrUnsafeName, err)
		}
	}
	// What git-check-ref-format(1) allows in no name.
	if strings.ContainsAny(r.Revision, " ~^:?*[\\") {
		return fmt.Errorf("hub: %w: %s is no revision that git could have", ErrUnsafeName, quote.Name(r.Revision, maxName))
	}
	return nil
}

// isCommit reports whether s is a commit: forty lower-case hexadecimal digits.
func isCommit(s string) bool { return cache.IsCommit(s) }
