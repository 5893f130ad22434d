//go:build arm64 || amd64

package macos_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/objc"
)

// rehearsal is true where a stand-in takes the place of Core ML.
const rehearsal = false

func load(t testing.TB) {
	t.Helper()
	if err := objc.Load(); err != nil {
		t.Fatal(err)
	}
}
