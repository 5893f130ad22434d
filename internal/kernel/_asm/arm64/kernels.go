package arm64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Files returns the kernels: NEON's, some of them with the dot product extension.
func Files() []*asm.File {
	f := file{asm.NewFile("kernels", "arm64")}
	for _, family := range []func(file){dense, activations, matmul, codesAsTheyLie, palettes, manies, fews, wordKernels, taps} {
		family(f)
	}
	return []*asm.File{f.File}
}
