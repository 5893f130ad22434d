package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// The instructions that the kernels use, in the order of Go's assembler: the
// destination is the last operand. They are methods of fn, so that a name which
// does not exist, or an operand of the wrong kind, does not compile.

// Floats: dst = b op a.
func (f fn) VADDPS(a VecMem, b, dst Vec)    { f.ins("VADDPS", a, b, dst) }
func (f fn) VSUBPS(a VecMem, b, dst Vec)    { f.ins("VSUBPS", a, b, dst) }
func (f fn) VMULPS(a VecMem, b, dst Vec)    { f.ins("VMULPS", a, b, dst) }
func (f fn) VDIVPS(a VecMem, b, dst Vec)    { f.ins("VDIVPS", a, b, dst) }
func (f fn) VMAXPS(a VecMem, b, dst Vec)    { f.ins("VMAXPS", a, b, dst) }
func (f fn) VMINPS(a VecMem, b, dst Vec)    { f.ins("VMINPS", a, b, dst) }
func (f fn) VHADDPS(a VecMem, b, dst Vec)   { f.ins("VHADDPS", a, b, dst) }
func (f fn) VXORPS(a VecMem, b, dst Vec)    { f.ins("VXORPS", a, b, dst) }
func (f fn) VANDPS(a VecMem, b, dst Vec)    { f.ins("VANDPS", a, b, dst) }
func (f fn) VUNPCKLPS(a VecMem, b, dst Vec) { f.ins("VUNPCKLPS", a, b, dst) }
func (f fn) VUNPCKHPS(a VecMem, b, dst Vec) { f.ins("VUNPCKHPS", a, b, dst) }
func (f fn) VUNPCKLPD(a VecMem, b, dst Vec) { f.ins("VUNPCKLPD", a, b, dst) }
func (f fn) VUNPCKHPD(a VecMem, b, dst Vec) { f.ins("VUNPCKHPD", a, b, dst) }

// Fused products: 231 adds a·b to dst; 213 multiplies dst by b and adds a.
// FMSUB subtracts the addend, FNMADD the product.
func (f fn) VFMADD231PS(a VecMem, b, dst Vec)  { f.ins("VFMADD231PS", a, b, dst) }
func (f fn) VFMADD213PS(a VecMem, b, dst Vec)  { f.ins("VFMADD213PS", a, b, dst) }
func (f fn) VFMSUB213PS(a VecMem, b, dst Vec)  { f.ins("VFMSUB213PS", a, b, dst) }
func (f fn) VFNMADD231PS(a VecMem, b, dst Vec) { f.ins("VFNMADD231PS", a, b, dst) }
func (f fn) VFNMADD213PS(a VecMem, b, dst Vec) { f.ins("VFNMADD213PS", a, b, dst) }

// Integers and bits: dst = b op a. VPDPBUSD adds to dst, of b the unsigned bytes.
func (f fn) VPADDB(a VecMem, b, dst Vec)     { f.ins("VPADDB", a, b, dst) }
func (f fn) VPADDW(a VecMem, b, dst Vec)     { f.ins("VPADDW", a, b, dst) }
func (f fn) VPADDD(a VecMem, b, dst Vec)     { f.ins("VPADDD", a, b, dst) }
func (f fn) VPSUBW(a VecMem, b, dst Vec)     { f.ins("VPSUBW", a, b, dst) }
func (f fn) VPSUBD(a VecMem, b, dst Vec)     { f.ins("VPSUBD", a, b, dst) }
func (f fn) VPMULLD(a VecMem, b, dst Vec)    { f.ins("VPMULLD", a, b, dst) }
func (f fn) VPMAXSD(a VecMem, b, dst Vec)    { f.ins("VPMAXSD", a, b, dst) }
func (f fn) VPMADDWD(a VecMem, b, dst Vec)   { f.ins("VPMADDWD", a, b, dst) }
func (f fn) VPMADDUBSW(a VecMem, b, dst Vec) { f.ins("VPMADDUBSW", a, b, dst) }
func (f fn) VPDPBUSD(a VecMem, b, dst Vec)   { f.ins("VPDPBUSD", a, b, dst) }
func (f fn) VPAND(a VecMem, b, dst Vec)      { f.ins("VPAND", a, b, dst) }
func (f fn) VPANDD(a VecMem, b, dst Vec)     { f.ins("VPANDD", a, b, dst) }
func (f fn) VPOR(a VecMem, b, dst Vec)       { f.ins("VPOR", a, b, dst) }
func (f fn) VPXOR(a VecMem, b, dst Vec)      { f.ins("VPXOR", a, b, dst) }
func (f fn) VPXORD(a VecMem, b, dst Vec)     { f.ins("VPXORD", a, b, dst) }

