# 4-bit codes times inputs quantised to int8 with a step for every 8 of them. A
# group of 64 inputs is prepared as 32 even and 32 odd bytes, 8 corrections and 8
# steps: lane l of a product of 64 codes sums inputs 8l to 8l+7.

S0 = const("evenOdd", words([0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15] * 2))
PACKED = const("unpackOrder", [0, 4, 1, 5, 2, 6, 3, 7])
at = func("quantizeAVX2", "quantises groups of 64 inputs; the corrections are the sums of the bytes, times -8 as integers, or as they are as floats when floats is not 0.",
          [("dst", F), ("x", F), ("groups", I), ("floats", I)])
args(at, dst="DI", x="SI", groups="CX", floats="DX")
E(f"VPBROADCASTD {const('abs', [0x7FFFFFFF])}, Y15")
loop = label("loop")
E(f"{loop}:")
# Y8 to Y11: of vectors 2i and 2i+1 the larger of two magnitudes, in turns. A
# number minus itself is NaN when it is not finite, and so a step is.
zero(14)
for i in range(8):
    E(f"VMOVUPS {32 * i}(SI), Y{i}", f"VSUBPS Y{i}, Y{i}, Y12", "VADDPS Y12, Y14, Y14")
for i in range(4):
    E(f"VANDPS Y15, Y{2 * i}, Y12", f"VANDPS Y15, Y{2 * i + 1}, Y13", f"VUNPCKLPS Y13, Y12, Y{8 + i}", "VUNPCKHPS Y13, Y12, Y12", f"VMAXPS Y12, Y{8 + i}, Y{8 + i}")
for a, b in ((8, 9), (10, 11)):
    E(f"VSHUFPS $0x44, Y{b}, Y{a}, Y12", f"VSHUFPS $0xee, Y{b}, Y{a}, Y13", f"VMAXPS Y13, Y12, Y{a}")
E("VPERM2F128 $0x20, Y10, Y8, Y12", "VPERM2F128 $0x31, Y10, Y8, Y13", "VMAXPS Y13, Y12, Y8")
# Inputs too small to invert their maximum count as 0.
E(f"VBROADCASTSS {fconst('q127', 127.0)}, Y9", "VDIVPS Y8, Y9, Y9", f"VBROADCASTSS {fconst('tiny', 1e-30)}, Y10", "VCMPPS $1, Y8, Y10, Y10", "VANDPS Y10, Y9, Y9",
  "VMOVUPS Y9, 96(DI)", f"VBROADCASTSS {fconst('over127', 1 / 127)}, Y10", "VMULPS Y10, Y8, Y8", "VADDPS Y14, Y8, Y8")
for i in range(8):
    E(f"VBROADCASTSS {96 + 4 * i}(DI), Y{9 + i % 4}", f"VMULPS Y{9 + i % 4}, Y{i}, Y{i}", f"VCVTPS2DQ Y{i}, Y{i}")
E("VMOVUPS Y8, 96(DI)")
for b in range(2):
    r = 4 * b
    E(f"VPACKSSDW Y{r + 1}, Y{r}, Y{r}", f"VPACKSSDW Y{r + 3}, Y{r + 2}, Y{r + 2}", f"VPACKSSWB Y{r + 2}, Y{r}, Y{r}", f"VMOVDQU {PACKED}, Y13", f"VPERMD Y{r}, Y13, Y{r}",
      f"VMOVDQU {S0}, Y13", f"VPSHUFB Y13, Y{r}, Y{r}", f"VPERMQ $0xd8, Y{r}, Y{r}")
E("VPERM2I128 $0x20, Y4, Y0, Y1", "VPERM2I128 $0x31, Y4, Y0, Y2", "VMOVDQU Y1, (DI)", "VMOVDQU Y2, 32(DI)")
E(f"VPBROADCASTD {const('ones8', [0x01010101])}, Y12", f"VPBROADCASTD {const('ones16', [0x00010001])}, Y11",
  "VPMADDUBSW Y1, Y12, Y1", "VPMADDUBSW Y2, Y12, Y2", "VPADDW Y2, Y1, Y1", "VPMADDWD Y11, Y1, Y0")
isFloat, stored = label("float"), label("stored")
E("TESTQ DX, DX", f"JNZ {isFloat}", "VPXOR Y2, Y2, Y2", "VPSUBD Y0, Y2, Y0", "VPSLLD $3, Y0, Y0", f"JMP {stored}", f"{isFloat}:", "VCVTDQ2PS Y0, Y0", f"{stored}:",
  "VMOVDQU Y0, 64(DI)")
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
    # Weights are read once a token: fetched past the outer caches they leave the
    # inputs and the plan there.
    E("VMOVDQU (SI), Y2", "PREFETCHNTA 4096(SI)")
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
