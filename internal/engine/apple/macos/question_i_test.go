//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"bytes"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// bigState is the size of the state of the package big-state.
const bigState = 8 << 20

// Question I: do states begin at zero, also when the memory of a used one serves
// again?
func TestQuestionI_StatesBeginAtZero(t *testing.T) {
	needStates(t)
	if rehearsal && testing.Short() {
		t.Skip("the state is large, and the race detector slow")
	}
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		m := open(t, "big-state", cfg)
		one := coreml.Features{"x": coreml.MultiArray(tensor.FromSlice([]float32{1}, 1, 1))}
		for round := range 4 {
			st, err := m.NewState()
			if err != nil {
				t.Fatal(err)
			}
			allZero(t, st, round)
			for range 2 {
				if _, err := m.Predict(t.Context(), one, st, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := st.Reset(); err != nil {
				t.Fatal(err)
			}
			allZero(t, st, round)
			if _, err := m.Predict(t.Context(), one, st, nil); err != nil {
				t.Fatal(err)
			}
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
		}
		tell(t, "states-begin", "at zero")
	})
}

var zeros = make([]byte, bigState)

func allZero(t *testing.T, st *coreml.State, round int) {
	t.Helper()
	got, err := st.Read("big")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := got.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) != bigState {
		t.Fatalf("the state has %d bytes", len(raw))
	}
	if !bytes.Equal(raw, zeros) {
		t.Fatalf("round %d: the state does not begin with zeros", round)
	}
}

// Question I: does Close give a state's memory back?
func TestQuestionI_CloseGivesStatesBack(t *testing.T) {
	needStates(t)
	if rehearsal && testing.Short() {
		t.Skip("the state is large, and the race detector slow")
	}
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		m := open(t, "big-state", cfg)
		one := coreml.Features{"x": coreml.MultiArray(tensor.FromSlice([]float32{1}, 1, 1))}
		run := func(n int) {
			for range n {
				st, err := m.NewState()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := m.Predict(t.Context(), one, st, nil); err != nil {
					t.Fatal(err)
				}
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		run(4)
		before := resident(t)
		const states = 32
		run(states)
		after := resident(t)
		// A few may be kept for the next; a leak of each would be 256 MiB.
		if grown := after - before; grown > 8*bigState {
			t.Errorf("%.1f MiB more are resident after %d states of 8 MiB", mib(grown), states)
		}
		tell(t, "states-are-given-back", "%d states of 8 MiB: %.1f MiB before, %.1f MiB after", states, mib(before), mib(after))
	})
}