// Shifts, by a number of bits or by one for each lane.
func (f fn) VPSLLW(bits int, a, dst Vec)     { f.ins("VPSLLW", Imm(bits), a, dst) }
func (f fn) VPSRLW(bits int, a, dst Vec)     { f.ins("VPSRLW", Imm(bits), a, dst) }
func (f fn) VPSRAW(bits int, a, dst Vec)     { f.ins("VPSRAW", Imm(bits), a, dst) }
func (f fn) VPSLLD(bits int, a, dst Vec)     { f.ins("VPSLLD", Imm(bits), a, dst) }
func (f fn) VPSRLD(bits int, a, dst Vec)     { f.ins("VPSRLD", Imm(bits), a, dst) }
func (f fn) VPSRAD(bits int, a, dst Vec)     { f.ins("VPSRAD", Imm(bits), a, dst) }
func (f fn) VPSRLVD(bits VecMem, a, dst Vec) { f.ins("VPSRLVD", bits, a, dst) }
func (f fn) VPSLLVD(bits VecMem, a, dst Vec) { f.ins("VPSLLVD", bits, a, dst) }

// Orders of lanes. VPSHUFB and VPERMILPS take the order first, VPERMPS and VPERMD
// second.
func (f fn) VPSHUFB(a VecMem, b, dst Vec)             { f.ins("VPSHUFB", a, b, dst) }
func (f fn) VPERMPS(a VecMem, b, dst Vec)             { f.ins("VPERMPS", a, b, dst) }
func (f fn) VPERMD(a VecMem, b, dst Vec)              { f.ins("VPERMD", a, b, dst) }
func (f fn) VPACKSSDW(a VecMem, b, dst Vec)           { f.ins("VPACKSSDW", a, b, dst) }
func (f fn) VPACKSSWB(a VecMem, b, dst Vec)           { f.ins("VPACKSSWB", a, b, dst) }
func (f fn) VPUNPCKLBW(a VecMem, b, dst Vec)          { f.ins("VPUNPCKLBW", a, b, dst) }
func (f fn) VPUNPCKHBW(a VecMem, b, dst Vec)          { f.ins("VPUNPCKHBW", a, b, dst) }
func (f fn) VPUNPCKLWD(a VecMem, b, dst Vec)          { f.ins("VPUNPCKLWD", a, b, dst) }
func (f fn) VPUNPCKHWD(a VecMem, b, dst Vec)          { f.ins("VPUNPCKHWD", a, b, dst) }
func (f fn) VPUNPCKLDQ(a VecMem, b, dst Vec)          { f.ins("VPUNPCKLDQ", a, b, dst) }
func (f fn) VPUNPCKHDQ(a VecMem, b, dst Vec)          { f.ins("VPUNPCKHDQ", a, b, dst) }
func (f fn) VPUNPCKLQDQ(a VecMem, b, dst Vec)         { f.ins("VPUNPCKLQDQ", a, b, dst) }
func (f fn) VPUNPCKHQDQ(a VecMem, b, dst Vec)         { f.ins("VPUNPCKHQDQ", a, b, dst) }
func (f fn) VPERMILPS(order VecMem, a, dst Vec)       { f.ins("VPERMILPS", order, a, dst) }
func (f fn) VBLENDVPS(mask Vec, a VecMem, b, dst Vec) { f.ins("VBLENDVPS", mask, a, b, dst) }

