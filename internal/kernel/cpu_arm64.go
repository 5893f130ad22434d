//go:build !noasm

package kernel

import (
	"runtime"

	"golang.org/x/sys/cpu"
)

// useAsm selects the assembly, useDot that of its kernels which need the dot
// product extension. They are written at start and by SetVariant only.
var useAsm, useDot bool

// hasDot says that the processor has SDOT. Every Apple processor that runs a Mac
// does; some releases of macOS do not tell.
var hasDot bool

// detect looks for SDOT; without it bytes are multiplied by widening
// instructions.
func detect() { hasDot = cpu.ARM64.HasASIMDDP || runtime.GOOS == "darwin" }

func apply(variant string) {
	useAsm = variant == NEON
	useDot = useAsm && hasDot
}

// available always has NEON: it is part of the architecture.
func available() []string { return []string{NEON, Generic} }
