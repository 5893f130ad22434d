//go:build unix

package coreml_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// truncatedEnv makes the test binary a victim: a fault that is not caught ends the
// process, which a test can only see from outside.
const truncatedEnv = "COREML_TEST_TRUNCATE"

// survived is the last line of a victim that lived.
const survived = "survived"

func TestAWeightFileCutShortUnderPredictionsIsAnError(t *testing.T) {
	for _, model := range []string{"llama-int4", "llama-fp16", "llama-lut4-grouped"} {
		for _, cpu := range []string{"avx512", "avx2", "neon", "generic"} { // those that are not here fall back
			for _, how := range []string{"shorten", "empty", "tail", "reextend"} {
				if how != "shorten" && (model != "llama-int4" || cpu != "generic") {
					continue
				}
				t.Run(model+" "+cpu+" "+how, func(t *testing.T) {
					cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictimOfTruncation$", "-test.v")
					cmd.Env = append(os.Environ(), truncatedEnv+"="+model+" "+how, "COREML_CPU="+cpu)
					out, err := cmd.CombinedOutput()
					if err != nil || !strings.Contains(string(out), survived) {
						t.Errorf("%v\n%s", err, out[:min(len(out), 3000)])
					}
				})
			}
		}
	}
}

// TestVictimOfTruncation runs in a process of its own.
func TestVictimOfTruncation(t *testing.T) {
	model, how, ok := strings.Cut(os.Getenv(truncatedEnv), " ")
	if !ok {
		t.Skip("started by TestAWeightFileCutShortUnderPredictionsIsAnError")
	}
	dir := filepath.Join(t.TempDir(), "model.mlpackage")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../testdata/fixtures", model, "model.mlpackage"))); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(dir, "Data/com.apple.CoreML/weights/weight.bin")
	if err := os.Chmod(weights, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := coreml.Load(t.Context(), dir, portable)
	if err != nil {
		t.Fatal(err)
	}
	predicted := make(chan struct{}, 100)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := predictUntilItFails(t, m, 1+i%3, predicted); err != nil {
				t.Error(err)
			}
		})
	}
	for range cap(predicted) {
		<-predicted
	}
	cut(t, weights, how)
	wg.Wait()
	// The loss is for good, whatever lies there now.
	if _, err := m.Predict(t.Context(), decodeStep(5, 1), newState(t, m), nil); !errors.Is(err, coreml.ErrFileChanged) {
		t.Errorf("a later prediction: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if !t.Failed() {
		fmt.Println(survived)
	}
}

func cut(t *testing.T, weights, how string) {
	t.Helper()
	info, err := os.Stat(weights)
	if err != nil {
		t.Fatal(err)
	}
	size := map[string]int64{"shorten": 8192, "empty": 0, "tail": info.Size() - 1, "reextend": 4096}[how]
	if err := os.Truncate(weights, size); err != nil {
		t.Fatal(err)
	}
	if how == "reextend" {
		if err := os.Truncate(weights, info.Size()); err != nil {
			t.Fatal(err)
		}
	}
}

// predictUntilItFails makes so many predictions at a time. It says what is wrong with the
// first failure, or that there is none.
func predictUntilItFails(t *testing.T, m *coreml.Model, n int, predicted chan<- struct{}) error {
	for start := time.Now(); time.Since(start) < time.Minute; {
		requests := make([]coreml.Request, n)
		for i := range requests {
			st, err := m.NewState()
			if err != nil {
				return err
			}
			requests[i] = coreml.Request{Inputs: decodeStep(5, 1), State: st}
		}
		var err error
		if n == 1 {
			_, err = m.Predict(t.Context(), requests[0].Inputs, requests[0].State, nil)
			requests[0].Err = err
		} else {
			err = m.PredictMany(t.Context(), requests)
		}
		if err == nil {
			select {
			case predicted <- struct{}{}:
			default:
			}
			continue
		}
		for _, r := range requests {
			if r.Err == nil { // it had its result before
				continue
			}
			if err := lostFile(m, r.State, r.Err); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("no prediction failed")
}

// lostFile says what is wrong with the error of a prediction, and with its state, once
// the file of the weights is lost.
func lostFile(m *coreml.Model, st *coreml.State, err error) error {
	if !errors.Is(err, coreml.ErrFileChanged) || !strings.Contains(err.Error(), "weight.bin") {
		return fmt.Errorf("the error is %w, want ErrFileChanged with the file's name", err)
	}
	// The loss is met before the first change of the state, or after it.
	if st.Err() == nil {
		return isZero(m, st)
	}
	if !errors.Is(st.Err(), coreml.ErrStateFailed) {
		return fmt.Errorf("the state's error is %w, want ErrStateFailed", st.Err())
	}
	return nil
}

// isZero says whether a state is as it was when it was made.
func isZero(m *coreml.Model, st *coreml.State) error {
	for _, f := range m.Description().States {
		buffer, err := st.Read(f.Name)
		if err != nil {
			return err
		}
		values, err := tensor.Values[float32](buffer)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(values, func(x float32) bool { return x != 0 }) {
			return fmt.Errorf("state %s was changed and is not marked as failed", f.Name)
		}
	}
	return nil
}
