package generate_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/milpb"
)

// variant changes the features of packages: their names, and their order.
type variant struct {
	name string
	// in, out and state return the new name of the i-th feature of a function.
	in, out, state func(name string, i int) string
	reversed       bool // inputs and states
	outReversed    bool
}

func same(name string, _ int) string { return name }

// descriptions returns the features of a model's functions, by pointers.
func descriptions(m *milpb.ModelDescription) (lists [][3]*[]milpb.FeatureDescription, names []string) {
	if len(m.Functions) == 0 {
		return [][3]*[]milpb.FeatureDescription{{&m.Input, &m.Output, &m.State}}, []string{"main"}
	}
	for i := range m.Functions {
		f := &m.Functions[i]
		lists, names = append(lists, [3]*[]milpb.FeatureDescription{&f.Input, &f.Output, &f.State}), append(names, f.Name)
	}
	return lists, names
}

// apply rewrites a model file.
func (v *variant) apply(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := milpb.DecodeModel(data)
	if err != nil {
		t.Fatal(err)
	}
	lists, names := descriptions(m.Description)
	for k, name := range names {
		renamed := map[string]string{}
		for side, rename := range []func(string, int) string{v.in, v.out, v.state} {
			list := *lists[k][side]
			for i := range list {
				renamed[list[i].Name] = rename(list[i].Name, i)
				list[i].Name = renamed[list[i].Name]
			}
			if side == 1 && v.outReversed || side != 1 && v.reversed {
				slices.Reverse(list)
			}
		}
		for i := range m.Program.Functions {
			if f := m.Program.Functions[i]; f.Name == name {
				for j := range f.Function.Inputs {
					renameIn(&f.Function.Inputs[j].Name, renamed)
				}
				for j := range f.Function.Blocks {
					b := f.Function.Blocks[j].Block
					renameBlock(b, renamed)
					if v.outReversed {
						slices.Reverse(b.Outputs)
					}
				}
			}
		}
	}
	if err := os.WriteFile(file, m.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func renameIn(s *string, renamed map[string]string) {
	if to, ok := renamed[*s]; ok {
		*s = to
	}
}

func renameBlock(b *milpb.Block, renamed map[string]string) {
	for i := range b.Outputs {
		renameIn(&b.Outputs[i], renamed)
	}
	for i := range b.Operations {
		op := &b.Operations[i]
		for j := range op.Inputs {
			for k := range op.Inputs[j].Argument.Bindings {
				renameIn(&op.Inputs[j].Argument.Bindings[k].Name, renamed)
			}
		}
		for j := range op.Outputs {
			renameIn(&op.Outputs[j].Name, renamed)
		}
		for j := range op.Blocks {
			renameBlock(&op.Blocks[j], renamed)
		}
	}
}

// variants are what other makers could have called things.
func variants() []variant {
	neutral := func(letter string) func(string, int) string {
		return func(_ string, i int) string { return fmt.Sprintf("%s%dq", letter, i) }
	}
	words := func(pairs ...string) func(string, int) string {
		r := strings.NewReplacer(pairs...)
		return func(name string, _ int) string { return r.Replace(name) }
	}
	return []variant{
		{"in reverse order", same, same, same, true, true},
		{"outputs in reverse order", same, same, same, false, true},
		{"neutral inputs and outputs, these reversed", neutral("u"), neutral("w"), same, false, true},
		{"neutral outputs alone reversed", same, neutral("w"), same, false, true},
		{"neutral inputs", neutral("u"), same, same, false, false},
		{"neutral inputs reversed", neutral("u"), same, same, true, true},
		{"neutral outputs", same, neutral("w"), same, false, false},
		{"neutral outputs reversed", same, neutral("w"), same, true, true},
		{"neutral names", neutral("u"), neutral("w"), neutral("s"), false, false},
		{"neutral names reversed", neutral("u"), neutral("w"), neutral("s"), true, true},
		{
			"other words",
			words("input_ids", "tokens", "inputIds", "token", "input_token", "token_ids", "tokens", "x_tokens", "causalMask", "attn_bias", "causal_mask", "attn_mask", "attention_mask", "pad_mask",
				"position_ids", "place_pos", "current_pos", "cur_pos", "position", "pos_idx", "update_mask", "write_mask", "cache_length", "past_len", "k_cache", "key", "v_cache", "value", "ring_pos", "slot"),
			words("logits", "lm_logits", "token_id", "next_token", "token_logit", "score", "argmax_idx", "ids", "argmax_val", "vals", "new_", "next_", "output_hidden_states", "h", "k_cache", "key", "v_cache", "value"),
			words("Cache", "_state", "pastLen", "seen"), false, false,
		},
		{"bare words", words("input_ids", "ids", "inputIds", "ids", "causalMask", "mask", "causal_mask", "mask", "position_ids", "positions", "attention_mask", "mask"), words("logits", "output", "token_id", "next"), same, true, true},
	}
}

// TestVariantsOfFamiliesAreDrivenOrAskedFor renames and reorders what packages take and
// give: each is driven to the recorded tokens, or refused with a line to write.
func TestVariantsOfFamiliesAreDrivenOrAskedFor(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	root := filepath.Join(fixtures, "..", "families")
	files, _ := filepath.Glob(filepath.Join(root, "*", "generation.json"))
	if fixtures == "" || len(files) == 0 {
		t.Skipf("SKIPPED: %s needs the packages of all families beside COREML_FIXTURES", t.Name())
	}
	for i, file := range files {
		dir := filepath.Dir(file)
		if testing.Short() && i%shortShare != 0 {
			continue // as in the test of their behaviours
		}
		if committedDriver(t, filepath.Base(dir)) != nil || filepath.Base(dir) == "vlm-tiny" {
			continue
		}
		for _, v := range variants() {
			t.Run(filepath.Base(dir)+"/"+v.name, func(t *testing.T) { tryVariant(t, dir, &v) })
		}
	}
}

func tryVariant(t *testing.T, dir string, v *variant) {
	copied := filepath.Join(t.TempDir(), "model")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	models, _ := filepath.Glob(filepath.Join(copied, "*.mlpackage", "Data", "*", "*.mlmodel"))
	for _, m := range models {
		if err := os.Chmod(m, 0o600); err != nil {
			t.Fatal(err)
		}
		v.apply(t, m)
	}
	model, tok := familyPlace(t, dir)
	g, err := generate.Open(t.Context(), filepath.Join(copied, model), &generate.Config{Tokenizer: filepath.Join(dir, tok), Model: &coreml.Config{Arithmetic: coreml.ArithmeticFaithful}})
	if err != nil {
		if !errors.Is(err, generate.ErrDriver) || !strings.Contains(err.Error(), `{"`) {
			t.Errorf("the error has no line to write: %v", err)
			return
		}
		t.Logf("asks: %v", err)
		return
	}
	defer g.Close()
	for _, i := range []int{1, 3} {
		rs := records(t, dir)
		if i >= len(rs) {
			continue
		}
		r := rs[i]
		n := r.sure(leastMargin)
		got, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, &generate.Options{MaxTokens: n, IgnoreEnd: true, Sampling: &generate.Sampling{}}))
		switch {
		case err != nil:
			t.Errorf("refused in the middle: %v", err)
			return
		case !slices.Equal(got.Tokens, r.Greedy[:n]):
			t.Errorf("driven wrongly: %v, want %v: %v", got.Tokens, r.Greedy[:n], g.Driver())
			return
		}
	}
}
