package tokenizer

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// maxHeld is the number of tokens that a stream holds back at most. A model
// that writes nothing but bytes of no character must not make each step dearer
// than the one before.
const maxHeld = 512

// maxHeldBytes bounds their bytes, as one token of a malformed vocabulary can be as
// long as the file. What was held is decoded again at each step.
const maxHeldBytes = 1 << 16

// Decoder decodes a stream of ids. The texts that it returns are always whole
// characters, and joined they are what the stream decoder of the reference
// implementation gives. It belongs to one stream: it is not safe for
// concurrent use, but any number of decoders may share a [Tokenizer].
//
// What the decoder of a malformed file may take is bounded for the stream as a
// whole, not for each token. Where it takes more, [Decoder.NextContext] and
// [Decoder.FlushContext] give the error, and [Decoder.Next] and [Decoder.Flush]
// give the tokens from there on as the vocabulary spells them.
type Decoder struct {
	t    *Tokenizer
	skip bool

	// Bytes that are not yet whole characters, for tokenizers whose tokens
	// are plain bytes.
	raw []byte

	// For other tokenizers, the tokens of the last text that was returned and
	// those that came after it: how a token is written can depend on the one
	// before it. read is where the new ones start, text what those before
	// them decode to, whole what all of them do.
	ids         []int
	read        int
	text, whole string

	// What has come since text was last returned. Tokens without a text count too,
	// though read moves past them.
	held, heldBytes int

	clean cleaner     // for tokenizers that take out spaces
	times timeCleaner // and those that take out times
	sieve sieve       // for those that pass ids over

	may budget.Budget // of the stream, from its first token on
	err error         // what ended it
}

// NewDecoder returns a decoder for a new stream. Special tokens have no text
// in it if skipSpecial is set.
func (t *Tokenizer) NewDecoder(skipSpecial bool) *Decoder {
	d := &Decoder{t: t.made(), skip: skipSpecial}
	d.may.BeginStream()
	return d
}

// Next takes the next id and returns the text that is certain now, which is
// often that of the id, nothing in the middle of a character, and the text of
// several ids at its end.
func (d *Decoder) Next(id int) string {
	if d == nil || d.t == nil { // no NewDecoder made it
		return ""
	}
	if d.t.bytesOnly && !d.t.cleans && d.t.decoding.kind == sidefiles.Plain {
		return d.nextBytes(id)
	}
	d.may.Resume(nil)
	return d.next(id)
}

// NextContext is [Decoder.Next] with an error, which is [ErrTooLarge] or that of
// the context. It returns some milliseconds after the context has ended. An error
// ends the stream: what follows gives the same one, until a flush makes the decoder
// ready for a new stream. A nil context counts as the background.
func (d *Decoder) NextContext(ctx context.Context, id int) (string, error) {
	if err := d.check(); err != nil {
		return "", err
	}
	if err := d.resume(ctx); err != nil {
		return "", err
	}
	text := d.next(id)
	return d.checked(ctx, text)
}

// Flush returns the text that is still held back, an incomplete character as
// U+FFFD, and makes the decoder ready for a new stream.
func (d *Decoder) Flush() string {
	if d == nil || d.t == nil {
		return ""
	}
	d.may.Resume(nil)
	text := d.flush()
	d.reset()
	return text
}

// FlushContext is [Decoder.Flush] with an error, as [Decoder.NextContext] has it.
// With an error too the decoder is ready for a new stream.
func (d *Decoder) FlushContext(ctx context.Context) (string, error) {
	if err := d.check(); err != nil {
		return "", err
	}
	defer d.reset()
	if err := d.resume(ctx); err != nil {
		return "", err
	}
	text := d.flush()
	return d.checked(ctx, text)
}

// resume begins a call under a context.
func (d *Decoder) resume(ctx context.Context) error {
	ctx = background(ctx)
	if d.err == nil && ctx.Err() != nil {
		d.err = budget.Stopped(ctx.Err())
	}
	d.may.Resume(ctx.Done())
	return d.err
}

