package generate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/samebits"
)

// beam is a text of the search: the tokens behind the prompt.
type beam struct {
	tokens []int
	score  float32
	ended  bool // it counts as an answer
}

// unlikely is added to scores of what must not be chosen any more: transformers' number,
// which leaves an order among them.
const unlikely = -1e9

// beamSearch is one search. Scores are float32, as those of the reference are.
type beamSearch struct {
	r       *generation
	b       *Beams
	prompt  []int
	penalty float64 // of the length
	most    int     // tokens of an answer
	keep    int     // continuations looked at in each step
	lanes   beamLanes

	running, finished []beam
	improvable        bool
	top               []continuation
}

// continuation is a beam with one token more.
type continuation struct {
	beam, token int
	score       float32
}

func newBeamSearch(r *generation, b *Beams, prompt []int) *beamSearch {
	s := &beamSearch{
		r: r, b: b, prompt: prompt, penalty: valueOr(b.LengthPenalty, 1), improvable: true,
		most: min(r.limit, r.bound.context+1-len(prompt)),
	}
	s.running, s.finished = make([]beam, b.N), make([]beam, b.N)
	for i := range b.N {
		if i > 0 {
			s.running[i].score = unlikely // the beams begin alike: only the first counts
		}
		s.finished[i].score = unlikely
	}
	return s
}

// run searches, with the logits behind the prompt given.
func (s *beamSearch) run(ctx context.Context, first []float32) error {
	ends := 0
	for _, id := range s.r.endIDs {
		if id >= 0 {
			ends++
		}
	}
	s.keep = max(2, 1+ends) * s.b.N
	rows := make([][]float32, s.b.N)
	for i := range rows {
		rows[i] = slices.Clone(first)
	}
	for step := 1; ; step++ {
		s.top = s.top[:0]
		for i := range s.running {
			if err := s.extend(ctx, i, rows[i]); err != nil {
				return fmt.Errorf("step %d: %w", step-1, err)
			}
		}
		slices.SortFunc(s.top, func(a, b continuation) int { return better(&a, &b) })
		hits, err := s.hits(ctx, step)
		if err != nil {
			return err
		}
		s.finish(hits, step)
		if !s.advance(hits, step) {
			return nil
		}
		if s.r.g.pool.isClosed() {
			return fmt.Errorf("step %d: %w", step, ErrClosed)
		}
		if err := s.lanes.forward(ctx, s.prompt, s.running, rows); err != nil {
			return err
		}
	}
}

// better orders continuations by falling score, equal ones as they lie in a table of all
// beams and tokens.
func better(a, b *continuation) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.beam, b.beam), cmp.Compare(a.token, b.token))
}

// extend puts the continuations of a beam among the best ones. It changes the logits.
func (s *beamSearch) extend(ctx context.Context, i int, logits []float32) error {
	if err := checkFinite(logits); err != nil {
		return err
	}
	total := logSumExp(logits)
	for id := range logits {
		logits[id] = float32(float64(logits[id]) - total)
	}
	c, tokens := s.r.sampler, s.running[i].tokens
	c.history.reset()
	for _, id := range s.prompt {
		c.history.add(id, false)
	}
	for _, id := range tokens {
		c.history.add(id, true)
	}
	ids := slices.Concat(s.prompt, tokens)
	if err := c.apply(ctx, ids, logits); err != nil {
		return err
	}
	for id, v := range logits {
		if err := atStride(ctx, id); err != nil {
			return err
		}
		if v != v {
			return fmt.Errorf("%w: token %d has NaN after the processors", ErrNonFinite, id)
		}
		s.offer(continuation{i, id, v + s.running[i].score})
	}
	return nil
}

// offer keeps a continuation if it is among the best ones. They are a heap, the worst
// first.
func (s *beamSearch) offer(c continuation) {
	if len(s.top) < s.keep {
		s.top = append(s.top, c)
		for i := len(s.top) - 1; i > 0; {
			up := (i - 1) / 2
			if better(&s.top[i], &s.top[up]) < 0 {
				break
			}
			s.top[i], s.top[up] = s.top[up], s.top[i]
			i = up
		}
		return
	}
	if c.score < s.top[0].score || better(&c, &s.top[0]) > 0 {
		return
	}
	s.top[0] = c
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(s.top) {
			return
		}
		if child+1 < len(s.top) && better(&s.top[child+1], &s.top[child]) > 0 {
			child++
		}
		if better(&s.top[child], &s.top[i]) < 0 {
			return
		}
		s.top[i], s.top[child] = s.top[child], s.top[i]
		i = child
	}
}

