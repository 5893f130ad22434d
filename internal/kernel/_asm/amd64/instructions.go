package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// The instructions that the kernels use, in the order of Go's assembler: the
// destination is the last operand. They are methods of fn, so that a name which
// does not exist, or an operand of the wrong kind, does not compile.

// Floats: dst = b op a.
func (f fn) VADDPS(a vecMem, b, dst vec)    { f.ins("VADDPS", a, b, dst) }
func (f fn) VSUBPS(a vecMem, b, dst vec)    { f.ins("VSUBPS", a, b, dst) }
func (f fn) VMULPS(a vecMem, b, dst vec)    { f.ins("VMULPS", a, b, dst) }
func (f fn) VDIVPS(a vecMem, b, dst vec)    { f.ins("VDIVPS", a, b, dst) }
func (f fn) VMAXPS(a vecMem, b, dst vec)    { f.ins("VMAXPS", a, b, dst) }
func (f fn) VMINPS(a vecMem, b, dst vec)    { f.ins("VMINPS", a, b, dst) }
func (f fn) VHADDPS(a vecMem, b, dst vec)   { f.ins("VHADDPS", a, b, dst) }
func (f fn) VXORPS(a vecMem, b, dst vec)    { f.ins("VXORPS", a, b, dst) }
func (f fn) VANDPS(a vecMem, b, dst vec)    { f.ins("VANDPS", a, b, dst) }
func (f fn) VUNPCKLPS(a vecMem, b, dst vec) { f.ins("VUNPCKLPS", a, b, dst) }
func (f fn) VUNPCKHPS(a vecMem, b, dst vec) { f.ins("VUNPCKHPS", a, b, dst) }
func (f fn) VUNPCKLPD(a vecMem, b, dst vec) { f.ins("VUNPCKLPD", a, b, dst) }
func (f fn) VUNPCKHPD(a vecMem, b, dst vec) { f.ins("VUNPCKHPD", a, b, dst) }

// Fused products: 231 adds a·b to dst; 213 multiplies dst by b and adds a.
// FMSUB subtracts the addend, FNMADD the product.
func (f fn) VFMADD231PS(a vecMem, b, dst vec)  { f.ins("VFMADD231PS", a, b, dst) }
func (f fn) VFMADD213PS(a vecMem, b, dst vec)  { f.ins("VFMADD213PS", a, b, dst) }
func (f fn) VFMSUB213PS(a vecMem, b, dst vec)  { f.ins("VFMSUB213PS", a, b, dst) }
func (f fn) VFNMADD231PS(a vecMem, b, dst vec) { f.ins("VFNMADD231PS", a, b, dst) }
func (f fn) VFNMADD213PS(a vecMem, b, dst vec) { f.ins("VFNMADD213PS", a, b, dst) }

// Integers and bits: dst = b op a. VPMADDUBSW and VPDPBUSD multiply unsigned bytes of
// b by signed bytes of a, VPMADDWD and VPDPWSSD signed words; those with DP add the
// products to dst.
func (f fn) VPADDB(a vecMem, b, dst vec)     { f.ins("VPADDB", a, b, dst) }
func (f fn) VPADDW(a vecMem, b, dst vec)     { f.ins("VPADDW", a, b, dst) }
func (f fn) VPADDD(a vecMem, b, dst vec)     { f.ins("VPADDD", a, b, dst) }
func (f fn) VPSUBW(a vecMem, b, dst vec)     { f.ins("VPSUBW", a, b, dst) }
func (f fn) VPSUBD(a vecMem, b, dst vec)     { f.ins("VPSUBD", a, b, dst) }
func (f fn) VPMULLD(a vecMem, b, dst vec)    { f.ins("VPMULLD", a, b, dst) }
func (f fn) VPMAXSD(a vecMem, b, dst vec)    { f.ins("VPMAXSD", a, b, dst) }
func (f fn) VPMADDWD(a vecMem, b, dst vec)   { f.ins("VPMADDWD", a, b, dst) }
func (f fn) VPMADDUBSW(a vecMem, b, dst vec) { f.ins("VPMADDUBSW", a, b, dst) }
func (f fn) VPDPBUSD(a vecMem, b, dst vec)   { f.ins("VPDPBUSD", a, b, dst) }
func (f fn) VPDPWSSD(a vecMem, b, dst vec)   { f.ins("VPDPWSSD", a, b, dst) }
func (f fn) VPAND(a vecMem, b, dst vec)      { f.ins("VPAND", a, b, dst) }
func (f fn) VPANDD(a vecMem, b, dst vec)     { f.ins("VPANDD", a, b, dst) }
func (f fn) VPOR(a vecMem, b, dst vec)       { f.ins("VPOR", a, b, dst) }
func (f fn) VPXOR(a vecMem, b, dst vec)      { f.ins("VPXOR", a, b, dst) }
func (f fn) VPXORD(a vecMem, b, dst vec)     { f.ins("VPXORD", a, b, dst) }

