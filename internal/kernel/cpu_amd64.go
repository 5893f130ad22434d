//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// useAsm selects the assembly, useAVX2 that of its kernels which need AVX2. They
// are written at start and by SetVariant only.
var useAsm, useAVX2 bool

// hasAVX2 says that the processor and the operating system support what the
// kernels use.
var hasAVX2 bool

func detect() {
	hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C
}

func apply(variant string) {
	useAVX2 = variant == AVX2 && hasAVX2
	useAsm = useAVX2
}

func available() []string {
	if hasAVX2 {
		return []string{AVX2, Generic}
	}
	return []string{Generic}
}
