package decoder

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/pretokenizer"
)

// Step rewrites the tokens of a decoding. It may change the slice. It fails
// by what it leaves in the state.
type Step func(may *budget.Budget, tokens []string) []string

// Spec is the JSON of a decoder, the fields of all types together.
type Spec struct {
	Type           string          `json:"type"`
	Decoders       []Spec          `json:"decoders"`
	Pattern        json.RawMessage `json:"pattern"`
	Content        string          `json:"content"`
	Start          int             `json:"start"`
	Stop           int             `json:"stop"`
	Replacement    string          `json:"replacement"`
	PrependScheme  string          `json:"prepend_scheme"`
	AddPrefixSpace *bool           `json:"add_prefix_space"`
	Suffix         string          `json:"suffix"`
	Prefix         string          `json:"prefix"`
	Cleanup        *bool           `json:"cleanup"`
	PadToken       *string         `json:"pad_token"`
	WordDelimiter  *string         `json:"word_delimiter_token"`
}

// Steps flattens a decoder.
func (d *Spec) Steps(dst []Step, c *pattern.Compiler) ([]Step, error) {
	switch d.Type {
	case "Sequence":
		var err error
		for i := range d.Decoders {
			if dst, err = d.Decoders[i].Steps(dst, c); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "ByteLevel":
		return append(dst, decodeByteLevel), nil
	case "ByteFallback":
		return append(dst, decodeFallback), nil
	case "Fuse":
		return append(dst, func(_ *budget.Budget, tokens []string) []string {
			return []string{strings.Join(tokens, "")}
		}), nil
	case "Metaspace":
		step, err := d.metaspace()
		return append(dst, step), err
	case "BPEDecoder":
		return append(dst, func(may *budget.Budget, tokens []string) []string {
			return rewritten(may, tokens, func(b *strings.Builder, i int, token string) {
				with := " "
				if i == len(tokens)-1 {
					with = ""
				}
				if d.Suffix == "" {
					b.WriteString(strings.ReplaceAll(token, "", with))
				} else {
					writeReplaced(may, b, token, d.Suffix, with)
				}
			})
		}), nil
	case "WordPiece":
		return append(dst, d.wordPiece), nil
	case "CTC":
		return append(dst, d.ctc), nil
	case "Strip":
		if utf8.RuneCountInString(d.Content) != 1 || d.Start < 0 || d.Stop < 0 {
			return nil, &fault.Unsupported{Component: "option", Name: "Strip.content=" + d.Content}
		}
		return append(dst, d.strip), nil
	case "Replace":
		m, err := c.Pattern(d.Pattern)
		if err != nil {
			return nil, err
		}
		if l, ok := m.(pattern.Literal); ok {
			return append(dst, func(may *budget.Budget, tokens []string) []string {
				return rewritten(may, tokens, func(b *strings.Builder, _ int, token string) {
					writeReplaced(may, b, token, l.Text, d.Content)
				})
			}), nil
		}
		return append(dst, func(may *budget.Budget, tokens []string) []string {
			return rewritten(may, tokens, func(b *strings.Builder, _ int, token string) {
				b.WriteString(pattern.ReplaceAll(may, m, token, d.Content))
			})
		}), nil
	}
	return nil, &fault.Unsupported{Component: "decoder", Name: d.Type}
}

// decodeByteLevel reads the byte-level alphabet. The tokens become one: a character
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

// decodeFallback joins runs of <0xNN> tokens. A run that is not text becomes
// one U+FFFD for each byte.
func decodeFallback(may *budget.Budget, tokens []string) []string {
	out := make([]string, 0, len(tokens))
	var run []byte
	flush := func() {
		if len(run) == 0 {
			return
		}
		if utf8.Valid(run) {
			out = append(out, string(run))
		} else {
			for range run {
				out = append(out, "\uFFFD")
			}
		}
		run = run[:0]
	}
	for _, token := range tokens {
		if !may.Spend(1) {
			return nil
		}
		if b, ok := bytelevel.FallbackByte(token); ok {
			run = append(run, b)
			continue
		}
		flush()
		out = append(out, token)
	}
	flush()
	return out
}

// metaspace returns the step that reads marks as spaces. The mark that begins a text
// was put there if the pre-tokenizer prepends one, and is left out.
func (d *Spec) metaspace() (Step, error) {
	write, err := d.Spaces()
	return func(may *budget.Budget, tokens []string) []string {
		return rewritten(may, tokens, func(b *strings.Builder, i int, token string) { write(may, b, i, token) })
	}, err
}

// Writer writes what token i of a decoding becomes.
type Writer func(may *budget.Budget, b *strings.Builder, i int, token string)

// Spaces returns the decoder Metaspace for one token.
func (d *Spec) Spaces() (Writer, error) {
	mark, err := pretokenizer.Replacement(d.Replacement)
	prepends := d.PrependScheme != "never"
	if d.PrependScheme == "" {
		prepends = jsontext.IsSet(d.AddPrefixSpace)
	}
	return func(may *budget.Budget, b *strings.Builder, i int, token string) {
		with := " "
		if i == 0 && prepends {
			with = ""
		}
		// Most marks begin a token.
		if rest, ok := strings.CutPrefix(token, mark); ok {
			b.WriteString(with)
			token = rest
		}
		writeReplaced(may, b, token, mark, with)
	}, err
}

// rewritten returns the tokens as f writes them, all in one piece of memory.
func rewritten(may *budget.Budget, tokens []string, f func(b *strings.Builder, i int, token string)) []string {
	size := 0
	for _, token := range tokens {
		size += len(token)
	}
	var b strings.Builder
	b.Grow(size + size/8)
	ends := make([]int, len(tokens))
	for i, token := range tokens {
		f(&b, i, token)
		if ends[i] = b.Len(); !may.Spend(1+len(token)/8) || !may.Fits(ends[i]) {
			return nil
		}
	}
	start, text := 0, b.String()
	for i, end := range ends {
		tokens[i], start = text[start:end], end
	}
	return tokens
}

// writeReplaced writes text with another text in the place of a mark.
func writeReplaced(may *budget.Budget, b *strings.Builder, text, mark, with string) {
	for may.Spend(1) && may.Fits(b.Len()+len(text)) {
		i := strings.Index(text, mark)
		if i < 0 {
			b.WriteString(text)
			return
		}
		b.WriteString(text[:i])
		if !may.Spend(len(with)/8) || !may.Fits(b.Len()+len(with)) {
			return
		}
		b.WriteString(with)
		text = text[i+len(mark):]
	}
}

// strip removes up to so many characters at the ends of each token. It is how
// Llama's tokenizers take back the space that they put before a text.
func (d *Spec) strip(may *budget.Budget, tokens []string) []string {
	for i, token := range tokens {
		if !may.Spend(1 + len(token)/4) {
			return nil
		}
		for range d.Start {
			rest, ok := strings.CutPrefix(token, d.Content)
			if !ok {
				break
			}
			token = rest
		}
		for range d.Stop {
			rest, ok := strings.CutSuffix(token, d.Content)
			if !ok {
				break
			}
			token = rest
		}
		tokens[i] = token
	}
	return tokens
}

// cleanups undo the spaces that splitting a text into words put before
// punctuation, one after the other.
var cleanups = [...][2]string{
	{" .", "."},
	{" ?", "?"},
	{" !", "!"},
	{" ,", ","},
	{" ' ", "'"},
	{" n't", "n't"},
	{" 'm", "'m"},
	{" do not", " don't"},
	{" 's", "'s"},
	{" 've", "'ve"},
	{" 're", "'re"},
}

// cleanup removes the spaces before punctuation and in English contractions, in the
// order and with the exact texts of the reference.
func cleanup(text string) string {
	if strings.IndexByte(text, ' ') < 0 {
		return text
	}
	for _, c := range cleanups {
		text = strings.ReplaceAll(text, c[0], c[1])
	}
	return text
}

// ctc removes repetitions and padding, as the outputs of speech models have
// them.
func (d *Spec) ctc(may *budget.Budget, tokens []string) []string {
	pad, delimiter := "<pad>", "|"
	if d.PadToken != nil {
		pad = *d.PadToken
	}
	if d.WordDelimiter != nil {
		delimiter = *d.WordDelimiter
	}
	tokens = slices.Compact(tokens)
	out := tokens[:0]
	for _, token := range tokens {
		if !may.Spend(1 + len(token)) {
			return nil
		}
		if pad != "" {
			token = strings.ReplaceAll(token, pad, "")
		}
		if jsontext.IsSet(d.Cleanup) {
			token = cleanup(token)
			if delimiter != "" {
				token = strings.ReplaceAll(token, delimiter, " ")
			}
		}
		if token != "" {
			out = append(out, token)
		}
	}
	return out
}

// wordPiece puts spaces between words: before each token but the first, unless it
// continues a word.
func (d *Spec) wordPiece(may *budget.Budget, tokens []string) []string {
	for i, token := range tokens {
		if !may.Spend(1 + len(token)) {
			return nil
		}
		if i > 0 {
			rest, ok := strings.CutPrefix(token, d.Prefix)
			if !ok {
				rest = " " + token
			}
			token = rest
		}
		if jsontext.IsSet(d.Cleanup) {
			token = cleanup(token)
		}
		tokens[i] = token
	}
	return tokens
}

// Fields are the fields that each decoder may have, by its type; ! marks those that
// are always there.
var Fields = map[string]string{
	"Sequence": "decoders!", "ByteLevel": "add_prefix_space! trim_offsets! use_regex", "ByteFallback": "", "Fuse": "",
	"Metaspace": "replacement! str_rep prepend_scheme add_prefix_space split", "BPEDecoder": "suffix!",
	"WordPiece": "prefix! cleanup!", "Strip": "content! start! stop!", "Replace": "pattern! content!",
	"CTC": "pad_token! word_delimiter_token! cleanup!",
}
