package generate

import (
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/generate/internal/grammars"
)

// maxTexts bounds the texts of one prediction.
const maxTexts = 1024

// rows are the texts of a batch. All end at the same place, so that every prediction
// takes as many tokens of each: padding before a text makes up for what it lacks, and
// is hidden from it by the mask.
type rows struct {
	ids  [][]int // of each row, padding and text
	pads []int   // how many of them are padding
}

// texts returns how many different texts a prediction takes: 1 where the package has no
// batch, or one whose rows cannot be of different lengths, since nothing hides the
// padding of each or tells it its positions.
func (b *boundModel) texts() int {
	if !b.batched() || len(b.output.Indices) > 0 || b.prefill.Window > 0 || b.freeRewind != math.MaxInt || b.d.Rewind == RewindNone {
		return 1
	}
	n, most := axes.Bounds(b.tokens, 0)
	if n != most || n > maxTexts {
		return 1
	}
	for _, c := range b.chains() {
		for i, fn := range c.fns {
			if !fn.takesRows(&b.stages[i], n) {
				return 1
			}
		}
	}
	return n
}

// takesRows reports whether a function takes n texts of different lengths.
func (fn *boundFunction) takesRows(st *boundStage, n int) bool {
	masked := st.state < 0 && len(st.caches) == 0
	for k := range fn.inputs {
		in := &fn.inputs[k]
		each := len(in.base) > 1 && in.base[0] == n
		switch in.role.Role {
		case RoleEmbeddings:
			return false
		case RoleTokens, RolePositions:
			if !each {
				return false
			}
		case RoleCausalMask:
			if !each || in.role.Ring {
				return false
			}
			masked = true
		}
	}
	return masked && len(st.snapshot) == 0
}

// positions gives the place of each token in its own text, for n numbers of all rows.
// Those of padding do not matter.
func (r *rows) positions(n int, w *span, set func(i, at int)) {
	each := max(n/len(r.ids), 1)
	for i := range n {
		set(i, max(w.past+i%each%w.q-r.pads[i/each], 0))
	}
}

// hidePads hides the padding before each text in a causal mask. A pad sees itself: a
// row that saw nothing would be NaN, which spoils what is in the cache even where it
// is hidden.
func hidePads[T any](data []T, width int, w *span, zero, hidden T) {
	each := len(data) / len(w.rows.ids)
	for text, pads := range w.rows.pads {
		for i := range each / width {
			row, at := data[text*each+i*width:][:width], w.past+i%w.q
			fill(row[:min(pads, width)], hidden)
			if at < min(pads, width) {
				row[at] = zero
			}
		}
	}
}

// rowText is the answer to one prompt of several that go through the model together.
type rowText struct {
	r      *generation
	prompt []int
	tokens []Token
	logits []float32
	err    error
	begun  bool // its prompt was run
	done   bool
	to     chan<- batchAnswer
}

// prepare checks and encodes the prompt.
func (t *rowText) prepare(b *batch, p *Prompt) (err error) {
	// A grammar waits for no room: those that have it may wait for the state of the batch.
	if t.r, err = b.g.newGeneration(grammars.AtOnce(b.ctx), b.opts, p.Messages != nil, time.Now()); err != nil {
		return err
	}
	defer t.r.done()
	if t.prompt, err = p.encode(b.ctx, b.g, b.opts); err != nil {
		return err
	}
	if err = t.r.checkPrompt(t.prompt); err != nil {
		return err
	}
	t.r.prepareDecoder(t.prompt)
	return nil
}

// observe notes that a part of the answer begins, and the answer with the first of them.
func (t *rowText) observe(ctx context.Context, g *Generator, part string) {
	if t.done {
		return
	}
	if t.r.request == nil {
		g.begin(ctx, t.r)
	}
	t.r.request.enter(part)
}

// end ends the answer.
func (t *rowText) end(err error) { t.err, t.done = err, true }

// step reads the logits that follow the row and chooses the next token. Without one
// it returns padding.
func (t *rowText) step(ctx context.Context, a *answer, at, row int, all *rows) int {
	var err error
	if t.logits, err = a.readOf(t.logits, row, len(all.ids), at); err != nil {
		t.end(fmt.Errorf("output %s: %w", t.r.bound.outputName(), err))
		return t.r.bound.pad
	}
	tok, err := t.r.step(ctx, all.ids[row][all.pads[row]:], len(t.prompt), t.logits)
	if err != nil {
		t.end(err)
		return t.r.bound.pad
	}
	t.tokens, t.done = append(t.tokens, tok), tok.Finish != FinishNone
	if t.done {
		t.err = t.r.sampler.bound.incomplete(tok)
	}
	return tok.ID
}

// answer collects what there is.
func (t *rowText) answer() batchAnswer {
	if t.r != nil {
		t.r.request.end(t.err)
	}
	result, err := Collect(iter.Seq2[Token, error](func(yield func(Token, error) bool) {
		for _, tok := range t.tokens {
			if !yield(tok, nil) {
				return
			}
		}
		if t.err != nil {
			yield(Token{}, prefixed(t.err))
		}
	}))
	return batchAnswer{result, err}
}

// newRows lays texts into n rows that end at the same place. Rows without a text are
// padding.
func newRows(texts []*rowText, longest, n, pad int) *rows {
	all := &rows{ids: make([][]int, n), pads: make([]int, n)}
	for i := range n {
		all.ids[i] = make([]int, longest)
		if i < len(texts) && !texts[i].done {
			all.set(i, texts[i].prompt, pad)
		} else {
			all.set(i, nil, pad)
		}
	}
	return all
}

// set replaces the text of a row, which stays as long as it is.
func (r *rows) set(i int, text []int, pad int) {
	row := r.ids[i]
	r.pads[i] = len(row) - len(text)
	fill(row[:r.pads[i]], pad)
	copy(row[r.pads[i]:], text)
}

// forwardRows runs the model over what the rows hold behind their first past places.
// It returns the logits, and which of those of a text are the last token's.
func (g *Generator) forwardRows(ctx context.Context, seq *Sequence, all *rows, past int) (*answer, int, error) {
	ids := all.ids[0]
	defer seq.forgetTurn()
	for {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		n, err := seq.lease.lane.chunk(past, len(ids)-past, g.chunk)
		if err != nil {
			return nil, 0, err
		}
		want := wantNone
		if past += n; past == len(ids) {
			want = wantLast
		}
		if n > 1 || seq.turn.more {
			if err := seq.takeTurn(ctx, n, want == wantNone); err != nil {
				return nil, 0, err
			}
		}
		a, err := seq.forward(ctx, ids[:past], n, want)
		if err != nil {
			return nil, 0, err
		}
		if want == wantNone {
			continue
		}
		first, err := seq.checkRows(a, n, false)
		if err != nil {
			return nil, 0, err
		}
		for _, p := range a.parts {
			if p.t.Rank() < 2 || p.t.Dim(0) != len(all.ids) {
				return nil, 0, fmt.Errorf("%w: output %s is %v, and has no rows for %d texts", ErrDriver, seq.bound.outputName(), p.t.Shape(), len(all.ids))
			}
		}
		return a, first + n - 1, nil
	}
}
