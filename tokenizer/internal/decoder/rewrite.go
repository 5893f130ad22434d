package decoder

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/pretokenizer"
)

// metaspace returns the step that reads marks as spaces. The mark that begins a text
// was put there if the pre-tokenizer prepends one, and is left out.
func (d *Spec) metaspace() (Step, error) {
	write, err := d.Spaces()
	return func(may *budget.Budget, tokens []string) []string {
		return rewritten(may, tokens, func(b *strings.Builder, i int, token string) { write(may, b, i, token) })
	}, err
}

// Writer writes what token i of a decoding becomes. It is told the place, as the first
// token is not as the others.
type Writer func(may *budget.Budget, b *strings.Builder, i int, token string)

// Spaces returns the decoder Metaspace for one token. A decoder that is nothing else,
// as many are, then needs no list of tokens.
func (d *Spec) Spaces() (Writer, error) {
	mark, err := pretokenizer.Replacement(d.Replacement)
	prepends := d.PrependScheme != "never"
	if d.PrependScheme == "" {
		prepends = jsontext.IsSet(d.AddPrefixSpace) // the older name of the option
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

// replace returns the step that replaces the matches of a pattern in each token. A
// fixed text needs no list of its matches.
func (d *Spec) replace(c *pattern.Compiler) (Step, error) {
	m, err := c.Pattern(d.Pattern)
	if err != nil {
		return nil, err
	}
	write := func(may *budget.Budget, b *strings.Builder, token string) {
		b.WriteString(pattern.ReplaceAll(may, m, token, d.Content))
	}
	if l, ok := m.(pattern.Literal); ok {
		write = func(may *budget.Budget, b *strings.Builder, token string) {
			writeReplaced(may, b, token, l.Text, d.Content)
		}
	}
	return func(may *budget.Budget, tokens []string) []string {
		return rewritten(may, tokens, func(b *strings.Builder, _ int, token string) { write(may, b, token) })
	}, nil
}

// rewritten returns the tokens as f writes them, all in one piece of memory: tokens
// are short, and one allocation for each would cost more than all the rest.
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

// writeReplaced writes text with another text in the place of a mark. It asks the
// budget before it writes, as what is put there can be far longer than the mark.
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

// strip returns the step that removes up to so many characters at the ends of each
// token. It is how Llama's tokenizers take back the space that they put before a
// text. It has nothing in common with the normalizer of that name, which removes all
// white space and keeps the places of the rest.
func (d *Spec) strip() (Step, error) {
	if utf8.RuneCountInString(d.Content) != 1 || d.Start < 0 || d.Stop < 0 {
		return nil, &fault.Unsupported{Component: "option", Name: "Strip.content=" + d.Content}
	}
	return func(may *budget.Budget, tokens []string) []string {
		for i, token := range tokens {
			if !may.Spend(1 + len(token)/4) {
				return nil
			}
			tokens[i] = cutRun(cutRun(token, d.Content, d.Start, strings.CutPrefix), d.Content, d.Stop, strings.CutSuffix)
		}
		return tokens
	}, nil
}

// cutRun cuts a text off an end of a token, n times or as often as it is there.
func cutRun(token, off string, n int, cut func(token, off string) (string, bool)) string {
	for range n {
		rest, ok := cut(token, off)
		if !ok {
			break
		}
		token = rest
	}
	return token
}
