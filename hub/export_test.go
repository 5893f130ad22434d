package hub

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Parsers, for tests and fuzzing.
var (
	NextLink          = nextLink
	ParseRetryAfter   = parseRetryAfter
	ParseRateLimit    = parseRateLimit
	ParseContentRange = parseContentRange
	NormalizeETag     = normalizeETag
	Escape            = escape
	ExpandPath        = expandPath
	Asked             = asked
)

// ReadInfo, ReadRefs and ReadPage read an answer as the methods do.
func ReadInfo(d *json.Decoder) (*RepoInfo, error) {
	var got infoJSON
	if err := d.Decode(&got); err != nil {
		return nil, err
	}
	return got.info(), nil
}

func ReadRefs(data []byte) ([]Ref, error) {
	var got list[refJSON]
	err := json.Unmarshal(data, &got)
	return refsOf(got), err
}

func ReadPage(d *json.Decoder, most int) ([]File, int, error) { return readPage(d, most) }

// Waits are what a client would have waited for between attempts.
type Waits struct {
	mu  sync.Mutex
	all []time.Duration
}

// All returns them.
func (w *Waits) All() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all
}

// NeverWait makes a client note its waits in place of waiting.
func NeverWait(c *Client) *Waits {
	w := &Waits{}
	c.wait = func(ctx context.Context, d time.Duration) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all = append(w.all, d)
		return context.Cause(ctx)
	}
	return w
}

// NextPage is where the page behind one lies.
func NextPage(c *Client, at string, h http.Header) (string, error) {
	s, err := c.settings()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	next, err := s.nextPage(u, h)
	if err != nil || next == nil {
		return "", err
	}
	return next.String(), nil
}

// Settings are what a client has resolved.
type Settings struct {
	Endpoint, Dir, Token, UserAgent string
	Offline, NoLinks                bool
	Head, Body                      time.Duration
}

// SettingsOf returns them.
func SettingsOf(c *Client) (Settings, error) {
	s, err := c.settings()
	if err != nil {
		return Settings{}, err
	}
	return Settings{s.endpoint.String(), s.dir, s.token, s.userAgent, s.offline, s.noLinks, s.headTimeout, s.bodyTimeout}, nil
}

// CheckpointOf returns what is chosen of a listing as a checkpoint.
func CheckpointOf(names []string, where string) (files []string, at string, err error) {
	c, err := chooseCheckpoint(Repo{ID: "org/name"}, listed(names), where)
	if err != nil {
		return nil, "", err
	}
	return c.files, c.checkpoint, nil
}
