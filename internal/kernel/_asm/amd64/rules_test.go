package amd64

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// rules are those of Go's ABI0: an assembly function may use every register but the
// stack pointer and the frame pointer, R14 and R15 among them (the wrapper sets the
// goroutine's register anew, and constants that are local to a file need none to be
// found). No vector register has a value at the start.
var rules = asmtest.Rules{
	Machine:  machine,
	Entry:    []string{"SP"},
	Reserved: []string{"SP", "BP"},
	Sets:     promised,
}

// promised are the instruction sets that a kernel's name promises, each of which
// contains those before it.
func promised(name string) []string {
	switch {
	case strings.HasSuffix(name, "AVX2"):
		return []string{avx2}
	case strings.HasSuffix(name, "AVX512"):
		return []string{avx2, avx512}
	case strings.HasSuffix(name, "VNNI"):
		return []string{avx2, avx512, vnni}
	case strings.HasSuffix(name, "AMX"):
		return []string{avx2, avx512, amx}
	}
	return nil
}

func TestEveryKernelKeepsTheRules(t *testing.T) {
	for _, f := range Files() {
		for _, fn := range asmtest.Written(t, f).Functions {
			t.Run(fn.Name, func(t *testing.T) {
				for _, wrong := range rules.Check(fn) {
					t.Error(wrong)
				}
			})
		}
	}
}
