package hubtest

import (
	"compress/gzip"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// requestID makes the identifier that the Hub gives every answer.
func requestID() string {
	b := make([]byte, 12)
	rand.Read(b) // never fails, by its documentation
	return "Root=1-" + hex.EncodeToString(b)
}

// resolve answers for a file at the first origin: with the file, or with the way to
// the second.
func (c *call) resolve(a *answer) {
	if c.file == nil {
		c.noEntry(a)
		return
	}
	h := a.Header()
	h.Set("X-Repo-Commit", c.snap.id)
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Disposition", disposition(c.path))
	h.Set("Vary", "Origin, Accept")
	if c.file.lfs {
		c.toCDN(a)
		return
	}
	h.Set("ETag", `"`+c.file.blob+`"`)
	if c.repo.ResolveCache && !c.stored {
		to := "/api/" + resolveCache + c.address() + "?etag=" + url.QueryEscape(h.Get("ETag"))
		h.Set("Location", to)
		a.text(http.StatusTemporaryRedirect, "Temporary Redirect. Redirecting to "+to)
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	c.content(a)
}

// toCDN redirects to the second origin. What a client must know of the file is in
// the headers of this very answer.
func (c *call) toCDN(a *answer) {
	f, h := c.file, a.Header()
	h.Set("X-Linked-Etag", `"`+f.sha256+`"`)
	h.Set("X-Linked-Size", fmt.Sprint(f.size))
	h.Set("ETag", `"`+f.blob+`"`)
	if f.xet != "" {
		token := fmt.Sprintf("/api/%s/%s/xet-read-token/%s", c.typ.plural(), c.id, c.snap.id)
		h.Set("X-Xet-Hash", f.xet)
		h.Set("X-Xet-Refresh-Route", token)
		h.Set("Link", fmt.Sprintf(`<%s%s>; rel="xet-auth"`, c.server.hub, token))
	}
	query := url.Values{
		"response-content-disposition": {disposition(c.path)},
		"Expires":                      {fmt.Sprint(time.Now().Add(time.Hour).Unix())},
		"Signature":                    {c.sign()},
		"Key-Pair-Id":                  {"HUBTEST"},
	}
	to := c.server.cdn + c.address() + "?" + query.Encode()
	h.Set("Location", to)
	a.text(http.StatusFound, "Found. Redirecting to "+to)
}

// address is where the file is stored: the path that routeStored understands.
func (c *call) address() string {
	return "/" + c.typ.plural() + "/" + c.id + "/" + c.snap.id + "/" + escape(c.path)
}

// sign makes the signature of a file's address at the second origin. It covers what
// the address means, not how a client writes it.
func (c *call) sign() string {
	m := hmac.New(sha256.New, c.server.key)
	fmt.Fprintf(m, "%s %s %s %s", c.typ, c.id, c.snap.id, c.path)
	return hex.EncodeToString(m.Sum(nil))
}

// escape makes a path fit for a URL, segment by segment. Dots alone would be taken
// for steps upwards.
func escape(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
		if p == "." || p == ".." {
			parts[i] = strings.ReplaceAll(p, ".", "%2E")
		}
	}
	return strings.Join(parts, "/")
}

// disposition says under what name a browser would keep the file.
func disposition(name string) string {
	base := path.Base(name)
	return fmt.Sprintf(`inline; filename*=UTF-8''%s; filename="%s";`, url.PathEscape(base), strings.NewReplacer(`"`, "", `\`, "").Replace(printable(base)))
}

// cdn answers at the second origin, as a store of objects with signed addresses
// does: it knows nothing of repositories, and two ways of proving who one is are one
// too many.
func (c *call) cdn(a *answer) {
	query := c.r.URL.Query()
	switch {
	case c.r.Header.Get("Authorization") != "":
		c.denied(a, http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed")
	case c.file == nil || !c.file.lfs:
		c.denied(a, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	case query.Get("Signature") != c.sign():
		c.denied(a, http.StatusForbidden, "SignatureDoesNotMatch", "The request signature does not match")
	default:
		h := a.Header()
		// A store names objects after its own fashion: who takes this for the name of
		// the content is wrong.
		h.Set("ETag", `"`+object("store", c.file.sha256)[:32]+`"`)
		h.Set("Content-Type", "binary/octet-stream")
		h.Set("Content-Disposition", query.Get("response-content-disposition"))
		c.content(a)
	}
}

// denied answers with an error in the form of such stores.
func (c *call) denied(a *answer, status int, code, message string) {
	text := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
	a.whole(status, "application/xml", []byte(text))
}

// content sends the file, or the part of it that is asked for.
func (c *call) content(a *answer) {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		a.fail(http.StatusMethodNotAllowed, "", "Method not allowed")
		return
	}
	r, done, err := c.file.open()
	if err != nil {
		a.fail(http.StatusInternalServerError, "", printable(err.Error()))
		return
	}
	defer done()
	if c.origin == Hub && c.repo.Gzip && acceptsGzip(c.r) {
		c.compressed(a, r)
		return
	}
	http.ServeContent(a, c.r, "", time.Time{}, r)
}

// compressed sends the file in the encoding that the client accepts.
func (c *call) compressed(a *answer, r io.Reader) {
	h := a.Header()
	h.Del("Accept-Ranges")
	h.Set("Content-Encoding", "gzip")
	h.Set("ETag", "W/"+h.Get("ETag"))
	a.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodHead {
		return
	}
	a.flush() // else net/http counts a short body and tells its length
	z := gzip.NewWriter(a)
	if _, err := io.Copy(z, struct{ io.Reader }{r}); err == nil {
		z.Close()
	}
}

// acceptsGzip reports whether a client takes gzip.
func acceptsGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		kind, params, _ := mime.ParseMediaType(one)
		if kind == "gzip" && params["q"] != "0" {
			return true
		}
	}
	return false
}
