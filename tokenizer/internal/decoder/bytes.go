package decoder

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
)

// decodeByteLevel reads the byte-level alphabet of GPT-2, in which each byte is a
// printable character. The tokens become one: a character
// may begin in one token and end in the next.
func decodeByteLevel(may *budget.Budget, tokens []string) []string {
	var raw []byte
	for _, token := range tokens {
		if raw = bytelevel.AppendBytes(raw, token); !may.Spend(1 + len(token)) {
			return nil
		}
	}
	return []string{Text(may, raw)}
}

// Text returns bytes as text: what is no character becomes U+FFFD. It works in
// parts, as the bytes can be those of a whole answer, and leaves off where the
// budget is at its end. No part ends inside a character that could be whole.
func Text(may *budget.Budget, raw []byte) string {
	if len(raw) <= budget.LookAfter && utf8.Valid(raw) {
		return string(raw)
	}
	var b strings.Builder
	b.Grow(len(raw))
	var lossy []byte
	for len(raw) > 0 && may.Spend(budget.LookAfter/8) {
		part := raw[:budget.Chunk(raw, budget.LookAfter)]
		raw = raw[len(part):]
		if !utf8.Valid(part) {
			lossy = bytelevel.AppendLossy(lossy[:0], part)
			part = lossy
		}
		b.Write(part)
	}
	return b.String()
}

// decodeFallback reads the bytes that models in the style of SentencePiece write
// characters with that they have no token for. It joins runs of <0xNN> tokens. A run that is not text becomes
// one U+FFFD for each byte.
func decodeFallback(may *budget.Budget, tokens []string) []string {
	out := make([]string, 0, len(tokens))
	var run []byte
	for _, token := range tokens {
		if !may.Spend(1) {
			return nil
		}
		if b, ok := bytelevel.FallbackByte(token); ok {
			run = append(run, b)
			continue
		}
		out = append(appendRun(out, run), token)
		run = run[:0]
	}
	return appendRun(out, run)
}

// appendRun appends a run of bytes as tokens. The reference does not look for the
// characters in a run that has others: where one byte is wrong all are.
func appendRun(dst []string, run []byte) []string {
	if utf8.Valid(run) {
		if len(run) > 0 {
			dst = append(dst, string(run))
		}
		return dst
	}
	for range run {
		dst = append(dst, "\uFFFD")
	}
	return dst
}
