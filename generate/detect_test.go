package generate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// ints, halfs and floats make multi-array features. A dimension of -n stands
// for the range from 1 to n.
func ints(name string, shape ...int) coreml.FeatureDescription {
	return feature(name, tensor.Int32, shape)
}

func halfs(name string, shape ...int) coreml.FeatureDescription {
	return feature(name, tensor.Float16, shape)
}

func floats(name string, shape ...int) coreml.FeatureDescription {
	return feature(name, tensor.Float32, shape)
}

func feature(name string, d tensor.DType, shape []int) coreml.FeatureDescription {
	f := coreml.FeatureDescription{Name: name, Kind: coreml.KindMultiArray, DType: d}
	flexible := false
	for _, n := range shape {
		r := coreml.Range{Lower: n, Upper: n}
		if n < 0 {
			flexible = true
			r = coreml.Range{Lower: 1, Upper: -n}
			n = 1
		}
		f.Shape = append(f.Shape, n)
		f.Ranges = append(f.Ranges, r)
	}
	if !flexible {
		f.Ranges = nil
	}
	return f
}

func optional(f coreml.FeatureDescription) coreml.FeatureDescription {
	f.Optional = true
	return f
}

func enumerated(f coreml.FeatureDescription, shapes ...[]int) coreml.FeatureDescription {
	f.Ranges, f.Enumerated, f.Shape = nil, shapes, shapes[0]
	return f
}

type features = []coreml.FeatureDescription

