package portable

import (
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/storage"
)

// Several predictions at once go through the plan side by side, each in a frame of its
// own. A step that multiplies by a constant matrix is made once for all of them, so that
// the weights, which are most of what a step of generation reads, come from memory once;
// every other step runs for each prediction by itself, on as many cores as there are.
// Each prediction has the bits that it would have alone.

// maxTogether bounds the predictions that go side by side: the kernels read a piece of
// the weights once for so many vectors.
const maxTogether = 8

// PredictMany makes every prediction as PredictRows would. More than maxTogether go in
// several groups of about one size.
func (p *program) PredictMany(requests []engine.Request) {
	for groups := (len(requests) + maxTogether - 1) / maxTogether; groups > 0; groups-- {
		n := (len(requests) + groups - 1) / groups
		p.predictSome(requests[:n])
		requests = requests[n:]
	}
}

// predictSome makes at most maxTogether predictions. Those that a profiler watches go by
// themselves: their steps take the time that it is told of.
func (p *program) predictSome(requests []engine.Request) {
	together := len(requests) > 1 && len(p.products) > 0
	for k := range requests {
		together = together && engine.ProfilerOf(requests[k].Context) == nil
	}
	if !together {
		for k := range requests {
			r := &requests[k]
			r.Err = p.predict(r)
		}
		return
	}
	g := p.takeGroup(requests)
	defer p.giveGroup(g)
	g.run()
}

// takeGroup returns a group with a frame for each request. Frames that know a state are
// found first, so that none is given to another request.
func (p *program) takeGroup(requests []engine.Request) *group {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.group
	if p.group = nil; g == nil {
		g = newGroup(p)
	}
	g.members = g.members[:len(requests)]
	for k := range requests {
		requests[k].Err = nil
		g.members[k] = member{request: &requests[k], fr: p.known(requests[k].State)}
	}
	for k := range g.members {
		if m := &g.members[k]; m.fr == nil {
			m.fr = p.any(m.request.State)
		}
	}
	return g
}

// giveGroup takes the frames back, the last one first: requests without a state, which
// come in the same order again, find theirs.
func (p *program) giveGroup(g *group) {
	for k := len(g.members) - 1; k >= 0; k-- {
		m := &g.members[k]
		m.fr.Abandon()
		p.give(m.fr)
		*m = member{}
	}
	g.task.Bias = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.group = g
	}
}

// member is one prediction of a group.
type member struct {
	request *engine.Request
	fr      *frame
	// ended says that it failed, with request.Err, and apart that it has left the group
	// and is to go on by itself. next is the step that it comes to next.
	ended, apart bool
	next         int
	// waits says that the product of step next waits to be made, and row is the
	// vector of the group's product that is its own, -1 where it was made by itself.
	waits bool
	row   int
}

// do calls f, which is a part of the prediction, and ends the prediction where f fails.
// It runs on any goroutine of the pool.
func (m *member) do(f func(m *member) error) {
	defer storage.EndFaults(storage.WatchFaults(), &m.request.Err)
	defer func() {
		if r := recover(); r != nil {
			m.end(m.fr.thrown(r))
		}
	}()
	if err := f(m); err != nil {
		m.end(err)
	}
}

// end ends the prediction with its error.
func (m *member) end(err error) {
	m.ended, m.request.Err = true, m.fr.unchanged(err, m.request.State)
}
