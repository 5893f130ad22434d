//go:build !noasm

package kernel

// The kernels of panels, for the tests against their definitions.
var (
	QuantizeMany  = quantizeManyAVX2
	PanelCodes    = panelCodesAVX2
	PanelScales   = panelScalesAVX2
	PanelHalves   = panelHalvesAVX2
	QuantizeWords = quantizeWordsAVX2
	PanelBytes    = panelBytesAVX2
	// And those of words whose halves are multiplied apart.
	QuantizeHalves = quantizeHalvesAVX2
	PanelQuads     = panelQuadsAVX2
)

// QuantisePlain quantises blocks of 32 inputs as the definition does, for codes of so many
// bits: the integers, then a step and a sum for each block.
func QuantisePlain(x []float32, bits int) []float32 {
	q := &Quant{shape: shape{1, len(x)}, c: QuantConfig{Bits: bits, ColBlock: manyBlock}}
	dst := make([]float32, q.manyPlainLen())
	q.quantisePlain(dst, x)
	return dst
}

// The sizes of a block of a panel and of 16 prepared vectors, in floats.
const (
	PanelFloats = 160
	ManyFloats  = manyFloats
	ManySteps   = manySteps

	HalvesFloats = halvesFloats
	HalvesSteps  = halvesSteps
)
