package normalizer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// benchText is prose with accents, other scripts and line breaks, some 16 KiB.
var benchText = strings.Repeat("The quick brown fox — naïve, said ÉMILE — jumps over e\u0301 3½ dogs.\n日本語のテキスト、 한국어 텍스트\t", 128)

// BenchmarkSteps rewrites a text by each normalizer, alone and with its places.
func BenchmarkSteps(b *testing.B) {
	for _, spec := range []string{
		`{"type":"NFC"}`, `{"type":"NFKD"}`, `{"type":"Lowercase"}`, `{"type":"StripAccents"}`, `{"type":"Nmt"}`, `{"type":"ByteLevel"}`,
		`{"type":"Prepend","prepend":"▁"}`, `{"type":"Strip","strip_left":true,"strip_right":true}`,
		`{"type":"Replace","pattern":{"String":" "},"content":"▁"}`, `{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}`,
		`{"type":"BertNormalizer"}`,
	} {
		var s Spec
		if err := json.Unmarshal([]byte(spec), &s); err != nil {
			b.Fatal(err)
		}
		steps, err := s.Steps(nil, &pattern.Compiler{})
		if err != nil {
			b.Fatal(err)
		}
		for name, run := range map[string]func(may *budget.Budget){
			"alone":  func(may *budget.Budget) { Apply(may, steps, benchText) },
			"placed": func(may *budget.Budget) { Trace(normalized.New(may, benchText), steps) },
		} {
			b.Run(s.Type+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(benchText)))
				b.ReportAllocs()
				for b.Loop() {
					var may budget.Budget
					if may.Begin(nil, len(benchText)); may.Err == nil {
						run(&may)
					}
					if may.Err != nil {
						b.Fatal(may.Err)
					}
				}
			})
		}
	}
}
