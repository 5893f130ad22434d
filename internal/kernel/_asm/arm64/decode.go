package arm64

import (
	"math"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Decoders bring codes to vectors of 4 floats from V20 on.
//
// 4-bit codes are looked up: a byte shuffle reads 16 entries at once, and the
// entries have 16 bits, cut into a plane of low bytes and one of high bytes.
// Rounded weights are halves, and the table of a block is made from its scale and
// offset. Integers are the upper halves of their floats: zeros below complete them,
// where a conversion would be slow on many processors. For the same reason 8-bit
// codes become floats as the last bits of 2^23.

const (
	decoded   = V(20) // the first of up to 8 results
	lowPlane  = V(30)
	highPlane = V(31)
	nibbles   = V(29) // the mask of 4 bits, once the offset is not needed
	allZero   = V(17)
)

// The constants of 8-bit codes: what is to be taken off, the upper half of 2^23, and
// the signs of bytes.
const (
	byteBase  = V(16)
	byteUpper = V(18)
	byteSigns = V(19)
)

// mask4 makes the mask of the low 4 bits of every byte.
func (f fn) mask4() { f.MOVI(nibbles.B16(), 15) }

// lookup looks up the bytes of index in a plane.
func (f fn) lookup(d, plane, index V) { f.TBL(d, plane, 1, index) }

// planes32 and planes8 decode that many 4-bit codes from R0 on through the planes;
// widen makes 8 floats of 8 entries.
func (f fn) planes32(widen func(h, v V)) {
	f.LDR(Q(8), R0.Post(16))
	f.splitNibbles()
	f.ZIP1(V(10).B16(), V(8).B16(), V(9).B16())
	f.ZIP2(V(11).B16(), V(8).B16(), V(9).B16())
	f.lookup(12, lowPlane, 10)
	f.lookup(13, highPlane, 10)
	f.lookup(14, lowPlane, 11)
	f.lookup(15, highPlane, 11)
	f.ZIP1(V(8).B16(), V(12).B16(), V(13).B16())
	f.ZIP2(V(9).B16(), V(12).B16(), V(13).B16())
	f.ZIP1(V(10).B16(), V(14).B16(), V(15).B16())
	f.ZIP2(V(11).B16(), V(14).B16(), V(15).B16())
	for i := range V(4) {
		widen(8+i, decoded+2*i)
	}
}

func (f fn) planes8(widen func(h, v V)) {
	f.LDR(S(8), R0.Post(4))
	f.splitNibbles()
	f.ZIP1(V(8).B16(), V(8).B16(), V(9).B16())
	f.lookup(10, lowPlane, 8)
	f.lookup(11, highPlane, 8)
	f.ZIP1(V(8).B16(), V(10).B16(), V(11).B16())
	widen(8, decoded)
}

// splitNibbles leaves the even codes of V8 there and the odd ones in V9.
func (f fn) splitNibbles() {
	f.USHR(V(9).B16(), V(8).B16(), 4)
	f.AND(V(8).B16(), V(8).B16(), nibbles.B16())
}

// planes decodes 32 or 8 codes.
func (f fn) planes(n int, widen func(h, v V)) {
	if n == 32 {
		f.planes32(widen)
	} else {
		f.planes8(widen)
	}
}

// widenUpper puts zeros below the upper halves of floats, widenHalves converts.
func (f fn) widenUpper(h, v V) {
	f.ZIP1(v.H8(), allZero.H8(), h.H8())
	f.ZIP2((v + 1).H8(), allZero.H8(), h.H8())
}

func (f fn) widenHalves(h, v V) { f.toFloats(v, h) }

// bytes decodes 16 or 8 codes of 8 bits from R0 on.
func (f fn) bytes(n int, signed bool) {
	if n == 16 {
		f.LDR(Q(8), R0.Post(16))
	} else {
		f.LDR(D(8), R0.Post(8))
	}
	if signed {
		f.EOR(V(8).B16(), V(8).B16(), byteSigns.B16())
	}
	if n == 16 {
		f.ZIP2(V(9).B16(), V(8).B16(), allZero.B16())
	}
	f.ZIP1(V(8).B16(), V(8).B16(), allZero.B16())
	for i := range V(n / 8) {
		f.ZIP1((decoded + 2*i).H8(), (8 + i).H8(), byteUpper.H8())
		f.ZIP2((decoded + 2*i + 1).H8(), (8 + i).H8(), byteUpper.H8())
	}
	f.eachDecoded(n/4, func(v V) { f.FSUB(v.S4(), v.S4(), byteBase.S4()) })
}

func (f fn) setupBytes(signed bool) {
	name, base := "bytesU", math.Ldexp(1, 23)
	if signed {
		name, base = "bytesS", base+128
	}
	f.constants(name, byteBase, asm.FloatWord(base), 0, 0x4B004B00, 0x80808080)
}

// eachDecoded runs the body for n results.
func (f fn) eachDecoded(n int, body func(v V)) {
	for _, v := range vs(int(decoded), n) {
		body(v)
	}
}

// roundDecoded rounds n results to halves and back.
func (f fn) roundDecoded(n int) {
	for i := range V(n / 2) {
		v, h := decoded+2*i, 8+i
		f.toHalves(h, v)
		f.widenHalves(h, v)
	}
}

// multiplyDecoded multiplies n results by inputs from R1 on and adds them to the lanes
// of 4 sums, from one on.
func (f fn) multiplyDecoded(n int, sum V) {
	for i := 0; i < n; i += 2 {
		x := V(12 + i%4)
		f.LDP(Q(x), Q(x+1), R1.Post(32))
		for j := range V(2) {
			f.FMLA((sum + V(i%4) + j).S4(), (decoded + V(i) + j).S4(), (x + j).S4())
		}
	}
}

// storeDecoded stores n results from R1 on.
func (f fn) storeDecoded(n int) {
	for i := 0; i < n; i += 2 {
		f.STP(Q(decoded+V(i)), Q(decoded+V(i)+1), R1.Post(32))
	}
}

// inGroups runs the body over R9 vectors of 8 codes: in groups of big codes, then 8
// at a time.
func (f fn) inGroups(big int, body func(n int)) {
	vecs := big / 8
	rest, end := f.NewLabel("rest"), f.NewLabel("end")
	f.SUBS(R9, vecs)
	f.BLT(rest)
	loop := f.Here("group")
	body(big)
	f.SUBS(R9, vecs)
	f.BGE(loop)
	f.Bind(rest)
	f.ADDS(R9, vecs)
	f.BEQ(end)
	one := f.Here("one")
	body(8)
	f.SUBS(R9, 1)
	f.BNE(one)
	f.Bind(end)
}
