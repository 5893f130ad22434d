package hub_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// body is a fault where the bytes of files are.
func body(from, to int, do hubtest.Do) hubtest.Fault {
	return hubtest.Fault{Op: hubtest.Body, From: from, To: to, Do: do}
}

// TestASnapshotSurvives goes through what a network and a hub may do without a
// download having to fail.
func TestASnapshotSurvives(t *testing.T) {
	large := body(0, 2, hubtest.Do{CutHalf: true})
	large.File = "model.safetensors"
	for name, faults := range map[string][]hubtest.Fault{
		"nothing going wrong":                  nil,
		"two 503 for a body":                   {body(0, 2, hubtest.Do{Status: 503})},
		"one 429 with Retry-After":             {body(0, 1, hubtest.Do{Status: 429, Header: map[string]string{"Retry-After": "1"}})},
		"one 408":                              {body(0, 1, hubtest.Do{Status: 408})},
		"an error of a proxy":                  {body(0, 1, hubtest.Do{Status: 520})},
		"a body that is cut twice":             {body(0, 2, hubtest.Do{CutHalf: true})},
		"a large body that is cut twice":       {large},
		"a cut and a server without ranges":    {body(0, 2, hubtest.Do{CutHalf: true, IgnoreRange: true}), body(0, 0, hubtest.Do{IgnoreRange: true})},
		"connections that close":               {body(0, 2, hubtest.Do{Drop: true})},
		"weak etags":                           {{Op: hubtest.Head, Do: hubtest.Do{Weak: true}}},
		"a hub that fails at first":            {{Op: hubtest.Info, To: 2, Do: hubtest.Do{Status: 502}}, {Op: hubtest.Tree, To: 2, Do: hubtest.Do{Status: 503}}, {Op: hubtest.Head, To: 2, Do: hubtest.Do{Status: 504}}},
		"questions whose connections close":    {{Op: hubtest.Info, To: 1, Do: hubtest.Do{Drop: true}}, {Op: hubtest.Tree, To: 1, Do: hubtest.Do{Drop: true}}, {Op: hubtest.Head, To: 1, Do: hubtest.Do{Drop: true}}},
		"a page that breaks off":               {{Op: hubtest.Tree, To: 1, Do: hubtest.Do{CutHalf: true}}},
		"an answer that is no HTTP":            {{Op: hubtest.Info, To: 1, Do: hubtest.Do{Raw: "SSH-2.0-OpenSSH_9.9\r\n"}}},
		"a part that begins elsewhere":         {body(0, 1, hubtest.Do{CutHalf: true}), body(2, 2, hubtest.Do{Header: map[string]string{"Content-Range": "bytes 7-9/3000000"}})},
		"a part of a body that has changed":    {body(0, 1, hubtest.Do{CutHalf: true}), body(2, 2, hubtest.Do{Header: map[string]string{"ETag": `"another"`}})},
		"a part that cannot be had":            {body(0, 1, hubtest.Do{CutHalf: true}), body(2, 2, hubtest.Do{Status: 416})},
		"an address that expires":              {{Op: hubtest.Body, Origin: hubtest.CDN, To: 1, Do: hubtest.Do{Status: 403}}},
		"a Content-Length that is too long":    {body(0, 1, hubtest.Do{CutAfter: 100, Header: map[string]string{"ETag": ""}})},
		"a body whose length nobody says":      {{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Linked-Size": "", "Content-Length": ""}}}},
		"sizes in the headers that are no use": {{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Linked-Size": "-1"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.hub.Add(faults...)
			snap := r.snapshot(nil)
			r.isToy(snap.Dir)
			r.noLeftovers()
			r.leaksNothing()
			if snap.Commit != r.hub.Commit("", "org/toy", "main") || len(snap.Files) != 5 {
				t.Errorf("commit %s, %d files", snap.Commit, len(snap.Files))
			}
		})
	}
}

// TestASnapshotFails goes through what must end it, and how.
func TestASnapshotFails(t *testing.T) {
	for name, c := range map[string]struct {
		faults []hubtest.Fault
		want   error
	}{
		"a body that is cut for ever":       {[]hubtest.Fault{body(0, 2, hubtest.Do{CutHalf: true}), body(3, 0, hubtest.Do{CutAfter: -1})}, nil},
		"a body that is too short":          {[]hubtest.Fault{body(0, 0, hubtest.Do{Short: 10})}, hub.ErrSize},
		"one wrong byte":                    {[]hubtest.Fault{body(0, 0, hubtest.Do{Flip: []int64{0}})}, hub.ErrChecksum},
		"one wrong byte behind a cut":       {[]hubtest.Fault{body(0, 1, hubtest.Do{CutHalf: true}), body(2, 0, hubtest.Do{Flip: []int64{-1}})}, hub.ErrChecksum},
		"500 for bodies, always":            {[]hubtest.Fault{body(0, 0, hubtest.Do{Status: 500})}, nil},
		"500 for everything":                {[]hubtest.Fault{{Do: hubtest.Do{Status: 500}}}, hub.ErrNotCached},
		"no commit in the headers":          {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Repo-Commit": ""}}}}, hub.ErrNotHub},
		"a commit that is none":             {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Repo-Commit": "../../x"}}}}, hub.ErrNotHub},
		"another commit":                    {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Repo-Commit": "0123456789012345678901234567890123456789"}}}}, hub.ErrNotHub},
		"no etag":                           {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Linked-Etag": "", "ETag": ""}}}}, hub.ErrNotHub},
		"an etag that is a path":            {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Linked-Etag": `"../../../x"`, "ETag": `"../../../x"`}}}}, hub.ErrUnsafeName},
		"a log-in page":                     {[]hubtest.Fault{{Do: hubtest.Do{Status: 200, Body: "<html>please log in</html>"}}}, hub.ErrNotHub},
		"no HTTP at all":                    {[]hubtest.Fault{{Do: hubtest.Do{Raw: "SSH-2.0-OpenSSH_9.9\r\n"}}}, hub.ErrNotCached},
		"the listing is of another type":    {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Status: 200, Body: `{"error":"x"}`}}}, hub.ErrNotHub},
		"a file without a hash":             {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Status: 200, Body: `[{"type":"file","path":"a","size":1}]`}}}, hub.ErrNotHub},
		"a compressed body":                 {[]hubtest.Fault{body(0, 0, hubtest.Do{Bomb: 1 << 30})}, hub.ErrNotHub},
		"a body that does not end":          {[]hubtest.Fault{body(0, 0, hubtest.Do{Status: 200, Body: "more ", Endless: true})}, hub.ErrSize},
		"redirects of questions, no end":    {[]hubtest.Fault{{Op: hubtest.Info, Do: hubtest.Do{Loop: true}}}, hub.ErrNotHub},
		"redirects of metadata, no end":     {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Loop: true}}}, hub.ErrNotHub},
		"redirects of bodies, no end":       {[]hubtest.Fault{body(0, 0, hubtest.Do{Loop: true})}, hub.ErrNotHub},
		"a redirect to no address":          {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Redirect: "file:///etc/passwd"}}}, hub.ErrNotHub},
		"questions sent to another origin":  {[]hubtest.Fault{{Op: hubtest.Info, Do: hubtest.Do{Redirect: "{cdn}{path}"}}}, hub.ErrNotHub},
		"metadata sent to another origin":   {[]hubtest.Fault{{Op: hubtest.Head, Do: hubtest.Do{Redirect: "{cdn}{path}", Header: map[string]string{"X-Repo-Commit": ""}}}}, hub.ErrNotHub},
		"pages at another origin":           {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Header: map[string]string{"Link": `<{cdn}{path}>; rel="next"`}}}}, hub.ErrNotHub},
		"pages in a circle":                 {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Header: map[string]string{"Link": `<{hub}{path}>; rel="next"`}}}}, hub.ErrNotHub},
		"pages without end":                 {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Endless: true}}}}, hub.ErrTooLarge},
		"a page with everything":            {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Entries: 10_000_000}}}}, hub.ErrTooLarge},
		"ten million files":                 {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Entries: 10_000_000, PageSize: 1000}}}}, hub.ErrTooLarge},
		"ten gigabytes of compressed blank": {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Bomb: 10 << 30}}}, hub.ErrTooLarge},
		"a name that leads out":             {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Names: []string{"../evil"}}}}}, hub.ErrUnsafeName},
		"a file that is a folder":           {[]hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Names: []string{"a", "a/b"}}}}}, hub.ErrUnsafeName},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.hub.Add(c.faults...)
			start := time.Now()
			_, err := r.client.Snapshot(t.Context(), r.repo, nil)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("the error is %v, want %v", err, c.want)
			}
			if _, ok := errors.AsType[*hub.Error](err); !ok {
				t.Errorf("%T is no *hub.Error", err)
			}
			if took := time.Since(start); took > 5*time.Minute {
				t.Errorf("it took %v", took)
			}
			if len(err.Error()) > 2000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			r.noLeftovers()
			r.leaksNothing()
		})
	}
}

