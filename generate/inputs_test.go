package generate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// probe records what it is given and answers with logits of rows rows.
type probe struct {
	rows  int
	given []string
}

func (p *probe) NewState() (*coreml.State, error) { return nil, errors.New("there are no states") }

func (p *probe) Predict(_ context.Context, in coreml.Features, _ *coreml.State, _ *coreml.PredictOptions) (coreml.Features, error) {
	var lines []string
	for _, name := range []string{"ids", "attention_mask", "bias", "scale"} {
		v, ok := in[name]
		if !ok {
			continue
		}
		t := v.MultiArray()
		values, err := tensor.Values[float32](t)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("%s %v %v %v", name, t.DType(), t.Shape(), values))
	}
	p.given = append(p.given, strings.Join(lines, "\n"))
	return coreml.Features{"logits": coreml.MultiArray(tensor.New(tensor.Float32, 1, p.rows, 5))}, nil
}

func TestInputsAreWhatTheDescriptionAsksFor(t *testing.T) {
	fill := -100.0
	for _, c := range []struct {
		name   string
		inputs features
		driver *generate.Driver
		pad    int
		rows   int
		feed   []int
		want   string
	}{
		{
			name: "a fixed length is padded", inputs: features{ints("ids", 1, 4), ints("attention_mask", 1, 4)},
			pad: 9, rows: 4, feed: []int{2, 3},
			want: "ids int32 [1 4] [2 3 9 9]\nattention_mask int32 [1 4] [1 1 0 0]",
		},
		{
			name:   "the smallest of the lengths that holds the text is taken",
			inputs: features{enumerated(ints("ids", 1, 8), []int{1, 8}, []int{1, 3}, []int{1, 2})},
			rows:   3, feed: []int{2, 3, 4}, want: "ids int32 [1 3] [2 3 4]",
		},
		{
			name: "a free length is not padded", inputs: features{floats("ids", 1, -8), halfs("attention_mask", 1, -8)},
			rows: 3, feed: []int{2, 3, 4}, want: "ids float32 [1 3] [2 3 4]\nattention_mask float16 [1 3] [1 1 1]",
		},
		{
			name: "a causal mask without a cache is square, with the driver's fill", inputs: features{halfs("ids", 1, -8), floats("bias", 1, 1, -8, -8)},
			driver: &generate.Driver{MaskFill: &fill}, rows: 2, feed: []int{2, 3},
			want: "ids float16 [1 2] [2 3]\nbias float32 [1 1 2 2] [0 -100 0 0]",
		},
		{
			name: "a constant fills its input", inputs: features{ints("ids", 1, -8), halfs("scale", 1, 3)},
			driver: &generate.Driver{Constants: map[string]float64{"scale": 1.5}}, rows: 1, feed: []int{2, 3},
			want: "ids int32 [1 2] [2 3]\nscale float16 [1 3] [1.5 1.5 1.5]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &probe{rows: c.rows}
			desc := &coreml.Description{Inputs: c.inputs, Outputs: features{floats("logits")}}
			s := fakeSequence(t, p, desc, nil, &generate.Config{Driver: c.driver, Defaults: &generate.Defaults{PadToken: c.pad}})
			if _, err := s.Append(t.Context(), c.feed); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{c.want}, p.given); diff != "" {
				t.Errorf("inputs differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLogitsThatCannotBeRightAreRefused(t *testing.T) {
	fixed := features{ints("ids", 1, 4)}
	for name, c := range map[string]struct {
		inputs features
		rows   int
	}{
		"the only row belongs to the padding": {fixed, 1},
		"too few rows":                        {features{ints("ids", 1, -8)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := fakeSequence(t, &probe{rows: c.rows}, &coreml.Description{Inputs: c.inputs, Outputs: features{floats("logits")}}, nil, nil)
			if _, err := s.Append(t.Context(), []int{1, 2, 3}); !errors.Is(err, generate.ErrDriver) {
				t.Errorf("got %v, want ErrDriver", err)
			}
		})
	}
}

func TestGeneratorsThatCannotWorkAreNotMade(t *testing.T) {
	ids, out := ints("ids", 1, -8), features{floats("logits")}
	mask := halfs("mask", 1, 1, -8, -8)
	for name, c := range map[string]struct {
		desc coreml.Description
		o    generate.Config
		want error
	}{
		"a negative number of states": {coreml.Description{Inputs: features{ids}, Outputs: out}, generate.Config{MaxStates: -1}, generate.ErrConfig},
		"defaults that make no sense": {
			coreml.Description{Inputs: features{ids}, Outputs: out},
			generate.Config{Defaults: &generate.Defaults{Sampling: &generate.Sampling{TopP: 3}}},
			generate.ErrConfig,
		},
		"a constant of no fixed shape": {
			coreml.Description{Inputs: features{ids, floats("scale", 1, -4)}, Outputs: out},
			generate.Config{Driver: &generate.Driver{Constants: map[string]float64{"scale": 1}}},
			generate.ErrDriver,
		},
		"a cache of no fixed shape": {
			coreml.Description{Inputs: features{ids, mask, halfs("kv", 1, -4, 8)}, Outputs: append(out, halfs("kv_out", 1, -4, 8))},
			generate.Config{Driver: &generate.Driver{Caches: map[string]string{"kv": "kv_out"}}},
			generate.ErrDriver,
		},
		"a mask of integers": {
			coreml.Description{Inputs: features{ids, ints("mask", 1, 1, -8, -8)}, Outputs: out},
			generate.Config{Driver: &generate.Driver{Mask: "mask"}},
			generate.ErrDriver,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := generate.NewFake(&probe{}, &c.desc, nil, &c.o); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := generate.New(nil, nil, nil); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("without a model: %v", err)
	}
}

func TestNoShapeThatFitsIsAnError(t *testing.T) {
	m := &fakeModel{next: counting}
	desc := m.description()
	desc.Inputs[0] = enumerated(desc.Inputs[0], []int{1, 8}, []int{1, 16})
	s := fakeSequence(t, m, desc, nil, &generate.Config{Driver: m.driver()})
	if _, err := s.Append(t.Context(), prompt); !errors.Is(err, generate.ErrDriver) || !errors.Is(err, coreml.ErrShape) {
		t.Errorf("got %v, want ErrDriver and ErrShape", err)
	}
	if s.Len() != 0 {
		t.Errorf("%d tokens stayed after the error", s.Len())
	}
}

func TestACancelledContextOpensNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := generate.Open(ctx, "../examples/storyteller/model/model.mlpackage", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
