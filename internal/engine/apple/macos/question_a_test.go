//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/objc"
)

// Question A: do the live classes have the methods and types of the table?
func TestQuestionA_LiveClassesMatchTheTable(t *testing.T) {
	found := start(t)
	wrong := 0
	for _, gap := range objc.Missing() {
		switch {
		case gap.Expected:
			t.Logf("newer than this system: %v", gap)
		case rehearsal:
			t.Logf("not in the stand-in: %v", gap)
		default:
			wrong++
			t.Errorf("%v", gap)
		}
	}
	if found.Checked < 100 {
		t.Errorf("only %d entries were looked up", found.Checked)
	}
	tell(t, "encodings", "%s: %d entries looked up, %d wrong", found.System, found.Checked, wrong)
}
