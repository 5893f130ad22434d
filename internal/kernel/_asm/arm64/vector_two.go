package arm64

import "fmt"

// Instructions on two vectors.

// misc adds one; n's arrangement says how many lanes there are.
func (f fn) misc(name string, u, size, opcode uint32, d, n vec) {
	w := n.arr.full<<30 | u<<29 | 0x0E200800 | size<<22 | opcode<<12
	f.word(w|n.number()<<5|d.number(), name, d, n)
}

// Floats and integers of 32 bits. FCVTNS and FRINTN round to the nearest integer.
func (f fn) SCVTF(d, n vec)  { f.misc("scvtf", 0, 0, 0x1D, d, n) }
func (f fn) FCVTNS(d, n vec) { f.misc("fcvtns", 0, 0, 0x1A, d, n) }
func (f fn) FRINTN(d, n vec) { f.misc("frintn", 0, 0, 0x18, d, n) }
func (f fn) FABS(d, n vec)   { f.misc("fabs", 0, 2, 0x0F, d, n) }
func (f fn) FNEG(d, n vec)   { f.misc("fneg", 1, 2, 0x0F, d, n) }

// SADDLP adds neighbours into lanes twice as wide, SADALP to what is there.
func (f fn) SADDLP(d, n vec) { f.misc("saddlp", 0, n.arr.size, 0x02, d, n) }
func (f fn) SADALP(d, n vec) { f.misc("sadalp", 0, n.arr.size, 0x06, d, n) }

// widen adds an instruction that makes words of 8 bytes.
func (f fn) widen(name string, w uint32, d, n vec) { f.word(w|n.number()<<5|d.number(), name, d, n) }

// SXTL and UXTL do so with the lower bytes, with and without a sign; with "2" behind
// the name with the upper ones.
func (f fn) SXTL(d, n vec)  { f.widen("sxtl", 0x0F08A400, d, n) }
func (f fn) SXTL2(d, n vec) { f.widen("sxtl2", 0x4F08A400, d, n) }
func (f fn) UXTL(d, n vec)  { f.widen("uxtl", 0x2F08A400, d, n) }
func (f fn) UXTL2(d, n vec) { f.widen("uxtl2", 0x6F08A400, d, n) }

// narrow adds an instruction whose result fills the lower half, or with "2" behind
// its name the upper one.
func (f fn) narrow(name string, upper, size, opcode uint32, d, n vec) {
	f.word(upper<<30|0x0E200800|size<<22|opcode<<12|n.number()<<5|d.number(), name, d, n)
}

// FCVTN rounds floats to halves, FCVTL widens halves. XTN keeps the lower bits,
// SQXTN saturates.
func (f fn) FCVTN(d, n vec)  { f.narrow("fcvtn", 0, 0, 0x16, d, n) }
func (f fn) FCVTN2(d, n vec) { f.narrow("fcvtn2", 1, 0, 0x16, d, n) }
func (f fn) FCVTL(d, n vec)  { f.narrow("fcvtl", 0, 0, 0x17, d, n) }
func (f fn) FCVTL2(d, n vec) { f.narrow("fcvtl2", 1, 0, 0x17, d, n) }
func (f fn) XTN(d, n vec)    { f.narrow("xtn", 0, d.arr.size, 0x12, d, n) }
func (f fn) SQXTN(d, n vec)  { f.narrow("sqxtn", 0, d.arr.size, 0x14, d, n) }
func (f fn) SQXTN2(d, n vec) { f.narrow("sqxtn2", 1, d.arr.size, 0x14, d, n) }

// shift adds a shift; the field holds the size of a lane plus or minus the bits.
func (f fn) shift(name string, u, opcode uint32, amount func(lane, bits int) int, d, n vec, bits int) {
	lane := 8 << d.arr.size
	v := field(amount(lane, bits), lane, 2*lane-1, 7)
	f.word(d.arr.full<<30|u<<29|0x0F000400|v<<16|opcode<<11|n.number()<<5|d.number(), name, d, n, fmt.Sprintf("#%d", bits))
}

func left(lane, bits int) int  { return lane + bits }
func right(lane, bits int) int { return 2*lane - bits }

// Shifts. SCVTFFixed converts integers that are 2^bits times too large.
func (f fn) SHL(d, n vec, bits int)        { f.shift("shl", 0, 0x0A, left, d, n, bits) }
func (f fn) SSHR(d, n vec, bits int)       { f.shift("sshr", 0, 0x00, right, d, n, bits) }
func (f fn) USHR(d, n vec, bits int)       { f.shift("ushr", 1, 0x00, right, d, n, bits) }
func (f fn) SCVTFFixed(d, n vec, bits int) { f.shift("scvtf", 0, 0x1C, right, d, n, bits) }

// FMAXV brings the greatest lane to the bottom, FADDPScalar the sum of two.
func (f fn) FMAXV(d S, n vec)       { f.word(0x6E30F800|n.number()<<5|uint32(d), "fmaxv", d, n) }
func (f fn) FADDPScalar(d S, n vec) { f.word(0x7E30D800|n.number()<<5|uint32(d), "faddp", d, n) }
