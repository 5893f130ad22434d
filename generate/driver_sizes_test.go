package generate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestAnInputIsNotBoundToARoleOfOtherSizes binds the inputs of a package, of which one
// takes embeddings [1, q, 16] and one a causal mask [1, 1, q, P+q], to roles that they
// do not have.
func TestAnInputIsNotBoundToARoleOfOtherSizes(t *testing.T) {
	for _, c := range []struct{ input, role, field, reason string }{
		{"causal_mask", `"role": "cos"`, "", "is flexible in axis 2"},
		{"causal_mask", `"role": "sin", "layout": "once"`, "", "is flexible in axis 2"},
		{"causal_mask", `"role": "cursor"`, "", "is flexible in axis 2, where the role cursor has a fixed size"},
		{"causal_mask", `"role": "length"`, "", "is flexible in axis 2"},
		{"causal_mask", `"role": "positions"`, "", "is flexible in axis 2"},
		{"causal_mask", `"role": "attention_mask"`, "", "is flexible in axis 2"},
		{"causal_mask", `"role": "update_mask"`, "", "is flexible in axis 2"},
		{"causal_mask", `"role": "tokens"`, "", "has not the shape [batch, q]"},
		{"causal_mask", `"role": "output", "output": "embeddings"`, "", "is flexible in axis "},
		{"inputs_embeds", `"role": "positions"`, "", "is flexible in axis 1"},
		{"inputs_embeds", `"role": "cursor"`, "", "is flexible in axis 1"},
		{"inputs_embeds", `"role": "embeddings", "file": "x.npy", "rows": 97, "width": 15`, "", "takes rows of 16 numbers, and those of the table have 15"},
		{"inputs_embeds", `"role": "cache", "output": "absent"`, "", "there is no output"},
		{"inputs_embeds", `"role": "constant"`, "", "inputs_embeds"},
	} {
		dir := sightFolder(t, "array-first")
		driver := fmt.Sprintf(`{"stages": [{"package": "embed_tokens.mlpackage"}, {"package": "language_model.mlpackage", "inputs": {%q: {%s}}}]}`, c.input, c.role)
		if err := os.WriteFile(filepath.Join(dir, "driver.json"), []byte(driver), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openSight(t, dir)
		wantFieldError(t, err, "stages.1.inputs."+c.input+c.field, c.reason)
	}
}
