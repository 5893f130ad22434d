package tokenizer

import (
	"context"
	"errors"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/normalizer"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/pretokenizer"
)

// pieceCost is the steps that handling a piece takes, whatever its size.
const pieceCost = 4

// pretokenize cuts text by the stages from depth on and encodes each piece.
func (t *Tokenizer) pretokenize(st *state, dst []int, text string, first bool, depth int) []int {
	if depth == len(t.stages) {
		return st.appendIDs(dst, text)
	}
	sg := &t.stages[depth]
	if sg.Prepare != nil {
		text = sg.Prepare(&st.Budget, text, first)
	}
	// A visit costs something too, which is noticed where there are many stages.
	if !st.Spend(pieceCost) || !st.Fits(len(text)) || depth == len(t.stages)-1 && !st.Take(len(text)) {
		return dst
	}
	if sg.Matcher == nil {
		return t.descend(st, dst, text, first, depth)
	}
	matches, err := sg.Matcher.Find(&st.Budget, st.matches[:0], text)
	if err != nil {
		st.Fail(err)
		return dst
	}
	st.matches = matches
	pieces := sg.Behavior.Cut(st.pieces[depth][:0], matches)
	st.pieces[depth] = pieces
	done := depth == len(t.stages)-1 && (t.raw || !sg.Alphabet)
	for _, p := range pieces {
		if p.End > p.Start {
			if !st.Spend(1) { // words that are in the cache take nothing themselves
				break
			}
			if part := text[p.Start:p.End]; done {
				dst = st.appendIDs(dst, part)
			} else {
				dst = t.descend(st, dst, part, first && p.Start == 0, depth)
			}
		}
	}
	return dst
}

// appendIDs appends the ids of a piece, or counts them.
func (st *state) appendIDs(dst []int, piece string) []int {
	dst = st.encoder.AppendPiece(dst, piece)
	if st.counting {
		st.counted += len(dst)
		dst = dst[:0]
	}
	return dst
}

// descend hands a piece to the stage after depth.
func (t *Tokenizer) descend(st *state, dst []int, text string, first bool, depth int) []int {
	if t.stages[depth].Alphabet && !(t.raw && depth == len(t.stages)-1) {
		text = bytelevel.Rewrite(&st.Budget, text)
	}
	return t.pretokenize(st, dst, text, first, depth+1)
}

// state is the memory that one encoding works in. States are pooled: a
// tokenizer is used by many goroutines, each encoding has its own state.
type state struct {
	budget.Budget
	encoder model.Encoder
	ids     []int                  // of a piece, where they are counted
	pieces  [][]pretokenizer.Range // one list for each stage of the pre-tokenizer
	matches []pattern.Match
	// counting says that the ids are counted and not kept: those of pieces that
	// are done are in counted.
	counting bool
	counted  int
}

// Reset prepares a state for the pool, without what a very long text left.
func (st *state) Reset() {
	st.Budget, st.counting, st.counted = budget.Budget{}, false, 0
	st.encoder.Reset()
	st.ids = budget.Kept(st.ids)
	for i := range st.pieces {
		st.pieces[i] = budget.Kept(st.pieces[i])
	}
	st.matches = budget.Kept(st.matches)
}

// encode appends the ids of text to dst.
func (t *Tokenizer) encode(ctx context.Context, dst []int, text string, addSpecial bool) ([]int, error) {
	if t.intricate {
		return t.appendTraced(ctx, dst, text, addSpecial)
	}
	st, err := t.state(ctx, text)
	if err != nil {
		return dst, err
	}
	start := len(dst)
	if addSpecial {
		dst = append(dst, t.before...)
	}
	dst = t.encodeParts(st, dst, text)
	if addSpecial {
		dst = append(dst, t.after...)
	}
	if err = t.release(ctx, st); errors.Is(err, pattern.ErrPlaceless) {
		return t.appendTraced(ctx, dst[:start], text, addSpecial)
	}
	if err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// appendTraced is encode for what the fast way does not follow.
func (t *Tokenizer) appendTraced(ctx context.Context, dst []int, text string, addSpecial bool) ([]int, error) {
	e, err := t.EncodeWithOffsetsContext(ctx, text, addSpecial)
	if err != nil {
		return dst, err
	}
	return append(dst, e.IDs...), nil
}

// state returns the memory to encode a text in, with the budget for it.
func (t *Tokenizer) state(ctx context.Context, text string) (*state, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if len(text) > budget.MaxText {
		return nil, budget.ErrTooLong
	}
	if err := ctx.Err(); err != nil {
		return nil, budget.Stopped(err)
	}
	st, ok := t.states.Get().(*state)
	if !ok {
		st = &state{pieces: make([][]pretokenizer.Range, len(t.stages))}
		st.encoder = t.model.Encoder(&st.Budget)
	}
	st.Begin(ctx.Done(), len(text))
	return st, nil
}

// release gives the memory back and returns why the encoding ended before its
// end.
func (t *Tokenizer) release(ctx context.Context, st *state) error {
	err := st.Failure(ctx)
	st.Reset()
	t.states.Put(st)
	return err
}

// encodeParts appends the ids of a text and of the added tokens in it.
func (t *Tokenizer) encodeParts(st *state, dst []int, text string) []int {
	t.added[0].Split(&st.Budget, st.Valid(text), func(part string, at int) {
		dst = t.encodePart(st, dst, part, at == 0)
	}, func(a *added.Token, _, _ int) {
		dst = append(dst, int(a.ID))
	})
	return dst
}

// encodePart appends the ids of a text between added tokens; first says that
// it is the beginning of the whole text.
func (t *Tokenizer) encodePart(st *state, dst []int, part string, first bool) []int {
	if part = normalizer.Apply(&st.Budget, t.normalizers, part); part == "" || st.Err != nil {
		return dst
	}
	if len(t.stages) == 0 && !st.Take(len(part)) {
		return dst
	}
	if t.added[1] == nil {
		return t.pretokenize(st, dst, part, first, 0)
	}
	t.added[1].Split(&st.Budget, part, func(part string, at int) {
		dst = t.pretokenize(st, dst, part, first && at == 0, 0)
	}, func(a *added.Token, _, _ int) {
		dst = append(dst, int(a.ID))
	})
	return dst
}
