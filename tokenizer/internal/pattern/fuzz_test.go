package pattern

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
)

// Whatever a pattern is, it is refused, or what it finds covers the text in order.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{`(?i)ß(?:s)s*+|[[:^alpha:]ﬁ&&[^a]]`, "SSß fi"},
		{`(?ix: s s )(?<=ſ)\p{^L}{,2}`, "ß 12"},
		{`\R|\h+|(?>a|ab)\b(?!\S)`, "\r\nfF ab"},
		{``, "é"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		m, err := (&Compiler{}).compile(expr)
		var unsupported *fault.Unsupported
		switch {
		case errors.As(err, &unsupported), errors.Is(err, errPatterns), !utf8.ValidString(text), len(text) > 1<<10:
			return
		case err != nil:
			t.Fatal(err)
		}
		var may budget.Budget
		may.Begin(nil, len(text))
		matches, err := m.Find(&may, nil, text)
		if err != nil {
			return
		}
		at := int32(0)
		for _, r := range matches {
			if r.Start != at || r.End < r.Start {
				t.Fatalf("%q in %q: %v", expr, text, matches)
			}
			at = r.End
		}
		if at != int32(len(text)) {
			t.Errorf("%q in %q ends at %d", expr, text, at)
		}
	})
}
