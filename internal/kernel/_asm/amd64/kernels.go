package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Files returns the kernels: those for AVX2, and those for AVX-512 and VNNI.
//
// The second file needs what the first has besides: a processor with AVX-512 runs
// kernels of both.
func Files() []*asm.File {
	return []*asm.File{
		write("kernels", cpuid, xgetbv, dense, sums, maximum, activations, unpacks, palettes, fewOf256, words256, panels, wordPanels, halvesPanels, matmul, rowsAVX2, taps, attention, int4, rotaryAVX2),
		write("kernels512", fewOf512, words512, panelsVNNI, panelsAMX, panelsHalves, matmul512, rowsAVX512, taps512, attention512, quantizeMany512, activations512, roundRows, rotaryAVX512),
	}
}

// write lets the families add their kernels to a file. Their order is that of the
// assembly, which changes in review only where a kernel does.
func write(stem string, families ...func(file)) *asm.File {
	f := file{asm.NewFile(stem, "amd64")}
	for _, family := range families {
		family(f)
	}
	return f.File
}
