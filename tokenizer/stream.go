package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
)

// maxHeld is the number of tokens that a stream holds back at most. A model
// that writes nothing but bytes of no character must not make each step dearer
// than the one before.
const maxHeld = 512

// Decoder decodes a stream of ids. The texts that it returns are always whole
// characters, and joined they are what the stream decoder of the reference
// implementation gives. It belongs to one stream: it is not safe for
// concurrent use, but any number of decoders may share a [Tokenizer].
type Decoder struct {
	t    *Tokenizer
	skip bool

	// Bytes that are not yet whole characters, for tokenizers whose tokens
	// are plain bytes.
	raw []byte

	// For other tokenizers, the tokens of the last text that was returned and
	// those that came after it: how a token is written can depend on the one
	// before it. read is where the new ones start, text what those before
	// them decode to.
	ids  []int
	read int
	text string
}

// NewDecoder returns a decoder for a new stream. Special tokens have no text
// in it if skipSpecial is set.
func (t *Tokenizer) NewDecoder(skipSpecial bool) *Decoder {
	return &Decoder{t: t, skip: skipSpecial}
}

// Next takes the next id and returns the text that is certain now, which is
// often that of the id, nothing in the middle of a character, and the text of
// several ids at its end.
func (d *Decoder) Next(id int) string {
	if d.t.bytesOnly {
		if text, ok := d.t.token(id, d.skip); ok {
			d.raw = bytelevel.AppendBytes(d.raw, text)
		}
		if len(d.raw) < 16*maxHeld && !endsWhole(d.raw) {
			return ""
		}
		return d.take(unfinished(d.raw))
	}
	if d.text == "" && len(d.ids) > 0 {
		if text := d.t.Decode(d.ids, d.skip); !strings.HasSuffix(text, "\uFFFD") {
			d.text, d.read = text, len(d.ids)
		}
	}
	d.ids = append(d.ids, id)
	text := d.t.Decode(d.ids, d.skip)
	held := len(d.ids) - d.read
	if held < maxHeld && (len(text) <= len(d.text) || strings.HasSuffix(text, "\uFFFD")) {
		return ""
	}
	return d.advance(text)
}

// advance returns the new part of text, the decoding of all ids that are held,
// and forgets the ids before it.
func (d *Decoder) advance(text string) string {
	fresh, ok := strings.CutPrefix(text, d.text)
	if !ok {
		// The new tokens changed the text that was already returned. On their
		// own they have a text that does not depend on it.
		fresh = d.t.Decode(d.ids[d.read:], d.skip)
	}
	read := len(d.ids) - d.read
	d.ids = append(d.ids[:0], d.ids[d.read:]...)
	d.text = d.t.Decode(d.ids, d.skip)
	d.read = read
	return fresh
}

// Flush returns the text that is still held back, an incomplete character as
// U+FFFD, and makes the decoder ready for a new stream.
func (d *Decoder) Flush() string {
	if d.t.bytesOnly {
		return d.take(0)
	}
	text := d.t.Decode(d.ids, d.skip)
	fresh := ""
	if len(text) > len(d.text) {
		fresh = d.advance(text)
	}
	d.ids, d.read, d.text = d.ids[:0], 0, ""
	return fresh
}

// take returns the bytes that are held as text, but for the last keep.
func (d *Decoder) take(keep int) string {
	raw := d.raw[:len(d.raw)-keep]
	text := ""
	if utf8.Valid(raw) {
		text = string(raw)
	} else {
		text = string(bytelevel.AppendLossy(nil, raw))
	}
	d.raw = append(d.raw[:0], d.raw[len(raw):]...)
	return text
}

// unfinished returns the length of the character at the end of raw that more
// bytes may make whole, 0 where it is whole.
func unfinished(raw []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(raw); n++ {
		if tail := raw[len(raw)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// endsWhole reports whether raw ends in a whole character other than U+FFFD.
func endsWhole(raw []byte) bool {
	r, _ := utf8.DecodeLastRune(raw)
	return r != utf8.RuneError
}
