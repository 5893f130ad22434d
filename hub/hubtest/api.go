package hubtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The most entries on a page of the Hub's listings, plain and expanded.
const (
	pageSize         = 1000
	expandedPageSize = 50
)

// maxPaths bounds what a request for given paths may hold, in bytes.
const maxPaths = 16 << 20

// isoTime is the form of times in the API.
const isoTime = "2006-01-02T15:04:05.000Z"

// repository answers what is asked of a repository that the caller may see.
func (c *call) repository(a *answer) {
	switch c.op {
	case Refs:
		c.refs(a)
		return
	case AuthCheck:
		a.text(http.StatusOK, "OK")
		return
	case Other:
		a.fail(http.StatusNotFound, "", "Sorry, we can't find the page you are looking for.")
		return
	}
	if c.snap == nil {
		a.fail(http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+printable(c.rev))
		return
	}
	switch c.op {
	case Info:
		c.info(a)
	case Tree:
		c.tree(a)
	case PathsInfo:
		c.pathsInfo(a)
	case Commits:
		c.commits(a)
	default:
		c.resolve(a)
	}
}

// printable makes a text fit for a header.
func printable(text string) string {
	quoted := strconv.QuoteToASCII(text)
	return quoted[1 : len(quoted)-1]
}

// info answers what is known of the repository at a revision.
func (c *call) info(a *answer) {
	r, query := c.repo, c.r.URL.Query()
	owner, _, _ := strings.Cut(r.ID, "/")
	siblings := make([]any, 0, len(c.snap.files))
	for _, name := range slices.Sorted(maps.Keys(c.snap.files)) {
		f := c.snap.files[name]
		one := map[string]any{"rfilename": name}
		if isTrue(query.Get("blobs")) {
			one["size"], one["blobId"] = f.size, f.blob
			if f.lfs {
				one["lfs"] = map[string]any{"sha256": f.sha256, "size": f.size, "pointerSize": len(f.pointer())}
			}
		}
		siblings = append(siblings, one)
	}
	all := map[string]any{
		"_id": object("repo", r.ID)[:24], "id": r.ID, "author": owner, "sha": c.snap.id, "lastModified": c.snap.date.Format(isoTime),
		"createdAt": r.Repo.created(), "private": r.Private, "disabled": r.Disabled, "gated": gate(r.Gated), "tags": []string{},
		"downloads": 0, "likes": 0, "usedStorage": c.snap.size(), "siblings": siblings,
	}
	if r.Type.orModel() == Model {
		all["modelId"] = r.ID
	}
	if wanted := query["expand"]; len(wanted) > 0 {
		wanted = append(wanted, "_id", "id", "modelId")
		maps.DeleteFunc(all, func(k string, _ any) bool { return !slices.Contains(wanted, k) })
	}
	a.json(all)
}

// created is the time of the first commit that has one.
func (r Repo) created() string {
	for _, c := range r.Commits {
		if !c.Date.IsZero() {
			return c.Date.UTC().Format(isoTime)
		}
	}
	return "2026-01-01T00:00:00.000Z"
}

// gate is how the API says who lets readers in.
func gate(gated bool) any {
	if gated {
		return "manual"
	}
	return false
}

// size is that of all files.
func (s *snapshot) size() int64 {
	var n int64
	for _, f := range s.files {
		n += f.size
	}
	return n
}

// isTrue reads a flag in a query, in Python's way of writing it too.
func isTrue(text string) bool { return strings.EqualFold(text, "true") || text == "1" }

// entry is a file or folder in a listing.
func (s *snapshot) entry(name string, expand bool) map[string]any {
	e := map[string]any{"type": "directory", "path": name, "size": 0}
	if f := s.files[name]; f != nil {
		e["type"], e["size"], e["oid"] = "file", f.size, f.blob
		if f.lfs {
			e["lfs"] = map[string]any{"oid": f.sha256, "size": f.size, "pointerSize": len(f.pointer())}
		}
		if f.xet != "" {
			e["xetHash"] = f.xet
		}
		if expand {
			e["securityFileStatus"] = map[string]any{"status": "unscanned", "avScan": nil, "pickleImportScan": nil}
		}
	} else {
		e["oid"] = s.dirs[name]
	}
	if expand {
		e["lastCommit"] = map[string]any{"id": s.id, "title": s.title, "date": s.date.Format(isoTime)}
	}
	return e
}

