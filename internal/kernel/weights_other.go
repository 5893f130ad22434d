//go:build noasm || !amd64

package kernel

// There are no kernels here: what these would do is done in plain Go.

func bf16to32Asm([]float32, []uint16) int                            { return 0 }
func blockPeaksAsm(_, _ []float32, _ int) bool                       { return false }
func int4CodesAsm(_ []byte, _, _ []float32, _ *int4Lost, _ int) bool { return false }
