# 4-bit codes times many vectors quantised to int8. 16 rows and up to 768
# columns are taken apart into a panel, which stays in the first-level cache
# while all vectors are multiplied by it: to a block of 32 columns 8 pairs of
# vectors of unsigned codes (in a 32-bit lane 4 columns of a row: columns 8j+0,
# 2, 4, 6, then 8j+1, 3, 5, 7), 16 scales and 16 offsets. A prepared vector has
# to a block 32 bytes in the same order, 4 steps as 16-bit multiples of the
# vector's step, and the sum of the bytes times their multiples as a float.
#
# 16-bit lanes hold the sums of 8 products, at most 8·15·127, before a VPMADDWD
# multiplies them by their steps and adds pairs of them. The lanes of a pair have
# steps of their own: of a half block one is for columns 0 to 3 and 8 to 11, the
# other for the rest. The vector's step ends each block; it multiplies the sum
# over all of them.
#
# A step spans the inputs from the least, or 0, to the largest, or 0, in 253 parts;
# the bytes are counted from a middle of that span. What they lack is a fifth
# product of each half block: middles times the sums of their codes, which the
# panel holds as bytes (of a 32-bit lane: columns 0 to 3 and 8 to 11 of the first
# half, of the second half, then the rest of both).
#
# VNNI's tiles take a block of 48 bytes, without middles: both steps of a half
# are the same there.

PANEL, XBLOCK, HBLOCK = 768, 56, 48
STEPS = 16384

at = func("quantizePanelAVX2", "quantises blocks of 32 inputs of one vector for the tile kernels.", [("dst", F), ("x", F), ("blocks", I)])
args(at, dst="DI", x="SI", blocks="CX")
E(f"VPBROADCASTD {const('abs', [0x7FFFFFFF])}, Y15", "MOVQ SI, R8", "MOVQ DI, R9", "MOVQ CX, R10")
zero(14, 13)
# The ends of the spans wait where the bytes will be. Magnitudes are compared as
# integers: what is not finite is then the largest.
loop = label("loop")
E(f"{loop}:")
for i in range(4):
    E(f"VMOVUPS {32 * i}(R8), Y{i}", f"VANDPS Y{i}, Y15, Y4", "VPMAXSD Y4, Y14, Y14")
for op, r in (("VMAXPS", 4), ("VMINPS", 6)):
    E(f"{op} Y1, Y0, Y{r}", f"{op} Y3, Y2, Y{r + 1}", f"VSHUFPS $0x44, Y{r + 1}, Y{r}, Y8", f"VSHUFPS $0xee, Y{r + 1}, Y{r}, Y9", f"{op} Y9, Y8, Y8", "VSHUFPS $0xb1, Y8, Y8, Y9",
      f"{op} Y9, Y8, Y8", f"{op} Y13, Y8, Y8", "VPSHUFD $0x08, Y8, Y8", "VPERMQ $0x08, Y8, Y8", f"VMOVDQU X8, {(r - 4) * 8}(R9)")
E("ADDQ $128, R8", f"ADDQ ${XBLOCK}, R9", "DECQ R10", f"JNZ {loop}")
# A number minus itself is NaN when it is not finite, and so the step is.
E("VEXTRACTI128 $1, Y14, X0", "VPMAXSD X0, X14, X14", "VPSHUFD $0x4e, X14, X0", "VPMAXSD X0, X14, X14", "VPSHUFD $0xb1, X14, X0", "VPMAXSD X0, X14, X8",
  f"VBROADCASTSS {fconst('panelStep', 1 / (127 * STEPS))}, X0", "VMULPS X0, X8, X14", "VSUBPS X8, X8, X0", "VADDPS X0, X14, X14")
# Inputs too small to invert their maximum count as 0.
for name, f, r in (("panelSpans", 127 * STEPS / 253, 13), ("panelInverse", 127 * STEPS, 12)):
    E(f"VBROADCASTSS {fconst(name, float(f))}, X0", f"VDIVPS X8, X0, X{r}")
E(f"VBROADCASTSS {fconst('tiny', 1e-30)}, X0", "VCMPPS $1, X8, X0, X0", "VANDPS X0, X13, X13", "VANDPS X0, X12, X12")
E(f"VMOVDQU {const('unpackOrder', [0, 4, 1, 5, 2, 6, 3, 7])}, Y11",
  f"VMOVDQU {const('quads', words([0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15] * 2))}, Y10",
  f"VPBROADCASTD {const('ones8', [0x01010101])}, Y9", f"VMOVDQU {const('laneSteps', [0] * 4 + [2] * 4)}, Y15")
