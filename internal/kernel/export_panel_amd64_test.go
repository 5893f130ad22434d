//go:build !noasm

package kernel

// The kernels of panels, for the tests against their definitions.
var (
	QuantizePanel  = quantizePanelAVX2
	QuantizeHalves = quantizeHalvesAVX2
	PanelCodes     = panelCodesAVX2
	PanelScales    = panelScalesAVX2
	PanelHalves    = panelHalvesAVX2
	RunTile        = runTile
	QuantizeWords  = quantizeWordsAVX2
	PanelBytes     = panelBytesAVX2
	RunTileWords   = runTileWords
	TileMax        = tileMax
)

// The sizes of a block of a panel and of a prepared vector, in floats.
const (
	PanelFloats = 192
	PanelVector = 14
	PanelScale  = 128
	PanelOffset = 144
	PanelSums   = 160
)

// TileHalves reports whether RunTile takes vectors as QuantizeHalves leaves them.
func TileHalves() bool { return useVNNI }
