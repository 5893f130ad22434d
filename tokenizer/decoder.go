package tokenizer

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decodeStep rewrites the tokens of a decoding. It may change the slice. It fails
// by what it leaves in the state.
type decodeStep func(may *budget, tokens []string) []string

// decoder is the JSON of a decoder, the fields of all types together.
type decoder struct {
	Type           string          `json:"type"`
	Decoders       []decoder       `json:"decoders"`
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

// steps flattens a decoder.
func (d *decoder) steps(dst []decodeStep, c *compiler) ([]decodeStep, error) {
	switch d.Type {
	case "Sequence":
		var err error
		for i := range d.Decoders {
			if dst, err = d.Decoders[i].steps(dst, c); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "ByteLevel":
		return append(dst, decodeByteLevel), nil
	case "ByteFallback":
		return append(dst, decodeFallback), nil
	case "Fuse":
		return append(dst, func(_ *budget, tokens []string) []string {
			return []string{strings.Join(tokens, "")}
		}), nil
	case "Metaspace":
		step, err := d.metaspace()
		return append(dst, step), err
	case "BPEDecoder":
		return append(dst, func(may *budget, tokens []string) []string {
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
			return nil, &UnsupportedError{Component: "option", Name: "Strip.content=" + d.Content}
		}
		return append(dst, d.strip), nil
	case "Replace":
		m, err := c.pattern(d.Pattern)
		if err != nil {
			return nil, err
		}
		if l, ok := m.(literalMatcher); ok {
			return append(dst, func(may *budget, tokens []string) []string {
				return rewritten(may, tokens, func(b *strings.Builder, _ int, token string) {
					writeReplaced(may, b, token, l.text, d.Content)
				})
			}), nil
		}
		return append(dst, func(may *budget, tokens []string) []string {
			return rewritten(may, tokens, func(b *strings.Builder, _ int, token string) {
				b.WriteString(replaceAll(may, m, token, d.Content))
			})
		}), nil
	}
	return nil, &UnsupportedError{Component: "decoder", Name: d.Type}
}

func decodeByteLevel(may *budget, tokens []string) []string {
	var raw []byte
	for _, token := range tokens {
		if raw = appendBytes(raw, token); !may.spend(1 + len(token)) {
			return nil
		}
	}
	if utf8.Valid(raw) {
		return []string{string(raw)}
	}
	return []string{string(appendLossy(nil, raw))}
}

// decodeFallback joins runs of <0xNN> tokens. A run that is not text becomes
// one U+FFFD for each byte.
func decodeFallback(may *budget, tokens []string) []string {
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
		if !may.spend(1) {
			return nil
		}
		if b, ok := fallbackByte(token); ok {
			run = append(run, b)
			continue
		}
		flush()
		out = append(out, token)
	}
	flush()
	return out
}

// fallbackByte returns the byte that a token such as <0x0A> stands for.
func fallbackByte(token string) (byte, bool) {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	b, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(b), err == nil
}

func (d *decoder) metaspace() (decodeStep, error) {
	write, err := d.spaces()
	return func(may *budget, tokens []string) []string {
		return rewritten(may, tokens, func(b *strings.Builder, i int, token string) { write(may, b, i, token) })
	}, err
}

// tokenWriter writes what token i of a decoding becomes.
type tokenWriter func(may *budget, b *strings.Builder, i int, token string)

// spaces returns the decoder Metaspace for one token.
func (d *decoder) spaces() (tokenWriter, error) {
	mark, err := replacement(d.Replacement)
	prepends := d.PrependScheme != "never"
	if d.PrependScheme == "" {
		prepends = isSet(d.AddPrefixSpace)
	}
	return func(may *budget, b *strings.Builder, i int, token string) {
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
func rewritten(may *budget, tokens []string, f func(b *strings.Builder, i int, token string)) []string {
	size := 0
	for _, token := range tokens {
		size += len(token)
	}
	var b strings.Builder
	b.Grow(size + size/8)
	ends := make([]int, len(tokens))
	for i, token := range tokens {
		f(&b, i, token)
		if ends[i] = b.Len(); !may.spend(1+len(token)/8) || !may.fits(ends[i]) {
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
func writeReplaced(may *budget, b *strings.Builder, text, mark, with string) {
	for may.spend(1) && may.fits(b.Len()+len(text)) {
		i := strings.Index(text, mark)
		if i < 0 {
			b.WriteString(text)
			return
		}
		b.WriteString(text[:i])
		if !may.spend(len(with)/8) || !may.fits(b.Len()+len(with)) {
			return
		}
		b.WriteString(with)
		text = text[i+len(mark):]
	}
}

func (d *decoder) strip(may *budget, tokens []string) []string {
	for i, token := range tokens {
		if !may.spend(1 + len(token)/4) {
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
func (d *decoder) ctc(may *budget, tokens []string) []string {
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
		if !may.spend(1 + len(token)) {
			return nil
		}
		if pad != "" {
			token = strings.ReplaceAll(token, pad, "")
		}
		if isSet(d.Cleanup) {
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

func (d *decoder) wordPiece(may *budget, tokens []string) []string {
	for i, token := range tokens {
		if !may.spend(1 + len(token)) {
			return nil
		}
		if i > 0 {
			rest, ok := strings.CutPrefix(token, d.Prefix)
			if !ok {
				rest = " " + token
			}
			token = rest
		}
		if isSet(d.Cleanup) {
			token = cleanup(token)
		}
		tokens[i] = token
	}
	return tokens
}

// token returns the text of an id, unless it is special and those are skipped.
func (t *Tokenizer) token(id int, skipSpecial bool) (string, bool) {
	if id < 0 || id >= len(t.isAdded) || t.isAdded[id] {
		if skipSpecial && t.IsSpecial(id) {
			return "", false
		}
		return t.IDToToken(id)
	}
	return t.vocab.byID(id)
}
