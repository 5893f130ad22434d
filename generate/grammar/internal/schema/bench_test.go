package schema_test

import (
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
)

func BenchmarkCompileAny(b *testing.B) {
	for b.Loop() {
		if _, err := schema.Compile([]byte(`{"allOf":[true,{"type":["object","array"]}]}`), rules.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
