package normalizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// strip removes white space at the ends. The result is a part of the text, without a copy.
func (n *Spec) strip(may *budget.Budget, s string) string {
	may.Spend(len(s))
	if n.StripLeft {
		s = strings.TrimLeftFunc(s, uni.IsSpace)
	}
	if n.StripRight {
		s = strings.TrimRightFunc(s, uni.IsSpace)
	}
	return s
}

// traceStrip is strip with the places of the original. A text that is placed is cut; in
// one that is not, the part without a place stays, by the rule for all rewriting.
func (n *Spec) traceStrip(a *normalized.String) {
	start, end := 0, len(a.Text)
	for n.StripLeft && start < end {
		r, size := utf8.DecodeRuneInString(a.Text[start:])
		if !uni.IsSpace(r) {
			break
		}
		start += size
	}
	for n.StripRight && start < end {
		r, size := utf8.DecodeLastRuneInString(a.Text[:end])
		if !uni.IsSpace(r) {
			break
		}
		end -= size
	}
	switch {
	case start == 0 && end == len(a.Text):
	case a.IsPlaced():
		a.Text, a.Spans = a.Text[start:end], a.Spans[start:end]
	default:
		dest := make([]uni.Change, 0, end-start)
		for _, r := range a.Text[start:end] {
			dest = append(dest, uni.Change{Rune: r})
		}
		a.Transform(dest, utf8.RuneCountInString(a.Text[:start]))
	}
}
