package hubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// token is the one that a request bears, "" with none.
func (c *call) token() string {
	token, _ := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	return token
}

// hub answers at the first origin.
func (c *call) hub(a *answer) {
	if auth := c.r.Header.Get("Authorization"); auth != "" && !strings.HasPrefix(auth, "Bearer hf_") {
		a.fail(http.StatusUnauthorized, "", "Invalid credentials in Authorization header")
		return
	}
	switch {
	case c.op == Whoami:
		c.whoami(a)
	case c.id == "" || c.op == Other && c.repo == nil:
		a.fail(http.StatusNotFound, "", "Sorry, we can't find the page you are looking for.")
	case c.allowed(a):
		c.repository(a)
	}
}

// allowed reports whether the repository is there and the caller may see what is
// asked for, and has answered if not.
func (c *call) allowed(a *answer) bool {
	token := c.token()
	switch r := c.repo; {
	case r == nil || r.Private && !r.readable(token):
		if token == "" {
			a.fail(http.StatusUnauthorized, "RepoNotFound", "Invalid username or password.")
		} else {
			a.fail(http.StatusNotFound, "RepoNotFound", "Repository not found")
		}
	case r.MovedTo != "":
		c.moved(a)
	case r.Disabled:
		a.fail(http.StatusForbidden, "", "Access to this resource is disabled.")
	case r.Gated && !r.readable(token) && (r.GatedAPI || slices.Contains([]Op{Head, Redirect, Body, AuthCheck}, c.op)):
		c.gated(a)
	default:
		return true
	}
	return false
}

// gated refuses a file to who has not accepted the terms.
func (c *call) gated(a *answer) {
	what := fmt.Sprintf("Access to %s %s is restricted", c.typ, c.id)
	if c.token() == "" {
		a.fail(http.StatusUnauthorized, "GatedRepo", what+". You must have access to it and be authenticated to access it. Please log in.")
		return
	}
	page := c.server.hub + "/" + c.typ.prefix() + c.id
	a.fail(http.StatusForbidden, "GatedRepo", what+" and you are not in the authorized list. Visit "+page+" to ask for access.")
}

// moved redirects to the new name, which may be on its way elsewhere too. As on the
// Hub the address has no origin.
func (c *call) moved(a *answer) {
	escaped := c.r.URL.EscapedPath()
	to := strings.Replace(escaped, "/"+c.id, "/"+c.repo.MovedTo, 1)
	if c.r.URL.RawQuery != "" {
		to += "?" + c.r.URL.RawQuery
	}
	a.Header().Set("Location", to)
	a.text(http.StatusTemporaryRedirect, "Temporary Redirect. Redirecting to "+to)
}

// whoami names the holder of a token: hf_alice is alice.
func (c *call) whoami(a *answer) {
	name, ok := strings.CutPrefix(c.token(), "hf_")
	if !ok {
		a.fail(http.StatusUnauthorized, "", "Invalid username or password.")
		return
	}
	a.json(map[string]any{
		"type": "user", "id": object("user", name), "name": name, "fullname": name, "email": name + "@hubtest",
		"emailVerified": true, "canPay": false, "isPro": false, "orgs": []any{},
		"auth": map[string]any{"type": "access_token", "accessToken": map[string]any{
			"displayName": name, "role": "read", "createdAt": "2026-01-01T00:00:00.000Z",
		}},
	})
}

// fail answers with an error in the Hub's form: codes and messages are in headers,
// since HEAD has no body.
func (a *answer) fail(status int, code, message string) {
	if code != "" {
		a.Header().Set("X-Error-Code", code)
	}
	a.Header().Set("X-Error-Message", message)
	body, _ := json.Marshal(map[string]string{"error": message}) // texts only
	a.whole(status, "application/json; charset=utf-8", body)
}

// json answers with a value.
func (a *answer) json(v any) {
	body, err := json.Marshal(v)
	if err != nil {
		a.fail(http.StatusInternalServerError, "", err.Error())
		return
	}
	a.whole(http.StatusOK, "application/json; charset=utf-8", body)
}

// text answers with a line for people.
func (a *answer) text(status int, message string) {
	a.whole(status, "text/plain; charset=utf-8", []byte(message))
}