// Shifts, by a number of bits or by one for each lane.
func (f fn) VPSLLW(bits int, a, dst vec)     { f.ins("VPSLLW", imm(bits), a, dst) }
func (f fn) VPSRLW(bits int, a, dst vec)     { f.ins("VPSRLW", imm(bits), a, dst) }
func (f fn) VPSRAW(bits int, a, dst vec)     { f.ins("VPSRAW", imm(bits), a, dst) }
func (f fn) VPSLLD(bits int, a, dst vec)     { f.ins("VPSLLD", imm(bits), a, dst) }
func (f fn) VPSRLD(bits int, a, dst vec)     { f.ins("VPSRLD", imm(bits), a, dst) }
func (f fn) VPSRAD(bits int, a, dst vec)     { f.ins("VPSRAD", imm(bits), a, dst) }
func (f fn) VPSRLVD(bits vecMem, a, dst vec) { f.ins("VPSRLVD", bits, a, dst) }
func (f fn) VPSRLVQ(bits vecMem, a, dst vec) { f.ins("VPSRLVQ", bits, a, dst) }
func (f fn) VPSLLVD(bits vecMem, a, dst vec) { f.ins("VPSLLVD", bits, a, dst) }

// Orders of lanes. VPSHUFB and VPERMILPS take the order first, VPERMPS and VPERMD
// second.
func (f fn) VPSHUFB(a vecMem, b, dst vec)             { f.ins("VPSHUFB", a, b, dst) }
func (f fn) VPERMPS(a vecMem, b, dst vec)             { f.ins("VPERMPS", a, b, dst) }
func (f fn) VPERMD(a vecMem, b, dst vec)              { f.ins("VPERMD", a, b, dst) }
func (f fn) VPACKSSDW(a vecMem, b, dst vec)           { f.ins("VPACKSSDW", a, b, dst) }
func (f fn) VPACKSSWB(a vecMem, b, dst vec)           { f.ins("VPACKSSWB", a, b, dst) }
func (f fn) VPUNPCKLBW(a vecMem, b, dst vec)          { f.ins("VPUNPCKLBW", a, b, dst) }
func (f fn) VPUNPCKHBW(a vecMem, b, dst vec)          { f.ins("VPUNPCKHBW", a, b, dst) }
func (f fn) VPUNPCKLWD(a vecMem, b, dst vec)          { f.ins("VPUNPCKLWD", a, b, dst) }
func (f fn) VPUNPCKHWD(a vecMem, b, dst vec)          { f.ins("VPUNPCKHWD", a, b, dst) }
func (f fn) VPUNPCKLDQ(a vecMem, b, dst vec)          { f.ins("VPUNPCKLDQ", a, b, dst) }
func (f fn) VPUNPCKHDQ(a vecMem, b, dst vec)          { f.ins("VPUNPCKHDQ", a, b, dst) }
func (f fn) VPUNPCKLQDQ(a vecMem, b, dst vec)         { f.ins("VPUNPCKLQDQ", a, b, dst) }
func (f fn) VPUNPCKHQDQ(a vecMem, b, dst vec)         { f.ins("VPUNPCKHQDQ", a, b, dst) }
func (f fn) VPERMILPS(order vecMem, a, dst vec)       { f.ins("VPERMILPS", order, a, dst) }
func (f fn) VBLENDVPS(mask vec, a vecMem, b, dst vec) { f.ins("VBLENDVPS", mask, a, b, dst) }