// TestErrorsOfAHub are typed by what it says.
func TestErrorsOfAHub(t *testing.T) {
	for name, c := range map[string]struct {
		do   hubtest.Do
		want error
	}{
		"gated":               {say(403, "GatedRepo", "ask"), hub.ErrGated},
		"gated without token": {say(401, "GatedRepo", "ask"), hub.ErrGated},
		"no repository":       {say(404, "RepoNotFound", "Repository not found"), hub.ErrRepositoryNotFound},
		"a private one":       {say(401, "", "Invalid username or password."), hub.ErrRepositoryNotFound},
		"a wrong token":       {say(401, "", "Invalid credentials in Authorization header"), hub.ErrUnauthorized},
		"a token of no use":   {say(403, "", "not for you"), hub.ErrUnauthorized},
		"no revision":         {say(404, "RevisionNotFound", "Invalid rev id"), hub.ErrRevisionNotFound},
		"disabled":            {say(403, "", "Access to this resource is disabled."), hub.ErrDisabled},
		"no hub":              {hubtest.Do{Status: 404, Body: "<html>"}, hub.ErrNotHub},
		"nothing special":     {say(400, "", "what?"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.hub.Add(hubtest.Fault{Do: c.do})
			for what, call := range map[string]func() error{
				"info":     func() error { _, err := r.client.Info(t.Context(), r.repo); return err },
				"refs":     func() error { _, err := r.client.Refs(t.Context(), r.repo); return err },
				"files":    func() error { return lastError(r.client.Files(t.Context(), r.repo)) },
				"snapshot": func() error { _, err := r.client.Snapshot(t.Context(), r.repo, nil); return err },
				"download": func() error { _, err := r.client.Download(t.Context(), r.repo, "config.json", nil); return err },
			} {
				err := call()
				e, ok := errors.AsType[*hub.Error](err)
				if !ok || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("%s: the error is %v, want %v", what, err, c.want)
					continue
				}
				if e.Status == 0 && errors.Unwrap(err) != nil {
					e, _ = errors.AsType[*hub.Error](errors.Unwrap(err))
				}
				if e == nil || e.Status != c.do.Status || e.Repo.ID != "org/toy" || e.Code != c.do.Header["X-Error-Code"] {
					t.Errorf("%s: %+v", what, e)
				}
			}
			if n := len(r.waits.All()); n > 0 {
				t.Errorf("it waited %d times for what does not pass", n)
			}
		})
	}
}

// say is an answer as a hub gives it.
func say(status int, code, message string) hubtest.Do {
	do := hubtest.Do{Status: status, Body: http.StatusText(status), Header: map[string]string{"X-Error-Message": message}}
	if code != "" {
		do.Header["X-Error-Code"] = code
	}
	return do
}

// lastError is that of a sequence.
func lastError[T any](seq func(func(T, error) bool)) (err error) {
	seq(func(_ T, e error) bool {
		err = e
		return true
	})
	return err
}
