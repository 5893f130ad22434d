# Palettes. Kernels named dot… multiply rows that follow one another, those
# named decode… store them; both read whole groups of a row only.


def lutFunc(kind, doc, frame=0):
    """Starts dotKind or decodeKind for both forms; yields (dot, frame)."""
    for dot in (True, False):
        if dot:
            at = func(f"dot{kind}AVX2", f"multiplies x by rows of {doc}", [("w", B), ("table", B), ("x", F), ("dst", F), ("rows", I), ("groups", I)], frame=frame)
            args(at, w="SI", table="DX", dst="R8", rows="R9", groups="R10")
        else:
            at = func(f"decode{kind}AVX2", f"decodes groups of {doc}", [("dst", F), ("w", B), ("table", B), ("groups", I)], frame=frame)
            args(at, dst="DI", w="SI", table="DX", groups="R12")
        yield dot, at


def rowLoop(dot, at, group):
    """Runs group for every group of every row; accumulators Y0..Y3."""
    row, loop = label("row"), label("group")
    if dot:
        E(f"{row}:", f"MOVQ {at['x']}, DI", "MOVQ R10, R12")
        zero(0, 1, 2, 3)
    E(f"{loop}:")
    group()
    E("DECQ R12", f"JNZ {loop}")
    if dot:
        E("VADDPS Y2, Y0, Y0", "VADDPS Y3, Y1, Y1", "VADDPS Y1, Y0, Y0")
        reduce(0, 1, "(R8)")
        E("ADDQ $4, R8", "DECQ R9", f"JNZ {row}")
    ret()


def use(dot, reg, off, acc):
    E(f"VFMADD231PS {off}(DI), Y{reg}, Y{acc}" if dot else f"VMOVUPS Y{reg}, {off}(DI)")


# 4 bits, 64 at a time: a byte shuffle looks up 16 entries at once, so the table
# is cut into the 4 bytes of its floats, and the bytes are interleaved again.
# The even and odd codes of 8, and two halves of 32, end up apart: prepareLUT4
# orders the input to match.
at = func("prepareLUT4AVX2", "orders groups of 64 inputs for dotLUT4Planes.", [("dst", F), ("x", F), ("groups", I)])
args(at, dst="DI", x="SI", groups="CX")
loop = label("loop")
E(f"{loop}:")
for k in range(4):
    E(f"VMOVUPS {32 * k}(SI), X0", f"VINSERTF128 $1, {128 + 32 * k}(SI), Y0, Y0", f"VMOVUPS {32 * k + 16}(SI), X1", f"VINSERTF128 $1, {128 + 32 * k + 16}(SI), Y1, Y1",
      "VSHUFPS $0x88, Y1, Y0, Y2", "VSHUFPS $0xdd, Y1, Y0, Y3", f"VMOVUPS Y2, {32 * k}(DI)", f"VMOVUPS Y3, {128 + 32 * k}(DI)")
E("ADDQ $256, SI", "ADDQ $256, DI", "DECQ CX", f"JNZ {loop}")
ret()

at = func("dotLUT4PlanesAVX2", "multiplies x, as prepareLUT4AVX2 leaves it, by rows of 4-bit indices; table holds 4 planes of 16 bytes.",
          [("w", B), ("table", B), ("x", F), ("dst", F), ("rows", I), ("groups", I)])
args(at, w="SI", table="DX", dst="R8", rows="R9", groups="R10")
for p in range(4):
    E(f"VBROADCASTI128 {16 * p}(DX), Y{12 + p}")
E(f"VPBROADCASTD {const('nibbles', [0x0F0F0F0F])}, Y11")


def planes4():
    E("VMOVDQU (SI), Y4", "PREFETCHT0 4096(SI)", "VPSRLW $4, Y4, Y10", "VPAND Y11, Y4, Y4", "VPAND Y11, Y10, Y10")
    for half, idx in ((0, 4), (1, 10)):
        E(*[f"VPSHUFB Y{idx}, Y{12 + p}, Y{5 + p}" for p in range(4)])
        E("VPUNPCKLBW Y6, Y5, Y9", "VPUNPCKHBW Y6, Y5, Y5", "VPUNPCKLBW Y8, Y7, Y6", "VPUNPCKHBW Y8, Y7, Y7")
        for k, (lo, hi, op) in enumerate(((9, 6, "L"), (9, 6, "H"), (5, 7, "L"), (5, 7, "H"))):
            E(f"VPUNPCK{op}WD Y{hi}, Y{lo}, Y8", f"VFMADD231PS {128 * half + 32 * k}(DI), Y8, Y{k}")
    E("ADDQ $32, SI", "ADDQ $256, DI")


rowLoop(True, at, planes4)

# 6 bits, 32 at a time, for tables of halves: 4 shuffles a plane, each for a
# quarter of the table; an index outside the quarter has its top bit set, which
# makes the shuffle give 0. The planes meet in memory, from where they widen.
SPREAD = [0, 1, 2, 0x80, 3, 4, 5, 0x80, 6, 7, 8, 0x80, 9, 10, 11, 0x80]