// Immediate operands are in the order of the manual's last operand, which Go puts
// first.
// Three operands and a selector, which is shown in hexadecimal.
func (f fn) VSHUFPS(sel uint8, a vecMem, b, dst vec) { f.ins("VSHUFPS", hex(sel), a, b, dst) }

func (f fn) VPERM2F128(sel uint8, a vecMem, b, dst vec) { f.ins("VPERM2F128", hex(sel), a, b, dst) }

func (f fn) VPERM2I128(sel uint8, a vecMem, b, dst vec) { f.ins("VPERM2I128", hex(sel), a, b, dst) }

func (f fn) VSHUFF64X2(sel uint8, a vecMem, b, dst vec) { f.ins("VSHUFF64X2", hex(sel), a, b, dst) }

func (f fn) VINSERTPS(sel uint8, a vecMem, b, dst vec)      { f.ins("VINSERTPS", hex(sel), a, b, dst) }
func (f fn) VCMPPS(sel uint8, a vecMem, b vec, dst vecMask) { f.ins("VCMPPS", hex(sel), a, b, dst) }
func (f fn) VPTERNLOGD(sel uint8, a vecMem, b, dst vec)     { f.ins("VPTERNLOGD", hex(sel), a, b, dst) }
func (f fn) VPSHUFD(sel uint8, a vecMem, dst vec)           { f.ins("VPSHUFD", hex(sel), a, dst) }
func (f fn) VPERMQ(sel uint8, a vecMem, dst vec)            { f.ins("VPERMQ", hex(sel), a, dst) }
func (f fn) VPINSRW(i int, a mem, b, dst X)                 { f.ins("VPINSRW", imm(i), a, b, dst) }

// Look-ups in two registers, by indices that are overwritten, and what chooses between
// two: VPTESTMD marks the lanes where a bit of both operands is set, and VBLENDMPS takes
// a there.
func (f fn) VPERMI2PS(high, low vecMem, index vec)   { f.ins("VPERMI2PS", high, low, index) }
func (f fn) VPTESTMD(a vecMem, b vec, dst K)         { f.ins("VPTESTMD", a, b, dst) }
func (f fn) VBLENDMPS(a vecMem, b vec, k K, dst vec) { f.ins("VBLENDMPS", a, b, k, dst) }

// VCMPPSTo marks the lanes where the comparison of b with a holds.
func (f fn) VCMPPSTo(sel uint8, a vecMem, b vec, dst K) { f.ins("VCMPPS", hex(sel), a, b, dst) }

// Parts of registers: the i-th one from the bottom.
func (f fn) VINSERTF128(i int, a vecMem, b, dst vec)  { f.ins("VINSERTF128", imm(i), a, b, dst) }
func (f fn) VINSERTI128(i int, a vecMem, b, dst vec)  { f.ins("VINSERTI128", imm(i), a, b, dst) }
func (f fn) VINSERTI64X4(i int, a vecMem, b, dst vec) { f.ins("VINSERTI64X4", imm(i), a, b, dst) }
func (f fn) VEXTRACTF128(i int, a, dst vec)           { f.ins("VEXTRACTF128", imm(i), a, dst) }
func (f fn) VEXTRACTI128(i int, a, dst vec)           { f.ins("VEXTRACTI128", imm(i), a, dst) }
func (f fn) VEXTRACTF32X4(i int, a vec, dst vecMem)   { f.ins("VEXTRACTF32X4", imm(i), a, dst) }
func (f fn) VEXTRACTF64X4(i int, a, dst vec)          { f.ins("VEXTRACTF64X4", imm(i), a, dst) }

