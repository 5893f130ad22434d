// Package page is the chat page of coreml serve: plain HTML, CSS and JavaScript that
// talk to the server's own API, and nothing else.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"
)

//go:embed files
var files embed.FS

// policy lets the page load what lies beside it and talk to its own server. Trusted
// types keep every string from being read as HTML or as a script, also by mistake.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// types are the media types of the files. Those of the mime package are the system's,
// and a registry in which .js is text keeps a browser from running it.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Handler returns the page at / and its parts below /page/. It is safe for concurrent use.
func Handler() http.Handler {
	mux := http.NewServeMux()
	list, err := fs.ReadDir(files, "files")
	if err != nil {
		panic(err) // it is part of the program
	}
	for _, entry := range list {
		data, err := files.ReadFile(path.Join("files", entry.Name()))
		if err != nil {
			panic(err) // as above
		}
		pattern := "GET /page/" + entry.Name()
		if entry.Name() == "index.html" {
			pattern = "GET /{$}"
		}
		mux.Handle(pattern, file(entry.Name(), data))
	}
	return mux
}

// file serves one file. Browsers ask each time whether it has changed: another version
// of the program has another page at the same place.
func file(name string, data []byte) http.Handler {
	sum := sha256.Sum256(data)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	media := types[path.Ext(name)]
	if _, _, err := mime.ParseMediaType(media); err != nil {
		panic(name + " has no media type")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", media)
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	})
}
