package hub

import (
	"fmt"
	"regexp"
	"strings"

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

// String returns the form that [ParseRepo] reads.
func (r Repo) String() string {
	s := r.Type.prefix() + r.ID
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

// idPattern is the form of an id, after huggingface_hub's utils/_validators.py.
var idPattern = regexp.MustCompile(`^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?/)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?$`)

// Check reports, as an error that is [ErrUnsafeName], what cannot be a repository
// and a revision. A hub need not be asked for that: both become names of folders.
func (r Repo) Check() error {
	bad := func(name, why string) error {
		return fmt.Errorf("hub: %s: %w: %s", quote.Name(name, maxName), ErrUnsafeName, why)
	}
	switch {
	case r.Type < Model || r.Type > Space:
		return bad(r.Type.String(), "no such kind of repository")
	case !idPattern.MatchString(r.ID):
		return bad(r.ID, "a repository is named organization/name, with letters, digits, -, _ and . in both, and at most 96 of them")
	case strings.Contains(r.ID, "--"), strings.Contains(r.ID, ".."), strings.HasSuffix(r.ID, ".git"):
		return bad(r.ID, "the name of a repository has no --, no .. and no .git at its end")
	case !revisionIsSafe(r.revision()):
		return bad(r.Revision, "a revision is a branch, a tag, a commit, or a pull request as refs/pr/1")
	}
	return nil
}

// revisionIsSafe reports whether git could have such a reference and every
// system a file of that name; see git-check-ref-format(1).
func revisionIsSafe(s string) bool {
	if len(s) > 255 || strings.ContainsAny(s, "\\:*?\"<>|~^[ ") || strings.Contains(s, "..") || strings.Contains(s, "@{") {
		return false
	}
	for _, c := range []byte(s) {
		if c < 0x20 || c == 0x7f {
			return false
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

// isCommit reports whether s is a commit: forty lower-case hexadecimal digits.
func isCommit(s string) bool { return isHex(s, 40) }

// isHex reports whether s is n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for k := range len(s) {
		if c := s[k]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
