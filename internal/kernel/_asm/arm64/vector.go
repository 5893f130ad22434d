package arm64

import "fmt"

// Instructions on vectors, encoded as section C4.1 of the Arm Architecture Reference
// Manual says: U, size and opcode are fields there.

// same adds an instruction of three vectors of one arrangement.
func (f fn) same(name string, u, size, opcode uint32, d, n, m vec) {
	if d.arr != n.arr || d.arr != m.arr {
		panic(fmt.Sprintf("%s: %s %v, %v, %v", f.Name, name, d, n, m))
	}
	w := d.arr.full<<30 | u<<29 | 0x0E200400 | size<<22 | opcode<<11
	f.word(w|m.number()<<16|n.number()<<5|d.number(), name, d, n, m)
}

// Floats of 32 bits. FADDP and FMAXP join neighbours of n, then of m.
func (f fn) FADD(d, n, m vec)  { f.same("fadd", 0, 0, 0x1A, d, n, m) }
func (f fn) FSUB(d, n, m vec)  { f.same("fsub", 0, 2, 0x1A, d, n, m) }
func (f fn) FDIV(d, n, m vec)  { f.same("fdiv", 1, 0, 0x1F, d, n, m) }
func (f fn) FMAX(d, n, m vec)  { f.same("fmax", 0, 0, 0x1E, d, n, m) }
func (f fn) FMIN(d, n, m vec)  { f.same("fmin", 0, 2, 0x1E, d, n, m) }
func (f fn) FADDP(d, n, m vec) { f.same("faddp", 1, 0, 0x1A, d, n, m) }
func (f fn) FMAXP(d, n, m vec) { f.same("fmaxp", 1, 0, 0x1E, d, n, m) }
func (f fn) FCMGT(d, n, m vec) { f.same("fcmgt", 1, 2, 0x1C, d, n, m) }
func (f fn) FCMEQ(d, n, m vec) { f.same("fcmeq", 0, 0, 0x1C, d, n, m) }

// Bits, of B16. BIT moves those of n that m selects.
func (f fn) AND(d, n, m vec) { f.same("and", 0, 0, 0x03, d, n, m) }
func (f fn) EOR(d, n, m vec) { f.same("eor", 1, 0, 0x03, d, n, m) }
func (f fn) BIT(d, n, m vec) { f.same("bit", 1, 2, 0x03, d, n, m) }

// Integers.
func (f fn) VADD(d, n, m vec) { f.same("add", 0, d.arr.size, 0x10, d, n, m) }
func (f fn) VSUB(d, n, m vec) { f.same("sub", 1, d.arr.size, 0x10, d, n, m) }
func (f fn) ADDP(d, n, m vec) { f.same("addp", 0, d.arr.size, 0x17, d, n, m) }
func (f fn) USHL(d, n, m vec) { f.same("ushl", 1, d.arr.size, 0x08, d, n, m) }

// MOV copies a register.
func (f fn) MOV(d, n V) {
	f.word(0x4EA01C00|uint32(n)<<16|uint32(n)<<5|uint32(d), "mov", d.B16(), n.B16())
}

// product adds an instruction whose last operand may be an element.
func (f fn) product(name string, vector, element uint32, d, n vec, m operand) {
	w := vector
	if e, ok := m.(elem); ok {
		w = element | uint32(e.index)&1<<21 | uint32(e.index)>>1<<11
	}
	f.word(d.arr.full<<30|w|m.number()<<16|n.number()<<5|d.number(), name, d, n, m)
}

