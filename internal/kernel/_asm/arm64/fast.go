package arm64

import "github.com/gocoreml/coreml/internal/kernel/_asm/kind"

// Codes times inputs quantised to int8. Signed codes of 4 bits are used where they
// lie, 16 times too large, and the conversion to float divides by 16. Unsigned
// codes of 8 bits are taken 128 less, and 128 times the inputs' sum is added.
//
// With the dot product extension an SDOT adds 4 products to each lane; without, four
// instructions do the same: sums of two products of 8 bits fit in 16.

// quantised is a kernel by quantised inputs.
type quantised struct {
	fn
	kind.Codes

	// dot says that the processor has SDOT.
	dot bool
}

// codeMask masks the codes; for unsigned bytes it makes them signed.
const codeMask = V(31)

func (q quantised) name(stem string) string { return stem + q.Name() + q.set() }

// set is the instruction set's part of a kernel's name.
func (q quantised) set() string {
	if q.dot {
		return "DotNEON"
	}
	return "NEON"
}

func (q quantised) mask() {
	switch {
	case q.Bits == 8:
		q.MOVI(codeMask.B16(), 128)
	case q.Signed:
		q.MOVI(codeMask.B16(), 0xF0)
	default:
		q.MOVI(codeMask.B16(), 0x0F)
	}
}

// multiply adds products of bytes to sum; V9 and V10 may be overwritten.
func (q quantised) multiply(sum, w, x V) {
	if q.dot {
		q.SDOT(sum.S4(), w.B16(), x.B16())
		return
	}
	q.SMULL(V(9).H8(), w.B8(), x.B8())
	q.SMULL2(V(10).H8(), w.B16(), x.B16())
	q.ADDP(V(9).H8(), V(9).H8(), V(10).H8())
	q.SADALP(sum.S4(), V(9).H8())
}

// multiplyBy is multiply with 4 bytes of x for all lanes; V11 may be overwritten too.
func (q quantised) multiplyBy(sum, w, x V, i int) {
	if q.dot {
		q.SDOT(sum.S4(), w.B16(), x.B4(i))
		return
	}
	q.DUP(V(11).S4(), x.S(i))
	q.multiply(sum, w, 11)
}

// split takes 4-bit codes apart into even and odd ones.
func (q quantised) split(codes, even, odd V) {
	if q.Signed {
		q.SHL(even.B16(), codes.B16(), 4)
		q.AND(odd.B16(), codes.B16(), codeMask.B16())
	} else {
		q.USHR(odd.B16(), codes.B16(), 4)
		q.AND(even.B16(), codes.B16(), codeMask.B16())
	}
}

// splitBytes puts the even and the odd 8-bit codes of two registers apart.
func (q quantised) splitBytes(a, b, even, odd V) {
	if !q.Signed {
		q.EOR(a.B16(), a.B16(), codeMask.B16())
		q.EOR(b.B16(), b.B16(), codeMask.B16())
	}
	q.UZP1(even.B16(), a.B16(), b.B16())
	q.UZP2(odd.B16(), a.B16(), b.B16())
}

// convert makes floats of sums.
func (q quantised) convert(v V) {
	if q.Signed && q.Bits == 4 {
		q.SCVTFFixed(v.S4(), v.S4(), 4)
	} else {
		q.SCVTF(v.S4(), v.S4())
	}
}

// The registers of kernels by rows of codes: strides from row to row of codes and of scales, where the
// inputs start, how far ahead rows are fetched, and counters.
const (
	rowBytes   = R20
	scaleBytes = R21
	inputsAt   = R24
	ahead      = R25
	blockLeft  = R22
	groupLeft  = R23
)
