package generate_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// withConstants describes a model with a cache and inputs of the given sizes
// besides, and the driver that fills them.
func withConstants(sizes map[string][]int) (*coreml.Description, *generate.Driver) {
	desc := (&fakeModel{}).description()
	d := (&fakeModel{}).driver()
	d.Constants = map[string]float64{}
	for name, shape := range sizes {
		desc.Inputs = append(desc.Inputs, ints(name, shape...))
		d.Constants[name] = 7
	}
	return desc, d
}

func TestInputsThatAreTooLargeToBeFilledAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes map[string][]int
		field string // empty where they are filled
	}{
		{"as large as may be", map[string][]int{"k": {1, 1 << 24}}, ""},
		{"one element more", map[string][]int{"k": {1, 1<<24 + 1}}, "constants.k"},
		{"two gigabytes", map[string][]int{"k": {1, 1 << 29}}, "constants.k"},
		{"more than an int counts", map[string][]int{"k": {1 << 30, 1 << 30, 1 << 30}}, "constants.k"},
		{"two that are too large together", map[string][]int{"a": {1 << 23}, "b": {1<<23 + 1}}, "constants.b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			desc, d := withConstants(c.sizes)
			_, err := generate.Detect(desc, d)
			if c.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantDriverError(t, err, c.field, "more than 16777216 elements of all constants together")
		})
	}
}

func TestConstantsHaveTheirValueInTheInputsType(t *testing.T) {
	desc, d := withConstants(map[string][]int{"k": {1, 3}})
	m := &seen{fakeModel: &fakeModel{next: counting}}
	g, err := generate.NewFake(m, desc, nil, &generate.Config{Driver: d})
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), []int{1}); err != nil {
		t.Fatal(err)
	}
	if got, err := intsOf(m.in.Tensor("k")); err != nil || !slices.Equal(got, []int{7, 7, 7}) || m.in.Tensor("k").DType() != tensor.Int32 {
		t.Errorf("the constant is %v, %v", got, err)
	}
}

// seen keeps the inputs of the last prediction.
type seen struct {
	*fakeModel
	in coreml.Features
}

func (m *seen) Predict(ctx context.Context, in coreml.Features, st *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error) {
	m.in = in
	return m.fakeModel.Predict(ctx, in, st, opts)
}

func TestNoConstantIsFilledAfterTheContextHasEnded(t *testing.T) {
	desc, d := withConstants(map[string][]int{"k": {1, 1 << 24}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n, err := generate.FilledConstants(ctx, &fakeModel{}, desc, d)
	if n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d constants were filled, error %v", n, err)
	}
}

func TestCachesThatAreTooLargeToBeMadeAreRefused(t *testing.T) {
	describe := func(length int) *coreml.Description {
		return &coreml.Description{
			Inputs: features{
				ints("inputIds", 1, -64), halfs("causalMask", 1, 1, -64, -64),
				halfs("past_key", 1, 1<<10, length, 1<<10), halfs("past_value", 1, 1<<10, length, 1<<10),
			},
			Outputs: features{
				floats("logits", 1, 1, 99), halfs("present_key", 1, 1<<10, length, 1<<10), halfs("present_value", 1, 1<<10, length, 1<<10),
			},
		}
	}
	if _, err := generate.Detect(describe(1<<10), nil); err != nil {
		t.Errorf("caches of just as many elements as may be: %v", err)
	}
	_, err := generate.Detect(describe(1<<10+1), nil)
	wantDriverError(t, err, "", "input past_value")
	_, err = generate.Detect(describe(1<<10+1), &generate.Driver{Caches: map[string]string{
		"past_key": "present_key", "past_value": "present_value",
	}})
	wantDriverError(t, err, "caches.past_value", "makes more than 2147483648 elements of all caches together")
}

func TestTextsAreNotPaddedBeyondTheGreatestContext(t *testing.T) {
	desc := &coreml.Description{
		Inputs:  features{enumerated(ints("ids", 1, 8), []int{1, 8}, []int{1, 1 << 29})},
		Outputs: features{floats("logits")},
	}
	g, err := generate.NewFake(&checked{t, desc}, desc, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), make([]int, 9)); !errors.Is(err, generate.ErrContextFull) {
		t.Errorf("error is %v", err)
	}
}

func TestMasksOfMoreThanAGigabyteAreNotMade(t *testing.T) {
	if _, err := generate.CausalMask(tensor.Float32, 1<<14+1, 0, -1); !errors.Is(err, generate.ErrContextFull) {
		t.Errorf("error is %v", err)
	}
}

// A prompt of the whole context in one chunk is shared out where its mask would be
// larger: 20,000 tokens squared are 1.6 GB of float32, 13,421 rows of them 1 GiB.
func TestChunksAreShorterWhereTheMaskWouldBeTooLarge(t *testing.T) {
	desc := &coreml.Description{
		Inputs:  features{ints("ids", 1, -20000), floats("mask", 1, 1, -20000, -20000)},
		States:  features{halfs("kv", 1, 1, 20000, 2)},
		Outputs: features{floats("logits", 1, 1, 99)},
	}
	n, err := generate.ChunkOf(desc, 0, 20000, 1<<20)
	if n != 13421 || err != nil {
		t.Errorf("a chunk has %d tokens, %v", n, err)
	}
}

func TestAMaskIsNotWrittenAfterTheContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := generate.MaskUntil(ctx, 4, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
