package pretokenizer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// benchText is prose with numbers, other scripts and line breaks, some 16 KiB.
var benchText = strings.Repeat("The quick brown fox's 12 friends — naïve, it's said — jump over 3.5 dogs.\n日本語のテキスト、 한국어 텍스트\t", 128)

// BenchmarkStages cuts a text by each pre-tokenizer: preparing, matching, cutting.
func BenchmarkStages(b *testing.B) {
	for _, spec := range []string{
		`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`,
		`{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`,
		`{"type":"Split","pattern":{"Regex":"\\s+"},"behavior":"MergedWithPrevious","invert":false}`,
		`{"type":"Split","pattern":{"String":" "},"behavior":"Contiguous","invert":true}`,
		`{"type":"Digits","individual_digits":true}`, `{"type":"Punctuation"}`, `{"type":"Whitespace"}`,
		`{"type":"BertPreTokenizer"}`, `{"type":"UnicodeScripts"}`, `{"type":"FixedLength"}`,
	} {
		var s Spec
		if err := json.Unmarshal([]byte(spec), &s); err != nil {
			b.Fatal(err)
		}
		stages, err := s.Stages(nil, &pattern.Compiler{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s.Type+s.Behavior, func(b *testing.B) {
			b.SetBytes(int64(len(benchText)))
			b.ReportAllocs()
			var matches []pattern.Match
			var ranges []Range
			for b.Loop() {
				var may budget.Budget
				may.Begin(nil, len(benchText))
				for _, st := range stages {
					text := benchText
					if st.Prepare != nil {
						text = st.Prepare(&may, text, true)
					}
					if matches, err = st.Matcher.Find(&may, matches[:0], text); err != nil {
						b.Fatal(err)
					}
					ranges = st.Behavior.Cut(ranges[:0], matches)
				}
			}
		})
	}
}
