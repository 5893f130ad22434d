package generate

import (
	"context"
	"fmt"
	"time"
)

const (
	// DefaultMaxDraft is the number of tokens that are drafted at a time where nobody
	// says: with the token before them they are eight rows, which the portable engine
	// multiplies by the weights in one pass.
	DefaultMaxDraft = 7
	// DefaultMinMatch is the number of tokens that must have been there before for what
	// followed them then to be a draft.
	DefaultMinMatch = 2
	// mostDrafted bounds MaxDraft.
	mostDrafted = 63
)

// Speculation is speculative decoding (Leviathan, Kalman and Matias, "Fast Inference
// from Transformers via Speculative Decoding", 2023): tokens are drafted cheaply, and one
// prediction of the model tells for all of them whether it would have chosen them. That
// takes little longer than a step for one token, since both read all weights.
//
// Drafts come from the text itself, prompt and answer so far: what followed the last time
// that the same tokens were there ("prompt lookup"), which helps where an answer repeats
// its prompt, as summaries, corrections and code do. And they come from [Config.Draft], a
// smaller model, where there is one and the text has none.
//
// Nothing changes about what is written. From the logits behind each drafted token the
// next one is chosen just as without drafts, by penalties, processors, sampler and seed,
// and the draft counts as far as it says the same. A draft is one token in each place,
// and so this accepts it with the probability that the model gives it: the rule of
// Leviathan et al. for such a draft. It also spends the random numbers in the same order,
// so that not only the distribution is the same but the very text, for the same seed. With
// the portable engine the logits are the same to the bit; CoreML.framework may round
// those of several tokens otherwise than those of one.
//
// Whether drafts pay is measured: how often those of a kind were right, also while they
// are not used, what a prediction of several tokens takes and what one of a single token.
// They are verified while that promises a gain, and their length is the one that promises
// most. Nothing is drafted while other answers of the same generator are being written:
// to share their steps gains more. [SpeculationStats] tells what became of it.
//
// Packages whose predictions give the logits of one token, or whose cache cannot be cut
// back by a token, take no drafts: [SpeculationStats.Off] says so.
type Speculation struct {
	// MaxDraft is the greatest number of tokens that are drafted at a time, at most 63; 0
	// means [DefaultMaxDraft].
	MaxDraft int
	// MinMatch is how many tokens at the end of the text must have been in it before, in
	// the same order, for what followed them to be a draft: 2 or more, or 0 for
	// [DefaultMinMatch].
	MinMatch int
	// NoLookup leaves out the drafts from the text itself, and NoModel those of
	// [Config.Draft].
	NoLookup, NoModel bool
	// Always verifies every draft, whether it pays or not, and also in company. It is
	// for tests and measurements.
	Always bool
}

// validate refuses values out of range.
func (s *Speculation) validate(field string) error {
	switch {
	case s == nil:
		return nil
	case s.MaxDraft < 0 || s.MaxDraft > mostDrafted:
		return configErrorf(field+".MaxDraft", "is %d, want 1 to %d, or 0 for %d", s.MaxDraft, mostDrafted, DefaultMaxDraft)
	case s.MinMatch < 0 || s.MinMatch == 1:
		return configErrorf(field+".MinMatch", "is %d, want 2 or more, or 0 for %d", s.MinMatch, DefaultMinMatch)
	}
	return nil
}

// SpeculationStats are the measures of speculation in one answer.
type SpeculationStats struct {
	// Drafted is the number of tokens that were drafted and verified, and Accepted how
	// many of them are in the answer.
	Drafted, Accepted int
	// Blocks is the number of predictions that verified drafts, and Steps that of those
	// for a single token.
	Blocks, Steps int
	// Off says why nothing was drafted, or from some token on nothing any more; empty
	// where drafts were possible to the end, whether any paid or not.
	Off string
}

// AcceptRate returns the part of the drafted tokens that are in the answer, 0 where none
// were drafted.
func (s *SpeculationStats) AcceptRate() float64 {
	if s == nil || s.Drafted == 0 {
		return 0
	}
	return float64(s.Accepted) / float64(s.Drafted)
}

// speculator makes the steps of one answer, with drafts where they pay.
type speculator struct {
	bound  *boundModel
	always bool
	// crowded says that other answers are being written as well.
	crowded bool
	most    int     // tokens of a draft
	left    int     // tokens that the answer may still have
	lookup  *lookup // nil for none
	model   *drafter
	pace    pace
	stats   SpeculationStats

	text  []int       // all of it, and room for a draft behind it
	block []int       // the token that follows and its draft, which the last pass took
	taken int         // how many of block are in the sequence
	rows  [][]float32 // the logits behind each of block
	kind  draftKind   // of the draft
	// matched is how many tokens were the same before what lookup found last, and guess
	// its first token: the text tells how good it was even where it was not verified.
	matched, guess int
	one            [1]int
}

// draftKind says where a draft comes from.
type draftKind int

const (
	draftLookup draftKind = iota
	draftModel
)

// newSpeculator prepares an answer that may be drafted, of at most limit tokens behind
// the text. It returns nil where speculation is not asked for.
func newSpeculator(o *Speculation, seq *Sequence, limit int) *speculator {
	if o == nil {
		return nil
	}
	b := seq.bound
	s := &speculator{bound: b, always: o.Always, most: o.MaxDraft, left: limit}
	if s.most == 0 {
		s.most = DefaultMaxDraft
	}
	if s.stats.Off = b.noBlocks(); s.stats.Off != "" {
		return s
	}
	length := len(seq.ids) + min(limit, b.context-len(seq.ids))
	s.pace = newPace(&b.costs)
	s.text = append(make([]int, 0, length+s.most+1), seq.ids...)
	s.block = make([]int, 0, s.most+1)
	if !o.NoLookup {
		least := o.MinMatch
		if least == 0 {
			least = DefaultMinMatch
		}
		s.lookup = newLookup(least, length)
	}
	switch {
	case !o.NoModel && seq.g.draft != nil:
		s.model = &drafter{g: seq.g.draft, of: seq}
	case o.NoLookup:
		s.stats.Off = "there is no draft model, and NoLookup is set"
	}
	return s
}

