package generate

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocoreml/coreml/coreml"
)

// joiner makes one prediction of the decode steps of sequences that are under way at the
// same time: a pass over the weights serves all of them. Nobody is there to do it but the
// callers themselves. One at a time leads: whoever comes while nobody does, and then the
// one that has waited longest. The leader takes along who waits, makes the prediction,
// and hands on the lead. A sequence that is by itself meets nobody and waits for nobody.
//
// Those whose steps have just been made come back together, once each has chosen its
// token. The first of them leads, and would find nobody: so it lets the others come, but
// not for longer than a part of what their last step took.
//
// The steps of a small model are over before others can be told of them: it makes them
// one by one.
type joiner struct {
	model predictor
	many  manyPredictor // nil where the model gains nothing by company
	// worth is what a step must take to be worth its company, and least what the
	// quickest of those without any took, in nanoseconds; 0 until there was one.
	worth time.Duration
	least atomic.Int64

	// passes counts the predictions of several steps, and joined these steps.
	passes, joined atomic.Uint64

	mu      sync.Mutex
	led     bool         // somebody leads
	waiting []*tokenStep // who waits, the leader included, in the order in which they came
	// company is the number of sequences that took part in the last prediction or waited
	// when it ended, and patience until when they are waited for.
	company  int
	patience time.Time

	// The leader's own.
	taken    []*tokenStep
	requests []coreml.Request
}

// manyPredictor is a predictor that makes several predictions at once.
type manyPredictor interface {
	PredictMany(ctx context.Context, requests []coreml.Request) error
}

const (
	// mostJoined bounds the steps in one prediction: so many are served by one pass over
	// the weights.
	mostJoined = 8
	// patiencePart is the part of the time of a prediction for which those that took part
	// are waited for. Choosing a token takes less. Who is late costs the others as much,
	// once, and two passes over the weights in place of one cost them more.
	patiencePart = 4
	// worthJoining is the time of a step below which to lead and to wake others costs
	// more than the pass over the weights that it saves.
	worthJoining = time.Millisecond
)

// tokenStep is a prediction of one token. It belongs to a lane, which uses it again for the
// next.
type tokenStep struct {
	request coreml.Request
	wake    chan struct{} // with room for one: the step was made, or is to lead
	leads   bool
}

func newTokenStep() *tokenStep { return &tokenStep{wake: make(chan struct{}, 1)} }

// errStepLost is the error of steps that were made together with one that panicked.
var errStepLost = errors.New("the prediction of several sequences panicked")

// newJoiner returns the joiner of a model. Core ML's framework makes predictions at the
// same time by itself, and nothing is gained where it makes them in turn.
func newJoiner(m predictor) *joiner {
	j := &joiner{model: m, worth: worthJoining}
	if c, ok := m.(*coreml.Model); !ok || c.Info().Engine == coreml.EnginePortable.String() {
		j.many, _ = m.(manyPredictor)
	}
	return j
}

// predict makes the step that s.request describes, together with others or alone.
func (j *joiner) predict(ctx context.Context, s *tokenStep) (coreml.Features, error) {
	r := &s.request
	if j.many == nil || j.small() {
		return j.model.Predict(ctx, r.Inputs, r.State, r.Options)
	}
	r.Context = ctx
	if !j.enter(s) {
		select {
		case <-s.wake:
		case <-ctx.Done():
			if j.withdraw(s) {
				return nil, ctx.Err()
			}
			<-s.wake // its step is being made
		}
	}
	if s.leads {
		j.lead(s)
	}
	out, err := r.Outputs, r.Err
	r.Context, r.Outputs, r.Err = nil, nil, nil
	return out, err
}

// small reports whether steps were seen to be too short for company.
func (j *joiner) small() bool {
	least := j.least.Load()
	return least > 0 && time.Duration(least) < j.worth
}

// enter puts a step behind those that wait and reports whether it leads.
func (j *joiner) enter(s *tokenStep) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = append(j.waiting, s)
	s.leads = !j.led
	j.led = true
	return s.leads
}

// withdraw takes a step back that still waits, and reports whether it did.
func (j *joiner) withdraw(s *tokenStep) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	k := slices.Index(j.waiting, s)
	if k < 0 || s.leads {
		return false
	}
	j.waiting = slices.Delete(j.waiting, k, k+1)
	return true
}

// lead makes the prediction of the step s and of those that wait behind it.
func (j *joiner) lead(s *tokenStep) {
	s.leads = false
	j.meet()
	j.take()
	start, whole := time.Now(), false
	defer func() { j.handOn(s, start, whole) }() // whatever is thrown
	if r := &s.request; len(j.taken) == 1 {
		r.Outputs, r.Err = j.model.Predict(r.Context, r.Inputs, r.State, r.Options)
		if r.Err == nil {
			j.took(time.Since(start))
		}
	} else {
		for _, t := range j.taken {
			j.requests = append(j.requests, t.request)
		}
		j.passes.Add(1)
		j.joined.Add(uint64(len(j.taken)))
		_ = j.many.PredictMany(context.Background(), j.requests) // each has its own error
		for k, t := range j.taken {
			t.request = j.requests[k]
		}
	}
	whole = true
}

// took notes the time of a step without company.
func (j *joiner) took(d time.Duration) {
	if least := j.least.Load(); least == 0 || int64(d) < least {
		j.least.Store(max(int64(d), 1))
	}
}

// meet lets those come that took part in the last prediction.
func (j *joiner) meet() {
	for {
		j.mu.Lock()
		there := len(j.waiting) >= min(j.company, mostJoined) || !time.Now().Before(j.patience)
		j.mu.Unlock()
		if there {
			return
		}
		runtime.Gosched()
	}
}

// take takes those that wait, the leader first. No more than mostJoined come along: the
// others are the first of the next.
func (j *joiner) take() {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := min(len(j.waiting), mostJoined)
	j.taken = append(j.taken[:0], j.waiting[:n]...)
	j.waiting = slices.Delete(j.waiting, 0, n)
}

// handOn wakes those whose steps were made, and makes the one that has waited longest the
// next leader. Whole is false when the leader panicked: the others cannot know what
// became of their states.
func (j *joiner) handOn(s *tokenStep, start time.Time, whole bool) {
	now := time.Now()
	for _, t := range j.taken {
		if !whole {
			t.request.Outputs, t.request.Err = nil, errStepLost
		}
		if t != s {
			t.wake <- struct{}{}
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.company, j.patience = len(j.taken)+len(j.waiting), now.Add(now.Sub(start)/patiencePart)
	clear(j.taken)
	clear(j.requests)
	j.taken, j.requests = j.taken[:0], j.requests[:0]
	if j.led = len(j.waiting) > 0; j.led {
		j.waiting[0].leads = true
		j.waiting[0].wake <- struct{}{}
	}
}