// Moves. At least one operand is a register.
func (f fn) VMOVUPS(a, dst vecMem)   { f.ins("VMOVUPS", a, dst) }
func (f fn) VMOVAPS(a, dst vecMem)   { f.ins("VMOVAPS", a, dst) }
func (f fn) VMOVDQU(a, dst vecMem)   { f.ins("VMOVDQU", a, dst) }
func (f fn) VMOVDQU64(a, dst vecMem) { f.ins("VMOVDQU64", a, dst) }
func (f fn) VMOVSS(a, dst vecMem)    { f.ins("VMOVSS", a, dst) }
func (f fn) VMOVQ(a, dst vecMem)     { f.ins("VMOVQ", a, dst) }
func (f fn) VMOVD(a reg, dst X)      { f.ins("VMOVD", a, dst) }

// Moves of the lanes that a mask selects by its sign.
func (f fn) VMASKMOVPS(a vecMem, mask vec, dst vecMem) { f.ins("VMASKMOVPS", a, mask, dst) }

// Moves that repeat or widen what they take.
func (f fn) VBROADCASTSS(a vecMem, dst vec)    { f.ins("VBROADCASTSS", a, dst) }
func (f fn) VBROADCASTSD(a vecMem, dst vec)    { f.ins("VBROADCASTSD", a, dst) }
func (f fn) VBROADCASTF32X4(a vecMem, dst vec) { f.ins("VBROADCASTF32X4", a, dst) }
func (f fn) VBROADCASTF64X4(a vecMem, dst vec) { f.ins("VBROADCASTF64X4", a, dst) }
func (f fn) VBROADCASTI128(a vecMem, dst vec)  { f.ins("VBROADCASTI128", a, dst) }
func (f fn) VPBROADCASTB(a vecMem, dst vec)    { f.ins("VPBROADCASTB", a, dst) }
func (f fn) VPBROADCASTW(a vecMem, dst vec)    { f.ins("VPBROADCASTW", a, dst) }
func (f fn) VPBROADCASTD(a vecMem, dst vec)    { f.ins("VPBROADCASTD", a, dst) }
func (f fn) VPBROADCASTQ(a vecMem, dst vec)    { f.ins("VPBROADCASTQ", a, dst) }
func (f fn) VMOVSHDUP(a vecMem, dst vec)       { f.ins("VMOVSHDUP", a, dst) }
func (f fn) VPMOVSXBD(a vecMem, dst vec)       { f.ins("VPMOVSXBD", a, dst) }
func (f fn) VPMOVSXBW(a vecMem, dst vec)       { f.ins("VPMOVSXBW", a, dst) }
func (f fn) VPMOVZXBW(a vecMem, dst vec)       { f.ins("VPMOVZXBW", a, dst) }
func (f fn) VPMOVSXWD(a vecMem, dst vec)       { f.ins("VPMOVSXWD", a, dst) }
func (f fn) VPMOVZXBD(a vecMem, dst vec)       { f.ins("VPMOVZXBD", a, dst) }

// Conversions. VCVTPS2PH and VROUNDPS take the kind of rounding.
func (f fn) VCVTDQ2PS(a vecMem, dst vec)           { f.ins("VCVTDQ2PS", a, dst) }
func (f fn) VCVTPS2DQ(a vecMem, dst vec)           { f.ins("VCVTPS2DQ", a, dst) }
func (f fn) VCVTPH2PS(a vecMem, dst vec)           { f.ins("VCVTPH2PS", a, dst) }
func (f fn) VCVTPS2PH(kind int, a vec, dst vecMem) { f.ins("VCVTPS2PH", imm(kind), a, dst) }
func (f fn) VROUNDPS(kind int, a vecMem, dst vec)  { f.ins("VROUNDPS", imm(kind), a, dst) }

