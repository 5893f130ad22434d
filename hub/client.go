package hub

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
)

// Network says whether a [Client] may use the network.
type Network int

// The choices.
const (
	// NetworkFromEnvironment goes by HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE.
	NetworkFromEnvironment Network = iota

	// NetworkOnline uses it, whatever the environment says.
	NetworkOnline

	// NetworkOffline makes no request at all: what is not in the cache is
	// [ErrNotCached].
	NetworkOffline
)

// defaultParallel is how many files are fetched at once, as Python does.
const defaultParallel = 8

// Client talks to one hub and keeps what it downloads in one cache. The zero
// value, and a nil *Client, take everything from the environment, as Python's
// huggingface_hub does. It reads the environment once, at its first use; a nil one
// at every use. It is safe for concurrent use, and not to be changed or copied
// after its first use. There is nothing to close.
type Client struct {
	// HTTP makes the requests; nil is a client of this package's own, with HTTP/2
	// and the environment's proxies. Only its Transport is used: redirects, cookies
	// and time-outs are this package's own affair.
	HTTP *http.Client

	// Endpoint is the address of the hub; "" is HF_ENDPOINT, and without it
	// https://huggingface.co. The token goes there and nowhere else.
	Endpoint string

	// CacheDir is the folder of the cache, shared with Python; "" is HF_HUB_CACHE,
	// and without it "hub" below HF_HOME.
	CacheDir string

	// Token identifies the user to the hub; "" is HF_TOKEN, and without it what
	// "hf auth login" left in a file.
	Token string

	// NoToken makes the client send none, whatever the environment says.
	NoToken bool

	// Network says whether the network may be used.
	Network Network

	// Logger takes what is worth knowing but no error; nil is silent.
	Logger *slog.Logger

	// UserAgent is put before the package's own in the header of that name, as
	// "program/1.0".
	UserAgent string

	// Parallel is the number of files that are fetched at once; 0 is 8.
	Parallel int

	// HeadTimeout and BodyTimeout are the longest silence that is waited for, in
	// answers without and with a file's content: not the whole time they may take.
	// 0 is HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT, and without them 10 s.
	HeadTimeout, BodyTimeout time.Duration

	// Retries is how often a request is made again after a failure that may pass;
	// 0 is 5, or 2 as long as no connection could be made to anybody, and less than
	// 0 never.
	Retries int

	once     sync.Once
	resolved *settings
	err      error

	// wait takes the place of waiting before another attempt, in tests.
	wait waiter
}

// settings are a client's fields with the environment's filled in.
type settings struct {
	http        *http.Client
	endpoint    *url.URL // without a slash at the end of its path
	dir         string   // absolute
	token       string
	offline     bool
	noLinks     bool
	log         *slog.Logger
	userAgent   string
	parallel    int
	headTimeout time.Duration
	bodyTimeout time.Duration
	retries     int
	wait        waiter

	// firstRetries takes the place of retries as long as reached is false: no
	// connection was made to anybody.
	firstRetries int
	reached      atomic.Bool
}

// settings returns the client's configuration.
func (c *Client) settings() (*settings, error) {
	if c == nil {
		c = new(Client)
	}
	c.once.Do(func() { c.resolved, c.err = c.resolve() })
	return c.resolved, c.err
}

// resolve reads the environment.
func (c *Client) resolve() (*settings, error) {
	s := &settings{
		offline:  c.Network == NetworkOffline || c.Network == NetworkFromEnvironment && envTrue("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"),
		noLinks:  envTrue("HF_HUB_DISABLE_SYMLINKS"),
		log:      c.Logger,
		parallel: c.Parallel,
		retries:  c.Retries,
		wait:     c.wait,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.parallel <= 0 {
		s.parallel = defaultParallel
	}
	s.firstRetries = s.retries
	switch {
	case s.retries == 0:
		s.retries, s.firstRetries = defaultRetries, defaultFirstRetries
	case s.retries < 0:
		s.retries = 0
	}
	if s.wait == nil {
		s.wait = waitFor
	}
	s.http = httpClient(c.HTTP)
	s.userAgent = userAgent(c.UserAgent)
	return s, errors.Join(s.setTimeouts(c), s.setEndpoint(c.Endpoint), s.setDir(c.CacheDir), s.setToken(c))
}

// setTimeouts fills in the longest silences.
func (s *settings) setTimeouts(c *Client) (err error) {
	if s.headTimeout = c.HeadTimeout; s.headTimeout <= 0 {
		if s.headTimeout, err = envSeconds("HF_HUB_ETAG_TIMEOUT"); err != nil {
			return err
		}
	}
	if s.bodyTimeout = c.BodyTimeout; s.bodyTimeout <= 0 {
		s.bodyTimeout, err = envSeconds("HF_HUB_DOWNLOAD_TIMEOUT")
	}
	return err
}

// setEndpoint reads the address of the hub.
func (s *settings) setEndpoint(given string) error {
	if given == "" {
		given = env("HF_ENDPOINT")
	}
	if given == "" {
		given = defaultEndpoint
	}
	u, err := url.Parse(strings.TrimRight(given, "/"))
	switch {
	case strings.Contains(given, "@"): // it is not to be shown
		return errors.New("hub: the endpoint holds a user's name or password: give a token instead")
	case err != nil:
		return fmt.Errorf("hub: the endpoint %s is no address", quote.Name(given, maxName))
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
		return fmt.Errorf("hub: the endpoint %s is not of the form https://host", quote.Name(given, maxName))
	}
	s.endpoint = u
	return nil
}

// setDir makes the cache's folder an absolute path.
func (s *settings) setDir(given string) (err error) {
	fromHome := given == ""
	if fromHome {
		given = cacheFolder()
	}
	if s.dir, err = filepath.Abs(given); err != nil {
		return fmt.Errorf("hub: the folder of the cache: %w", err)
	}
	if fromHome && strings.HasPrefix(given, "~") {
		return fmt.Errorf("hub: the folder of the cache, %s, is in a home that is not known: set HF_HOME or HF_HUB_CACHE", quote.Name(given, maxName))
	}
	return nil
}

// setToken finds the token and refuses one that cannot stand in a header; the
// error does not show it.
func (s *settings) setToken(c *Client) (err error) {
	if c.NoToken {
		return nil
	}
	if s.token = cleanToken(c.Token); s.token == "" {
		if s.token, err = envToken(); err != nil {
			return err
		}
	}
	for k := range len(s.token) {
		if b := s.token[k]; b <= 0x20 || b >= 0x7f {
			s.token = ""
			return errors.New("hub: the token has characters in it that no token has")
		}
	}
	return nil
}