var detectCases = []struct {
	name                    string
	inputs, outputs, states features
	override                *generate.Driver
	want                    generate.Driver
	wantErr                 string
}{
	{
		name:    "Apple's and Hugging Face's stateful packages",
		inputs:  features{ints("inputIds", 1, -2048), halfs("causalMask", 1, 1, -2048, -2048)},
		outputs: features{halfs("logits")},
		states:  features{halfs("keyCache", 32, 1, 8, 2048, 128), halfs("valueCache", 32, 1, 8, 2048, 128)},
		want:    generate.Driver{Family: generate.FamilyStateful, Tokens: "inputIds", Mask: "causalMask", Logits: "logits", ContextLength: 2048},
	},
	{
		name:    "names do not matter where types and shapes decide",
		inputs:  features{halfs("b", 1, 1, -64, -64), ints("a", 1, -64)},
		outputs: features{floats("c", 1, 1, 100)},
		states:  features{halfs("k", 2, 1, 2, 64, 16)},
		want:    generate.Driver{Family: generate.FamilyStateful, Tokens: "a", Mask: "b", Logits: "c", ContextLength: 64},
	},
	{
		name:    "one mask row means one token per prediction",
		inputs:  features{ints("inputIds", 1, -512), halfs("causalMask", 1, 1, 1, -512)},
		outputs: features{halfs("logits")},
		states:  features{halfs("keyCache", 2, 1, 2, 512, 64)},
		want:    generate.Driver{Family: generate.FamilyStateful, Tokens: "inputIds", Mask: "causalMask", Logits: "logits", ContextLength: 512, MaxQuery: 1},
	},
	{
		name:    "a mask without a bound takes the context from the state",
		inputs:  features{ints("ids", 1, -256), boundless(halfs("mask", 1, 1, -256, -256))},
		outputs: features{halfs("logits")},
		states:  features{halfs("keyCache", 2, 1, 2, 1024, 64)},
		want:    generate.Driver{Family: generate.FamilyStateful, Tokens: "ids", Mask: "mask", Logits: "logits", ContextLength: 1024, MaxQuery: 256},
	},
	{
		name:    "an optional input is left out",
		inputs:  features{ints("inputIds", 1, -64), halfs("causalMask", 1, 1, -64, -64), optional(floats("temperature", 1))},
		outputs: features{halfs("logits")},
		states:  features{halfs("k", 2, 1, 2, 64, 16)},
		want:    generate.Driver{Family: generate.FamilyStateful, Tokens: "inputIds", Mask: "causalMask", Logits: "logits", ContextLength: 64},
	},
	{
		name:    "no cache, of fixed length",
		inputs:  features{ints("input_ids", 1, 128), ints("attention_mask", 1, 128)},
		outputs: features{floats("logits", 1, 128, 1000)},
		want:    generate.Driver{Family: generate.FamilyNoCache, Tokens: "input_ids", AttentionMask: "attention_mask", Logits: "logits", ContextLength: 128},
	},
	{
		name:    "no cache, ids alone, as floats",
		inputs:  features{floats("tokens", 1, -77)},
		outputs: features{floats("scores")},
		want:    generate.Driver{Family: generate.FamilyNoCache, Tokens: "tokens", Logits: "scores", ContextLength: 77},
	},
	{
		name:    "no cache, of a few lengths",
		inputs:  features{enumerated(ints("inputIds", 1, 32), []int{1, 32}, []int{1, 64}), enumerated(ints("attentionMask", 1, 32), []int{1, 32}, []int{1, 64})},
		outputs: features{floats("hidden"), floats("token_logits")},
		want:    generate.Driver{Family: generate.FamilyNoCache, Tokens: "inputIds", AttentionMask: "attentionMask", Logits: "token_logits", ContextLength: 64},
	},
	{
		name: "a cache that goes in and out, by name",
		inputs: features{
			ints("inputIds", 1, -128), halfs("causalMask", 1, 1, -128, -128),
			halfs("keyCache", 2, 1, 2, 128, 32), halfs("valueCache", 2, 1, 2, 128, 32),
		},
		outputs: features{halfs("presentValues", 2, 1, 2, 128, 32), halfs("logits"), halfs("presentKeys", 2, 1, 2, 128, 32)},
		want: generate.Driver{
			Family: generate.FamilyIOCache, Tokens: "inputIds", Mask: "causalMask", Logits: "logits", ContextLength: 128,
			Caches: map[string]string{"keyCache": "presentKeys", "valueCache": "presentValues"},
		},
	},
	{
		name: "the only cache that goes in and out, whatever its names",
		inputs: features{
			ints("ids", 1, -16), halfs("mask", 1, 1, -16, -16), halfs("state_a", 1, 2, 16, 8), halfs("state_b", 1, 2, 16, 4),
		},
		outputs: features{halfs("logits"), halfs("x", 1, 2, 16, 4), halfs("y", 1, 2, 16, 8)},
		want: generate.Driver{
			Family: generate.FamilyIOCache, Tokens: "ids", Mask: "mask", Logits: "logits", ContextLength: 16,
			Caches: map[string]string{"state_a": "y", "state_b": "x"},
		},
	},
	{
		name: "caches of one shape whose names do not pair are asked for",
		inputs: features{
			ints("ids", 1, -16), halfs("mask", 1, 1, -16, -16), halfs("state_a", 1, 2, 16, 8), halfs("state_b", 1, 2, 16, 8),
		},
		outputs: features{halfs("logits"), halfs("x", 1, 2, 16, 8), halfs("y", 1, 2, 16, 8)},
		wantErr: `{"caches": {"state_a": "…"}}`,
	},
	{
		name:    "an unknown input is named with what can be done",
		inputs:  features{ints("input_ids", 1, -64), halfs("causal_mask", 1, 1, -64, -64), ints("total_len", 1)},
		outputs: features{halfs("logits")},
		states:  features{halfs("kv_cache_0", 2, 2, 64, 16)},
		wantErr: `{"stages": [{"inputs": {"total_len": {"role": "cursor"}}}]}`,
	},
	{
		name:     "a driver file binds an unknown input to a constant",
		inputs:   features{ints("input_ids", 1, -64), halfs("causal_mask", 1, 1, -64, -64), ints("flag", 1)},
		outputs:  features{halfs("logits")},
		states:   features{halfs("kv", 2, 2, 64, 16)},
		override: &generate.Driver{Constants: map[string]float64{"flag": 1}, ContextLength: 48},
		want: generate.Driver{
			Family: generate.FamilyStateful, Tokens: "input_ids", Mask: "causal_mask", Logits: "logits", ContextLength: 48,
			Constants: map[string]float64{"flag": 1},
		},
	},
	{
		name:     "a driver file that names what is not there",
		inputs:   features{ints("ids", 1, -64)},
		outputs:  features{halfs("logits")},
		override: &generate.Driver{Tokens: "inputIds"},
		wantErr:  `no input "inputIds"`,
	},
	{
		name:    "logits in parts without numbers are refused",
		inputs:  features{ints("inputIds", 1, -64), halfs("causalMask", 1, 1, -64, -64)},
		outputs: features{halfs("logitsA"), halfs("logitsB")},
		states:  features{halfs("k", 2, 1, 2, 64, 16)},
		wantErr: "no output clearly gives logits or token ids; the outputs are logitsA, logitsB",
	},
	{
		name:    "a model that gives tokens instead of logits has no choice to leave",
		inputs:  features{ints("inputIds", 1, 1), halfs("causalMask", 1, 1, 1, -64)},
		outputs: features{ints("token_id", 1)},
		states:  features{halfs("k", 2, 1, 2, 64, 16)},
		want: generate.Driver{
			Family: generate.FamilyStages, ContextLength: 64, Output: &generate.Output{Indices: []string{"token_id"}, Greedy: true},
			Stages: []generate.Stage{{Inputs: map[string]generate.Role{"inputIds": {Role: generate.RoleTokens}, "causalMask": {Role: generate.RoleCausalMask}}}},
		},
	},
	{
		name:    "states without a causal mask are refused",
		inputs:  features{ints("input_ids", 1, -64), ints("attention_mask", 1, -64)},
		outputs: features{halfs("logits")},
		states:  features{halfs("keyCache", 2, 1, 2, 64, 16)},
		wantErr: "nothing tells the model where it is",
	},
	{
		name: "positions and an update mask, of any names and in any order",
		inputs: features{
			halfs("goes", 1, 1, 64, 1), halfs("bias", 1, 1, 1, 64), ints("at", 1), ints("codes", 1, 1),
		},
		outputs: features{halfs("certainty", 1), ints("word", 1)},
		states:  features{halfs("k", 4, 2, 64, 16)},
		want: generate.Driver{
			Family: generate.FamilyStages, ContextLength: 64, Output: &generate.Output{Indices: []string{"word"}, Values: []string{"certainty"}, Greedy: true},
			Stages: []generate.Stage{{Inputs: map[string]generate.Role{
				"goes": {Role: generate.RoleUpdateMask}, "bias": {Role: generate.RoleCausalMask}, "at": {Role: generate.RolePositions}, "codes": {Role: generate.RoleTokens},
			}}},
		},
	},
	{
		name:    "a state of one number counts the tokens",
		inputs:  features{ints("input_ids", 1, -64), ints("attention_mask", 1, -64)},
		outputs: features{halfs("logits")},
		states:  features{halfs("k", 2, 1, 2, 64, 16), halfs("n", 1, 1)},
		want: generate.Driver{
			Family: generate.FamilyStages, ContextLength: 64, Output: &generate.Output{Logits: []string{"logits"}},
			Stages: []generate.Stage{{CursorState: "n", Inputs: map[string]generate.Role{
				"input_ids": {Role: generate.RoleTokens}, "attention_mask": {Role: generate.RoleAttentionMask},
			}}},
		},
	},
	{
		name: "logits in parts come in the order of their numbers",
		inputs: features{
			ints("input_ids", 1, 1), ints("position_ids", 1), halfs("causal_mask", 1, 1, 1, 32), ints("current_pos", 1),
		},
		outputs: features{halfs("logits10", 1, 1, 50), halfs("logits9", 1, 1, 50), halfs("logits1", 1, 1, 50)},
		states:  features{halfs("kv", 4, 2, 32, 16)},
		want: generate.Driver{
			Family: generate.FamilyStages, ContextLength: 32, Output: &generate.Output{Logits: []string{"logits1", "logits9", "logits10"}},
			Stages: []generate.Stage{{Inputs: map[string]generate.Role{
				"input_ids": {Role: generate.RoleTokens}, "position_ids": {Role: generate.RolePositions}, "causal_mask": {Role: generate.RoleCausalMask},
				"current_pos": {Role: generate.RolePositions},
			}}},
		},
	},
	{
		name: "caches whose outputs stand in another order are paired by name",
		inputs: features{
			ints("token", 1, 1), floats("position", 1), halfs("kv_0_k", 1, 2, 32, 8), halfs("kv_0_v", 1, 2, 32, 8), halfs("kv_1_k", 1, 2, 32, 8), halfs("kv_1_v", 1, 2, 32, 8),
		},
		outputs: features{
			halfs("fresh_1_v", 1, 2, 32, 8), halfs("fresh_1_k", 1, 2, 32, 8), floats("logits", 1, 1, 99), halfs("fresh_0_v", 1, 2, 32, 8), halfs("fresh_0_k", 1, 2, 32, 8),
		},
		want: generate.Driver{
			Family: generate.FamilyStages, ContextLength: 32, Output: &generate.Output{Logits: []string{"logits"}},
			Stages: []generate.Stage{{Inputs: map[string]generate.Role{
				"token": {Role: generate.RoleTokens}, "position": {Role: generate.RolePositions},
				"kv_0_k": {Role: generate.RoleCache, Output: "fresh_0_k"}, "kv_0_v": {Role: generate.RoleCache, Output: "fresh_0_v"},
				"kv_1_k": {Role: generate.RoleCache, Output: "fresh_1_k"}, "kv_1_v": {Role: generate.RoleCache, Output: "fresh_1_v"},
			}}},
		},
	},
	{
		name: "a recurrent pair takes copies",
		inputs: features{
			ints("ids", 1, 1), ints("pos", 1), halfs("mask", 1, 1, 1, 32), halfs("conv_in", 3, 64, 4),
		},
		outputs: features{halfs("logits", 1, 1, 99), halfs("conv_out", 3, 64, 4)},
		states:  features{halfs("kv", 4, 2, 32, 16)},
		want: generate.Driver{
			Family: generate.FamilyStages, ContextLength: 32, Output: &generate.Output{Logits: []string{"logits"}}, Rewind: generate.RewindSnapshot,
			Stages: []generate.Stage{{Inputs: map[string]generate.Role{
				"ids": {Role: generate.RoleTokens}, "pos": {Role: generate.RolePositions}, "mask": {Role: generate.RoleCausalMask},
				"conv_in": {Role: generate.RoleCache, Output: "conv_out", Recurrent: true},
			}}},
		},
	},
	{
		name: "the mask of a sliding window may be in two orders",
		inputs: features{
			ints("ids", 1, 1), ints("pos", 1), halfs("mask_all", 1, 1, 1, 32), halfs("mask_near", 1, 1, 1, 8),
		},
		outputs: features{halfs("logits", 1, 1, 99)},
		states:  features{halfs("kv", 4, 2, 32, 16), halfs("near", 4, 2, 8, 16)},
		wantErr: `{"stages": [{"inputs": {"mask_near": {"role": "causal_mask", "ring": true}}}]}`,
	},
	{
		name:    "hidden states in place of tokens are refused",
		inputs:  features{halfs("hidden_states", 1, -64, 512)},
		outputs: features{halfs("logits")},
		wantErr: "none of the inputs (hidden_states",
	},
	{
		name:    "an image is refused",
		inputs:  features{ints("inputIds", 1, -64), {Name: "picture", Kind: coreml.KindImage}},
		outputs: features{halfs("logits")},
		wantErr: "picture: image",
	},
}