// Products. FMLA adds them to d, FMLS takes them off; MLA is for integers. SDOT adds 4 products of
// signed bytes to each lane; not every processor has it.
func (f fn) FMUL(d, n vec, m operand) { f.product("fmul", 0x2E20DC00, 0x0F809000, d, n, m) }
func (f fn) FMLA(d, n vec, m operand) { f.product("fmla", 0x0E20CC00, 0x0F801000, d, n, m) }
func (f fn) FMLS(d, n vec, m operand) { f.product("fmls", 0x0EA0CC00, 0x0F805000, d, n, m) }
func (f fn) MLA(d, n vec, m elem)     { f.product("mla", 0, 0x2F800000, d, n, m) }
func (f fn) SDOT(d, n vec, m operand) { f.product("sdot", 0x0E809400, 0x0F80E000, d, n, m) }

// SMULL and SMULL2 multiply the lower and the upper 8 signed bytes to words.
func (f fn) SMULL(d, n, m vec) {
	f.word(0x0E20C000|m.number()<<16|n.number()<<5|d.number(), "smull", d, n, m)
}

// SMULL2 is for the upper half, which no other instruction has to bring down.
func (f fn) SMULL2(d, n, m vec) {
	f.word(0x4E20C000|m.number()<<16|n.number()<<5|d.number(), "smull2", d, n, m)
}

// SMLAL and SMLAL2 multiply the lower and the upper 4 signed words, and add to d.
func (f fn) SMLAL(d, n, m vec) {
	f.word(0x0E608000|m.number()<<16|n.number()<<5|d.number(), "smlal", d, n, m)
}

// SMLAL2 is for the upper half.
func (f fn) SMLAL2(d, n, m vec) {
	f.word(0x4E608000|m.number()<<16|n.number()<<5|d.number(), "smlal2", d, n, m)
}

// permute adds an instruction that puts lanes of two vectors in another order.
func (f fn) permute(name string, opcode uint32, d, n, m vec) {
	w := d.arr.full<<30 | 0x0E000800 | d.arr.size<<22 | opcode<<12
	f.word(w|m.number()<<16|n.number()<<5|d.number(), name, d, n, m)
}

// Orders of lanes: UZP1 takes the even ones of n and m, UZP2 the odd ones. TRN1 puts
// even ones of n and m in turns, TRN2 odd ones. ZIP1 and ZIP2 do so with the lower
// and the upper halves.
func (f fn) UZP1(d, n, m vec) { f.permute("uzp1", 1, d, n, m) }
func (f fn) TRN1(d, n, m vec) { f.permute("trn1", 2, d, n, m) }
func (f fn) ZIP1(d, n, m vec) { f.permute("zip1", 3, d, n, m) }
func (f fn) UZP2(d, n, m vec) { f.permute("uzp2", 5, d, n, m) }
func (f fn) TRN2(d, n, m vec) { f.permute("trn2", 6, d, n, m) }
func (f fn) ZIP2(d, n, m vec) { f.permute("zip2", 7, d, n, m) }

// TBL looks up bytes of m in a table of count registers from n on.
func (f fn) TBL(d, n V, count int, m V) {
	table := fmt.Sprintf("{%v}", n.B16())
	if count > 1 {
		table = fmt.Sprintf("{%v-%v}", n.B16(), (n + V(count-1)).B16())
	}
	f.word(0x4E000000|field(count-1, 0, 3, 2)<<13|uint32(m)<<16|uint32(n)<<5|uint32(d), "tbl", d.B16(), table, m.B16())
}

// DUP puts an element in all lanes.
func (f fn) DUP(d vec, e elem) {
	w := d.arr.full<<30 | 0x0E000400 | (uint32(e.index)<<(d.arr.size+1)|1<<d.arr.size)<<16
	f.word(w|e.number()<<5|d.number(), "dup", d, e)
}

// MOVI puts a constant in all lanes.
func (f fn) MOVI(d vec, n int) {
	v := field(n, 0, 255, 8)
	mode := [...]uint32{0xE, 0x8, 0x0}[d.arr.size]
	f.word(d.arr.full<<30|0x0F000400|mode<<12|v>>5<<16|v&31<<5|d.number(), "movi", d, fmt.Sprintf("#%d", n))
}
