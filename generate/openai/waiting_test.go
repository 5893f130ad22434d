package openai_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// A session answers one request after the other, and no more than sixteen are in it.
func TestASessionHasABoundedQueue(t *testing.T) {
	s, sessions := withSessions(t)
	held, free := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := sessions.Do(t.Context(), "a\x00", func(*generate.Session) error {
			close(held)
			<-free
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-held
	var mu sync.Mutex
	statuses := map[int]int{}
	count := func(status int) int {
		mu.Lock()
		defer mu.Unlock()
		return statuses[status]
	}
	for range 20 {
		wg.Go(func() {
			r := s.do("POST", chatPath, `{"model":"kept","max_tokens":2,"temperature":0,`+hello+`}`, "X-Session-Id", "a")
			mu.Lock()
			defer mu.Unlock()
			statuses[r.status]++
			if r.status == http.StatusConflict && r.header.Get("Retry-After") == "" {
				t.Error("409 has no Retry-After")
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for count(http.StatusConflict) < 4 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	close(free)
	wg.Wait()
	if count(http.StatusConflict) != 4 || count(http.StatusOK) != 16 {
		t.Errorf("by status: %v", statuses)
	}
	// Nobody is left in it.
	if r := s.do("POST", chatPath, `{"model":"kept","max_tokens":2,`+hello+`}`, "X-Session-Id", "a"); r.status != http.StatusOK {
		t.Errorf("later: status %d", r.status)
	}
}
