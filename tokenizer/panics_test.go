package tokenizer

import (
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/decoder"
)

// TestAPanicWhileDecodingIsTheCallers throws in the goroutine that decodes long lists.
func TestAPanicWhileDecodingIsTheCallers(t *testing.T) {
	broken := &Tokenizer{decoders: []decoder.Step{func(*budget.Budget, []string) []string { panic("thrown") }}}
	defer func() {
		if thrown := recover(); thrown != "thrown" {
			t.Errorf("it ended with %v", thrown)
		}
	}()
	broken.decodeAside(&budget.Budget{Done: t.Context().Done()}, [][]string{{"a"}})
}