// Three operands and a selector, which is shown in hexadecimal.
func (f fn) VSHUFPS(sel uint8, a VecMem, b, dst Vec)    { f.ins("VSHUFPS", hex(sel), a, b, dst) }
func (f fn) VPERM2F128(sel uint8, a VecMem, b, dst Vec) { f.ins("VPERM2F128", hex(sel), a, b, dst) }
func (f fn) VPERM2I128(sel uint8, a VecMem, b, dst Vec) { f.ins("VPERM2I128", hex(sel), a, b, dst) }
func (f fn) VINSERTPS(sel uint8, a VecMem, b, dst Vec)  { f.ins("VINSERTPS", hex(sel), a, b, dst) }
func (f fn) VCMPPS(sel uint8, a VecMem, b, dst Vec)     { f.ins("VCMPPS", hex(sel), a, b, dst) }
func (f fn) VPTERNLOGD(sel uint8, a VecMem, b, dst Vec) { f.ins("VPTERNLOGD", hex(sel), a, b, dst) }
func (f fn) VPSHUFD(sel uint8, a VecMem, dst Vec)       { f.ins("VPSHUFD", hex(sel), a, dst) }
func (f fn) VPERMQ(sel uint8, a VecMem, dst Vec)        { f.ins("VPERMQ", hex(sel), a, dst) }
func (f fn) VPINSRW(i int, a Mem, b, dst X)             { f.ins("VPINSRW", Imm(i), a, b, dst) }

// Parts of registers: the i-th one from the bottom.
func (f fn) VINSERTF128(i int, a VecMem, b, dst Vec)  { f.ins("VINSERTF128", Imm(i), a, b, dst) }
func (f fn) VINSERTI128(i int, a VecMem, b, dst Vec)  { f.ins("VINSERTI128", Imm(i), a, b, dst) }
func (f fn) VINSERTI64X4(i int, a VecMem, b, dst Vec) { f.ins("VINSERTI64X4", Imm(i), a, b, dst) }
func (f fn) VEXTRACTF128(i int, a, dst Vec)           { f.ins("VEXTRACTF128", Imm(i), a, dst) }
func (f fn) VEXTRACTI128(i int, a, dst Vec)           { f.ins("VEXTRACTI128", Imm(i), a, dst) }
func (f fn) VEXTRACTF32X4(i int, a, dst Vec)          { f.ins("VEXTRACTF32X4", Imm(i), a, dst) }
func (f fn) VEXTRACTF64X4(i int, a, dst Vec)          { f.ins("VEXTRACTF64X4", Imm(i), a, dst) }

// Moves. At least one operand is a register.
func (f fn) VMOVUPS(a, dst VecMem)   { f.ins("VMOVUPS", a, dst) }
func (f fn) VMOVAPS(a, dst VecMem)   { f.ins("VMOVAPS", a, dst) }
func (f fn) VMOVDQU(a, dst VecMem)   { f.ins("VMOVDQU", a, dst) }
func (f fn) VMOVDQU64(a, dst VecMem) { f.ins("VMOVDQU64", a, dst) }
func (f fn) VMOVSS(a, dst VecMem)    { f.ins("VMOVSS", a, dst) }
func (f fn) VMOVQ(a, dst VecMem)     { f.ins("VMOVQ", a, dst) }
func (f fn) VMOVD(a Reg, dst X)      { f.ins("VMOVD", a, dst) }

// Moves of the lanes that a mask selects by its sign.
func (f fn) VMASKMOVPS(a VecMem, mask Vec, dst VecMem) { f.ins("VMASKMOVPS", a, mask, dst) }

// Moves that repeat or widen what they take.
func (f fn) VBROADCASTSS(a VecMem, dst Vec)    { f.ins("VBROADCASTSS", a, dst) }
func (f fn) VBROADCASTSD(a VecMem, dst Vec)    { f.ins("VBROADCASTSD", a, dst) }
func (f fn) VBROADCASTF32X4(a VecMem, dst Vec) { f.ins("VBROADCASTF32X4", a, dst) }
func (f fn) VBROADCASTI128(a VecMem, dst Vec)  { f.ins("VBROADCASTI128", a, dst) }
func (f fn) VPBROADCASTB(a VecMem, dst Vec)    { f.ins("VPBROADCASTB", a, dst) }
func (f fn) VPBROADCASTW(a VecMem, dst Vec)    { f.ins("VPBROADCASTW", a, dst) }
func (f fn) VPBROADCASTD(a VecMem, dst Vec)    { f.ins("VPBROADCASTD", a, dst) }
func (f fn) VMOVSHDUP(a VecMem, dst Vec)       { f.ins("VMOVSHDUP", a, dst) }
func (f fn) VPMOVSXBD(a VecMem, dst Vec)       { f.ins("VPMOVSXBD", a, dst) }
func (f fn) VPMOVZXBD(a VecMem, dst Vec)       { f.ins("VPMOVZXBD", a, dst) }

