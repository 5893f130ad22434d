//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"sync"
)

// turns says who may use a model. Core ML takes synchronous predictions of one
// model from one thread at a time and asynchronous ones from any number: so
// either one of the first kind is under way or any number of the second. Nobody
// takes the model alone while others wait: they share it then. Where the system
// has no asynchronous predictions everybody takes the model alone, and all wait
// for each other.
type turns struct {
	mu       sync.Mutex
	alone    bool
	together int
	waiting  int
	changed  chan struct{} // closed when a turn ends; nil while nobody waits
}

// take waits for a turn. When wish is true it takes the model alone if nobody
// else wants it; together says whether the system can share it. It returns how
// the turn was taken, for give. Who waits takes no place in a queue: each end
// of a turn wakes all of them. Those who share go in together, so nobody waits
// behind others for long.
func (t *turns) take(ctx context.Context, wish, together bool) (alone bool, err error) {
	for {
		t.mu.Lock()
		switch free := !t.alone && t.together == 0; {
		case free && (!together || wish && t.waiting == 0):
			t.alone = true
			t.mu.Unlock()
			return true, nil
		case together && !t.alone:
			t.together++
			t.mu.Unlock()
			return false, nil
		}
		// From now on nobody takes the model alone who could share it, or the
		// one who waits might wait for ever.
		t.waiting++
		if t.changed == nil {
			t.changed = make(chan struct{})
		}
		changed := t.changed
		t.mu.Unlock()
		select {
		case <-changed:
			err = nil
		case <-ctx.Done():
			err = ctx.Err()
		}
		t.mu.Lock()
		t.waiting--
		t.mu.Unlock()
		if err != nil {
			return false, err
		}
	}
}

// give ends a turn. It must be told what take returned.
func (t *turns) give(alone bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if alone {
		t.alone = false
	} else {
		t.together--
	}
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}
