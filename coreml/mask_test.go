package coreml_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/tensor"
)

// predictTokens predicts n tokens with a mask.
func predictTokens(t *testing.T, m *coreml.Model, st *coreml.State, n int, mask *tensor.Tensor) error {
	t.Helper()
	ids := make([]int32, n)
	for k := range ids {
		ids[k] = int32(k + 1)
	}
	_, err := m.Predict(t.Context(), coreml.Features{
		"inputIds": coreml.MultiArray(tensor.FromSlice(ids, 1, n)), "causalMask": coreml.MultiArray(mask),
	}, st, nil)
	return err
}

// languageModels calls f with the models of the repository and of COREML_FIXTURES
// that are driven by ids and a causal mask, with fused operations and without.
func languageModels(t *testing.T, f func(t *testing.T, m *coreml.Model)) {
	t.Helper()
	load := map[string]func(cfg *coreml.Config) (*coreml.Model, error){
		"storyteller": func(cfg *coreml.Config) (*coreml.Model, error) {
			return coreml.LoadFS(context.Background(), storyteller.FS(), storyteller.Package, cfg)
		},
	}
	if dir := os.Getenv("COREML_FIXTURES"); dir != "" {
		load["smollm2"] = func(cfg *coreml.Config) (*coreml.Model, error) {
			return coreml.Load(context.Background(), filepath.Join(dir, "smollm2", "model.mlpackage"), cfg)
		}
	}
	for name, open := range load {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, unfused %v", name, plain), func(t *testing.T) {
				m, err := open(&coreml.Config{Engine: coreml.EnginePortable, NoFusion: plain})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close() //nolint:errcheck // a test
				f(t, m)
			})
		}
	}
}

func TestAMaskOfTheWrongShapeLeavesTheStateAlone(t *testing.T) {
	causal := func(rows, past int, o tensor.CausalMaskOptions) *tensor.Tensor {
		return tensor.CausalMask(tensor.Float16, rows, past, &o)
	}
	languageModels(t, func(t *testing.T, m *coreml.Model) {
		st, err := m.NewState()
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close() //nolint:errcheck // a test
		refuse := func(n int, mask *tensor.Tensor) {
			t.Helper()
			err := predictTokens(t, m, st, n, mask)
			if !errors.Is(err, tensor.ErrShape) || st.Err() != nil {
				t.Fatalf("%d ids with a mask of shape %v gave %v and the state %v", n, mask.Shape(), err, st.Err())
			}
			for _, want := range []string{"the inputs' shapes do not go together", fmt.Sprintf("inputIds [1 %d]", n), fmt.Sprintf("causalMask %v", mask.Shape())} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
		}
		refuse(4, causal(3, 0, tensor.CausalMaskOptions{Width: 4}))
		refuse(2, causal(3, 0, tensor.CausalMaskOptions{}))
		refuse(1, causal(3, 0, tensor.CausalMaskOptions{Width: 4}))
		// A series of tokens, in which predictions are no longer looked through.
		for past := range 6 {
			if err := predictTokens(t, m, st, 1, causal(1, past, tensor.CausalMaskOptions{})); err != nil {
				t.Fatal(err)
			}
		}
		refuse(1, causal(2, 5, tensor.CausalMaskOptions{}))
		for past := 6; past < 12; past++ {
			if err := predictTokens(t, m, st, 1, causal(1, past, tensor.CausalMaskOptions{})); err != nil {
				t.Fatal(err)
			}
		}
		refuse(2, causal(1, 12, tensor.CausalMaskOptions{Rows: 3, Width: 14}))
		if err := predictTokens(t, m, st, 1, causal(1, 12, tensor.CausalMaskOptions{})); err != nil {
			t.Errorf("after the refusals: %v", err)
		}
	})
}

func TestABooleanMaskIsNoMaskOfFloats(t *testing.T) {
	languageModels(t, func(t *testing.T, m *coreml.Model) {
		st, err := m.NewState()
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close() //nolint:errcheck // a test
		err = predictTokens(t, m, st, 3, tensor.CausalMask(tensor.Bool, 3, 0, nil))
		var refused *coreml.InputError
		if !errors.As(err, &refused) || refused.Name != "causalMask" || !errors.Is(err, coreml.ErrDType) || st.Err() != nil {
			t.Errorf("a boolean mask gave %v and the state %v", err, st.Err())
		}
	})
}
