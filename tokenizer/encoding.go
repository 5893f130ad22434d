package tokenizer

import (
	"slices"
	"unicode/utf8"
)

// Offsets is where a token comes from: the bytes text[Start:End] of the text
// that was given. Both are 0 for a token that was added.
type Offsets struct{ Start, End int }

// Encoding is a text as tokens, with what is known about each of them. All
// lists have the same length.
type Encoding struct {
	// IDs are the ids of the tokens.
	IDs []int
	// Tokens are the tokens as the vocabulary spells them. Where a token of a
	// Unigram model is unknown it is the text itself, and an added token has
	// the white space that belongs to it.
	Tokens []string
	// Offsets say where the tokens come from. Several tokens can have the same
	// place: the bytes of one character all have that of the character.
	Offsets []Offsets
	// TypeIDs tell the texts of a pair apart for models that want it.
	TypeIDs []int
	// Words number the pieces that the text was cut into; -1 for a token that
	// was added.
	Words []int
	// SpecialMask is 1 for a token that was added and 0 for one of the text.
	SpecialMask []int
	// AttentionMask is 0 for padding and 1 otherwise.
	AttentionMask []int
	// Overflowing are the parts that truncation cut off, each as long as the
	// first and beginning with the stride.
	Overflowing []*Encoding

	original string   // the text that the offsets mean
	origins  []origin // instead of it where there are several
}

// origin is the text that the offsets of the tokens before end mean, from where
// those of the origin before it end.
type origin struct {
	end  int
	text string
}

// from returns the texts that the offsets mean.
func (e *Encoding) from() []origin {
	if e.origins != nil {
		return e.origins
	}
	return []origin{{e.Len(), e.original}}
}

// Len returns the number of tokens.
func (e *Encoding) Len() int { return len(e.IDs) }

// push appends one token.
func (e *Encoding) push(id int, token string, at Offsets, typeID, word, special int) {
	e.IDs = append(e.IDs, id)
	e.Tokens = append(e.Tokens, token)
	e.Offsets = append(e.Offsets, at)
	e.TypeIDs = append(e.TypeIDs, typeID)
	e.Words = append(e.Words, word)
	e.SpecialMask = append(e.SpecialMask, special)
	e.AttentionMask = append(e.AttentionMask, 1)
}

// setType gives every token one type.
func (e *Encoding) setType(id int) {
	for i := range e.TypeIDs {
		e.TypeIDs[i] = id
	}
}

// part returns a copy of the tokens from start to end.
func (e *Encoding) part(start, end int) *Encoding {
	return &Encoding{
		IDs: slices.Clone(e.IDs[start:end]), Tokens: slices.Clone(e.Tokens[start:end]),
		Offsets: slices.Clone(e.Offsets[start:end]), TypeIDs: slices.Clone(e.TypeIDs[start:end]),
		Words: slices.Clone(e.Words[start:end]), SpecialMask: slices.Clone(e.SpecialMask[start:end]),
		AttentionMask: slices.Clone(e.AttentionMask[start:end]), original: e.original, origins: cutOrigins(e.origins, start, end),
	}
}

// cutOrigins returns the origins of the tokens from start to end.
func cutOrigins(list []origin, start, end int) []origin {
	var out []origin
	for _, o := range list {
		if o.end > start {
			out = append(out, origin{min(o.end, end) - start, o.text})
		}
	}
	return out
}

// join returns the tokens of both, one after the other. Each overflowing part
// of one is joined with the other and with each overflowing part of it.
func (e *Encoding) join(f *Encoding) *Encoding {
	out := e.plus(f)
	for _, o := range e.Overflowing {
		out.Overflowing = append(out.Overflowing, o.plus(f))
		for _, p := range f.Overflowing {
			out.Overflowing = append(out.Overflowing, o.plus(p))
		}
	}
	for _, p := range f.Overflowing {
		out.Overflowing = append(out.Overflowing, e.plus(p))
	}
	return out
}

// plus is join without the overflowing parts.
func (e *Encoding) plus(f *Encoding) *Encoding {
	origins := slices.Clone(e.from())
	for _, o := range f.from() {
		origins = append(origins, origin{e.Len() + o.end, o.text})
	}
	return &Encoding{
		origins: origins,
		IDs:     slices.Concat(e.IDs, f.IDs), Tokens: slices.Concat(e.Tokens, f.Tokens),
		Offsets: slices.Concat(e.Offsets, f.Offsets), TypeIDs: slices.Concat(e.TypeIDs, f.TypeIDs),
		Words: slices.Concat(e.Words, f.Words), SpecialMask: slices.Concat(e.SpecialMask, f.SpecialMask),
		AttentionMask: slices.Concat(e.AttentionMask, f.AttentionMask),
	}
}

// isBlank reports whether r is white space, also that of the byte-level
// alphabet.
func isBlank(r rune) bool { return r == 'Ġ' || isSpace(r) }

// trim takes white space at the ends of tokens out of their offsets. A single
// space in front of the first token may be one that the pre-tokenizer put
// there if prefix is set.
func (e *Encoding) trim(prefix bool) {
	origins := e.from()
	for i, token := range e.Tokens {
		for len(origins) > 1 && i >= origins[0].end {
			origins = origins[1:]
		}
		// Without a text the encoding was made elsewhere, or the token added.
		if text := origins[0].text; text != "" {
			e.Offsets[i].trim(text, token, prefix && (i == 0 || e.Offsets[i].Start == 0))
		}
	}
	for _, o := range e.Overflowing {
		o.trim(prefix)
	}
}

