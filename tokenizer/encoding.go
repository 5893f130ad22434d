package tokenizer

import (
	"slices"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
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
func (e *Encoding) Len() int {
	if e == nil {
		return 0
	}
	return len(e.IDs)
}

// newEncoding returns an encoding with room for n tokens.
func newEncoding(n int) *Encoding {
	if n == 0 {
		return &Encoding{}
	}
	return &Encoding{
		IDs: make([]int, 0, n), Tokens: make([]string, 0, n), Offsets: make([]Offsets, 0, n), TypeIDs: make([]int, 0, n),
		Words: make([]int, 0, n), SpecialMask: make([]int, 0, n), AttentionMask: make([]int, 0, n),
	}
}

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
func (e *Encoding) plus(f *Encoding) *Encoding { return concat([]*Encoding{e, f}) }

// concat returns the tokens of encodings, one after the other.
func concat(list []*Encoding) *Encoding {
	size := 0
	for _, e := range list {
		size += e.Len()
	}
	out := newEncoding(size)
	out.origins = []origin{}
	for _, e := range list {
		for _, o := range e.from() {
			out.origins = append(out.origins, origin{out.Len() + o.end, o.text})
		}
		out.IDs = append(out.IDs, e.IDs...)
		out.Tokens = append(out.Tokens, e.Tokens...)
		out.Offsets = append(out.Offsets, e.Offsets...)
		out.TypeIDs = append(out.TypeIDs, e.TypeIDs...)
		out.Words = append(out.Words, e.Words...)
		out.SpecialMask = append(out.SpecialMask, e.SpecialMask...)
		out.AttentionMask = append(out.AttentionMask, e.AttentionMask...)
	}
	return out
}

// isBlank reports whether r is white space, also that of the byte-level
// alphabet.
func isBlank(r rune) bool { return r == 'Ġ' || uni.IsSpace(r) }

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
		at.Start += uni.CharLen(original, at.Start)
	}
	if tail <= utf8.RuneCountInString(original[:min(at.End, tail*utf8.UTFMax)]) {
		for ; tail > 0 && at.End > at.Start; tail-- {
			_, n := utf8.DecodeLastRuneInString(original[:at.End])
			at.End -= n
		}
	}
	at.Start = min(at.Start, at.End)
}
