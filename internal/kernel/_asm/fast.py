# 4-bit codes times inputs quantised to int8 in blocks of 32, as llama.cpp's
# Q8_0 does. A group of 64 inputs is prepared as 32 even and 32 odd bytes, 8
# corrections and 8 steps, block by block in the two halves of a vector.

S0 = const("evenOdd", words([0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15] * 2))
PACKED = const("unpackOrder", [0, 4, 1, 5, 2, 6, 3, 7])
at = func("quantizeAVX2", "quantises groups of 64 inputs; the corrections are the sums of the bytes, times -8 as integers, or as they are as floats when floats is not 0.",
          [("dst", F), ("x", F), ("groups", I), ("floats", I)])
args(at, dst="DI", x="SI", groups="CX", floats="DX")
E(f"VPBROADCASTD {const('abs', [0x7FFFFFFF])}, Y15", f"VMOVDQU {S0}, Y14", f"VMOVDQU {PACKED}, Y13",
  f"VPBROADCASTD {const('ones8', [0x01010101])}, Y12", f"VPBROADCASTD {const('ones16', [0x00010001])}, Y11")
loop = label("loop")
E(f"{loop}:")
for b in range(2):
    zero(10)
    for i in range(4):
        E(f"VMOVUPS {128 * b + 32 * i}(SI), Y{i}", f"VANDPS Y15, Y{i}, Y{4 + i}")
    # Zero times the inputs is NaN when one is not finite, and so the step is.
    for i in range(4):
        E(f"VSUBPS Y{i}, Y{i}, Y8", "VADDPS Y8, Y10, Y10")
    E("VMAXPS Y5, Y4, Y4", "VMAXPS Y7, Y6, Y6", "VMAXPS Y6, Y4, Y4", "VEXTRACTF128 $1, Y4, X5", "VMAXPS X5, X4, X4",
      "VSHUFPS $0x4e, X4, X4, X5", "VMAXPS X5, X4, X4", "VSHUFPS $0xb1, X4, X4, X5", "VMAXPS X5, X4, X4")
    E("VHADDPS Y10, Y10, Y10", "VHADDPS Y10, Y10, Y10", "VEXTRACTF128 $1, Y10, X8", "VADDPS X8, X10, X10")
    # Inputs too small to invert their maximum count as 0.
    E(f"VBROADCASTSS {fconst('q127', 127.0)}, X5", "VDIVPS X4, X5, X6", f"VBROADCASTSS {fconst('tiny', 1e-30)}, X7",
      "VCMPPS $1, X4, X7, X7", "VANDPS X7, X6, X6", f"VBROADCASTSS {fconst('over127', 1 / 127)}, X5", "VMULPS X5, X4, X4", "VADDPS X10, X4, X4",
      f"VMOVUPS X4, {96 + 16 * b}(DI)", "VINSERTF128 $1, X6, Y6, Y6")
    for i in range(4):
        E(f"VMULPS Y6, Y{i}, Y{i}", f"VCVTPS2DQ Y{i}, Y{i}")
    E("VPACKSSDW Y1, Y0, Y0", "VPACKSSDW Y3, Y2, Y2", "VPACKSSWB Y2, Y0, Y0", "VPERMD Y0, Y13, Y0", "VPSHUFB Y14, Y0, Y0", "VPERMQ $0xd8, Y0, Y0",
      "VEXTRACTI128 $1, Y0, X1", f"VMOVDQU X0, {16 * b}(DI)", f"VMOVDQU X1, {32 + 16 * b}(DI)")
    E("VPMADDUBSW Y0, Y12, Y0", "VPMADDWD Y11, Y0, Y0", "VEXTRACTI128 $1, Y0, X1", "VPADDD X1, X0, X0")
    isFloat, stored = label("float"), label("stored")
    E("TESTQ DX, DX", f"JNZ {isFloat}", "VPXOR X2, X2, X2", "VPSUBD X0, X2, X0", "VPSLLD $3, X0, X0", f"JMP {stored}", f"{isFloat}:", "VCVTDQ2PS X0, X0", f"{stored}:",
      f"VMOVDQU X0, {64 + 16 * b}(DI)")
E("ADDQ $256, SI", "ADDQ $128, DI", "DECQ CX", f"JNZ {loop}")
ret()


def fast(sign, mode, pair):
    name = f"fast{'s' if sign else 'u'}{mode}{'Pair' if pair else 'Long'}AVX2"
    params = [("w", B), ("scale", F)] + ([("offset", F)] if mode else []) + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("vecs", I)]
    at = func(name, "multiplies quantised x by rows of 4-bit codes, vecs vectors of 64 to a block.", params)
    args(at, w="SI", scale="DX", dst="R8", rows="R9", blocks="R10", vecs="R11")
    if mode:
        args(at, offset="BX")
    E(f"VPBROADCASTD {const('nibbles', [0x0F0F0F0F])}, Y15", f"VPBROADCASTD {const('ones16', [0x00010001])}, Y14")
    if sign:
        E(f"VPBROADCASTD {const('eights', [0x88888888])}, Y13")
    if pair:
        E(f"VMOVDQU {const('pairLanes', [0] * 4 + [1] * 4)}, Y12")
    row, block, vec = label("row"), label("block"), label("vec")

    def load(reg, ptr):
        if pair:
            E(f"VBROADCASTSD ({ptr}), Y{reg}", f"VPERMILPS Y12, Y{reg}, Y{reg}")
        else:
            E(f"VBROADCASTSS ({ptr}), Y{reg}")

    E(f"{row}:", f"MOVQ {at['x']}, DI", "MOVQ R10, R12")
    zero(0)
    E(f"{block}:")
    load(11, "DX")
    if mode:
        load(10, "BX")
        if sign:
            E(f"VADDPS {v8('eight', 8.0)}, Y10, Y10")
    if not pair:
        zero(1)
        E("MOVQ R11, R13", f"{vec}:")
    E("VMOVDQU (SI), Y2", "PREFETCHT0 4096(SI)")
    if sign:
        E("VPXOR Y13, Y2, Y2")
    E("VPSRLW $4, Y2, Y3", "VPAND Y15, Y2, Y2", "VPAND Y15, Y3, Y3", "VPMADDUBSW (DI), Y2, Y2", "VPMADDUBSW 32(DI), Y3, Y3",
      "VPADDW Y3, Y2, Y2", "VPMADDWD Y14, Y2, Y2")
    if sign and not mode:
        E("VPADDD 64(DI), Y2, Y2")
    E("VCVTDQ2PS Y2, Y2")
    if mode:
        E("VFNMADD231PS 64(DI), Y10, Y2")
    if pair:
        E("VMULPS 96(DI), Y11, Y11", "VFMADD231PS Y2, Y11, Y0")
    else:
        E("VFMADD231PS 96(DI), Y2, Y1")
    E("ADDQ $32, SI", "ADDQ $128, DI")
    if not pair:
        E("DECQ R13", f"JNZ {vec}", "VFMADD231PS Y1, Y11, Y0")
    E(f"ADDQ ${8 if pair else 4}, DX")
    if mode:
        E(f"ADDQ ${8 if pair else 4}, BX")
    E("DECQ R12", f"JNZ {block}")
    reduce(0, 1, "(R8)")
    E("ADDQ $4, R8", "DECQ R9", f"JNZ {row}")
    ret()


for sign in (True, False):
    for mode in ("", "o"):
        for pair in (True, False):
            fast(sign, mode, pair)