// trim takes the white space of one token out of its place in the original.
func (at *Offsets) trim(original, token string, prefix bool) {
	lead, tail := 0, 0
	for _, r := range token {
		if !isBlank(r) {
			break
		}
		lead++
	}
	for rest := token; rest != ""; tail++ {
		r, n := utf8.DecodeLastRuneInString(rest)
		if !isBlank(r) {
			break
		}
		rest = rest[:len(rest)-n]
	}
	if lead == 1 && prefix {
		lead = 0
	}
	// The reference counts characters of the text.
	for ; lead > 0 && at.Start < at.End; lead-- {
		at.Start += charLen(original, at.Start)
	}
	if tail <= utf8.RuneCountInString(original[:min(at.End, tail*utf8.UTFMax)]) {
		for ; tail > 0 && at.End > at.Start; tail-- {
			_, n := utf8.DecodeLastRuneInString(original[:at.End])
			at.End -= n
		}
	}
	at.Start = min(at.Start, at.End)
}

// modelToken is a token of a piece of text.
type modelToken struct {
	id         int32
	start, end int32  // its bytes in the piece
	text       string // how it is spelled
}

// tracer makes the encoding of one text.
type tracer struct {
	t      *Tokenizer
	st     *state
	out    *Encoding
	typeID int
	word   int
	tokens []modelToken
}

// EncodeWithOffsets is [Tokenizer.Encode] with the tokens, where in text they
// come from, and what else an [Encoding] says. It gives the same ids and takes
// more time.
func (t *Tokenizer) EncodeWithOffsets(text string, addSpecial bool) (*Encoding, error) {
	e, err := t.trace(text, 0)
	if err != nil {
		return nil, err
	}
	return t.process(e, nil, addSpecial), nil
}

// EncodePair encodes two texts that belong together, such as a question and a
// passage, as the tokenizer's post-processor puts them. The offsets are those
// in the text that a token comes from.
func (t *Tokenizer) EncodePair(first, second string, addSpecial bool) (*Encoding, error) {
	a, err := t.trace(first, 0)
	if err != nil {
		return nil, err
	}
	b, err := t.trace(second, 1)
	if err != nil {
		return nil, err
	}
	return t.process(a, b, addSpecial), nil
}

// trace encodes a text without special tokens around it.
func (t *Tokenizer) trace(text string, typeID int) (*Encoding, error) {
	if len(text) > maxText {
		return nil, errTooLong
	}
	st := t.state(text)
	tr := &tracer{t: t, st: st, out: &Encoding{original: text}, typeID: typeID}
	a := newAligned(text)
	t.added[0].split(a.text, func(part string, at int) {
		tr.normalize(a.slice(at, at+len(part)))
	}, func(token *addedToken, start, end int) {
		tr.addedToken(token, a.slice(start, end))
	})
	err := st.err
	st.reset()
	t.states.Put(st)
	if err != nil {
		return nil, err
	}
	return tr.out, nil
}

func (tr *tracer) addedToken(token *addedToken, a *aligned) {
	start, end := a.original(0, len(a.text))
	tr.out.push(int(token.ID), a.text, Offsets{start, end}, tr.typeID, tr.word, 0)
	tr.word++
}

// normalize normalizes a text between added tokens and goes on with it.
func (tr *tracer) normalize(a *aligned) {
	for _, step := range tr.t.normalizers {
		if a.text == "" || tr.st.err != nil {
			break
		}
		if tr.st.err = step.trace(a); len(a.text) > maxText {
			tr.st.err = errTooLong
		}
	}
	if a.text == "" || tr.st.err != nil {
		return
	}
	tr.t.added[1].split(a.text, func(part string, at int) {
		tr.cut(a.slice(at, at+len(part)), 0)
	}, func(token *addedToken, start, end int) {
		tr.addedToken(token, a.slice(start, end))
	})
}

// cut cuts a text by the stages of the pre-tokenizer from depth on and encodes
// the pieces.
func (tr *tracer) cut(a *aligned, depth int) {
	if tr.st.err != nil || a.text == "" {
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
	if len(a.text) > maxText {
		tr.st.err = errTooLong
		return
	}
	pieces := []piece{{0, int32(len(a.text))}}
	if sg.matcher != nil {
		matches, err := sg.matcher.find(tr.st, nil, a.text)
		if err != nil {
			tr.st.err = err
			return
		}
		pieces = sg.behavior.cut(nil, matches)
	}
	for _, p := range pieces {
		part := a.slice(int(p.start), int(p.end))
		if sg.alphabet {
			part.alphabet()
		}
		tr.cut(part, depth+1)
	}
}

// encode appends the tokens of one piece.
func (tr *tracer) encode(a *aligned) {
	tr.tokens = tr.t.model.appendTokens(tr.st, tr.tokens[:0], a.text)
	for _, m := range tr.tokens {
		at := whole(tr.out.original, a, int(m.start), int(m.end))
		tr.out.push(int(m.id), m.text, at, tr.typeID, tr.word, 0)
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
				at.End += charLen(original, at.End)
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
		at += charLen(s, at)
	}
	return at
}
