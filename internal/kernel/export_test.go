package kernel

// Choose is choose, for the tests.
var Choose = choose

// MulNT and MulNN are the micro-kernels' drivers.
var (
	MulNT = mulNT
	MulNN = mulNN
)

// AddMask is addMask.
var AddMask = addMask

// DotOrdered is the definition of a dot product, and FMA32 that of its steps.
var (
	DotOrdered = dotOrdered
	FMA32      = fma32
)

// EvenTiles is how many tiles a chunk has.
var EvenTiles = evenTiles
