package embed_test

import (
	"os"
	"testing"
)

// TestMain keeps the tests on the portable engine on every system: what they
// compare is its. COREML_ENGINE may name another one.
func TestMain(m *testing.M) {
	if os.Getenv("COREML_ENGINE") == "" {
		if err := os.Setenv("COREML_ENGINE", "portable"); err != nil {
			panic(err)
		}
	}
	m.Run()
}