loop = label("loop")
E(f"{loop}:", "VMOVUPS (DI), X0", "VMOVUPS 16(DI), X1", "VSUBPS X1, X0, X4", "VMULPS X13, X4, X4", "VROUNDPS $2, X4, X4", f"VMAXPS {v8('ones', 1.0)}, X4, X4",
  "VDIVPS X4, X12, X5", "VCVTPS2DQ X4, X4", "VMULPS X5, X1, X1", "VROUNDPS $0, X1, X1", f"VADDPS {v8('middle', 127.0)}, X1, X1")
# Y6 and Y7: the inverses of the steps of the halves; Y8 and Y5: the middles.
E("VPERMPS Y5, Y15, Y6", "VMOVSHDUP X5, X5", "VPERMPS Y5, Y15, Y7", "VCVTPS2DQ X1, X2", "VPERMPS Y1, Y15, Y8", "VMOVSHDUP X1, X1", "VPERMPS Y1, Y15, Y5")
E("VPMULLD X4, X2, X3", "VPSLLD $3, X3, X3", "VMOVDQU X3, (DI)", f"VPSHUFB {const('middles', words([0, 0x80, 8, 0x80, 0x80, 4, 0x80, 12] + [0x80] * 8))}, X2, X2", "VMOVQ X2, 40(DI)")
E("VPSHUFD $0x0e, X4, X3", "VPSLLD $16, X3, X3", "VPOR X3, X4, X4", "VMOVQ X4, 32(DI)", "VPUNPCKLDQ X4, X4, X4", "VPERMQ $0x50, Y4, Y4")
for i in range(4):
    E(f"VMOVUPS {32 * i}(SI), Y{i}", f"VFMSUB213PS Y{(8, 5)[i // 2]}, Y{6 + i // 2}, Y{i}", f"VCVTPS2DQ Y{i}, Y{i}")
E("VPACKSSDW Y1, Y0, Y0", "VPACKSSDW Y3, Y2, Y2", "VPACKSSWB Y2, Y0, Y0", "VPERMD Y0, Y11, Y0", "VPSHUFB Y10, Y0, Y0")
E("VPMADDUBSW Y0, Y9, Y1", "VPMADDWD Y4, Y1, Y1", "VEXTRACTI128 $1, Y1, X2", "VPADDD X2, X1, X1", "VPADDD (DI), X1, X1", "VMOVDQU Y0, (DI)", "VPSHUFD $0x4e, X1, X2", "VPADDD X2, X1, X1",
  "VPSHUFD $0xb1, X1, X2", "VPADDD X2, X1, X1", "VCVTDQ2PS X1, X1", "VMOVSS X1, 48(DI)", "VMOVSS X14, 52(DI)")
E("ADDQ $128, SI", f"ADDQ ${XBLOCK}, DI", "DECQ CX", f"JNZ {loop}")
ret()

at = func("quantizeHalvesAVX2", "quantises blocks of 32 inputs of one vector for VNNI's tiles: each half of a block has one step, twice, and 0 in the middle.",
          [("dst", F), ("x", F), ("blocks", I)])
args(at, dst="DI", x="SI", blocks="CX")
E(f"VPBROADCASTD {const('abs', [0x7FFFFFFF])}, Y15", "MOVQ SI, R8", "MOVQ DI, R9", "MOVQ CX, R10")
zero(14)
# The peaks wait where their steps will be. Magnitudes are compared
# as integers: what is not finite is then the largest.
loop = label("loop")
E(f"{loop}:")
for i in range(4):
    E(f"VANDPS {32 * i}(R8), Y15, Y{i}")
E("VPMAXSD Y1, Y0, Y0", "VPMAXSD Y3, Y2, Y2", "VSHUFPS $0x44, Y2, Y0, Y1", "VSHUFPS $0xee, Y2, Y0, Y0", "VPMAXSD Y1, Y0, Y0", "VSHUFPS $0xb1, Y0, Y0, Y1", "VPMAXSD Y1, Y0, Y0",
  "VPMAXSD Y0, Y14, Y14", "VPSHUFD $0x08, Y0, Y0", "VPERMQ $0x08, Y0, Y0",
  "VPSHUFD $0x4e, X0, X1", "VPMAXSD X1, X0, X0", "VMOVDQU X0, 32(R9)")