def words(b):
    return [b[i] | b[i + 1] << 8 | b[i + 2] << 16 | b[i + 3] << 24 for i in range(0, len(b), 4)]


SPREADS = const("spread6", words(SPREAD + [b if b == 0x80 else b + 4 for b in SPREAD]))
for dot, at in lutFunc("LUT6", "6-bit indices, 32 to a group, into a table of halves: 4 quarters of 16 low bytes, then of 16 high bytes.", 64):
    E(f"VMOVDQU {SPREADS}, Y15")

    def planes6():
        E("VMOVDQU (SI), X4", "VINSERTI128 $1, 8(SI), Y4, Y4", "PREFETCHT0 4096(SI)", "VPSHUFB Y15, Y4, Y4")
        E(f"VPAND {const('six0', [0x3F] * 8)}, Y4, Y5")
        for i in range(1, 4):
            E(f"VPSLLD ${2 * i}, Y4, Y6", f"VPAND {const(f'six{i}', [0x3F << 8 * i] * 8)}, Y6, Y6", "VPOR Y6, Y5, Y5")
        for t in range(4):
            E(*([f"VPXOR {const(f'quarter{t}', [0x01010101 * 16 * t] * 8)}, Y5, Y6"] if t else []), f"VPADDB {const('past16', [0x70707070] * 8)}, Y{6 if t else 5}, Y6")
            for p, acc in ((0, 13), (1, 14)):
                E(f"VBROADCASTI128 {64 * p + 16 * t}(DX), Y7", f"VPSHUFB Y6, Y7, Y{7 if t else acc}")
                if t:
                    E(f"VPOR Y7, Y{acc}, Y{acc}")
        E("VPUNPCKLBW Y14, Y13, Y6", "VPUNPCKHBW Y14, Y13, Y7", "VMOVDQU Y6, b-64(SP)", "VMOVDQU Y7, b-32(SP)")
        for k, off in enumerate((0, 32, 16, 48)):
            E(f"VCVTPH2PS b-{64 - off}(SP), Y{8 + k}")
            use(dot, 8 + k, 32 * k, k)
        E("ADDQ $24, SI", "ADDQ $128, DI")

    rowLoop(dot, at, planes6)

# 8 bits, 8 at a time, one by one from memory.
for dot, at in lutFunc("LUT8", "8-bit indices, 8 to a group, into a table of 256 floats."):
    def one8():
        E("MOVQ (SI), AX", "PREFETCHT0 1024(SI)")
        for i in range(8):
            x = 4 + i // 4
            E("MOVBLZX AL, BX", "SHRQ $8, AX" if i < 7 else "ADDQ $8, SI",
              f"VMOVSS (DX)(BX*4), X{x}" if i % 4 == 0 else f"VINSERTPS ${i % 4 << 4}, (DX)(BX*4), X{x}, X{x}")
        E("VINSERTF128 $1, X5, Y4, Y4")
        use(dot, 4, 0, 0)
        E("ADDQ $32, DI")

    rowLoop(dot, at, one8)

# 1, 2 and 3 bits, 8 at a time: one permutation of a table of 8 entries. With
# fewer bits the table repeats, so the bits above an index do not matter.
for width in (1, 2, 3):
    for dot, at in lutFunc(f"LUT{width}", f"{width}-bit indices, 8 to a group, into a table of 8 floats."):
        E(f"VMOVDQU {const(f'shift{width}', [width * i for i in range(8)])}, Y15", "VMOVUPS (DX), Y14")

        def few():
            if width == 3:
                E("MOVWLZX (SI), AX", "MOVBLZX 2(SI), BX", "SHLL $16, BX", "ORL BX, AX", "VMOVD AX, X4", "VPBROADCASTD X4, Y4")
            else:
                E(f"VPBROADCAST{'BW'[width - 1]} (SI), Y4")
            E("VPSRLVD Y15, Y4, Y4", "VPERMPS Y14, Y4, Y4")
            use(dot, 4, 0, 0)
            E(f"ADDQ ${width}, SI", "ADDQ $32, DI")

        rowLoop(dot, at, few)

# 4 bits, 8 at a time, for widths that the planes do not divide.
for dot, at in lutFunc("LUT4", "4-bit indices, 8 to a group, into a table of 16 floats."):
    E(f"VMOVDQU {const('shiftRight', SHR)}, Y15", "VMOVUPS (DX), Y12", "VMOVUPS 32(DX), Y11")

    def eight4():
        E("VPBROADCASTD (SI), Y4", "VPSRLVD Y15, Y4, Y4")
        lookup(4, 5)
        use(dot, 5, 0, 0)
        E("ADDQ $4, SI", "ADDQ $32, DI")

    rowLoop(dot, at, eight4)
