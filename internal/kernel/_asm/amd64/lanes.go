package amd64

// The 16 lanes of a sum, and the tree that adds them: the upper half to the lower one,
// until one is left. The definition in Go adds in this order.

// addFour adds the lanes of four sums, of which the lower and the upper 8 have been
// added, and leaves the sums of a in the lanes of the X register of a[0].
func (f fn) addFour(a [4]Y, low, high Y) {
	for i := range 2 {
		f.VPERM2F128(0x20, a[i+2], a[i], low)
		f.VPERM2F128(0x31, a[i+2], a[i], high)
		f.VADDPS(high, low, a[i])
	}
	// A half has two sums, of 4 lanes each; so has the other one.
	f.VUNPCKLPD(a[1], a[0], low)
	f.VUNPCKHPD(a[1], a[0], high)
	f.VADDPS(high, low, low)
	f.VEXTRACTF128(1, low, X(high))
	f.VHADDPS(X(high), X(low), X(a[0]))
}

// addFour512 adds the lanes of four sums into the lowest lanes of dst; order has
// firstLanes.
func (f fn) addFour512(a [4]Z, low, high, order, dst Z) {
	for i := 0; i < 4; i += 2 {
		f.VINSERTI64X4(1, Y(a[i+1]), a[i], low)
		f.VSHUFF64X2(0xee, a[i+1], a[i], high)
		f.VADDPS(high, low, a[i])
	}
	f.VSHUFF64X2(0x88, a[2], a[0], low)
	f.VSHUFF64X2(0xdd, a[2], a[0], high)
	f.VADDPS(high, low, low)
	// Now 128 bits have a sum each, of 4 lanes.
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VSHUFPS(sel, low, low, high)
		f.VADDPS(high, low, low)
	}
	f.VPERMPS(low, order, dst)
}

// firstLanes are the numbers of the first lanes of each 128 bits.
func (f fn) firstLanes() mem { return f.words("firstLanes", 0, 4, 8, 12) }

// addFourLanes adds the four lanes that are left of a sum, into the first.
func (f fn) addFourLanes(acc, tmp X) {
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VSHUFPS(sel, acc, acc, tmp)
		f.VADDPS(tmp, acc, acc)
	}
}