E("ADDQ $128, R8", f"ADDQ ${HBLOCK}, R9", "DECQ R10", f"JNZ {loop}")
# A number minus itself is NaN when it is not finite, and so the step is.
E("VEXTRACTI128 $1, Y14, X0", "VPMAXSD X0, X14, X14", "VPSHUFD $0x4e, X14, X0", "VPMAXSD X0, X14, X8", f"VBROADCASTSS {fconst('panelStep', 1 / (127 * STEPS))}, X0", "VMULPS X0, X8, X14", "VSUBPS X8, X8, X0", "VADDPS X0, X14, X14")
# Inputs too small to invert their maximum count as 0.
for name, f, r in (("panelSteps", STEPS, 13), ("panelInverse", 127 * STEPS, 12)):
    E(f"VBROADCASTSS {fconst(name, float(f))}, X0", f"VDIVPS X8, X0, X{r}")
E(f"VBROADCASTSS {fconst('tiny', 1e-30)}, X0", "VCMPPS $1, X8, X0, X0", "VANDPS X0, X13, X13", "VANDPS X0, X12, X12")
E(f"VMOVDQU {const('unpackOrder', [0, 4, 1, 5, 2, 6, 3, 7])}, Y11",
  f"VMOVDQU {const('quads', words([0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15] * 2))}, Y10",
  f"VPBROADCASTD {const('ones8', [0x01010101])}, Y9", f"VBROADCASTSS {fconst('one', 1.0)}, X8",
  f"VMOVDQU {const('laneSteps', [0] * 4 + [2] * 4)}, Y15")
loop = label("loop")
E(f"{loop}:", "VMOVDQU 32(DI), X4", "VMULPS X13, X4, X4", "VROUNDPS $2, X4, X4", "VMAXPS X8, X4, X4", "VDIVPS X4, X12, X5", "VCVTPS2DQ X4, X4",
  "VPERMPS Y5, Y15, Y6", "VMOVSHDUP X5, X5", "VPERMPS Y5, Y15, Y7")
for i in range(4):
    E(f"VMULPS {32 * i}(SI), Y{6 + i // 2}, Y{i}", f"VCVTPS2DQ Y{i}, Y{i}")
E("VPSHUFD $0x0e, X4, X5", "VPSLLD $16, X5, X5", "VPOR X5, X4, X4", "VMOVQ X4, 32(DI)", "VPUNPCKLDQ X4, X4, X4", "VPERMQ $0x50, Y4, Y4")
E("VPACKSSDW Y1, Y0, Y0", "VPACKSSDW Y3, Y2, Y2", "VPACKSSWB Y2, Y0, Y0", "VPERMD Y0, Y11, Y0", "VPSHUFB Y10, Y0, Y0", "VMOVDQU Y0, (DI)")
E("VPMADDUBSW Y0, Y9, Y0", "VPMADDWD Y4, Y0, Y0", "VEXTRACTI128 $1, Y0, X1", "VPADDD X1, X0, X0", "VPSHUFD $0x4e, X0, X1", "VPADDD X1, X0, X0",
  "VPSHUFD $0xb1, X0, X1", "VPADDD X1, X0, X0", "VCVTDQ2PS X0, X0", "VMOVSS X0, 40(DI)", "VMOVSS X14, 44(DI)")
E("ADDQ $128, SI", f"ADDQ ${HBLOCK}, DI", "DECQ CX", f"JNZ {loop}")
ret()

ROWS = ["AX", "BX", "CX", "DX", "R8", "R9", "R10", "R11"]


def eightRows(at, src):
    """The addresses of 8 rows in ROWS."""
    E(f"MOVQ {at['offs']}, SI", f"MOVQ {at[src]}, DI")
    for i, r in enumerate(ROWS):
        E(f"MOVQ {8 * i}(SI), {r}", f"ADDQ DI, {r}")


at = func("panelCodesAVX2", "takes blocks of 32 codes of 8 rows apart into a panel, codes exclusive-ored with flip; ahead is how far on the next ones are, which are fetched.",
          [("panel", F), ("w", B), ("offs", "*int"), ("blocks", I), ("flip", I), ("ahead", I)])
eightRows(at, "w")
args(at, panel="DI", blocks="R12", ahead="R13")
E(f"VPBROADCASTD {at['flip']}, Y15", f"VPBROADCASTD {const('nibbles', [0x0F0F0F0F])}, Y14", f"VPBROADCASTD {const('ones8', [0x01010101])}, Y13", "XORQ SI, SI")
loop, near = label("loop"), label("near")
E(f"{loop}:", "TESTQ $63, SI", f"JNZ {near}")
for r in ROWS:
    E(f"PREFETCHT1 ({r})(R13*1)")
