package hubtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Op is what a request asks for.
type Op string

// What requests ask for.
const (
	Info      Op = "info"       // what is known of a repository and a revision
	Tree      Op = "tree"       // a page of the listing of files
	Refs      Op = "refs"       // branches, tags, pull requests
	Commits   Op = "commits"    // the history
	PathsInfo Op = "paths-info" // a listing of given paths
	AuthCheck Op = "auth-check" // whether a gated repository's files may be read
	Whoami    Op = "whoami"     // whose token it is
	Head      Op = "head"       // HEAD of a file, at either origin
	Redirect  Op = "redirect"   // GET of a file that the hub sends to the second origin, or cannot find
	Body      Op = "body"       // GET of a file where it is: at the hub, or at the second origin
	Other     Op = "other"      // anything else
)

// call is a request that has been understood.
type call struct {
	server *Server
	r      *http.Request
	origin Origin
	op     Op
	typ    Type
	id     string // the repository's name as asked for, "" with none
	rev    string // the revision as asked for
	path   string // the file or folder in the repository
	stored bool   // the address is one that the hub redirects to
	repo   *hosted
	snap   *snapshot
	file   *file
}

// verbs are what can follow the name of a repository in a path of the API.
var verbs = map[string]Op{
	"revision": Info, "tree": Tree, "refs": Refs, "commits": Commits, "paths-info": PathsInfo, "auth-check": AuthCheck,
	"xet-read-token": Other, "settings": Other, "branch": Other, "tag": Other, "commit": Other,
}

// route finds out what is asked, and of it what is there.
func (s *Server) route(origin Origin, r *http.Request) *call {
	c := &call{server: s, r: r, origin: origin, op: Other}
	segments := split(r.URL)
	switch {
	case origin == CDN:
		c.routeStored(segments)
	case len(segments) > 1 && segments[0] == "api":
		c.routeAPI(segments[1:])
	default:
		c.routeFile(segments)
	}
	return c
}

// split takes the path apart and undoes the escapes in each part, so that a slash
// that is part of a name stays in it.
func split(u *url.URL) []string {
	parts := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for i, p := range parts {
		if text, err := url.PathUnescape(p); err == nil {
			parts[i] = text
		}
	}
	return parts
}

// takeType takes the word for a type of repository off the front of a path; models
// may do without.
func (c *call) takeType(segments []string) []string {
	for _, t := range []Type{Model, Dataset, Space} {
		if len(segments) > 0 && segments[0] == t.plural() {
			c.typ = t
			return segments[1:]
		}
	}
	c.typ = Model
	return segments
}

// takeID takes the name of a repository, which has one part or two, up to a word
// that can follow it.
func (c *call) takeID(segments []string, verb func(string) bool) []string {
	n := min(2, len(segments))
	if len(segments) > 1 && verb(segments[1]) && !(len(segments) > 2 && verb(segments[2])) {
		n = 1
	}
	c.id = strings.Join(segments[:n], "/")
	c.repo = c.server.repo(c.typ, c.id)
	return segments[n:]
}

// takeRevision takes a revision. One with slashes may be escaped or not.
func (c *call) takeRevision(segments []string) []string {
	n := min(1, len(segments))
	if n == 1 && segments[0] == "refs" {
		n = min(3, len(segments))
	}
	c.rev = strings.Join(segments[:n], "/")
	if c.repo != nil {
		c.snap = c.repo.revision(c.rev)
	}
	return segments[n:]
}

// routeAPI understands /api/….
func (c *call) routeAPI(segments []string) {
	switch segments[0] {
	case "whoami-v2":
		c.op = Whoami
		return
	case resolveCache:
		c.routeStored(segments[1:])
		return
	}
	rest := c.takeType(segments)
	if len(rest) == len(segments) || len(rest) == 0 || rest[0] == "" {
		return
	}
	rest = c.takeID(rest, func(s string) bool { return verbs[s] != "" })
	c.rev = "main"
	if len(rest) == 0 {
		c.op = Info
		c.takeRevision([]string{c.rev})
		return
	}
	c.op = verbs[rest[0]]
	if c.op == "" {
		c.op = Other
	}
	if rest = rest[1:]; len(rest) > 0 {
		rest = c.takeRevision(rest)
	} else {
		c.takeRevision([]string{c.rev})
	}
	c.path = strings.Join(rest, "/")
}

// routeFile understands /org/name/resolve/revision/path.
func (c *call) routeFile(segments []string) {
	rest := c.takeID(c.takeType(segments), func(s string) bool { return s == "resolve" })
	if len(rest) < 3 || rest[0] != "resolve" {
		if c.repo == nil {
			c.id = ""
		}
		return
	}
	c.path = strings.Join(c.takeRevision(rest[1:]), "/")
	if c.snap != nil {
		c.file = c.snap.files[c.path]
	}
	switch {
	case c.r.Method == http.MethodHead:
		c.op = Head
	case c.file != nil && !c.file.lfs && !c.repo.ResolveCache:
		c.op = Body
	default:
		c.op = Redirect
	}
}

// resolveCache begins the addresses at which the hub has files, behind /api/, for a
// [Repo] with ResolveCache.
const resolveCache = "resolve-cache"

// routeStored understands the paths that the hub redirects to, at the second origin or
// behind /api/resolve-cache: models/org/name/commit/path.
func (c *call) routeStored(segments []string) {
	c.op = Body
	if c.r.Method == http.MethodHead {
		c.op = Head
	}
	c.stored = true
	rest := c.takeID(c.takeType(segments), isCommit)
	if len(rest) < 2 {
		return
	}
	c.path = strings.Join(c.takeRevision(rest), "/")
	if c.snap != nil {
		c.file = c.snap.files[c.path]
	}
}

// isCommit reports whether a text is the full name of a commit.
func isCommit(text string) bool {
	return len(text) == 40 && !slices.ContainsFunc([]byte(text), func(b byte) bool {
		return (b < '0' || b > '9') && (b < 'a' || b > 'f')
	})
}
