# 4-bit codes times many vectors quantised to int8. 16 rows and up to 768
# columns are taken apart into a panel, which stays in the first-level cache
# while all vectors are multiplied by it: to a block of 32 columns 8 pairs of
# vectors of unsigned codes (in a 32-bit lane 4 columns of a row: columns 8j+0,
# 2, 4, 6, then 8j+1, 3, 5, 7), 16 scales and 16 offsets. A prepared vector has
# to a block 32 bytes in the same order, for each half of the block its step as
# a 16-bit multiple of the vector's step, twice, and the sum of the bytes times
# their multiples as a float.
#
# 16-bit lanes hold the sums of 8 products, at most 8·15·127, before they are
# multiplied by the step, so a half block costs one VPMADDWD. The vector's step
# ends each block; it multiplies the sum over all of them.

PANEL, XBLOCK = 640, 48
STEPS = 16384

at = func("quantizePanelAVX2", "quantises blocks of 32 inputs of one vector for the tile kernels.",
          [("dst", F), ("x", F), ("blocks", I)])
args(at, dst="DI", x="SI", blocks="CX")
E(f"VPBROADCASTD {const('abs', [0x7FFFFFFF])}, Y15", "MOVQ SI, R8", "MOVQ CX, R9")
zero(8, 9, 10, 11)
loop = label("loop")
E(f"{loop}:")
# A number minus itself is NaN when it is not finite, and so the step is.
for i in range(4):
    E(f"VMOVUPS {32 * i}(R8), Y{i}", f"VANDPS Y15, Y{i}, Y{4 + i}", f"VSUBPS Y{i}, Y{i}, Y{i}", f"VMAXPS Y{4 + i}, Y{8 + i % 2}, Y{8 + i % 2}",
      f"VADDPS Y{i}, Y{10 + i % 2}, Y{10 + i % 2}")
E("ADDQ $128, R8", "DECQ R9", f"JNZ {loop}")
E("VMAXPS Y9, Y8, Y8", "VADDPS Y11, Y10, Y10", "VEXTRACTF128 $1, Y8, X0", "VMAXPS X0, X8, X8", "VSHUFPS $0x4e, X8, X8, X0", "VMAXPS X0, X8, X8",
  "VSHUFPS $0xb1, X8, X8, X0", "VMAXPS X0, X8, X8")
E("VEXTRACTF128 $1, Y10, X0", "VADDPS X0, X10, X10", "VHADDPS X10, X10, X10", "VHADDPS X10, X10, X10")
E("VADDPS X10, X8, X8", f"VBROADCASTSS {fconst('panelStep', 1 / (127 * STEPS))}, X0", "VMULPS X0, X8, X14")
# Inputs too small to invert their maximum count as 0.
for name, f, r in (("panelSteps", STEPS, 13), ("panelInverse", 127 * STEPS, 12)):
    E(f"VBROADCASTSS {fconst(name, float(f))}, X0", f"VDIVPS X8, X0, X{r}")
E(f"VBROADCASTSS {fconst('tiny', 1e-30)}, X0", "VCMPPS $1, X8, X0, X0", "VANDPS X0, X13, X13", "VANDPS X0, X12, X12",
  "VBROADCASTSS X13, Y13", "VBROADCASTSS X12, Y12")
E(f"VMOVDQU {const('unpackOrder', [0, 4, 1, 5, 2, 6, 3, 7])}, Y11",
  f"VMOVDQU {const('quads', words([0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15] * 2))}, Y10",
  f"VPBROADCASTD {const('ones8', [0x01010101])}, Y9", f"VBROADCASTSS {fconst('one', 1.0)}, Y8")
loop = label("loop")
E(f"{loop}:")
for i in range(4):
    E(f"VMOVUPS {32 * i}(SI), Y{i}")
E("VANDPS Y15, Y0, Y4", "VANDPS Y15, Y1, Y5", "VMAXPS Y5, Y4, Y4", "VANDPS Y15, Y2, Y5", "VANDPS Y15, Y3, Y6", "VMAXPS Y6, Y5, Y5")
E("VSHUFPS $0x44, Y5, Y4, Y6", "VSHUFPS $0xee, Y5, Y4, Y4", "VMAXPS Y6, Y4, Y4", "VSHUFPS $0xb1, Y4, Y4, Y5", "VMAXPS Y5, Y4, Y4",
  "VPERMQ $0x4e, Y4, Y5", "VMAXPS Y5, Y4, Y4")
# Y4: the peak of the first half, twice, then of the second, in both halves.
E("VMULPS Y13, Y4, Y4", "VROUNDPS $2, Y4, Y4", "VMAXPS Y8, Y4, Y4", "VDIVPS Y4, Y12, Y5", "VCVTPS2DQ Y4, Y4")
E("VSHUFPS $0x00, Y5, Y5, Y6", "VSHUFPS $0xff, Y5, Y5, Y7")
for i in range(4):
    E(f"VMULPS Y{6 + i // 2}, Y{i}, Y{i}", f"VCVTPS2DQ Y{i}, Y{i}")