E("ADDQ $64, R13", f"{near}:")
for i in range(4):
    E(f"VMOVDQU ({ROWS[i]})(SI*1), X{i}", f"VINSERTI128 $1, ({ROWS[i + 4]})(SI*1), Y{i}, Y{i}")
E("VPUNPCKLDQ Y1, Y0, Y4", "VPUNPCKHDQ Y1, Y0, Y5", "VPUNPCKLDQ Y3, Y2, Y6", "VPUNPCKHDQ Y3, Y2, Y7")
E("VPUNPCKLQDQ Y6, Y4, Y0", "VPUNPCKHQDQ Y6, Y4, Y1", "VPUNPCKLQDQ Y7, Y5, Y2", "VPUNPCKHQDQ Y7, Y5, Y3")
for j in range(4):
    E(f"VPXOR Y15, Y{j}, Y{j}", f"VPSRLW $4, Y{j}, Y{4 + j}", f"VPAND Y14, Y{j}, Y{j}", f"VPAND Y14, Y{4 + j}, Y{4 + j}",
      f"VMOVDQU Y{j}, {128 * j}(DI)", f"VMOVDQU Y{4 + j}, {128 * j + 64}(DI)")
for h in range(0, 4, 2):
    E(f"VPADDB Y{h + 1}, Y{h}, Y{h}", f"VPADDB Y{h + 5}, Y{h + 4}, Y{h + 4}", f"VPADDB Y{h + 4}, Y{h}, Y{h}", f"VPMADDUBSW Y13, Y{h}, Y{h}")
E("VPSLLW $8, Y2, Y2", "VPOR Y2, Y0, Y0", "VMOVDQU Y0, 640(DI)")
E("ADDQ $16, SI", f"ADDQ ${PANEL}, DI", "DECQ R12", f"JNZ {loop}")
ret()

at = func("panelScalesAVX2", "stores 8 rows of floats, plus add, in a panel; the columns of 8 are stride bytes apart.",
          [("panel", F), ("s", F), ("offs", "*int"), ("blocks", I), ("stride", I), ("add", "float32")])
eightRows(at, "s")
args(at, panel="DI", blocks="R12", stride="R13")
E(f"VBROADCASTSS {at['add']}, Y15", "XORQ SI, SI")
loop = label("loop")
E(f"{loop}:")
for h in range(2):
    E(f"VMOVSS ({ROWS[4 * h]})(SI*1), X{h}")
for i in range(1, 4):
    for h in range(2):
        E(f"VINSERTPS ${16 * i}, ({ROWS[4 * h + i]})(SI*1), X{h}, X{h}")
E("VINSERTF128 $1, X1, Y0, Y0", "VADDPS Y15, Y0, Y0", "VMOVUPS Y0, (DI)", "ADDQ $4, SI", "ADDQ R13, DI", "DECQ R12", f"JNZ {loop}")
ret()

at = func("panelHalvesAVX2", "is panelScales of halves.", [("panel", F), ("s", H), ("offs", "*int"), ("blocks", I), ("stride", I)])
eightRows(at, "s")
args(at, panel="DI", blocks="R12", stride="R13")
loop, one, done = label("loop"), label("one"), label("done")
E("XORQ SI, SI", "SUBQ $8, R12", f"JLT {one}")
# 8 blocks at a time: words, pairs and quadruples of rows change places.
E(f"{loop}:")
for i in range(8):
    E(f"VMOVDQU ({ROWS[i]})(SI*1), X{i}")
for i in range(0, 8, 2):
    E(f"VPUNPCKLWD X{i + 1}, X{i}, X{8 + i}", f"VPUNPCKHWD X{i + 1}, X{i}, X{9 + i}")
for i in (8, 12):
    E(f"VPUNPCKLDQ X{i + 2}, X{i}, X{i - 8}", f"VPUNPCKHDQ X{i + 2}, X{i}, X{i - 7}", f"VPUNPCKLDQ X{i + 3}, X{i + 1}, X{i - 6}", f"VPUNPCKHDQ X{i + 3}, X{i + 1}, X{i - 5}")
for i in range(4):
    for half in ("L", "H"):
        E(f"VPUNPCK{half}QDQ X{4 + i}, X{i}, X8", "VCVTPH2PS X8, Y8", "VMOVUPS Y8, (DI)", "ADDQ R13, DI")
