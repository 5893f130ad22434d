//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// These select the assembly. They are written at start and by SetVariant only.
var (
	useAsm bool
	// useAVX2 is set with useAVX512 too: what has no wider twin runs as it is.
	useAVX2   bool
	useAVX512 bool
	// useVNNI stands for the integer dot products, which not every processor with
	// AVX-512 has.
	useVNNI bool
)

// These say what the processor and the operating system support.
var hasAVX2, hasAVX512, hasVNNI bool

// detect relies on x/sys/cpu to find out whether the operating system saves the
// wide registers too.
func detect() {
	x := &cpu.X86
	hasAVX2 = x.HasAVX2 && x.HasFMA && x.HasF16C
	hasAVX512 = hasAVX2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ
	hasVNNI = hasAVX512 && x.HasAVX512VNNI
}

// apply turns everything off for a variant that the machine lacks.
func apply(variant string) {
	useAVX512 = variant == AVX512 && hasAVX512
	useVNNI = useAVX512 && hasVNNI
	useAVX2 = useAVX512 || variant == AVX2 && hasAVX2
	useAsm = useAVX2
}

// available counts AVX-512 with or without VNNI, which has no name of its own.
func available() []string {
	switch {
	case hasAVX512:
		return []string{AVX512, AVX2, Generic}
	case hasAVX2:
		return []string{AVX2, Generic}
	}
	return []string{Generic}
}
