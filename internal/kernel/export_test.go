package kernel

// Choose is choose, for the tests.
var Choose = choose

// MulNT and MulNN are the micro-kernels' drivers.
var (
	MulNT = mulNT
	MulNN = mulNN
)

// AttentionMemory is the number of elements of a call on one thread.
func AttentionMemory(a *Attention) int {
	p := a.planFor(1)
	n := a.layout(nil, p).size
	if b := *a; p.split {
		b.plan = p
		n += b.sharedLen()
	}
	return n
}
