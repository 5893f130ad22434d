package grammar_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar"
)

// objectSchema returns a schema of n properties of many kinds.
func objectSchema(n int) string {
	kinds := []string{
		`{"type": "string"}`, `{"type": "integer", "minimum": 0, "maximum": 120}`, `{"type": "string", "maxLength": 64}`,
		`{"type": "string", "pattern": "^[a-z0-9-]+$", "maxLength": 214}`, `{"type": "array", "items": {"type": "number"}, "maxItems": 10}`,
		`{"enum": ["red", "green", "blue"]}`, `{"type": "string", "format": "date-time"}`, `{"type": "boolean"}`,
		`{"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": {"type": "string"}}`, `{"$ref": "#"}`, `true`,
		`{"type": "string", "pattern": "^[^/]*/[^/]*$"}`,
	}
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, `, "property%d": %s`, k, kinds[k%len(kinds)])
	}
	return `{"type": "object", "additionalProperties": false, "required": ["property0"], "properties": {` + b.String()[2:] + "}}"
}

// BenchmarkSchemaMask is BenchmarkMask for a JSON schema.
func BenchmarkSchemaMask(b *testing.B) {
	for _, name := range []string{"mistral-nemo", "qwen3"} {
		b.Run(name, func(b *testing.B) {
			benchMasks(b, must(b)(grammar.JSONSchema([]byte(objectSchema(40)), nil)), vocabulary(b, large(b, name)))
		})
	}
}

func BenchmarkSchemaCompile(b *testing.B) {
	text := []byte(objectSchema(200))
	for b.Loop() {
		must(b)(grammar.JSONSchema(text, nil))
	}
}
