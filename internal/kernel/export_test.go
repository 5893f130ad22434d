package kernel

// Choose is choose, for the tests.
var Choose = choose

// MulNT and MulNN are the micro-kernels' drivers.
var (
	MulNT = mulNT
	MulNN = mulNN
)
