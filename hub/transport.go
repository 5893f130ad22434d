package hub

import (
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"
)

// maxHeader bounds the headers of an answer, in bytes.
const maxHeader = 256 << 10

// transport is what the clients without one of their own share: connections are
// kept for all of them.
var transport = sync.OnceValue(func() http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2 * defaultParallel,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         64 << 10,
	}
})

// httpClient is a client that follows no redirect and knows no cookies, over the
// transport of given.
func httpClient(given *http.Client) *http.Client {
	c := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	switch {
	case given != nil && given.Transport != nil:
		c.Transport = given.Transport
	case given != nil:
		c.Transport = http.DefaultTransport
	default:
		c.Transport = transport()
	}
	return c
}

// userAgent is the header of that name.
func userAgent(program string) string {
	parts := []string{"coreml-go", "go/" + strings.TrimPrefix(runtime.Version(), "go")}
	if program = strings.TrimSpace(program); program != "" {
		parts = append([]string{program}, parts...)
	}
	if origin := env("HF_HUB_USER_AGENT_ORIGIN"); origin != "" {
		parts = append(parts, "origin/"+origin)
	}
	clean := func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '_'
		}
		return r
	}
	return strings.Map(clean, strings.Join(parts, "; "))
}
