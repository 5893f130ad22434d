# 4-bit codes 64 at a time: lane l of a vector holds the 8 codes 8l to 8l+7, and
# a constant shift brings code j of every lane to the same place. The input is
# transposed to match (transpose64AVX2). Signed codes stay in the top 4 bits,
# where their sign is; the scale absorbs the factor of 2^28.
#
# Four accumulators: with two, the latency of the additions would be the limit.
# Modes as in quant.py. "pair" has blocks of 32, two to a vector; otherwise a
# block is some whole vectors of 64.

at = func("transpose64AVX2", "stores x[64g+8l+j] at dst[64g+8j+l].", [("dst", F), ("x", F), ("groups", I)])
args(at, dst="DI", x="SI", groups="CX")
loop = label("loop")
E(f"{loop}:")
for h in range(2):
    for i in range(4):
        E(f"VMOVUPS {32 * i + 16 * h}(SI), X{i}", f"VINSERTF128 $1, {32 * (i + 4) + 16 * h}(SI), Y{i}, Y{i}")
    E("VUNPCKLPS Y1, Y0, Y4", "VUNPCKHPS Y1, Y0, Y5", "VUNPCKLPS Y3, Y2, Y6", "VUNPCKHPS Y3, Y2, Y7",
      "VUNPCKLPD Y6, Y4, Y0", "VUNPCKHPD Y6, Y4, Y1", "VUNPCKLPD Y7, Y5, Y2", "VUNPCKHPD Y7, Y5, Y3")
    for i in range(4):
        E(f"VMOVUPS Y{i}, {128 * h + 32 * i}(DI)")
E("ADDQ $256, SI", "ADDQ $256, DI", "DECQ CX", f"JNZ {loop}")
ret()


def stream(sign, mode, pair):
    name = f"stream{'s' if sign else 'u'}{mode}{'Pair' if pair else 'Long'}AVX2"
    params = [("w", B), ("scale", F)] + ([("offset", F)] if hasOffset(mode) else []) + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("vecs", I)]
    at = func(name, "multiplies transposed x by rows of 4-bit codes, vecs vectors of 64 to a block.", params)
    args(at, w="SI", scale="DX", dst="R8", rows="R9", blocks="R10", vecs="R11")
    if hasOffset(mode):
        args(at, offset="BX")
    late, grid = scaledLate(mode), mode[:1] == "a"
    if grid:
        E(f"VBROADCASTSS {const('exponent', [0x7F800000])}, Y10", f"VBROADCASTSS {fconst('roundBias', 12288.0)}, Y13")
    E(f"VMOVDQU {const('highNibble', [0xF0000000] * 8) if sign else const('nibble', [15] * 8)}, Y15")
    if pair:
        E(f"VMOVDQU {const('pairLanes', [0] * 4 + [1] * 4)}, Y14")
    if sign:
        E(f"VBROADCASTSS {fconst('down28', 2.0**-28)}, Y9")
    row, block, vec = label("row"), label("block"), label("vec")

    def load(reg, ptr, factor):
        if pair:
            E(f"VBROADCASTSD ({ptr}), Y{reg}", f"VPERMILPS Y14, Y{reg}, Y{reg}")
        else:
            E(f"VBROADCASTSS ({ptr}), Y{reg}")
        if sign:
            E(f"VMULPS {factor}, Y{reg}, Y{reg}")

    E(f"{row}:", f"MOVQ {at['x']}, DI", "MOVQ R10, R12")
    zero(*(range(2) if late else range(4)))
    E(f"{block}:")
    load(12, "DX", "Y9")
    if hasOffset(mode):
        load(11, "BX", v8("up28", 2.0**28))
    if late:
        zero(2, 3, 4, 5)
    if not pair:
        E("MOVQ R11, R13", f"{vec}:")
    E("VMOVDQU (SI), Y8", "PREFETCHT0 4096(SI)")
    for j in range(8):
        q = 4 + j % 2 * 2 if grid else (6, 7, 10, 13)[j % 4]
        acc = (2 if late else 0) + j % 4
        if sign:
            if j == 7:
                E(f"VPAND Y15, Y8, Y{q}")
            else:
                E(f"VPSLLD ${28 - 4 * j}, Y8, Y{q}", f"VPAND Y15, Y{q}, Y{q}")
        elif j == 0:
            E(f"VPAND Y15, Y8, Y{q}")
        else:
            E(f"VPSRLD ${4 * j}, Y8, Y{q}", *([f"VPAND Y15, Y{q}, Y{q}"] if j < 7 else []))
        E(f"VCVTDQ2PS Y{q}, Y{q}")
        if hasOffset(mode):
            E(f"VSUBPS Y11, Y{q}, Y{q}")
        if grid:
            roundTo(q, q + 1)
        E(f"VFMADD231PS {32 * j}(DI), Y{q}, Y{acc}")
    E("ADDQ $32, SI", "ADDQ $256, DI")
    if not pair:
        E("DECQ R13", f"JNZ {vec}")
    if late:
        E("VADDPS Y3, Y2, Y2", "VADDPS Y5, Y4, Y4", "VFMADD231PS Y2, Y12, Y0", "VFMADD231PS Y4, Y12, Y1")
    E(f"ADDQ ${8 if pair else 4}, DX")
    if hasOffset(mode):
        E(f"ADDQ ${8 if pair else 4}, BX")
    E("DECQ R12", f"JNZ {block}")
    if not late:
        E("VADDPS Y2, Y0, Y0", "VADDPS Y3, Y1, Y1")
    E("VADDPS Y1, Y0, Y0")
    reduce(0, 1, "(R8)")
    E("ADDQ $4, R8", "DECQ R9", f"JNZ {row}")
    ret()


for sign in (True, False):
    for mode in ("", "o", "a", "ao"):
        for pair in (True, False):
            stream(sign, mode, pair)
