package generate

import "fmt"

// pass is one run through the stages.
type pass struct {
	chain *chain
	past  int // the tokens before it
	take  int // the tokens that it adds
	base  int // the tokens before its first place: less than past where some are run again
	q     int // its places; those behind the tokens are padding
	bare  bool
}

// chunk returns the number of tokens that pick finds, and keeps what it found.
func (l *stageLane) chunk(past, n, limit int) (int, error) {
	p, err := l.pick(past, n, limit)
	l.next = p
	return p.take, err
}

// pick chooses the functions and the number of tokens of the next pass. The token
// at the end of n is the last of a prompt, whose logits are wanted.
func (l *stageLane) pick(past, n, limit int) (pass, error) {
	m := l.m
	if m.prefill.Window > 0 {
		return l.pickWindow(past, n)
	}
	one, many := m.decode, m.prefills
	end, turned := m.context, false
	if m.rotateFrom > 0 {
		if turned = past >= m.rotateFrom; turned {
			one, many = m.rotated, m.rotatedPrefills
		} else {
			end = min(end, m.rotateFrom) // no pass crosses the edge
		}
	}
	if m.d.MaxQuery > 0 {
		limit = min(limit, m.d.MaxQuery)
	}
	limit = min(limit, n, l.mostMasked(past, n))
	sole := len(many) == 1 && many[0] == one
	held := m.prefill.HoldLast && !sole
	want := limit
	if held {
		want = min(limit, n-1)
	}
	want = min(want, end-past)
	if want > 0 && (want > 1 || sole || !one.fits(past, 1)) {
		if c, q, take := pickLength(many, past, want, end, m.prefill.Pad && !turned); q > 0 {
			return pass{chain: c, past: past, take: take, base: past, q: q, bare: held}, nil
		}
	}
	if !sole && one.fits(past, 1) {
		return pass{chain: one, past: past, take: 1, base: past, q: 1}, nil
	}
	return pass{}, fmt.Errorf("%w: the declared shapes allow no prediction of %d or fewer tokens after %d%w",
		ErrDriver, min(n, limit), past, silentShape{many[len(many)-1].refusal(past, max(want, 1))})
}

// pickLength returns the functions and the places of a pass, and how many of want
// tokens go there.
func pickLength(many []*chain, past, want, end int, pad bool) (c *chain, q, take int) {
	if pad {
		if c, q = shortestOf(many, past, want, end); q > 0 {
			return c, q, want
		}
	}
	for _, other := range many {
		if n := other.greatest(past, want); n > q && past+n <= end {
			c, q = other, n
		}
	}
	if q > 0 {
		return c, q, q
	}
	if pad {
		// Too few tokens for the smallest length that there is room for.
		if c, q = shortestOf(many, past, 1, end); q > 0 {
			return c, q, min(q, want)
		}
	}
	return nil, 0, 0
}

// shortestOf is shortest for several chains.
func shortestOf(many []*chain, past, least, end int) (c *chain, q int) {
	for _, other := range many {
		if n := other.shortest(past, least, end); n > 0 && (q == 0 || n < q) {
			c, q = other, n
		}
	}
	return c, q
}

// pickWindow is pick for packages that run the tokens since the last multiple of a
// number again: the whole text, where there is no cache.
func (l *stageLane) pickWindow(past, n int) (pass, error) {
	m := l.m
	base := past - past%m.prefill.Window
	take := min(n, m.prefill.Window-(past-base))
	total := past + take - base
	chain, q := shortestOf(m.prefills, 0, total, maxContext)
	if q == 0 {
		return pass{}, fmt.Errorf("%w: input %s takes no %d tokens", ErrContextFull, m.tokens, total)
	}
	return pass{chain: chain, past: past, take: take, base: base, q: q}, nil
}

// mostMasked returns how many tokens a prediction may have for its masks not to be
// too large.
func (l *stageLane) mostMasked(past, n int) int {
	most := n
	for _, c := range l.m.masked {
		for _, fn := range c.fns {
			for k := range fn.inputs {
				in := &fn.inputs[k]
				if in.role.Role != RoleCausalMask {
					continue
				}
				width := past + n
				if in.total < 0 {
					width = in.base[len(in.base)-1]
				}
				most = min(most, max(maxMaskBytes/in.f.DType.Size()/max(width, 1), 1))
			}
		}
	}
	return most
}

// refusal returns what the shapes say against q tokens after past.
func (c *chain) refusal(past, q int) error {
	for _, fn := range c.fns {
		for k := range fn.inputs {
			in := &fn.inputs[k]
			if in.query < 0 && in.total < 0 {
				continue
			}
			if err := in.f.Check(in.shape(nil, past, q)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// silentShape adds a cause to an error where there is one.
type silentShape struct{ cause error }

func (s silentShape) Error() string {
	if s.cause == nil {
		return ""
	}
	return ": " + s.cause.Error()
}

func (s silentShape) Unwrap() error { return s.cause }
