package hub

import (
	"context"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// defaultRetries is how often a request is made again, as Python does for most.
const defaultRetries = 5

// defaultFirstRetries is the same as long as no connection was made to anybody.
// Python gives up at the first failure then.
const defaultFirstRetries = 2

// Bounds of the time between attempts.
const (
	firstWait = time.Second
	lastWait  = 8 * time.Second

	// maxAsked is the longest wait that a hub may ask for. A hub that wants more
	// gets its own error back at once.
	maxAsked = 10 * time.Minute
)

// waiter waits between attempts, or until the context ends.
type waiter func(ctx context.Context, d time.Duration) error

// waitFor is the waiter of everything but tests.
func waitFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// passing reports whether a status may be another one the next time.
func passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return status >= 520 && status <= 527 // what proxies in front of hubs say of the hub
}

// backoff is the wait before attempt n+1, from n = 1: it doubles from one second to
// eight. Half of it is chance, so that many clients do not come back all at once.
func backoff(n int) time.Duration {
	d := lastWait
	if n < 5 {
		d = min(firstWait<<(n-1), lastWait)
	}
	return d/2 + rand.N(d/2+1)
}

// asked is the wait that an answer asks for, with ok false where it asks for none. A
// second more than it says covers the rounding of its clock.
func asked(h http.Header, now time.Time) (d time.Duration, ok bool) {
	if remaining, reset, found := parseRateLimit(h.Get("RateLimit")); found && remaining == 0 {
		return reset + time.Second, true
	}
	if d, ok := parseRetryAfter(h.Get("Retry-After"), now); ok {
		return d + time.Second, true
	}
	return 0, false
}

// parseRetryAfter reads seconds or a date of HTTP (RFC 9110, 10.2.3). A date that
// has gone by is a wait of nothing.
func parseRetryAfter(s string, now time.Time) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if d, ok := parseSeconds(s); ok {
		return d, true
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0, false
	}
	return min(max(0, at.Sub(now)), mostAsked), true
}

// rateLimit is one entry of a RateLimit header, as in `"api";r=0;t=55`: r requests
// are left, and the count starts anew in t seconds; after
// draft-ietf-httpapi-ratelimit-headers-09.
var rateLimit = regexp.MustCompile(`^\s*"[^"]*"\s*;\s*r\s*=\s*([0-9]+)\s*;\s*t\s*=\s*([0-9]+)`)

// parseRateLimit reads the first entry of a RateLimit header.
func parseRateLimit(s string) (remaining int64, reset time.Duration, ok bool) {
	m := rateLimit.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, false
	}
	remaining, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, 0, false
	}
	reset, ok = parseSeconds(m[2])
	return remaining, reset, ok
}

// mostAsked is what longer waits count as: to add to it does not overflow.
const mostAsked = 100 * 365 * 24 * time.Hour

// parseSeconds reads digits.
func parseSeconds(s string) (time.Duration, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(mostAsked/time.Second) {
		return mostAsked, true
	}
	return time.Duration(n) * time.Second, true
}