// checked returns a text, or why the budget did not last for it.
func (d *Decoder) checked(ctx context.Context, text string) (string, error) {
	if d.may.Err != nil {
		d.err = d.may.Failure(background(ctx))
		return "", d.err
	}
	return text, nil
}

// reset forgets the stream.
func (d *Decoder) reset() {
	*d = Decoder{t: d.t, skip: d.skip, raw: d.raw[:0], ids: d.ids[:0]}
	d.may.BeginStream()
}

// next is Next within the budget.
func (d *Decoder) next(id int) string {
	if !d.sieve.keeps(&d.t.decoding, id, d.skip) {
		return ""
	}
	text := d.nextText(id)
	if d.t.cleans {
		text = d.clean.next(text)
	}
	if d.t.decoding.kind == sidefiles.Whisper {
		text = d.times.next(text)
	}
	return text
}

// nextText is next for the text as it is decoded.
func (d *Decoder) nextText(id int) string {
	if d.t.bytesOnly {
		return d.nextBytes(id)
	}
	if d.text == "" && !strings.HasSuffix(d.whole, "\uFFFD") {
		d.text, d.read = d.whole, len(d.ids)
	}
	token, _ := d.t.token(id, d.skip)
	d.may.Credit(len(token))
	d.ids = append(d.ids, id)
	d.held, d.heldBytes = d.held+1, d.heldBytes+len(token)
	d.whole = d.decode(d.ids)
	full := d.held >= maxHeld || d.heldBytes >= maxHeldBytes
	if !full && (len(d.whole) <= len(d.text) || strings.HasSuffix(d.whole, "\uFFFD")) {
		return ""
	}
	return d.advance()
}

// nextBytes is next for tokens that are plain bytes. Their decoder has no patterns,
// and a token is bounded, so that this needs no budget.
func (d *Decoder) nextBytes(id int) string {
	if text, ok := d.t.token(id, d.skip); ok {
		d.raw = bytelevel.AppendBytes(d.raw, text)
	}
	if len(d.raw) < 16*maxHeld && !endsWhole(d.raw) {
		return ""
	}
	return d.take(unfinished(d.raw))
}

// decode returns the text of ids, once the budget is at its end as they are spelled.
func (d *Decoder) decode(ids []int) string {
	if d.may.Err == nil {
		if text := d.t.decodeWithin(&d.may, ids, d.skip); d.may.Err == nil {
			return text
		}
	}
	var b strings.Builder
	for _, id := range ids {
		text, _ := d.t.token(id, d.skip)
		b.WriteString(text)
	}
	return b.String()
}

// advance returns the new part of the text of all ids that are held, and forgets the
// ids before it.
func (d *Decoder) advance() string {
	fresh, ok := strings.CutPrefix(d.whole, d.text)
	if !ok {
		// The new tokens changed the text that was already returned. On their
		// own they have a text that does not depend on it.
		fresh = d.decode(d.ids[d.read:])
	}
	d.ids = append(d.ids[:0], d.ids[d.read:]...)
	d.text = d.decode(d.ids)
	d.whole, d.read = d.text, len(d.ids)
	d.held, d.heldBytes = 0, 0
	return fresh
}

// flush is Flush within the budget.
func (d *Decoder) flush() string {
	text := d.flushText()
	if d.t.cleans {
		text = d.clean.next(text) + d.clean.rest()
	}
	if d.t.decoding.kind == sidefiles.Whisper {
		text = d.times.next(text) + d.times.rest()
	}
	return text
}

// flushText is flush for the text as it is decoded.
func (d *Decoder) flushText() string {
	if d.t.bytesOnly {
		return d.take(0)
	}
	if len(d.whole) > len(d.text) {
		return d.advance()
	}
	return ""
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
