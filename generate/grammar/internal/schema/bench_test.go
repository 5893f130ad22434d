package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
)

// wide is a schema of an object with n properties of several types, every third of which
// is required.
func wide(n int, more string) []byte {
	types := []string{
		`{"type":"string"}`, `{"type":"integer","minimum":0,"maximum":1000}`, `{"enum":["a","b","c"]}`,
		`{"type":"array","items":{"type":"number"}}`, `{"type":"string","format":"date-time"}`, `{"type":["boolean","null"]}`,
	}
	var props, required []string
	for i := range n {
		props = append(props, fmt.Sprintf(`"property%d":%s`, i, types[i%len(types)]))
		if i%3 == 0 {
			required = append(required, fmt.Sprintf(`"property%d"`, i))
		}
	}
	return fmt.Appendf(nil, `{"type":"object","properties":{%s},"required":[%s]%s}`, strings.Join(props, ","), strings.Join(required, ","), more)
}

func BenchmarkCompile(b *testing.B) {
	optional := []byte(strings.Replace(string(wide(200, "")), `"required"`, `"x-required"`, 1))
	for _, bench := range []struct {
		name string
		text []byte
	}{
		{"any", []byte(`{}`)},
		{"200", wide(200, "")},
		{"200-closed", wide(200, `,"additionalProperties":false`)},
		{"200-optional", optional},
		{"200-references", fmt.Appendf(nil, `{"properties":{%s}}`, list(200, `"p%":{"$ref":"#"}`))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := schema.Compile(bench.text, schema.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