E("ADDQ $16, SI", "SUBQ $8, R12", f"JGE {loop}")
E(f"{one}:", "ADDQ $8, R12", f"JZ {done}")
loop = label("loop")
E(f"{loop}:", "VPXOR X0, X0, X0", "VPXOR X1, X1, X1")
for i in range(4):
    for h in range(2):
        E(f"VPINSRW ${i}, ({ROWS[4 * h + i]})(SI*1), X{h}, X{h}")
E("VPUNPCKLQDQ X1, X0, X0", "VCVTPH2PS X0, Y0", "VMOVUPS Y0, (DI)", "ADDQ $2, SI", "ADDQ R13, DI", "DECQ R12", f"JNZ {loop}", f"{done}:")
ret()


def tile(T):
    """16 rows by T vectors. Y0 to Y(2T-1) are the sums of 16-bit pairs."""
    at = func(f"tile{T}AVX2", f"adds {T} quantised vectors times a panel of 16 rows to dst. Strides are in bytes.",
              [("panel", F), ("x", F), ("ldx", I), ("dst", F), ("ldd", I), ("blocks", I)], frame=128 * T + 64)
    args(at, panel="SI", x="DI", ldx="AX", blocks="R12")
    E("LEAQ (AX)(AX*2), CX", "LEAQ 63(SP), R8", "ANDQ $-64, R8")
    x = ["(DI)", "(DI)(AX*1)", "(DI)(AX*2)", "(DI)(CX*1)"]
    zero(0)
    for i in range(2 * T):
        E(f"VMOVUPS Y0, {32 * i}(R8)")
    loop = label("loop")
    E(f"{loop}:")
    for h in range(2):
        E("VMOVDQU 640(SI), Y8", "VMOVDQU 672(SI), Y9")
        for t in range(T):
            b = 10 + t % 2
            E(f"VPBROADCASTD {40 + 4 * h}{x[t]}, Y{b}", *(f"VPMADDUBSW Y{b}, Y{8 + r}, Y{2 * t + r}" for r in range(2)))
        for k in range(4):
            j = 4 * h + k
            E(f"VMOVDQU {64 * j}(SI), Y8", f"VMOVDQU {64 * j + 32}(SI), Y9")
            for t in range(T):
                b = 10 + t % 2
                E(f"VPBROADCASTD {4 * j}{x[t]}, Y{b}", *(f"VPMADDUBSW Y{b}, Y{8 + r}, Y{12 + r}" for r in range(2)))
                E(*(f"VPADDW Y{12 + r}, Y{2 * t + r}, Y{2 * t + r}" for r in range(2)))
        if h:
            for r in range(2):
                E(f"VMOVUPS {512 + 32 * r}(SI), Y{8 + r}", f"VMOVUPS {576 + 32 * r}(SI), Y{14 + r}")
        for t in range(T):
            E(f"VPBROADCASTD {32 + 4 * h}{x[t]}, Y10")
            if h:
                E(f"VBROADCASTSS 48{x[t]}, Y11")
            for r in range(2):
                y, spill, acc = 2 * t + r, f"{64 * T + 64 * t + 32 * r}(R8)", f"{64 * t + 32 * r}(R8)"
                E(f"VPMADDWD Y10, Y{y}, Y{y}")
                if not h:
                    E(f"VMOVDQU Y{y}, {spill}")
                    continue
                E(f"VPADDD {spill}, Y{y}, Y{y}", f"VCVTDQ2PS Y{y}, Y{y}", f"VFNMADD231PS Y{14 + r}, Y11, Y{y}", f"VFMADD213PS {acc}, Y{8 + r}, Y{y}", f"VMOVUPS Y{y}, {acc}")
    E(f"ADDQ ${PANEL}, SI", f"ADDQ ${XBLOCK}, DI", "DECQ R12", f"JNZ {loop}")
    args(at, dst="DX", ldd="BX")
    for t in range(T):
        E(f"VBROADCASTSS -4{x[t]}, Y0")
        for r in range(2):
            E(f"VMOVUPS {64 * t + 32 * r}(R8), Y1", f"VFMADD213PS {32 * r}(DX), Y0, Y1", f"VMOVUPS Y1, {32 * r}(DX)")
        if t < T - 1:
            E("ADDQ BX, DX")
    ret()


for T in range(1, 5):
    tile(T)
