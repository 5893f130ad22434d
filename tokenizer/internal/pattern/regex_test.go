package pattern

import (
	"testing"
	"time"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// TestAPanicOfTheEngineIsTheCallers searches without an engine, in the goroutine that
// searches where there is a context.
func TestAPanicOfTheEngineIsTheCallers(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	_, err := regexMatcher{}.Find(&budget.Budget{Done: t.Context().Done(), Patience: time.Minute}, nil, "text")
	t.Errorf("it returned %v", err)
}
