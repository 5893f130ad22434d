package tokenizer

import (
	"context"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// modelToken is a token of a piece of text.
type modelToken struct {
	id         int32
	start, end int32  // its bytes in the piece
	text       string // how it is spelled
}

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
	tokens   []modelToken
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
	st.most = traceable(len(text))
	tr := &tracer{t: t, st: st, original: text}
	a := newAligned(&st.budget, text)
	t.added[0].split(&st.budget, a.text, func(part string, at int) {
		tr.normalize(a.slice(at, at+len(part)))
	}, func(token *addedToken, start, end int) {
		tr.addedToken(token, a.slice(start, end))
	})
	e := tr.encoding()
	if err := t.release(ctx, st); err != nil {
		return nil, err
	}
	return e, nil
}

// push notes a token.
func (tr *tracer) push(id int32, text string, at Offsets) {
	if !tr.st.tells(1) {
		return
	}
	tr.st.most--
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
	if tr.st.err != nil {
		return nil
	}
	e := newEncoding(tr.count)
	e.original = tr.original
	for i, block := range tr.blocks {
		if !tr.st.spend(len(block)) {
			return nil
		}
		for _, k := range block {
			e.push(int(k.id), k.text, Offsets{int(k.start), int(k.end)}, 0, int(k.word), 0)
		}
		tr.blocks[i] = nil
	}
	return e
}

func (tr *tracer) addedToken(token *addedToken, a *aligned) {
	start, end := a.original(0, len(a.text))
	tr.push(int32(token.ID), a.text, Offsets{start, end})
	tr.word++
}

// normalize normalizes a text between added tokens and goes on with it.
func (tr *tracer) normalize(a *aligned) {
	if traceSteps(a, tr.t.normalizers); a.text == "" || tr.st.err != nil {
		return
	}
	tr.t.added[1].split(&tr.st.budget, a.text, func(part string, at int) {
		tr.cut(a.slice(at, at+len(part)), 0)
	}, func(token *addedToken, start, end int) {
		tr.addedToken(token, a.slice(start, end))
	})
}

// cut cuts a text by the stages of the pre-tokenizer from depth on and encodes
// the pieces.
func (tr *tracer) cut(a *aligned, depth int) {
	may := &tr.st.budget
	if may.err != nil || a.text == "" {
		return
	}
	if depth == len(tr.t.stages) {
		tr.encode(a)
		return
	}
	sg := &tr.t.stages[depth]
	if sg.trace != nil {
		sg.trace(a)
	}
	if !may.spend(8*pieceCost) || !may.fits(len(a.text)) {
		return
	}
	pieces := []piece{{0, int32(len(a.text))}}
	if sg.matcher != nil {
		matches, err := sg.matcher.find(may, nil, a.text)
		if err != nil {
			may.fail(err)
			return
		}
		pieces = sg.behavior.cut(nil, matches)
	}
	for _, p := range pieces {
		if may.err != nil {
			return
		}
		part := a.slice(int(p.start), int(p.end))
		if sg.alphabet {
			part.alphabet()
		}
		tr.cut(part, depth+1)
	}
}

// encode appends the tokens of one piece.
func (tr *tracer) encode(a *aligned) {
	if !tr.st.take(len(a.text)) {
		return
	}
	tr.tokens = tr.st.encoder.appendTokens(tr.tokens[:0], a.text)
	for _, m := range tr.tokens {
		if !tr.st.spend(1) {
			return
		}
		tr.push(m.id, m.text, whole(tr.original, a, int(m.start), int(m.end)))
	}
	tr.word++
}

// whole returns where in the original a part of a text lies, in whole
// characters. A part that reaches outside the text has no place there; the
// reference then counts as if its own were one, and so does this, within the
// original.
func whole(original string, a *aligned, start, end int) Offsets {
	start, end = a.original(start, end)
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
