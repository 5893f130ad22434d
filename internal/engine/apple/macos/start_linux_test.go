//go:build arm64 || amd64

package macos_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/apple/rig"
)

// rehearsal is true where a stand-in takes the place of Core ML.
const rehearsal = true

func load(t testing.TB) {
	t.Helper()
	rig.Start(t)
}
