package decoder

import (
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// bpe reads the suffix that ends a word as a space. The last token needs none: there
// the suffix goes without a trace.
func (d *Spec) bpe(may *budget.Budget, tokens []string) []string {
	return rewritten(may, tokens, func(b *strings.Builder, i int, token string) {
		with := " "
		if i == len(tokens)-1 {
			with = ""
		}
		if d.Suffix == "" {
			// An empty suffix is everywhere, between any two characters.
			b.WriteString(strings.ReplaceAll(token, "", with))
			return
		}
		writeReplaced(may, b, token, d.Suffix, with)
	})
}

// wordPiece puts spaces between words: before each token but the first, unless it
// continues a word. A text that was cut at its punctuation does not come back as it
// was; the clean-up is a guess at it that is right for most English text.
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

// ctc removes repetitions and padding, as the outputs of speech models have
// them. Padding between two equal tokens keeps both.
func (d *Spec) ctc(may *budget.Budget, tokens []string) []string {
	pad, delimiter := textOr(d.PadToken, "<pad>"), textOr(d.WordDelimiter, "|")
	tokens = slices.Compact(tokens)
	out := tokens[:0]
	for _, token := range tokens {
		if !may.Spend(1 + len(token)) {
			return nil
		}
		token = replaceText(token, pad, "")
		if jsontext.IsSet(d.Cleanup) {
			token = replaceText(cleanup(token), delimiter, " ")
		}
		if token != "" {
			out = append(out, token)
		}
	}
	return out
}

// textOr returns a text of a file, or what stands for it where the file has none.
func textOr(text *string, none string) string {
	if text == nil {
		return none
	}
	return *text
}

// replaceText replaces a text; an empty one is nowhere.
func replaceText(s, old, with string) string {
	if old == "" {
		return s
	}
	return strings.ReplaceAll(s, old, with)
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
