//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
)

// Question H: may the main thread, which frameworks treat differently, and others
// load and predict at once?
func TestQuestionH_MainThreadAndOthersAtOnce(t *testing.T) {
	needStates(t)
	balanced(t)
	work := func() error {
		cfg := config(coreml.UnitsAll)
		m, err := coreml.Load(t.Context(), path("accumulator"), &cfg)
		if err != nil {
			return err
		}
		return errors.Join(accumulate(t.Context(), m, 20), m.Close())
	}
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			for range 5 {
				if err := work(); err != nil {
					t.Errorf("goroutine %d: %v", g, err)
				}
			}
		})
	}
	for range 5 {
		onMainThread(func() {
			if err := work(); err != nil {
				t.Errorf("main thread: %v", err)
			}
		})
	}
	wg.Wait()

	// One model that both use.
	m := open(t, "accumulator", config(coreml.UnitsAll))
	for range 4 {
		wg.Go(func() {
			if err := accumulate(t.Context(), m, 50); err != nil {
				t.Error(err)
			}
		})
	}
	onMainThread(func() {
		if err := accumulate(t.Context(), m, 50); err != nil {
			t.Errorf("main thread, with a shared model: %v", err)
		}
	})
	wg.Wait()
	tell(t, "main-thread", "loads and predicts beside others")
}
