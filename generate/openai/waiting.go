package openai

import (
	"net/http"
	"sync"
)

// What waits for a state is bounded by the generator's queue. Requests that wait for something
// else, each with all that it has sent, are bounded here.
const (
	// mostInSession is how many requests are in one session: the one that it answers, and
	// those that wait for it.
	mostInSession = 16
	// mostForEncoder is how many requests use an encoder or wait for it.
	mostForEncoder = 64
)

// crowd counts the requests that are at each of some places.
type crowd struct {
	mu sync.Mutex
	at map[string]int
}

// enter counts a request at a place where at most so many may be, until leave is called.
// With as many there it reports false.
func (c *crowd) enter(place string, most int) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at[place] >= most {
		return nil, false
	}
	if c.at == nil {
		c.at = map[string]int{}
	}
	c.at[place]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.at[place]--; c.at[place] == 0 {
			delete(c.at, place)
		}
	}, true
}

// errSessionBusy refuses a request whose session has as many as may wait for it.
var errSessionBusy = &apiError{status: http.StatusConflict, code: "session_busy", message: "as many requests wait for the session as may", retryAfter: 1}

// errEncoderBusy refuses a request for an encoder that has as many as may wait for it.
var errEncoderBusy = &apiError{status: http.StatusTooManyRequests, code: "queue_full", message: "as many requests wait for the model as may", retryAfter: 1}

// errGrammarsBusy refuses a request with a new grammar where as many wait for room as may.
var errGrammarsBusy = &apiError{status: http.StatusTooManyRequests, code: "queue_full", message: "as many requests wait for room for their grammars as may", retryAfter: 1}
