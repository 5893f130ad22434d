package generate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// TestFieldsThatNothingHeedsAreRefused has fields of driver files that were passed over
// in silence.
func TestFieldsThatNothingHeedsAreRefused(t *testing.T) {
	for _, c := range []struct{ name, driver, field string }{
		{"a rotation of no function that runs", `{"rotation": {"from": 4, "functions": {"infer": "infer_rotate"}}}`, "rotation.functions.infer"},
		{"the modulo of a mask", `{"stages": [{"inputs": {"causalMask": {"role": "causal_mask", "modulo": 4}}}]}`, "stages.0.inputs.causalMask.modulo"},
		{"the fill of a cursor", `{"stages": [{"inputs": {"causalMask": {"role": "cursor", "fill": -4}}}]}`, "stages.0.inputs.causalMask.fill"},
		{"the value of tokens", `{"stages": [{"inputs": {"inputIds": {"role": "tokens", "value": 4}}}]}`, "stages.0.inputs.inputIds.value"},
		{"the window of a ring", `{"stages": [{"inputs": {"causalMask": {"role": "causal_mask", "ring": true, "window": 4}}}]}`, "stages.0.inputs.causalMask.window"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := generate.ReadDriver(strings.NewReader(c.driver))
			if err != nil {
				t.Fatal(err)
			}
			_, err = generate.Open(t.Context(), "../examples/storyteller/model/model.mlpackage", &generate.Config{Driver: d})
			why, ok := errors.AsType[*generate.DriverError](err)
			if !ok || why.Field != c.field {
				t.Errorf("got %v, want an error of field %s", err, c.field)
			}
		})
	}
}
