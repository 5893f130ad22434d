package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Files returns the kernels: those for AVX2, and those for AVX-512 and VNNI.
func Files() []*asm.File {
	avx2 := file{asm.NewFile("kernels", "amd64")}
	for _, family := range []func(file){dense, reductions, activations, codesAsTheyLie, streams, palettes, fasts, panels, wordPanels, matmul} {
		family(avx2)
	}
	return []*asm.File{avx2.File}
}