E("VPSLLD $16, Y4, Y5", "VPOR Y5, Y4, Y4", "VPSHUFD $0x08, X4, X5", "VMOVQ X5, 32(DI)", "VPERMQ $0x50, Y4, Y4")
E("VPACKSSDW Y1, Y0, Y0", "VPACKSSDW Y3, Y2, Y2", "VPACKSSWB Y2, Y0, Y0", "VPERMD Y0, Y11, Y0", "VPSHUFB Y10, Y0, Y0", "VMOVDQU Y0, (DI)")
E("VPMADDUBSW Y0, Y9, Y0", "VPMADDWD Y4, Y0, Y0", "VEXTRACTI128 $1, Y0, X1", "VPADDD X1, X0, X0", "VPSHUFD $0x4e, X0, X1", "VPADDD X1, X0, X0",
  "VPSHUFD $0xb1, X0, X1", "VPADDD X1, X0, X0", "VCVTDQ2PS X0, X0", "VMOVSS X0, 40(DI)", "VMOVSS X14, 44(DI)")
E("ADDQ $128, SI", f"ADDQ ${XBLOCK}, DI", "DECQ CX", f"JNZ {loop}")
ret()

ROWS = ["AX", "BX", "CX", "DX", "R8", "R9", "R10", "R11"]


def eightRows(at, src):
    """The addresses of 8 rows in ROWS."""
    E(f"MOVQ {at['offs']}, SI", f"MOVQ {at[src]}, DI")
    for i, r in enumerate(ROWS):
        E(f"MOVQ {8 * i}(SI), {r}", f"ADDQ DI, {r}")


at = func("panelCodesAVX2", "takes blocks of 32 codes of 8 rows apart into a panel, codes exclusive-ored with flip; ahead is how far on in the row to fetch.",
          [("panel", F), ("w", B), ("offs", "*int"), ("blocks", I), ("flip", I), ("ahead", I)])
eightRows(at, "w")
args(at, panel="DI", blocks="R12", ahead="R13")
E(f"VPBROADCASTD {at['flip']}, Y15", f"VPBROADCASTD {const('nibbles', [0x0F0F0F0F])}, Y14", "XORQ SI, SI")
loop = label("loop")
E(f"{loop}:")
for i in range(4):
    E(f"PREFETCHT1 ({ROWS[i]})(R13*1)", f"PREFETCHT1 ({ROWS[i + 4]})(R13*1)", f"VMOVDQU ({ROWS[i]})(SI*1), X{i}", f"VINSERTI128 $1, ({ROWS[i + 4]})(SI*1), Y{i}, Y{i}")
E("VPUNPCKLDQ Y1, Y0, Y4", "VPUNPCKHDQ Y1, Y0, Y5", "VPUNPCKLDQ Y3, Y2, Y6", "VPUNPCKHDQ Y3, Y2, Y7")
E("VPUNPCKLQDQ Y6, Y4, Y0", "VPUNPCKHQDQ Y6, Y4, Y1", "VPUNPCKLQDQ Y7, Y5, Y2", "VPUNPCKHQDQ Y7, Y5, Y3")
for j in range(4):
    E(f"VPXOR Y15, Y{j}, Y{j}", f"VPSRLW $4, Y{j}, Y{4 + j}", f"VPAND Y14, Y{j}, Y{j}", f"VPAND Y14, Y{4 + j}, Y{4 + j}",
      f"VMOVDQU Y{j}, {128 * j}(DI)", f"VMOVDQU Y{4 + j}, {128 * j + 64}(DI)")
E("ADDQ $16, SI", "ADDQ $16, R13", f"ADDQ ${PANEL}, DI", "DECQ R12", f"JNZ {loop}")
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
E("XORQ SI, SI")
loop = label("loop")
E(f"{loop}:", "VPXOR X0, X0, X0", "VPXOR X1, X1, X1")
for i in range(4):
    for h in range(2):
        E(f"VPINSRW ${i}, ({ROWS[4 * h + i]})(SI*1), X{h}, X{h}")
E("VPUNPCKLQDQ X1, X0, X0", "VCVTPH2PS X0, Y0", "VMOVUPS Y0, (DI)", "ADDQ $2, SI", "ADDQ R13, DI", "DECQ R12", f"JNZ {loop}")
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
        for k in range(4):
            j = 4 * h + k
            E(f"VMOVDQU {64 * j}(SI), Y8", f"VMOVDQU {64 * j + 32}(SI), Y9")
            for t in range(T):
                b = 10 + t % 2
                E(f"VPBROADCASTD {4 * j}{x[t]}, Y{b}")
                for r in range(2):
                    if k == 0:
                        E(f"VPMADDUBSW Y{b}, Y{8 + r}, Y{2 * t + r}")
                    else:
                        E(f"VPMADDUBSW Y{b}, Y{8 + r}, Y{12 + r}")
                if k:
                    for r in range(2):
                        E(f"VPADDW Y{12 + r}, Y{2 * t + r}, Y{2 * t + r}")
        if h:
            for r in range(2):
                E(f"VMOVUPS {512 + 32 * r}(SI), Y{8 + r}", f"VMOVUPS {576 + 32 * r}(SI), Y{14 + r}")
        for t in range(T):
            E(f"VPBROADCASTD {32 + 4 * h}{x[t]}, Y10")
            if h:
                E(f"VBROADCASTSS 40{x[t]}, Y11")
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
