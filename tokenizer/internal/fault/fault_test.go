package fault_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
)

func TestAnUnsupportedPartIsNamed(t *testing.T) {
	for _, test := range []struct{ name, component, part, want string }{
		{"a short name in full", "normalizer", "Nmt", `tokenizer: unsupported normalizer "Nmt"`},
		{"no name as an empty one", "model", "", `tokenizer: unsupported model ""`},
		{"control characters as escapes", "decoder", "a\x1b[2Jb", `tokenizer: unsupported decoder "a\x1b[2Jb"`},
		{"a long name up to a bound", "option", strings.Repeat("x", 1000), `tokenizer: unsupported option "` + strings.Repeat("x", 80) + `"...`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := fault.Unsupported{Component: test.component, Name: test.part}
			if got := err.Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestClipKeepsCharactersWhole(t *testing.T) {
	for n := range 90 {
		got := fault.Clip(strings.Repeat("x", n) + strings.Repeat("é", 60))
		if !utf8.ValidString(got) || len(got) > 83 || !strings.HasSuffix(got, "...") {
			t.Errorf("behind %d letters it is %q", n, got)
		}
	}
	if got := fault.Clip("é"); got != "é" {
		t.Errorf("a short text becomes %q", got)
	}
}
