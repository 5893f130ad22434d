package generate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// TestInputsThatCouldBeSomethingElseAreAskedFor has inputs that look like a mask or a
// position and may be another one: a model that is fed them wrongly gives no error.
func TestInputsThatCouldBeSomethingElseAreAskedFor(t *testing.T) {
	ids, wide := ints("input_ids", 1, 1), halfs("causal_mask", 1, 1, 1, 128)
	position, places := ints("position", 1), ints("position_ids", 1, -8)
	for _, c := range []struct {
		name   string
		inputs features
		role   string // of the last input, empty where it is asked for
	}{
		{"a causal mask of rank 2", features{ids, position, halfs("causal_mask", 1, 128)}, "causal_mask"},
		{"integers that count tokens", features{ids, position, ints("attention_mask", 1, 128)}, "attention_mask"},
		{"a mask of floats", features{ids, position, halfs("mask", 1, 128)}, ""},
		{"a mask of rank 3", features{ids, position, halfs("causal_mask", 1, 1, 128)}, ""},
		{"an update mask of rank 2", features{ids, wide, position, halfs("update_mask", 1, 128)}, ""},
		{"slots that are written, as integers", features{ids, wide, position, ints("kv_write_mask", 1, 128)}, ""},
		{"one of many, as wide as the mask", features{ids, wide, position, halfs("kv_onehot", 1, 1, 1, 128)}, ""},
		{"a mask of padding as wide as the mask", features{ids, wide, position, halfs("padding_mask", 1, 1, 1, 128)}, ""},
		{"the end", features{ids, wide, ints("start_pos", 1), ints("end_pos", 1)}, ""},
		{"the last token's place", features{ids, wide, ints("start_pos", 1), ints("last_token_pos", 1)}, ""},
		{"a row of logits", features{ints("input_ids", 1, -8), halfs("causal_mask", 1, 1, -8, 128), ints("logit_row", 1)}, ""},
		{"a switch", features{ids, wide, ints("is_prefill", 1)}, ""},
		{"the end of the cache alone", features{ids, wide, ints("cache_end", 1)}, ""},
		{"segments", features{ints("input_ids", 1, -8), halfs("causal_mask", 1, 1, -8, 128), places, ints("token_type_ids", 1, -8)}, ""},
		{"segments alone", features{ints("input_ids", 1, -8), halfs("causal_mask", 1, 1, -8, 128), ints("segment_ids", 1, -8)}, ""},
		{"a position of any name", features{ids, wide, ints("where", 1)}, "positions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			desc := &coreml.Description{Inputs: c.inputs, Outputs: features{halfs("logits", 1, 1, 991)}, States: features{halfs("kv", 6, 2, 128, 16)}}
			asked := c.inputs[len(c.inputs)-1].Name
			for _, given := range []*generate.Driver{nil, {Tokens: "input_ids"}} {
				d, err := generate.Detect(desc, given)
				if c.role == "" {
					if _, ok := errors.AsType[*generate.DriverError](err); !ok || !strings.Contains(err.Error(), `{"`) || given != nil && !strings.Contains(err.Error(), asked) {
						t.Errorf("got %v, %v, want an error with a line to write", d, err)
					}
					continue
				}
				if err != nil || string(d.Stages[0].Inputs[asked].Role) != c.role {
					t.Errorf("got %v, %v, want %s for %s", d, err, c.role, asked)
				}
			}
		})
	}
}
