//go:build noasm || !(amd64 || arm64)

package kernel

// useAsm is a constant here, so the compiler drops every call of the functions
// below; they exist to type-check.
const useAsm = false

// detect has nothing to find out: Generic is all there is.
func detect() {}

func apply(string) {}

func available() []string { return []string{Generic} }

func f16to32Asm(_ *float32, _ *uint16, _ int)                               {}
func f32to16Asm(_ *uint16, _ *float32, _ int)                               {}
func roundF16Asm(_ *float32, _ int)                                         {}
func dotAsm(_, _ *float32, _ int, _ *float32, _ float32) float32            { return 0 }
func dotF16Asm(_ *uint16, _ *float32, _ int, _ *float32, _ float32) float32 { return 0 }
func axpyAsm(_, _ *float32, _ int, _ float32)                               {}
func axpyF16Asm(_ *float32, _ *uint16, _ int, _ float32)                    {}
func addAsm(_, _, _ *float32, _ int)                                        {}
func mulAsm(_, _, _ *float32, _ int)                                        {}
func scaleAsm(_, _ *float32, _ int, _ float32)                              {}
func shiftAsm(_, _ *float32, _ int, _ float32)                              {}
func mulScaleAsm(_, _, _ *float32, _ int, _ float32)                        {}
func maxAsm(_ *float32, _ int) float32                                      { return 0 }
func sumAsm(_ *float32, _ int, _ *float32, _ float32) float32               { return 0 }
func squaresAsm(_ *float32, _ int, _ *float32, _ float32) float32           { return 0 }
func expSumAsm(_ *float32, _ int, _ *float32, _, _ float32) float32         { return 0 }
func expAsm(_, _ *float32, _ int)                                           {}
func siluAsm(_, _ *float32, _ int)                                          {}
func geluErfAsm(_, _ *float32, _ int)                                       {}
func geluTanhAsm(_, _ *float32, _ int)                                      {}

func addMaskAsm(_, _ *float32, _ int)                                                      {}
func mulNTAsm(_ []float32, _ int, _ []float32, _, _ int, _ []float32, _, _, _ int, _ bool) {}
func mulNNAsm(_ []float32, _ int, _ []float32, _, _ int, _ []float32, _, _, _ int, _ bool) {}

func peakAsm(_ *float32, _ int) float32                                { return 0 }
func quantizeWordsAsm(_, _, _ *float32, _ int, _ float32)              {}
func (q *Quant) runWords(_, _ []float32, _ int, _ []float32)           {}
func fewLenAsm(int) int                                                { return 0 }
func (q *Quant) fewScratchAsm() int                                    { return 0 }
func (q *Quant) quantizeFewAsm(_, _ []float32)                         {}
func (q *Quant) mulFewAsm(_ []float32, _, _, _, _ int, _, _ []float32) {}
func (q *Quant) unpackFast(_ []float32, _, _ int) bool                 { return false }
func (m *LUT) unpackFast(_ []float32, _, _, _, _, _ int) bool          { return false }

func (m *F32) mulRows(_ []float32, _ int, _ []float32, _, _, _, _ int, _ []float32) bool {
	return false
}

func (m *F16) mulRows(_ []float32, _ int, _ []float32, _, _, _, _ int, _ []float32) bool {
	return false
}

func (q *Quant) mulRows(_ []float32, _ int, _ []float32, _, _, _, _ int, _ []float32) bool {
	return false
}

func (m *LUT) mulRows(_ []float32, _ int, _ []float32, _, _, _, _ int, _, _ []float32) bool {
	return false
}

func (m *LUT) prepLen(int) int                        { return 0 }
func (m *LUT) prepare(_, _ []float32, _, _, _, _ int) {}

func roundRowsAsm([]float32, int, int, int) bool           { return false }
func rotateAsm([]float32, int, int, Rows, Rows, Rows) bool { return false }

func gateRowsAsm([]float32, int, []float32, []float32, int, int, int, bool) bool { return false }
