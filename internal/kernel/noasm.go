//go:build noasm || !amd64

package kernel

// useAVX2 is a constant here, so the compiler drops every call of the functions
// below; they exist to type-check.
const useAVX2 = false

func detect() {}

func apply(string) {}

func available() []string { return []string{Generic} }

func f16to32AVX2(_ *float32, _ *uint16, _ int)            {}
func f32to16AVX2(_ *uint16, _ *float32, _ int)            {}
func roundF16AVX2(_ *float32, _ int)                      {}
func dotAVX2(_, _ *float32, _ int) float32                { return 0 }
func dotF16AVX2(_ *uint16, _ *float32, _ int) float32     { return 0 }
func axpyAVX2(_, _ *float32, _ int, _ float32)            {}
func axpyF16AVX2(_ *float32, _ *uint16, _ int, _ float32) {}
func addAVX2(_, _, _ *float32, _ int)                     {}
func mulAVX2(_, _, _ *float32, _ int)                     {}
func scaleAVX2(_, _ *float32, _ int, _ float32)           {}
func shiftAVX2(_, _ *float32, _ int, _ float32)           {}
func mulScaleAVX2(_, _, _ *float32, _ int, _ float32)     {}
func maxAVX2(_ *float32, _ int) float32                   { return 0 }
func sumAVX2(_ *float32, _ int) float32                   { return 0 }
func expSumAVX2(_ *float32, _ int, _ float32) float32     { return 0 }
func expAVX2(_, _ *float32, _ int)                        {}
func siluAVX2(_, _ *float32, _ int)                       {}
func geluErfAVX2(_, _ *float32, _ int)                    {}
func geluTanhAVX2(_, _ *float32, _ int)                   {}

func addMaskAVX2(_, _ *float32, _ int)                                                     {}
func mulNTAsm(_ []float32, _ int, _ []float32, _, _ int, _ []float32, _, _, _ int, _ bool) {}
func mulNNAsm(_ []float32, _ int, _ []float32, _, _ int, _ []float32, _, _, _ int, _ bool) {}

func (q *Quant) prepLen(int) int                  { return 0 }
func (q *Quant) prepare(_, _ []float32, _, _ int) {}
func (q *Quant) gemvFast(_ []float32, _ int, _ []float32, _, _, _, _ int, _, _ []float32) bool {
	return false
}
func (q *Quant) unpackFast(_ []float32, _, _ int) bool        { return false }
func (m *LUT) unpackFast(_ []float32, _, _, _, _, _ int) bool { return false }

func (m *LUT) prepLen(int) int                  { return 0 }
func (m *LUT) prepare(_, _ []float32, _, _ int) {}
func (m *LUT) gemvFast(_ []float32, _ int, _ []float32, _, _, _, _ int, _, _ []float32) bool {
	return false
}
