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

// Grain is the rows of a chunk of a product of one vector.
func Grain(m Mat, threads int) int { return (&MatMulTask{mat: m, N: 1}).grain(threads) }

// EvenTiles is how many tiles a chunk has.
var EvenTiles = evenTiles
