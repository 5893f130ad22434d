package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Files returns the kernels: those for AVX2, and those for AVX-512 and VNNI.
func Files() []*asm.File {
	return []*asm.File{
		write("kernels", dense, reductions, activations, codesAsTheyLie, streams, palettes, fasts, panels, wordPanels, matmul),
		write("kernels512", fasts512, panelsVNNI, matmul512, streams512, palettes512),
	}
}

func write(stem string, families ...func(file)) *asm.File {
	f := file{asm.NewFile(stem, "amd64")}
	for _, family := range families {
		family(f)
	}
	return f.File
}