// Conversions. VCVTPS2PH and VROUNDPS take the kind of rounding.
func (f fn) VCVTDQ2PS(a VecMem, dst Vec)           { f.ins("VCVTDQ2PS", a, dst) }
func (f fn) VCVTPS2DQ(a VecMem, dst Vec)           { f.ins("VCVTPS2DQ", a, dst) }
func (f fn) VCVTPH2PS(a VecMem, dst Vec)           { f.ins("VCVTPH2PS", a, dst) }
func (f fn) VCVTPS2PH(kind int, a Vec, dst VecMem) { f.ins("VCVTPS2PH", Imm(kind), a, dst) }
func (f fn) VROUNDPS(kind int, a VecMem, dst Vec)  { f.ins("VROUNDPS", Imm(kind), a, dst) }

// General registers. TESTQ and CMPQ only set the flags.
func (f fn) MOVQ(a, dst Src)        { f.ins("MOVQ", a, dst) }
func (f fn) ADDQ(a, dst Src)        { f.ins("ADDQ", a, dst) }
func (f fn) SUBQ(a, dst Src)        { f.ins("SUBQ", a, dst) }
func (f fn) ANDQ(a, dst Src)        { f.ins("ANDQ", a, dst) }
func (f fn) XORQ(a, dst Src)        { f.ins("XORQ", a, dst) }
func (f fn) TESTQ(a, dst Src)       { f.ins("TESTQ", a, dst) }
func (f fn) CMPQ(a, dst Src)        { f.ins("CMPQ", a, dst) }
func (f fn) ORL(a, dst Src)         { f.ins("ORL", a, dst) }
func (f fn) SHLQ(bits Src, dst Reg) { f.ins("SHLQ", bits, dst) }
func (f fn) SHRQ(bits Src, dst Reg) { f.ins("SHRQ", bits, dst) }
func (f fn) SHLL(bits Src, dst Reg) { f.ins("SHLL", bits, dst) }
func (f fn) MOVBLZX(a Src, dst Reg) { f.ins("MOVBLZX", a, dst) }
func (f fn) MOVWLZX(a Src, dst Reg) { f.ins("MOVWLZX", a, dst) }
func (f fn) LEAQ(a Mem, dst Reg)    { f.ins("LEAQ", a, dst) }
func (f fn) DECQ(r Reg)             { f.ins("DECQ", r) }
func (f fn) KMOVW(a Reg, dst K)     { f.ins("KMOVW", a, dst) }

// Fetches ahead: into every cache, all but the first, and past the outer ones.
func (f fn) PREFETCHT0(a Mem)  { f.ins("PREFETCHT0", a) }
func (f fn) PREFETCHT1(a Mem)  { f.ins("PREFETCHT1", a) }
func (f fn) PREFETCHNTA(a Mem) { f.ins("PREFETCHNTA", a) }

// Jumps.
func (f fn) JMP(to asm.Label) { f.Jump("JMP", to) }
func (f fn) JZ(to asm.Label)  { f.Jump("JZ", to) }
func (f fn) JNZ(to asm.Label) { f.Jump("JNZ", to) }
func (f fn) JLT(to asm.Label) { f.Jump("JLT", to) }
func (f fn) JGE(to asm.Label) { f.Jump("JGE", to) }
func (f fn) JEQ(to asm.Label) { f.Jump("JEQ", to) }
func (f fn) JNE(to asm.Label) { f.Jump("JNE", to) }
func (f fn) RET()             { f.ins("RET") }
func (f fn) VZEROUPPER()      { f.ins("VZEROUPPER") }
