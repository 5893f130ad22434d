package tokenizer

import (
	"context"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/normalizer"
	"github.com/gocoreml/coreml/tokenizer/internal/pretokenizer"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// tracedToken is a token with its place in the original.
type tracedToken struct {
	id, word   int32
	start, end uint32
	text       string
}

// tracedBlock is the number of tokens in one piece of memory. An [Encoding] has
// eight lists; growing them with each token would take several times the memory
// that they have in the end.
const tracedBlock = 1 << 12

// tracer makes the encoding of one text.
type tracer struct {
	t        *Tokenizer
	st       *state
	original string
	blocks   [][]tracedToken
	count    int
	word     int32
	tokens   []model.Token
}

// EncodeWithOffsets is [Tokenizer.Encode] with the tokens, where in text they
// come from, and what else an [Encoding] says. It gives the same ids and takes
// more time.
func (t *Tokenizer) EncodeWithOffsets(text string, addSpecial bool) (*Encoding, error) {
	return t.EncodeWithOffsetsContext(context.Background(), text, addSpecial)
}

// EncodeWithOffsetsContext is [Tokenizer.EncodeWithOffsets], which ends with the
// context as [Tokenizer.EncodeContext] does.
func (t *Tokenizer) EncodeWithOffsetsContext(ctx context.Context, text string, addSpecial bool) (*Encoding, error) {
	t = t.made()
	e, err := t.trace(background(ctx), text)
	if err != nil {
		return nil, err
	}
	return t.finish(e, nil, addSpecial)
}

// EncodePair encodes two texts that belong together, such as a question and a
// passage, as the tokenizer's post-processor puts them. The offsets are those
// in the text that a token comes from. With a context,
// [Tokenizer.EncodeBatchContext] does it.
func (t *Tokenizer) EncodePair(first, second string, addSpecial bool) (*Encoding, error) {
	t = t.made()
	a, err := t.trace(context.Background(), first)
	if err != nil {
		return nil, err
	}
	b, err := t.trace(context.Background(), second)
	if err != nil {
		return nil, err
	}
	return t.finish(a, b, addSpecial)
}

// trace encodes a text without special tokens around it.
func (t *Tokenizer) trace(ctx context.Context, text string) (*Encoding, error) {
	st, err := t.state(ctx, text)
	if err != nil {
		return nil, err
	}
	st.Most = budget.Traceable(len(text))
	tr := &tracer{t: t, st: st, original: text}
	a := normalized.New(&st.Budget, text)
	t.added[0].Split(&st.Budget, a.Text, func(part string, at int) {
		tr.normalize(a.Slice(at, at+len(part)))
	}, func(token *added.Token, start, end int) {
		tr.addedToken(token, a.Slice(start, end))
	})
	e := tr.encoding()
	if err := t.release(ctx, st); err != nil {
		return nil, err
	}
	return e, nil
}

// push notes a token.
func (tr *tracer) push(id int32, text string, at Offsets) {
	if !tr.st.Tells(1) {
		return
	}
	tr.st.Most--
	tr.count++
	last := len(tr.blocks) - 1
	if last < 0 || len(tr.blocks[last]) == cap(tr.blocks[last]) {
		// The first block fits a short text, the others are of one size.
		size := tracedBlock
		if last < 0 {
			size = min(size, len(tr.original)/3+16)
		}
		tr.blocks = append(tr.blocks, make([]tracedToken, 0, size))
		last++
	}
	tr.blocks[last] = append(tr.blocks[last], tracedToken{id, tr.word, uint32(at.Start), uint32(at.End), text})
}

// encoding returns the tokens as the lists of an encoding, and forgets them.
func (tr *tracer) encoding() *Encoding {
	if tr.st.Err != nil {
		return nil
	}
	e := newEncoding(tr.count)
	e.original = tr.original
	for i, block := range tr.blocks {
		if !tr.st.Spend(len(block)) {
			return nil
		}
		for _, k := range block {
			e.push(int(k.id), k.text, Offsets{int(k.start), int(k.end)}, 0, int(k.word), 0)
		}
		tr.blocks[i] = nil
	}
	return e
}

func (tr *tracer) addedToken(token *added.Token, a *normalized.String) {
	start, end := a.Original(0, len(a.Text))
	tr.push(int32(token.ID), a.Text, Offsets{start, end})
	tr.word++
}

// normalize normalizes a text between added tokens and goes on with it.
func (tr *tracer) normalize(a *normalized.String) {
	if normalizer.Trace(a, tr.t.normalizers); a.Text == "" || tr.st.Err != nil {
		return
	}
	tr.t.added[1].Split(&tr.st.Budget, a.Text, func(part string, at int) {
		tr.cut(a.Slice(at, at+len(part)), 0)
	}, func(token *added.Token, start, end int) {
		tr.addedToken(token, a.Slice(start, end))
	})
}

// cut cuts a text by the stages of the pre-tokenizer from depth on and encodes
// the pieces.
func (tr *tracer) cut(a *normalized.String, depth int) {
	may := &tr.st.Budget
	if may.Err != nil || a.Text == "" {
		return
	}
	if depth == len(tr.t.stages) {
		tr.encode(a)
		return
	}
	sg := &tr.t.stages[depth]
	if sg.Trace != nil {
		sg.Trace(a)
	}
	if !may.Spend(8*pieceCost) || !may.Fits(len(a.Text)) {
		return
	}
	pieces := []pretokenizer.Range{{End: int32(len(a.Text))}}
	if sg.Matcher != nil {
		matches, err := sg.Matcher.Find(may, nil, a.Text)
		if err != nil {
			may.Fail(err)
			return
		}
		pieces = sg.Behavior.Cut(nil, matches)
	}
	for _, p := range pieces {
		if may.Err != nil {
			return
		}
		part := a.Slice(int(p.Start), int(p.End))
		if sg.Alphabet {
			part.Alphabet()
		}
		tr.cut(part, depth+1)
	}
}

// encode appends the tokens of one piece.
func (tr *tracer) encode(a *normalized.String) {
	if !tr.st.Take(len(a.Text)) {
		return
	}
	tr.tokens = tr.st.encoder.AppendTokens(tr.tokens[:0], a.Text)
	for _, m := range tr.tokens {
		if !tr.st.Spend(1) {
			return
		}
		tr.push(m.ID, m.Text, whole(tr.original, a, int(m.Start), int(m.End)))
	}
	tr.word++
}

// whole returns where in the original a part of a text lies, in whole
// characters. A part that reaches outside the text has no place there; the
// reference then counts as if its own were one, and so does this, within the
// original.
func whole(original string, a *normalized.String, start, end int) Offsets {
	start, end = a.Original(start, end)
	size := len(original)
	if start >= size && start < end {
		// No character starts there: the numbers are taken as characters.
		start, end = charPlace(original, start), charPlace(original, end)
		return Offsets{start, end}
	}
	at := Offsets{charStart(original, start), min(end, size)}
	switch {
	case end < size:
		at.End = charStart(original, end)
	case end > size:
		at.End = at.Start
		for range 2 {
			if at.End < size {
				at.End += uni.CharLen(original, at.End)
			}
		}
	}
	at.Start = min(at.Start, at.End)
	return at
}

// charStart returns the start of the character that byte i belongs to.
func charStart(s string, i int) int {
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return min(i, len(s))
}

// charPlace returns the place of character n.
func charPlace(s string, n int) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		at += uni.CharLen(s, at)
	}
	return at
}
