package generate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// Copies are kept for as many ends of prompts, and of as many bytes together, as a
// conversation goes back to.
const (
	maxCopies     = 4
	maxCopiedSize = 256 << 20
)

// snapshot is a copy of what is not ordered by position, at the end of a prompt.
type snapshot struct {
	length int
	size   int
	states []copiedState
	caches []copiedCache
}

type copiedState struct {
	state int
	name  string
	value *tensor.Tensor
}

type copiedCache struct {
	stage int
	in    string
	value *tensor.Tensor
}

// rewind makes the caches those of tokens, which the lane has seen at its beginning.
func (l *stageLane) rewind(ctx context.Context, tokens []int) error {
	n := len(tokens)
	if n == l.length || len(l.m.states) == 0 && len(l.heldCaches()) == 0 {
		return nil
	}
	if n > l.length {
		return l.again(ctx, tokens, l.length)
	}
	if l.freely(n) {
		l.length = n
		for k := len(l.copies); k > 0 && l.copies[k-1].length > n; k-- {
			l.copies = l.copies[:k-1]
		}
		return l.setCursors(n)
	}
	from, err := l.restore(n)
	if err != nil {
		return err
	}
	return l.again(ctx, tokens, from)
}

// heldCaches returns the first stage's caches that has any.
func (l *stageLane) heldCaches() coreml.Features {
	for _, h := range l.held {
		if len(h) > 0 {
			return h
		}
	}
	return nil
}

// freely reports whether the cursor alone takes the sequence back to n tokens.
func (l *stageLane) freely(n int) bool {
	if w := l.m.prefill.Window; w > 0 && n/w != l.length/w {
		return false // caches have been shifted
	}
	return l.length <= l.m.freeRewind
}

func (l *stageLane) back(n int) int {
	switch {
	case len(l.m.states) == 0 && len(l.heldCaches()) == 0:
		return 0
	case n > l.length: // what is behind was never read, or is to be read again
		return l.length
	case n == l.length || l.freely(n):
		return n
	}
	for _, s := range slices.Backward(l.copies) {
		if s.length <= n {
			return s.length
		}
	}
	return 0
}

// recover is for caches that are ordered by position: what an unfinished pass has written
// lies behind the tokens, where no mask shows it.
func (l *stageLane) recover(n int) bool {
	if l.length != n || l.m.freeRewind != math.MaxInt || l.m.prefill.Window > 0 {
		return false
	}
	for _, s := range l.states {
		if s.MarkWhole() != nil {
			return false
		}
	}
	return l.setCursors(n) == nil
}

// setCursors writes the number of tokens into states that count them.
func (l *stageLane) setCursors(n int) error {
	for i := range l.m.stages {
		st := &l.m.stages[i]
		if st.cursorState == "" || st.state < 0 {
			continue
		}
		state := l.states[st.state]
		old, err := state.Read(st.cursorState)
		if err != nil {
			return err
		}
		if err := state.Write(st.cursorState, tensor.Fill(old.DType(), float64(n), old.Shape()...)); err != nil {
			return fmt.Errorf("state %s: %w", st.cursorState, err)
		}
	}
	return nil
}

// restore goes back to the last copy of at most n tokens, or to none, and returns
// how many it has.
func (l *stageLane) restore(n int) (int, error) {
	for len(l.copies) > 0 {
		s := &l.copies[len(l.copies)-1]
		if s.length > n {
			l.copies = l.copies[:len(l.copies)-1]
			continue
		}
		for _, c := range s.states {
			if err := l.states[c.state].Write(c.name, c.value); err != nil {
				return 0, err
			}
		}
		for _, c := range s.caches {
			l.held[c.stage][c.in] = coreml.MultiArray(c.value.Clone())
		}
		l.length = s.length
		return s.length, l.setCursors(s.length)
	}
	return 0, l.empty()
}

// again runs tokens from the given one on once more.
func (l *stageLane) again(ctx context.Context, tokens []int, from int) error {
	for from < len(tokens) {
		if err := ctx.Err(); err != nil {
			return err
		}
		// A token more than there are: the last one here is not the last of a prompt.
		p, err := l.pick(from, len(tokens)-from, DefaultPrefillChunk)
		if err != nil {
			return err
		}
		if _, err := l.run(ctx, tokens, p, wantNone); err != nil {
			return err
		}
		from += p.take
	}
	return nil
}

// keep copies what a later cut may need, at the end of a prompt.
func (l *stageLane) keep(want wanted) error {
	if !l.m.keeps || !l.prompt || want == wantNone {
		return nil
	}
	l.prompt = false
	s := snapshot{length: l.length}
	for i := range l.m.stages {
		st := &l.m.stages[i]
		for _, name := range st.snapshot {
			t, err := l.states[st.state].Read(name)
			if err != nil {
				return err
			}
			s.states = append(s.states, copiedState{st.state, name, t})
			s.size += t.Len() * t.DType().Size()
		}
		for _, c := range st.caches {
			if !c.recurrent && c.shift == 0 {
				continue
			}
			t := l.held[i].Tensor(c.in).Clone()
			s.caches = append(s.caches, copiedCache{i, c.in, t})
			s.size += t.Len() * t.DType().Size()
		}
	}
	total := s.size
	for i := range l.copies {
		total += l.copies[i].size
	}
	for len(l.copies) > 0 && (len(l.copies) >= maxCopies || total > maxCopiedSize) {
		total -= l.copies[0].size
		l.copies = append(l.copies[:0], l.copies[1:]...)
	}
	if total <= maxCopiedSize {
		l.copies = append(l.copies, s)
	}
	return nil
}

// shift moves caches along when a window has become full: what its tokens gave
// takes the place at the end.
func (l *stageLane) shift(p pass) error {
	w := l.m.prefill.Window
	if w == 0 || p.past+p.take-p.base < w {
		return nil
	}
	for i := range l.m.stages {
		for _, c := range l.m.stages[i].caches {
			if c.shift == 0 {
				continue
			}
			if err := moveAlong(l.held[i].Tensor(c.in), l.callOf(p.chain.fns[i]).last.Tensor(c.out), c.shift); err != nil {
				return fmt.Errorf("%w: cache %s: %w", ErrDriver, c.in, err)
			}
		}
	}
	return nil
}
