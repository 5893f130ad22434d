//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/objc"
)

// Question F: does Core ML keep an input after the prediction has returned? The
// array's own deallocator says when its memory may be used again.
func TestQuestionF_InputsAreLetGo(t *testing.T) {
	dir := compiled(t, "ranges")
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		m, err := rawModel(dir, "", cfg.ComputeUnits)
		if err != nil {
			t.Fatal(err)
		}
		released := make(chan struct{})
		release, err := objc.NewBlock(objc.MLMultiArray.InitWithDataPointer, func(_, _, _ uintptr) { close(released) })
		if err != nil {
			t.Fatal(err)
		}
		defer release.Close()
		a := halfArray(t, page(t, 1<<14), []int{1, 8}, []int{8, 1}, release)
		objc.WithPool(func() {
			if _, err := rawPredict(m, nil, nil, map[string]objc.ID{"x": a.ID()}); err != nil {
				t.Error(err)
			}
		})
		a.Close()
		when := "with the prediction"
		if !soon(released) {
			when = "with the next prediction"
			objc.WithPool(func() {
				b, err := rawArray(float16Type, 1, 8)
				if err != nil {
					t.Error(err)
					return
				}
				defer b.Close()
				if _, err := rawPredict(m, nil, nil, map[string]objc.ID{"x": b.ID()}); err != nil {
					t.Error(err)
				}
			})
		}
		if !soon(released) {
			when = "with the model"
		}
		m.Close()
		if !soon(released) {
			t.Error("the input is kept although the model has gone")
		}
		tell(t, "inputs-are-let-go", "%s", when)
	})
}

// soon waits a moment for a channel to be closed.
func soon(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-time.After(time.Second):
		return false
	}
}
