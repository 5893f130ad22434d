package hubtest

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Type is the kind of a repository.
type Type string

// The kinds of repositories. An empty Type is a model.
const (
	Model   Type = "model"
	Dataset Type = "dataset"
	Space   Type = "space"
)

// plural is the word in paths of the API.
func (t Type) plural() string { return string(t.orModel()) + "s" }

// prefix is what stands before the name in the path of a file: nothing for a model.
func (t Type) prefix() string {
	if t.orModel() == Model {
		return ""
	}
	return t.plural() + "/"
}

func (t Type) orModel() Type {
	if t == "" {
		return Model
	}
	return t
}

// Repo is a repository to serve. Its zero value but for ID and Files is a public
// model with one commit on the branch main.
type Repo struct {
	// Type is model, dataset or space; empty is model.
	Type Type

	// ID is the name, "org/name" or "name".
	ID string

	// Files is the content of a repository that has one commit.
	Files fs.FS

	// Commits are the commits of a repository that has several, the first one first.
	// Files must be nil then.
	Commits []Commit

	// LFS says which files are kept in large-file storage and so served by the second
	// origin under their sha256; nil is [IsLFS]. The others are named by the sha1 that
	// git gives a blob.
	LFS func(name string, size int64) bool

	// Xet adds the headers and fields of Xet storage to files of large-file storage.
	// No Xet server stands behind them: a client must be told not to use it
	// (HF_HUB_DISABLE_XET=1 for Python's), and then gets the file as ever.
	Xet bool

	// Gzip compresses the files that large-file storage does not hold for clients that
	// accept it, as the Hub's front does: the answer has no Content-Length then, a weak
	// ETag, and no ranges.
	Gzip bool

	// ResolveCache has the hub send requests for the files that git holds on to another
	// address of its own, with 307 and a Location without origin.
	ResolveCache bool

	// PageSize is the most entries on one page of a listing; 0 is 1000, the Hub's.
	PageSize int

	// Gated refuses files to who is not one of Readers: without a token with 401, else
	// with 403, both GatedRepo. Information and listings stay open, as on the Hub, unless
	// GatedAPI closes them too.
	Gated, GatedAPI bool

	// Private hides the repository from who is not one of Readers.
	Private bool

	// Disabled answers everything with the 403 of a repository that the Hub has closed.
	Disabled bool

	// Readers are the tokens that may read a gated or private repository.
	Readers []string

	// MovedTo is the new name of a repository that was renamed: every request is
	// redirected there with 307. Nothing else needs to be set then.
	MovedTo string
}

// Commit is one state of a repository.
type Commit struct {
	// Files is the content.
	Files fs.FS

	// Title is the message; empty is "Commit N".
	Title string

	// Date is the time of the commit; the zero time is a fixed day, and a later hour for
	// each later commit.
	Date time.Time

	// Refs are the names that point here: a branch ("main", or "refs/heads/x"), a tag
	// ("refs/tags/v1"), a pull request ("refs/pr/1") or a conversion
	// ("refs/convert/parquet"). When no commit has main, the last one gets it.
	Refs []string
}

// lfsSuffixes are those that the Hub's .gitattributes for new repositories puts
// into large-file storage, as far as models have them.
var lfsSuffixes = []string{
	".7z", ".arrow", ".bin", ".bz2", ".ckpt", ".gguf", ".gz", ".h5", ".joblib", ".mlmodel", ".model", ".msgpack", ".npy", ".npz",
	".onnx", ".parquet", ".pickle", ".pkl", ".pt", ".pth", ".safetensors", ".tar", ".tflite", ".tgz", ".xz", ".zip", ".zst",
}

// IsLFS says which files large-file storage holds unless a [Repo] says otherwise:
// those above 1 MiB, and those whose ending is one of weights or archives. An empty
// file never is.
func IsLFS(name string, size int64) bool {
	return size > 1<<20 || size > 0 && slices.Contains(lfsSuffixes, strings.ToLower(path.Ext(name)))
}

// hosted is a repository made ready to serve.
type hosted struct {
	Repo
	commits []*snapshot // the newest last
	refs    map[string]*snapshot
}

// host reads and hashes the files of a repository.
func host(r Repo) (*hosted, error) {
	if !validID(r.ID) {
		return nil, fmt.Errorf("hubtest: the name %q of a repository is not name or org/name", r.ID)
	}
	h := &hosted{Repo: r, refs: map[string]*snapshot{}}
	if r.MovedTo != "" {
		return h, nil
	}
	commits := r.Commits
	switch {
	case r.Files != nil && commits != nil:
		return nil, fmt.Errorf("hubtest: repository %s has both Files and Commits", r.ID)
	case r.Files != nil:
		commits = []Commit{{Files: r.Files}}
	case len(commits) == 0:
		return nil, fmt.Errorf("hubtest: repository %s has no files", r.ID)
	}
	if h.LFS == nil {
		h.LFS = IsLFS
	}
	parent := ""
	for i, c := range commits {
		snap, err := h.snapshot(c, i, parent)
		if err != nil {
			return nil, fmt.Errorf("hubtest: repository %s, commit %d: %w", r.ID, i+1, err)
		}
		parent = snap.id
		h.commits = append(h.commits, snap)
		for _, ref := range c.Refs {
			h.refs[fullRef(ref)] = snap
		}
	}
	if h.refs["refs/heads/main"] == nil {
		h.refs["refs/heads/main"] = h.commits[len(h.commits)-1]
	}
	return h, nil
}

// validID reports whether a name can stand in a URL as one or two segments.
func validID(id string) bool {
	parts := strings.Split(id, "/")
	return len(parts) <= 2 && !slices.Contains(parts, "") && !strings.ContainsAny(id, "?#% ")
}

// fullRef is the name in git: a bare one is a branch's.
func fullRef(ref string) string {
	if strings.HasPrefix(ref, "refs/") {
		return ref
	}
	return "refs/heads/" + ref
}

// revision finds a commit by branch, tag, full reference, or at least seven digits
// of its own name.
func (h *hosted) revision(rev string) *snapshot {
	for _, name := range []string{"refs/heads/" + rev, "refs/tags/" + rev, rev} {
		if s := h.refs[name]; s != nil {
			return s
		}
	}
	if len(rev) < 7 {
		return nil
	}
	for _, s := range h.commits {
		if strings.HasPrefix(s.id, rev) {
			return s
		}
	}
	return nil
}

// readable reports whether a token is one of the repository's readers.
func (h *hosted) readable(token string) bool {
	return token != "" && slices.Contains(h.Readers, token)
}