// tree answers with a page of the listing of the repository or of a folder in it.
func (c *call) tree(a *answer) {
	query := c.r.URL.Query()
	prefix := ""
	if c.path != "" {
		if _, ok := c.snap.dirs[c.path]; !ok {
			c.noEntry(a)
			return
		}
		prefix = c.path + "/"
	}
	recursive, expand := isTrue(query.Get("recursive")), isTrue(query.Get("expand"))
	var names []string
	for _, name := range c.snap.entries {
		rest, below := strings.CutPrefix(name, prefix)
		if below && (recursive || !strings.Contains(rest, "/")) {
			names = append(names, name)
		}
	}
	from, to := c.page(query, len(names), expand)
	page := make([]any, 0, to-from)
	for _, name := range names[from:to] {
		page = append(page, c.snap.entry(name, expand))
	}
	if to < len(names) {
		c.next(a, query, to)
	}
	a.json(page)
}

// page finds what part of n entries a request asks for.
func (c *call) page(query url.Values, n int, expand bool) (from, to int) {
	size := pageSize
	if c.repo.PageSize > 0 {
		size = c.repo.PageSize
	}
	if expand {
		size = min(size, expandedPageSize)
	}
	if limit, err := strconv.Atoi(query.Get("limit")); err == nil && limit > 0 {
		size = min(size, limit)
	}
	from = min(cursor(query), n)
	return from, min(from+size, n)
}

// cursor reads where a page begins: a number in base64, which clients take as it is.
func cursor(query url.Values) int {
	text, _ := base64.URLEncoding.DecodeString(query.Get("cursor"))
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// next adds the link to the page that begins at entry n.
func (c *call) next(a *answer, query url.Values, n int) {
	query.Set("cursor", base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(n))))
	a.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, c.server.hub, c.r.URL.EscapedPath(), query.Encode()))
}

// noEntry answers for a path that the revision does not have. The commit is named:
// clients remember that it does not have it.
func (c *call) noEntry(a *answer) {
	a.Header().Set("X-Repo-Commit", c.snap.id)
	a.fail(http.StatusNotFound, "EntryNotFound", "Entry not found")
}

// pathsInfo lists given paths, those that are there.
func (c *call) pathsInfo(a *answer) {
	if c.r.Method != http.MethodPost {
		a.fail(http.StatusMethodNotAllowed, "", "Method not allowed")
		return
	}
	paths, expand, err := c.askedPaths(a)
	if err != nil {
		a.fail(http.StatusBadRequest, "", printable(err.Error()))
		return
	}
	list := []any{}
	for _, name := range paths {
		name = strings.TrimSuffix(name, "/")
		_, isDir := c.snap.dirs[name]
		if c.snap.files[name] != nil || isDir && name != "" {
			list = append(list, c.snap.entry(name, expand))
		}
	}
	a.json(list)
}

// askedPaths reads the body of a request for given paths: a form, or JSON.
func (c *call) askedPaths(a *answer) (paths []string, expand bool, err error) {
	c.r.Body = http.MaxBytesReader(a, c.r.Body, maxPaths)
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if kind == "application/json" {
		var body struct {
			Paths  []string
			Expand bool
		}
		err := json.NewDecoder(c.r.Body).Decode(&body)
		return body.Paths, body.Expand, err
	}
	if err := c.r.ParseForm(); err != nil {
		return nil, false, err
	}
	return c.r.PostForm["paths"], isTrue(c.r.PostForm.Get("expand")), nil
}

// refs lists branches, tags, conversions and, if asked, pull requests.
func (c *call) refs(a *answer) {
	lists := map[string][]any{"branches": {}, "tags": {}, "converts": {}}
	kinds := map[string]string{"heads": "branches", "tags": "tags", "convert": "converts"}
	if isTrue(c.r.URL.Query().Get("include_prs")) {
		lists["pullRequests"] = []any{}
		kinds["pr"] = "pullRequests"
	}
	for _, ref := range slices.Sorted(maps.Keys(c.repo.refs)) {
		parts := strings.SplitN(ref, "/", 3)
		if list := kinds[parts[1]]; list != "" && len(parts) == 3 {
			lists[list] = append(lists[list], map[string]any{"name": parts[2], "ref": ref, "targetCommit": c.repo.refs[ref].id})
		}
	}
	a.json(lists)
}

// commits lists the history that leads to a revision, the newest first.
func (c *call) commits(a *answer) {
	i := slices.Index(c.repo.commits, c.snap)
	history := slices.Clone(c.repo.commits[:i+1])
	slices.Reverse(history)
	query := c.r.URL.Query()
	from, to := c.page(query, len(history), true)
	list := make([]any, 0, to-from)
	for _, s := range history[from:to] {
		list = append(list, map[string]any{
			"id": s.id, "title": s.title, "message": "", "date": s.date.Format(isoTime), "authors": []any{map[string]any{"user": "hubtest"}},
		})
	}
	if to < len(history) {
		c.next(a, query, to)
	}
	a.json(list)
}
