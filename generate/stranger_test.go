package generate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// strangeModel is a fakeModel with inputs of names that no code mentions: a bias of
// the whole context, and two numbers of which one has to be the tokens before.
type strangeModel struct{ *fakeModel }

func (m strangeModel) description() *coreml.Description {
	return &coreml.Description{
		Inputs: features{
			ints("gremlin_len", 1), halfs("veil", 1, 1, -8, fakeContext), ints("pebbles", 1, -8), ints("burrow", 1, 1, fakeContext, 1), floats("heat", 1),
		},
		Outputs: features{floats("murmur", 1, 1, fakeVocab), ints("dug_burrow", 1, 1, fakeContext, 1)},
	}
}

func (m strangeModel) Predict(ctx context.Context, in coreml.Features, st *coreml.State, _ *coreml.PredictOptions) (coreml.Features, error) {
	past, err := intsOf(in.Tensor("gremlin_len"))
	if err != nil {
		return nil, err
	}
	ids, err := intsOf(in.Tensor("pebbles"))
	if err != nil {
		return nil, err
	}
	heat, err := tensor.Values[float32](in.Tensor("heat"))
	if err != nil || heat[0] != 0.5 {
		return nil, fmt.Errorf("heat is %v, %w", heat, err)
	}
	veil, err := tensor.Values[float32](in.Tensor("veil"))
	if err != nil {
		return nil, err
	}
	width := past[0] + len(ids)
	mask := make([]float32, 0, len(ids)*width)
	for i := range len(ids) {
		row := veil[i*fakeContext : (i+1)*fakeContext]
		if i := slices.IndexFunc(row[width:], func(v float32) bool { return v > -1e4 }); i >= 0 {
			return nil, fmt.Errorf("place %d is seen, after %d tokens", width+i, width)
		}
		mask = append(mask, row[:width]...)
	}
	for i, v := range mask {
		if v < 0 {
			mask[i] = float32(math.Inf(-1))
		}
	}
	out, err := m.fakeModel.Predict(ctx, coreml.Features{
		"inputIds": in["pebbles"], "causalMask": coreml.MultiArray(tensor.Wrap(mask, 1, 1, len(ids), width)), "cache": in["burrow"],
	}, st, nil)
	if err != nil {
		return nil, err
	}
	logits, err := tensor.Values[float32](out.Tensor("logits"))
	if err != nil {
		return nil, err
	}
	return coreml.Features{
		"murmur": coreml.MultiArray(tensor.Wrap(logits[len(logits)-fakeVocab:], 1, 1, fakeVocab)), "dug_burrow": out["new_cache"],
	}, nil
}

var lineInError = regexp.MustCompile(`\{"stages": \[\{"inputs": \{"(\w+)": \{"role": "(\w+)"`)

// TestAStrangerWritesADriverFromTheErrors takes the lines that errors give, one after
// the other, and changes in them what only a person knows.
func TestAStrangerWritesADriverFromTheErrors(t *testing.T) {
	m := strangeModel{&fakeModel{next: counting, unrecorded: true}}
	inputs := map[string]string{ // what the person knows of the model
		"gremlin_len": `{"role": "cursor"}`, "heat": `{"role": "constant", "value": 0.5}`, "veil": `{"role": "causal_mask", "fill": -20000}`,
		"burrow": `{"role": "cache", "output": "dug_burrow"}`, "pebbles": `{"role": "tokens"}`,
	}
	written := map[string]string{}
	for range len(inputs) + 1 {
		var members []string
		for name, role := range written {
			members = append(members, fmt.Sprintf("%q: %s", name, role))
		}
		d, err := generate.ReadDriver(strings.NewReader(`{"stages": [{"inputs": {` + strings.Join(members, ", ") + `}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		g, err := generate.NewFake(m, m.description(), storyTokenizer(t), &generate.Config{Driver: d})
		if err != nil {
			found := lineInError.FindStringSubmatch(err.Error())
			if !errors.Is(err, generate.ErrDriver) || found == nil || inputs[found[1]] == "" || written[found[1]] != "" {
				t.Fatalf("the error has no line to write: %v", err)
			}
			written[found[1]] = inputs[found[1]]
			continue
		}
		got, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 12, IgnoreEnd: true}))
		if err != nil {
			t.Fatal(err)
		}
		plain := newFake(t, &fakeModel{next: counting}, generate.Config{})
		want, err := generate.Collect(plain.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 12, IgnoreEnd: true}))
		if err != nil || !slices.Equal(got.Tokens, want.Tokens) {
			t.Errorf("got %v, want %v, %v", got.Tokens, want.Tokens, err)
		}
		if len(written) == 0 {
			t.Error("nothing had to be written")
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	t.Error("the errors never end")
}
