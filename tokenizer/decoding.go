package tokenizer

import (
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// decoding is what a class of transformers does in decoding beyond its decoder. The zero
// value does nothing.
type decoding struct {
	kind sidefiles.Decoding
	// prompt begins the ids of an earlier text, which end before begin (Whisper).
	prompt, begin int
	pad           int // stands for nothing (CTC); -1 for none
}

// setDecoding takes over the decoding of the tokenizer's class, once its tokens are there.
func (t *Tokenizer) setDecoding(side *sidefiles.Side) {
	d := decoding{kind: side.Decoding(), pad: -1}
	switch d.kind {
	case sidefiles.CLIP:
		t.decoders, t.bytesOnly, t.writer = append(t.decoders, decodeCLIP), false, nil
	case sidefiles.Whisper:
		d.prompt, d.begin = t.idOr("<|startofprev|>", side), t.idOr("<|startoftranscript|>", side)
	case sidefiles.CTC:
		if id, ok := t.TokenToID(side.Named("pad_token")); ok {
			d.pad = id
		}
	}
	t.decoding = d
}

// decodeCLIP makes spaces of the ends of words, as CLIPTokenizer of transformers does
// with a text that ByteLevel has decoded.
func decodeCLIP(may *budget.Budget, tokens []string) []string {
	text := strings.Join(tokens, "")
	if !may.Spend(1 + len(text)) {
		return nil
	}
	return []string{strings.TrimFunc(strings.ReplaceAll(text, "</w>", " "), isPythonSpace)}
}

// isPythonSpace reports whether str.strip of Python takes a character away: a space, or
// one of the four separators of ASCII.
func isPythonSpace(r rune) bool { return uni.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// sieve passes the ids over that the class does not decode. Its zero value is for the
// beginning of a list.
type sieve struct {
	begun, hidden bool // whether an id has come, and whether it is of a prompt
	last          int
}

// keeps reports whether the next id is decoded.
func (s *sieve) keeps(d *decoding, id int, skipSpecial bool) bool {
	first := !s.begun
	s.begun = true
	switch d.kind {
	case sidefiles.Whisper:
		if !skipSpecial {
			return true
		}
		if first {
			s.hidden = id == d.prompt
		}
		s.hidden = s.hidden && id != d.begin
		return !s.hidden
	case sidefiles.CTC:
		same := !first && id == s.last
		s.last = id
		return !same && id != d.pad
	}
	return true
}

// sieved returns the ids that the class decodes.
func (t *Tokenizer) sieved(ids []int, skipSpecial bool) []int {
	if t.decoding.kind != sidefiles.Whisper && t.decoding.kind != sidefiles.CTC {
		return ids
	}
	var s sieve
	kept := make([]int, 0, len(ids))
	for _, id := range ids {
		if s.keeps(&t.decoding, id, skipSpecial) {
			kept = append(kept, id)
		}
	}
	return kept
}

// timeEnd returns how a text begins as Whisper writes a time, <|1.08|>: the length of the
// time, or 0 if there is none, and whether more text may make it one.
func timeEnd(text string) (n int, open bool) {
	rest, ok := strings.CutPrefix(text, "<|")
	if !ok {
		return 0, strings.HasPrefix("<|", text)
	}
	for _, behind := range []string{".", "|>"} {
		digits := strings.TrimLeftFunc(rest, uni.IsDecimal)
		if len(digits) == len(rest) {
			return 0, rest == ""
		}
		if rest, ok = strings.CutPrefix(digits, behind); !ok {
			return 0, strings.HasPrefix(behind, digits)
		}
	}
	return len(text) - len(rest), false
}

// withoutTimes takes Whisper's times out of a text.
func withoutTimes(text string) string {
	if !strings.Contains(text, "<|") {
		return text
	}
	var c timeCleaner
	return c.next(text) + c.rest()
}

// timeCleaner is withoutTimes for a text that comes in parts.
type timeCleaner struct{ held string }

// next takes a part and returns the text that is certain now: that before a mark which
// may begin a time.
func (c *timeCleaner) next(part string) string {
	text := c.held + part
	c.held = ""
	var b strings.Builder
	for {
		at := strings.IndexByte(text, '<')
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:at])
		text = text[at:]
		n, open := timeEnd(text)
		if open && len(text) <= maxUncleaned {
			c.held = text
			return b.String()
		}
		if n == 0 {
			b.WriteByte('<')
			n = 1
		}
		text = text[n:]
	}
}

// rest returns what is held back.
func (c *timeCleaner) rest() string {
	text := c.held
	c.held = ""
	return text
}
