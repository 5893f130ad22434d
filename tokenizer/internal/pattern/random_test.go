package pattern

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// testdata/gen/tokenizer/patterns.py writes the cases: random patterns with what
// Oniguruma finds by them.
func TestRandomPatternsFindWhatTheReferenceFinds(t *testing.T) {
	f, err := os.Open("testdata/patterns.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count := 0
	for lines := bufio.NewScanner(f); lines.Scan(); count++ {
		var want []string
		c := struct{ expr, text string }{}
		if err := json.Unmarshal(lines.Bytes(), &[]any{&c.expr, &c.text, &want}); err != nil {
			t.Fatal(err)
		}
		m, err := (&Compiler{}).compile(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		// A match of nothing has no place in what the reference tells.
		got := slices.DeleteFunc(find(t, m, c.text), func(piece string) bool { return piece == "[]" })
		if !slices.Equal(got, want) {
			t.Errorf("%q in %q: got %q, want %q", c.expr, c.text, got, want)
		}
	}
	if count < 400 {
		t.Errorf("only %d cases", count)
	}
}
