# 4-bit codes 64 at a time: lane l of a vector holds the 8 codes 8l to 8l+7. A
# group of 64 inputs is prepared to match: 8 vectors, vector j with the inputs
# of code j of every lane, and a ninth with the sums of the lanes.
#
# Modes as in quant.py. "pair" has blocks of 32, two to a vector; otherwise a
# block is some whole vectors of 64. Four accumulators: with two, the latency of
# the additions would be the limit.
#
# Modes "" and "o" leave code j where it lies, 16^j too large, and the prepared
# input is 16^-j times the original. Signed codes are made unsigned by one
# exclusive or; the 8 (and the offset) times the sum of the inputs is taken off.

FACTORS = [1, 2.0**-4, 2.0**-8, 2.0**-12, 2.0**-16, 2.0**-20, 2.0**-24, 1]

at = func("prepare64AVX2", "stores x[64g+8l+j]·factors[j] at dst[72g+8j+l] and factors[8] times the sum over j of x[64g+8l+j] at dst[72g+64+l].",
          [("dst", F), ("x", F), ("factors", F), ("groups", I)])
args(at, dst="DI", x="SI", factors="DX", groups="CX")
loop = label("loop")
E(f"{loop}:")
zero(8)
for h in range(2):
    for i in range(4):
        E(f"VMOVUPS {32 * i + 16 * h}(SI), X{i}", f"VINSERTF128 $1, {32 * (i + 4) + 16 * h}(SI), Y{i}, Y{i}")
    E("VUNPCKLPS Y1, Y0, Y4", "VUNPCKHPS Y1, Y0, Y5", "VUNPCKLPS Y3, Y2, Y6", "VUNPCKHPS Y3, Y2, Y7",
      "VUNPCKLPD Y6, Y4, Y0", "VUNPCKHPD Y6, Y4, Y1", "VUNPCKLPD Y7, Y5, Y2", "VUNPCKHPD Y7, Y5, Y3")
    for i in range(4):
        E(f"VADDPS Y{i}, Y8, Y8", f"VBROADCASTSS {16 * h + 4 * i}(DX), Y4", f"VMULPS Y4, Y{i}, Y{i}", f"VMOVUPS Y{i}, {128 * h + 32 * i}(DI)")
E("VBROADCASTSS 32(DX), Y4", "VMULPS Y4, Y8, Y8", "VMOVUPS Y8, 256(DI)")
E("ADDQ $256, SI", "ADDQ $288, DI", "DECQ CX", f"JNZ {loop}")
ret()


def stream(sign, mode, pair):
    name = f"stream{'s' if sign else 'u'}{mode}{'Pair' if pair else 'Long'}AVX2"
    params = [("w", B), ("scale", F)] + ([("offset", F)] if hasOffset(mode) else []) + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("vecs", I)]
    at = func(name, "multiplies prepared x by rows of 4-bit codes, vecs vectors of 64 to a block.", params)
    args(at, w="SI", scale="DX", dst="R8", rows="R9", blocks="R10", vecs="R11")
    if hasOffset(mode):
        args(at, offset="BX")
    late, grid = scaledLate(mode), mode[:1] == "a"
    E(f"VPBROADCASTD {const('nibble', [15] * 8)}, Y15")
    if grid:
        E(f"VBROADCASTSS {const('exponent', [0x7F800000])}, Y10", f"VBROADCASTSS {fconst('roundBias', 12288.0)}, Y13")
        if sign:
            E(f"VPBROADCASTD {const('highNibble', [0xF0000000])}, Y15", f"VBROADCASTSS {fconst('down28', 2.0**-28)}, Y9")
    elif sign:
        E(f"VPBROADCASTD {const('eights', [0x88888888])}, Y9")
    if pair:
        E(f"VMOVDQU {const('pairLanes', [0] * 4 + [1] * 4)}, Y14")
    row, block, vec = label("row"), label("block"), label("vec")

    def load(reg, ptr):
        if pair:
            E(f"VBROADCASTSD ({ptr}), Y{reg}", f"VPERMILPS Y14, Y{reg}, Y{reg}")
        else:
            E(f"VBROADCASTSS ({ptr}), Y{reg}")

    def codesInPlace():
        """Multiplies the 8 codes of every lane of Y8 where they lie into Y2..Y5."""
        if sign:
            E("VPXOR Y9, Y8, Y8")
        for j in range(8):
            q = (6, 7, 10, 13)[j % 4]
            if j == 7:
                E(f"VPSRLD $28, Y8, Y{q}")
            else:
                E(f"VPAND {const(f'nibble{j}', [15 << 4 * j] * 8)}, Y8, Y{q}" if j else f"VPAND Y15, Y8, Y{q}")
            E(f"VCVTDQ2PS Y{q}, Y{q}", f"VFMADD231PS {32 * j}(DI), Y{q}, Y{2 + j % 4}")

    def codesRounded():
        """Multiplies the 8 codes of every lane of Y8, rounded, into Y0..Y3."""
        for j in range(8):
            q = 4 + j % 2 * 2
            if sign:
                E(*([f"VPSLLD ${28 - 4 * j}, Y8, Y{q}"] if j < 7 else []), f"VPAND Y15, Y{q if j < 7 else 8}, Y{q}")
            else:
                E(*([f"VPSRLD ${4 * j}, Y8, Y{q}"] if j else []), *([f"VPAND Y15, Y{q if j else 8}, Y{q}"] if j < 7 else []))
            E(f"VCVTDQ2PS Y{q}, Y{q}")
            if hasOffset(mode):
                E(f"VSUBPS Y11, Y{q}, Y{q}")
            roundTo(q, q + 1)
            E(f"VFMADD231PS {32 * j}(DI), Y{q}, Y{j % 4}")

    E(f"{row}:", f"MOVQ {at['x']}, DI", "MOVQ R10, R12")
    zero(*(range(2) if late else range(4)))
    E(f"{block}:")
    load(12, "DX")
    if grid and sign:
        E("VMULPS Y9, Y12, Y12")
    if hasOffset(mode):
        load(11, "BX")
        if sign:
            E(f"VMULPS {v8('up28', 2.0**28)}, Y11, Y11" if grid else f"VADDPS {v8('eight', 8.0)}, Y11, Y11")
    if late:
        zero(2, 3, 4, 5)
    if not pair:
        E("MOVQ R11, R13", f"{vec}:")
    E("VMOVDQU (SI), Y8", "PREFETCHNTA 4096(SI)")
    if not late:
        codesRounded()
    else:
        if hasOffset(mode):
            E("VFMADD231PS 256(DI), Y11, Y2")
        elif sign:
            E("VADDPS 256(DI), Y2, Y2" if not pair else "VMOVUPS 256(DI), Y2")
        codesInPlace()
    E("ADDQ $32, SI", "ADDQ $288, DI")
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
