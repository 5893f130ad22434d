//go:build !noasm

package kernel

// What makes weights of a package out of those of a checkpoint.

// bf16to32Asm returns how many numbers it has widened.
func bf16to32Asm(dst []float32, src []uint16) (done int) {
	if done = len(src) &^ 7; !useAVX2 || done == 0 {
		return 0
	}
	bf16to32AVX2(&dst[0], &src[0], done)
	return done
}

// blockPeaksAsm and int4CodesAsm report whether there are kernels. each is the number of
// groups in a block.

func blockPeaksAsm(dst, x []float32, each int) bool {
	if useAVX2 {
		blockPeaksAVX2(&dst[0], &x[0], len(dst), each)
	}
	return useAVX2
}

func int4CodesAsm(codes []byte, x, steps []float32, lost *int4Lost, each int) bool {
	if useAVX2 {
		int4CodesAVX2(&codes[0], &x[0], &steps[0], &lost[0], len(steps), each)
	}
	return useAVX2
}
