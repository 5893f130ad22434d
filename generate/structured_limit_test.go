package generate_test

import (
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// The names of members are forced, and the tokenizer's tokens of them are more than those
// that an ending can have.
func TestForcedTextLeavesRoomForTheEnd(t *testing.T) {
	g := openStory(t, nil)
	schema := grammarOf(t)(grammar.JSONSchema([]byte(`{"type":"object","properties":{"config":{"type":"object"},
		"stages":{"type":"array","items":{"type":"string"}},"messages":{"type":"array"}},"required":["config","stages","messages"]}`), nil))
	for seed := range 60 {
		o := &generate.Options{Grammar: schema, Sampling: hot(seed), MaxTokens: 50 + seed%7}
		if r, err := g.Generate(t.Context(), "Once upon a time there was", o); err != nil || !schema.Match(r.Text) {
			t.Errorf("seed %d: %q: %v", seed, r.Text, err)
		}
	}
}
