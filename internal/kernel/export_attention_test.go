package kernel

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