// decode appends a token of the answer, which was chosen from the logits of the last
// call, and returns the logits that follow it.
func (s *speculator) decode(ctx context.Context, seq *Sequence, id int) ([]float32, error) {
	s.text = append(s.text, id)
	s.left--
	if s.follows(id) {
		return s.accept(ctx, seq)
	}
	draft, err := s.draft(ctx, seq)
	if err != nil {
		return nil, err
	}
	if len(draft) == 0 {
		return s.step(ctx, seq, id)
	}
	return s.verify(ctx, seq, id, draft)
}

// follows reports whether the next token of the text is that of the draft, and notes it.
// A draft that it is not is over.
func (s *speculator) follows(id int) bool {
	if s.taken < len(s.block) {
		right := s.block[s.taken] == id
		if s.pace.followed(s.kindOf(s.taken-1), right); !right {
			s.settle()
		}
		return right
	}
	if s.matched > 0 {
		s.pace.followed(matchKind(s.matched), s.guess == id)
	}
	return false
}

// kindOf returns the kind of the drafted token number i, for the pace.
func (s *speculator) kindOf(i int) int {
	if s.kind == draftModel {
		return 0
	}
	return matchKind(s.matched + i)
}

// accept takes over a token that was drafted.
func (s *speculator) accept(ctx context.Context, seq *Sequence) ([]float32, error) {
	if err := seq.advance(ctx); err != nil {
		return nil, err
	}
	logits := s.rows[s.taken]
	s.taken++
	s.stats.Accepted++
	if s.taken == len(s.block) {
		s.settle()
	}
	return logits, nil
}

// settle ends a draft, of which no more tokens are going to be taken.
func (s *speculator) settle() {
	s.pace.settle(s.taken)
	s.block, s.taken, s.matched = s.block[:0], 0, 0
}

// verify makes one prediction of a token and the draft behind it.
func (s *speculator) verify(ctx context.Context, seq *Sequence, id int, draft []int) ([]float32, error) {
	s.block = append(append(s.block[:0], id), draft...)
	for len(s.rows) < len(s.block) {
		s.rows = append(s.rows, nil)
	}
	start := time.Now()
	if err := seq.block(ctx, s.block, s.rows); err != nil {
		s.block = s.block[:0]
		return nil, err
	}
	s.pace.verifying(len(s.block), time.Since(start))
	s.taken = 1
	s.stats.Blocks++
	s.stats.Drafted += len(draft)
	return s.rows[0], nil
}

// step makes a prediction of one token.
func (s *speculator) step(ctx context.Context, seq *Sequence, id int) ([]float32, error) {
	s.one[0] = id
	start := time.Now()
	logits, err := seq.append(ctx, s.one[:], nil)
	if err != nil {
		return nil, err
	}
	if s.pace.costs != nil {
		s.pace.stepped(time.Since(start))
	}
	s.stats.Steps++
	return logits, nil
}

// draft returns what may follow the text, nothing where no draft pays.
func (s *speculator) draft(ctx context.Context, seq *Sequence) ([]int, error) {
	s.matched = 0
	if s.stats.Off != "" {
		return nil, nil
	}
	var found []int
	if s.lookup != nil {
		if found, s.matched = s.lookup.find(s.text, s.most); len(found) > 0 {
			s.guess = found[0]
		}
	}
	if s.crowded && !s.always {
		return nil, nil
	}
	// Behind a draft one token more is chosen.
	most := min(s.most, s.left-1)
	if n := s.lookupLength(min(len(found), most)); n > 0 {
		room, err := seq.blockLimit(n + 1)
		if err != nil || room > 1 {
			s.kind = draftLookup
			return found[:max(room-1, 0)], err
		}
	}
	if s.model == nil || most <= 0 {
		return nil, nil
	}
	return s.ofModel(ctx, seq, most)
}

// lookupLength returns how many of n tokens that lookup found are worth it.
func (s *speculator) lookupLength(n int) int {
	if s.always || n <= 0 {
		return n
	}
	return s.pace.lookupLength(s.matched, n)
}

// ofModel returns a draft of the draft model, of at most n tokens. One that fails is not
// asked again.
func (s *speculator) ofModel(ctx context.Context, seq *Sequence, n int) ([]int, error) {
	if !s.always {
		n = s.pace.modelLength(n)
	}
	if n == 0 {
		return nil, nil
	}
	room, err := seq.blockLimit(n + 1)
	if err != nil || room < 2 {
		return nil, err
	}
	start := time.Now()
	draft, err := s.model.draft(ctx, s.text, room-1)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if s.model = nil; s.lookup == nil {
			s.stats.Off = fmt.Sprintf("the draft model failed: %v", err)
		}
		return nil, nil
	}
	s.pace.drafted(len(draft), time.Since(start))
	// What lookup had found is not verified, but the text tells how good it was.
	s.kind = draftModel
	return draft, nil
}

// result returns the measures, nil where speculation was not asked for.
func (s *speculator) result() *SpeculationStats {
	if s == nil {
		return nil
	}
	stats := s.stats
	return &stats
}
