package generate

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// idleLane is a lane that waits for a sequence of its function. With Config.ReuseStates it
// waits with what it holds.
type idleLane struct {
	freeLane
	has     []int // the tokens that it holds, none where it has to be emptied
	copies  int   // of it that are being made: it is neither handed out nor closed
	copying sync.Mutex
}

const (
	// copyShare is what a state may hold for each token that a prompt gains by a copy of
	// it, and leastCopied the least that is gained. To copy a token takes about a hundredth
	// of reading one, and to begin a copy as long as reading some.
	copyShare   = 64
	leastCopied = 16
	// lostShare is the part of what a state holds that is given up without a copy: the end of an
	// answer that a chat template writes otherwise.
	lostShare = 8
)

// choose looks for the lane that holds most of a prompt. It is handed over where that
// loses little of what it holds, as for the next turn of a conversation, and copied where
// it loses more, such as to a conversation that begins with the same system message: the other one may
// go on too. The caller has the lock.
func (p *pool) choose(c *claim, t *taken) {
	best, most := -1, c.over
	for i, f := range p.free {
		if f.of != c.of {
			continue
		}
		shared := min(sharedPrefix(f.has, c.prompt), c.most)
		if shared < most || shared == 0 {
			continue
		}
		n := f.lane.back(shared)
		if n <= c.over || n < most || best >= 0 && n == most && len(f.has) > len(p.free[best].has) {
			continue // of equal ones the one that loses least, and of these the last to come
		}
		best, most = i, n
	}
	if best < 0 {
		return
	}
	f := p.free[best]
	lost := len(f.has) - most
	switch {
	case (lost*lostShare > len(f.has) || f.copies > 0) && most >= leastCopied && most*copyShare >= len(f.has) && p.pin(f):
		t.source = f
	case f.copies == 0 && lost <= most:
		p.free = slices.Delete(p.free, best, best+1)
		t.lane = f.lane
	default:
		return
	}
	t.has = slices.Clone(f.has[:most]) // whoever held the lane may still ask for its tokens
}

// alikeRows is the number of rows from which on a product has the same bits for each,
// whatever their number: below it coreml.Fast rounds inputs more finely.
const alikeRows = 4

// mostReused returns how many tokens of a prompt of n may be taken from a state. The last one is
// always read, since its logits are wanted, and with it as many as make the rows of its pass
// those of a prompt that is read from its beginning: then a prompt that comes again has the
// same answer under coreml.Fast too.
func mostReused(n, chunk int) int {
	if tail := (n-1)%chunk + 1; tail < alikeRows {
		return n - tail
	}
	return n - alikeRows
}

// pin keeps a lane while it is copied, and reports whether there is room for both. The
// caller has the lock, and calls unpin.
func (p *pool) pin(f *idleLane) bool {
	if f.copies == 0 {
		if p.bytes > 0 && p.taken+p.copied+f.of.stateBytes > p.bytes {
			return false
		}
		p.copied += f.of.stateBytes
	}
	f.copies++
	return true
}

func (p *pool) unpin(f *idleLane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.copies--; f.copies == 0 {
		p.copied -= f.of.stateBytes
		p.grant()
	}
}

// keep puts a lane behind those that wait, or before them where it holds nothing. The
// caller has the lock.
func (p *pool) keep(f *idleLane) {
	switch {
	case !p.reuse:
		f.has = nil
	case len(f.has) == 0:
		p.free = slices.Insert(p.free, 0, f)
		return
	}
	p.free = append(p.free, f)
}

// copyTo makes a lane hold what this one does.
func (f *idleLane) copyTo(l lane) error {
	f.copying.Lock()
	defer f.copying.Unlock()
	return l.become(f.lane)
}

// closeAll closes lanes that were taken out.
func closeAll(list []*idleLane) error {
	var errs []error
	for _, f := range list {
		f.copying.Lock() // of a pool that was closed meanwhile
		errs = append(errs, f.lane.close())
		f.copying.Unlock()
	}
	return errors.Join(errs...)
}

// worthKeeping returns the tokens that the lane of a sequence holds, as far as another text
// may begin with them: nothing where only some positions are those of tokens.
func (s *Sequence) worthKeeping() []int {
	if !s.reusable || len(s.pictures) > 0 {
		return nil
	}
	if len(s.read) > len(s.ids) {
		return s.read
	}
	return s.ids
}

// spoil keeps other texts away from what the sequence holds.
func (s *Sequence) spoil() {
	if s.enter() == nil {
		s.reusable = false
		s.leave()
	}
}

// leavesSound reports whether an answer that ended with err leaves nothing behind that
// another text had better not go on from, such as numbers that are none.
func leavesSound(ctx context.Context, err error) bool {
	ended := ctx.Err()
	return err == nil || ended != nil && errors.Is(err, ended) || errors.Is(err, ErrIncomplete)
}