// VRNDSCALEPS is the rounding of AVX-512, and VSCALEFPS multiplies b by two to the
// power of a.
func (f fn) VRNDSCALEPS(kind int, a vecMem, dst vec) { f.ins("VRNDSCALEPS", imm(kind), a, dst) }
func (f fn) VSCALEFPS(a vecMem, b, dst vec)          { f.ins("VSCALEFPS", a, b, dst) }

// General registers. TESTQ and CMPQ only set the flags, and MOVL moves the lower half.
// CPUID asks for leaf AX, subleaf CX, and answers in AX, BX, CX and DX; XGETBV for
// register CX, in AX and DX.
func (f fn) MOVQ(a, dst src)        { f.ins("MOVQ", a, dst) }
func (f fn) MOVL(a, dst src)        { f.ins("MOVL", a, dst) }
func (f fn) CPUID()                 { f.ins("CPUID") }
func (f fn) XGETBV()                { f.ins("XGETBV") }
func (f fn) ADDQ(a, dst src)        { f.ins("ADDQ", a, dst) }
func (f fn) SUBQ(a, dst src)        { f.ins("SUBQ", a, dst) }
func (f fn) IMULQ(a src, dst reg)   { f.ins("IMULQ", a, dst) }
func (f fn) ANDQ(a, dst src)        { f.ins("ANDQ", a, dst) }
func (f fn) XORQ(a, dst src)        { f.ins("XORQ", a, dst) }
func (f fn) TESTQ(a, dst src)       { f.ins("TESTQ", a, dst) }
func (f fn) CMPQ(a, dst src)        { f.ins("CMPQ", a, dst) }
func (f fn) ORL(a, dst src)         { f.ins("ORL", a, dst) }
func (f fn) SHLQ(bits src, dst reg) { f.ins("SHLQ", bits, dst) }
func (f fn) SHRQ(bits src, dst reg) { f.ins("SHRQ", bits, dst) }
func (f fn) SHLL(bits src, dst reg) { f.ins("SHLL", bits, dst) }
func (f fn) MOVBLZX(a src, dst reg) { f.ins("MOVBLZX", a, dst) }
func (f fn) MOVWLZX(a src, dst reg) { f.ins("MOVWLZX", a, dst) }
func (f fn) LEAQ(a mem, dst reg)    { f.ins("LEAQ", a, dst) }
func (f fn) DECQ(r reg)             { f.ins("DECQ", r) }
func (f fn) KMOVW(a reg, dst K)     { f.ins("KMOVW", a, dst) }

// Fetches ahead: into every cache, all but the first, and past the outer ones.
func (f fn) PREFETCHT0(a mem)  { f.ins("PREFETCHT0", a) }
func (f fn) PREFETCHT1(a mem)  { f.ins("PREFETCHT1", a) }
func (f fn) PREFETCHNTA(a mem) { f.ins("PREFETCHNTA", a) }

// Jumps.
func (f fn) JMP(to asm.Label) { f.Jump("JMP", to) }
func (f fn) JZ(to asm.Label)  { f.Jump("JZ", to) }
func (f fn) JNZ(to asm.Label) { f.Jump("JNZ", to) }
func (f fn) JLT(to asm.Label) { f.Jump("JLT", to) }
func (f fn) JLE(to asm.Label) { f.Jump("JLE", to) }
func (f fn) JGE(to asm.Label) { f.Jump("JGE", to) }
func (f fn) JGT(to asm.Label) { f.Jump("JGT", to) }
func (f fn) JEQ(to asm.Label) { f.Jump("JEQ", to) }
func (f fn) JNE(to asm.Label) { f.Jump("JNE", to) }
func (f fn) RET()             { f.ins("RET") }
func (f fn) VZEROUPPER()      { f.ins("VZEROUPPER") }