func boundless(f coreml.FeatureDescription) coreml.FeatureDescription {
	f.Ranges[3].Upper = -1
	return f
}

func TestDetect(t *testing.T) {
	for _, c := range detectCases {
		t.Run(c.name, func(t *testing.T) {
			desc := &coreml.Description{Inputs: c.inputs, Outputs: c.outputs, States: c.states}
			got, err := generate.Detect(desc, c.override)
			if c.wantErr != "" {
				if !errors.Is(err, generate.ErrDriver) || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("got error %v, want ErrDriver with %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("driver differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefaultsOfAModel(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       *generate.Defaults
	}{
		{"greedy with one end token", `{"eos_token_id": 2, "pad_token_id": 3}`, &generate.Defaults{EndTokens: []int{2}, PadToken: 3}},
		{"several end tokens", `{"eos_token_id": [128001, 128008], "max_new_tokens": 9}`, &generate.Defaults{EndTokens: []int{128001, 128008}, PadToken: -1, MaxTokens: 9}},
		{
			"sampling as Hugging Face fills it up", `{"do_sample": true}`,
			&generate.Defaults{Sampling: &generate.Sampling{Temperature: 1, TopK: 50}, PadToken: -1},
		},
		{
			"sampling with everything", `{"do_sample": true, "temperature": 0.6, "top_k": 0, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.1}`,
			&generate.Defaults{Sampling: &generate.Sampling{Temperature: 0.6, TopP: 0.9, MinP: 0.1, RepetitionPenalty: 1.1}, PadToken: -1},
		},
		{
			"settings of sampling without sampling", `{"temperature": 0.6, "top_p": 0.9, "repetition_penalty": 1.1, "eos_token_id": null}`,
			&generate.Defaults{Sampling: &generate.Sampling{RepetitionPenalty: 1.1}, PadToken: -1},
		},
		{"top-k null is off", `{"do_sample": true, "top_k": null}`, &generate.Defaults{Sampling: &generate.Sampling{Temperature: 1}, PadToken: -1}},
		{"an end token that is a text", `{"eos_token_id": "</s>"}`, nil},
		{"a temperature below zero", `{"do_sample": true, "temperature": -1}`, nil},
		{"no JSON", `eos`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := generate.ReadDefaults(strings.NewReader(c.text))
			if c.want == nil {
				if !errors.Is(err, generate.ErrConfig) {
					t.Errorf("got %v, want ErrConfig", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("defaults differ (-want +got):\n%s", diff)
			}
		})
	}
}
