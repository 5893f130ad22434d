package openai

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/apikey"
)

// checkKey refuses a request without one of the keys, where there are any.
func (h *Handler) checkKey(r *http.Request) error {
	if len(h.keys) == 0 {
		return nil
	}
	given := apikey.Given(r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"))
	if h.keys.Has(given) {
		return nil
	}
	message := "the API key is not one of this server's"
	if given == "" {
		message = "there is no API key; give one as \"Authorization: Bearer KEY\""
	}
	return &apiError{status: http.StatusUnauthorized, code: "invalid_api_key", message: message}
}

// checkOrigin says what web pages may do. It answers preflights, and reports whether it did.
func (h *Handler) checkOrigin(x *exchange) (done bool, err error) {
	origin := x.r.Header.Get("Origin")
	if origin == "" {
		return false, nil
	}
	header := x.w.Header()
	header.Add("Vary", "Origin")
	allowed := slices.Contains(h.config.Origins, "*") || slices.Contains(h.config.Origins, origin)
	if !allowed {
		// A page of the server's own host, which browsers let in by themselves. Another one
		// must not use a server on the machine of whoever looks at it.
		if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, x.r.Host) {
			return false, nil
		}
		return false, &apiError{
			status: http.StatusForbidden, code: "origin_not_allowed",
			message: "pages of " + shown(origin) + " may not use this server",
		}
	}
	if slices.Contains(h.config.Origins, "*") {
		origin = "*"
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
	if x.r.Method != http.MethodOptions || x.r.Header.Get("Access-Control-Request-Method") == "" {
		return false, nil
	}
	header.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	// The names are those that are asked for: clients add headers of their own.
	if names := x.r.Header.Get("Access-Control-Request-Headers"); names != "" {
		header.Set("Access-Control-Allow-Headers", names)
		header.Add("Vary", "Access-Control-Request-Headers")
	}
	if x.r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		header.Set("Access-Control-Allow-Private-Network", "true")
	}
	header.Set("Access-Control-Max-Age", "600")
	x.stats.Status = http.StatusNoContent
	x.w.WriteHeader(http.StatusNoContent)
	return true, nil
}

// maxRequestID is the greatest length of an id that a client gives.
const maxRequestID = 128

// requestID returns the id of a request: the client's, or a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > maxRequestID {
		return newID("req_")
	}
	for k := range len(id) {
		switch c := id[k]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-', c == ':', c == '/', c == '=', c == '+':
		default:
			return newID("req_")
		}
	}
	return id
}

// newID returns a name that was not there before.
func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }
