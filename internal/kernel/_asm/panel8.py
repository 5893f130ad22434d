# 8-bit codes times many vectors quantised to 16 bits with one step. A panel has
# to a block of 32 columns 16 pairs of vectors of 16-bit codes less their offset
# (in a 32-bit lane 2 columns of a row), 16 scales, and the 16 offsets that were
# taken off, twice each. A prepared vector has to a block 32 words and its step.
# 32-bit lanes sum 8 blocks at most: 256·255·32767 is below 2^31.

PANEL8, XBLOCK8 = 1152, 68

at = func("quantizeWordsAVX2", "quantises blocks of 32 inputs of one vector to 16 bits for the tile kernels of 8-bit codes.",
          [("dst", F), ("x", F), ("blocks", I)])
args(at, dst="DI", x="SI", blocks="CX")
E(f"VPBROADCASTD {const('abs', [0x7FFFFFFF])}, Y15", "MOVQ SI, R8", "MOVQ CX, R10")
zero(14, 13)
loop = label("loop")
E(f"{loop}:")
for i in range(4):
    E(f"VANDPS {32 * i}(R8), Y15, Y{i}", f"VPMAXSD Y{i}, Y{13 + i % 2}, Y{13 + i % 2}")
E("ADDQ $128, R8", "DECQ R10", f"JNZ {loop}")
E("VPMAXSD Y13, Y14, Y14", "VEXTRACTI128 $1, Y14, X0", "VPMAXSD X0, X14, X14", "VPSHUFD $0x4e, X14, X0", "VPMAXSD X0, X14, X14", "VPSHUFD $0xb1, X14, X0", "VPMAXSD X0, X14, X8")
# A number minus itself is NaN when it is not finite, and so the step is. Inputs
# too small to invert their maximum count as 0.
E(f"VBROADCASTSS {fconst('wordStep', 1 / 32767)}, X0", "VMULPS X0, X8, X14", "VSUBPS X8, X8, X0", "VADDPS X0, X14, X14")
E(f"VBROADCASTSS {fconst('words', 32767.0)}, X0", "VDIVPS X8, X0, X13", f"VBROADCASTSS {fconst('tiny', 1e-30)}, X0", "VCMPPS $1, X8, X0, X0", "VANDPS X0, X13, X13", "VBROADCASTSS X13, Y13")
loop = label("loop")
E(f"{loop}:")
for i in range(4):
    E(f"VMULPS {32 * i}(SI), Y13, Y{i}", f"VCVTPS2DQ Y{i}, Y{i}")
for i in (0, 2):
    E(f"VPACKSSDW Y{i + 1}, Y{i}, Y{i}", f"VPERMQ $0xd8, Y{i}, Y{i}", f"VMOVDQU Y{i}, {16 * i}(DI)")
E("VMOVSS X14, 64(DI)", "ADDQ $128, SI", f"ADDQ ${XBLOCK8}, DI", "DECQ CX", f"JNZ {loop}")
ret()

at = func("panelBytesAVX2", "takes blocks of 32 codes of 8 rows apart into a panel, codes exclusive-ored with flip, less the offsets there; ahead is how far on the next ones are, which are fetched.",
          [("panel", F), ("w", B), ("offs", "*int"), ("blocks", I), ("flip", I), ("ahead", I)])
eightRows(at, "w")
args(at, panel="DI", blocks="R12", ahead="R13")
E(f"VPBROADCASTD {at['flip']}, Y15", f"VMOVDQU {const('wordPairs0', words([0x80, 0, 0x80, 1, 0x80, 4, 0x80, 5, 0x80, 8, 0x80, 9, 0x80, 12, 0x80, 13] * 2))}, Y14",
  f"VMOVDQU {const('wordPairs2', words([0x80, 2, 0x80, 3, 0x80, 6, 0x80, 7, 0x80, 10, 0x80, 11, 0x80, 14, 0x80, 15] * 2))}, Y13", "XORQ SI, SI")
loop, near = label("loop"), label("near")
E(f"{loop}:", "TESTQ $63, SI", f"JNZ {near}")
for r in ROWS:
    E(f"PREFETCHT1 ({r})(R13*1)")
E("ADDQ $64, R13", f"{near}:", "VMOVDQU 1088(DI), Y12")
# In memory a dword has the 4 columns of a row; words, dwords and rows change
# places, then bytes become words.
for half in range(2):
    for i in range(4):
        E(f"VMOVDQU {16 * half}({ROWS[i]})(SI*1), X{i}", f"VINSERTI128 $1, {16 * half}({ROWS[i + 4]})(SI*1), Y{i}, Y{i}")
    E("VPUNPCKLDQ Y1, Y0, Y4", "VPUNPCKHDQ Y1, Y0, Y5", "VPUNPCKLDQ Y3, Y2, Y6", "VPUNPCKHDQ Y3, Y2, Y7")
    E("VPUNPCKLQDQ Y6, Y4, Y0", "VPUNPCKHQDQ Y6, Y4, Y1", "VPUNPCKLQDQ Y7, Y5, Y2", "VPUNPCKHQDQ Y7, Y5, Y3")
    for j in range(4):
        E(f"VPXOR Y15, Y{j}, Y{j}", f"VPSHUFB Y14, Y{j}, Y4", f"VPSHUFB Y13, Y{j}, Y5")
        for i in range(2):
            E(f"VPSRAW $8, Y{4 + i}, Y{4 + i}", f"VPSUBW Y12, Y{4 + i}, Y{4 + i}", f"VMOVDQU Y{4 + i}, {512 * half + 128 * j + 64 * i}(DI)")
E("ADDQ $32, SI", f"ADDQ ${PANEL8}, DI", "DECQ R12", f"JNZ {loop}")
ret()


def tile8(T):
    """16 rows by T vectors. Y0 to Y(2T-1) are the sums."""
    at = func(f"tileWords{T}AVX2", f"adds {T} quantised vectors times a panel of 16 rows of 8-bit codes to dst; the scale changes after first blocks, then after each. Strides are in bytes.",
              [("panel", F), ("x", F), ("ldx", I), ("dst", F), ("ldd", I), ("blocks", I), ("first", I), ("each", I)], frame=64 * T + 64)
    args(at, panel="SI", x="DI", ldx="AX", blocks="R12", first="R13", each="R9")
    E("LEAQ (AX)(AX*2), CX", "LEAQ 63(SP), R8", "ANDQ $-64, R8")
    x = ["(DI)", "(DI)(AX*1)", "(DI)(AX*2)", "(DI)(CX*1)"]
    zero(*range(2 * T))
    for i in range(2 * T):
        E(f"VMOVUPS Y0, {32 * i}(R8)")
    loop, scale = label("loop"), label("scale")
    E(f"{loop}:")
    for k in range(16):
        E(f"VMOVDQU {64 * k}(SI), Y8", f"VMOVDQU {64 * k + 32}(SI), Y9")
        for t in range(T):
            b = 10 + t % 2
            E(f"VPBROADCASTD {4 * k}{x[t]}, Y{b}")
            E(*(f"VPMADDWD Y{b}, Y{8 + r}, Y{12 + r}" for r in range(2)))
            E(*(f"VPADDD Y{12 + r}, Y{2 * t + r}, Y{2 * t + r}" for r in range(2)))
    E(f"ADDQ ${PANEL8}, SI", f"ADDQ ${XBLOCK8}, DI", "DECQ R12", f"JZ {scale}", "DECQ R13", f"JNZ {loop}", f"{scale}:", "MOVQ R9, R13")
    E("VMOVUPS -128(SI), Y8", "VMOVUPS -96(SI), Y9")
    for t in range(T):
        for r in range(2):
            y, acc = 2 * t + r, f"{64 * t + 32 * r}(R8)"
            E(f"VCVTDQ2PS Y{y}, Y{y}", f"VFMADD213PS {acc}, Y{8 + r}, Y{y}", f"VMOVUPS Y{y}, {acc}")
    zero(*range(2 * T))
    E("TESTQ R12, R12", f"JNZ {loop}")
    args(at, dst="DX", ldd="BX")
    for t in range(T):
        E(f"VBROADCASTSS -4{x[t]}, Y0")
        for r in range(2):
            E(f"VMOVUPS {64 * t + 32 * r}(R8), Y1", f"VFMADD213PS {32 * r}(DX), Y0, Y1", f"VMOVUPS Y1, {32 * r}(DX)")
        if t < T - 1:
            E("ADDQ BX, DX")
    ret()


for T in range(1, 5):
    tile8(T)
