package mil_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
)

func TestForeignNamesAreShownWithoutControlCharactersAndNotAtLength(t *testing.T) {
	for name, want := range map[string][2]string{
		"relu_1":        {`"relu_1"`, "relu_1"},
		"":              {`""`, `""`},
		"a\x1b[31mb":    {`"a\x1b[31mb"`, `"a\x1b[31mb"`},
		"zwei Wörter":   {`"zwei Wörter"`, `"zwei Wörter"`},
		"\u202eesrever": {`"\u202eesrever"`, `"\u202eesrever"`},
	} {
		if got := mil.Quote(name); got != want[0] {
			t.Errorf("Quote(%q) = %s, want %s", name, got, want[0])
		}
		if got := mil.Plain(name); got != want[1] {
			t.Errorf("Plain(%q) = %s, want %s", name, got, want[1])
		}
	}
	long := strings.Repeat("x", 1<<20)
	for _, got := range []string{mil.Quote(long), mil.Plain(long)} {
		if len(got) > 200 {
			t.Errorf("a name of a megabyte is shown in %d bytes", len(got))
		}
	}
}