// hits tells which continuations, of so many tokens, are whole answers.
func (s *beamSearch) hits(ctx context.Context, length int) ([]bool, error) {
	hits := make([]bool, len(s.top))
	for i, c := range s.top {
		hits[i] = length >= s.most || slices.Contains(s.r.endIDs, c.token)
		if hits[i] || len(s.r.opts.Stop) == 0 {
			continue
		}
		text, err := s.r.g.tok.DecodeContext(ctx, append(slices.Clip(s.running[c.beam].tokens), c.token), true)
		if err != nil {
			return nil, err
		}
		hits[i] = slices.ContainsFunc(s.r.opts.Stop, func(stop string) bool { return strings.Contains(text, stop) })
	}
	return hits, nil
}

// finish puts continuations that have ended among the answers. Only the first as many as
// there are beams count: the others are there to go on with.
func (s *beamSearch) finish(hits []bool, length int) {
	full := s.b.EarlyStopping == StopFirst && s.allEnded()
	divisor := float32(samebits.Pow(float64(length), s.penalty))
	for i, c := range s.top {
		ended := hits[i] && i < s.b.N
		score := c.score / divisor
		for _, no := range []bool{full, !s.improvable, !ended} {
			if no {
				score += unlikely
			}
		}
		at := slices.IndexFunc(s.finished, func(b beam) bool { return score > b.score })
		if at < 0 {
			continue
		}
		tokens := append(slices.Clone(s.running[c.beam].tokens), c.token)
		s.finished = slices.Insert(s.finished, at, beam{tokens, score, ended})[:s.b.N]
	}
}

// allEnded reports whether there are as many answers as beams.
func (s *beamSearch) allEnded() bool {
	return !slices.ContainsFunc(s.finished, func(b beam) bool { return !b.ended })
}

// advance makes beams of the best continuations that go on, and reports whether the
// search does.
func (s *beamSearch) advance(hits []bool, length int) bool {
	goesOn := slices.Contains(hits, false)
	for i := range s.top {
		if hits[i] {
			s.top[i].score += unlikely
		}
	}
	slices.SortStableFunc(s.top, func(a, b continuation) int { return cmp.Compare(b.score, a.score) })
	next := make([]beam, 0, s.b.N)
	for _, c := range s.top[:min(s.b.N, len(s.top))] {
		next = append(next, beam{tokens: append(slices.Clone(s.running[c.beam].tokens), c.token), score: c.score})
	}
	s.running = next
	longest := length
	if s.b.EarlyStopping == StopNever && s.penalty > 0 {
		longest = s.most
	}
	if s.allEnded() {
		best := s.running[0].score / float32(samebits.Pow(float64(longest), s.penalty))
		s.improvable = s.improvable && best > s.finished[len(s.finished)-1].score
	}
	open := s.b.EarlyStopping != StopFirst || !s.allEnded()
	return goesOn && open && s.improvable
}

// results returns the best answers.
func (s *beamSearch) results(ctx context.Context) ([]BeamResult, error) {
	var out []BeamResult
	for _, b := range s.finished[:max(s.b.Return, 1)] {
		if !b.ended {
			break // there were fewer
		}
		r, err := s.r.whole(ctx, s.prompt, b.tokens)
		if err != nil {
			return nil, err
		}
		out = append(out, BeamResult{*r, float64(b.score)})
	}
	return out, nil
}

// whole returns an answer of tokens that are known.
func (r *generation) whole(ctx context.Context, prompt, tokens []int) (*Result, error) {
	t := *r
	t.prepareText(ctx, r.chat)
	t.prepareDecoder(prompt)
	t.stats.Tokens = 0
	return Collect(func(yield func(Token, error) bool) {
		for i, id := range tokens {
			t.stats.Tokens++
			tok, err := t.token(ctx, id, t.finish(id, len(prompt)+i))
			if err != nil {
				yield(Token{}, err)
				return
			}
			if tok.Finish != FinishNone {
				tok.Stats = t.finalStats(r.stats.Decode, findLoopWith(tokens[:i], tok))
			}
			if !yield(tok, nil) {
				return
			}
		}
	})
}
