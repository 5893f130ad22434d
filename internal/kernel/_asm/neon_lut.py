# Palettes whose entries are halves, looked up through two planes of bytes: 16
# entries for up to 4 bits, 64 for 6 bits. Kernels named dot… multiply rows that
# follow one another, those named decode… store them; both read whole groups of
# 8 indices.

# For a width, the bytes that hold indices 0 to 7 as pairs, and the shifts that
# bring each to the bottom of its 16 bits.


def indexConsts(width):
    pairs, shifts = [], []
    for i in range(8):
        bit = i * width
        pairs += [bit // 8, min(bit // 8 + 1, width - 1)]
        shifts.append(-(bit % 8) & 0xFFFF)
    b = bytes(pairs) + b"".join(s.to_bytes(2, "little") for s in shifts)
    return const(f"index{width}", struct.unpack("<8I", b))


def loadBits(width):
    """Loads 8 indices, exactly width bytes, into v8."""
    if width == 1:
        E("ldr b8, [x0], #1")
    elif width == 2:
        E("ldr h8, [x0], #2")
    elif width == 3:
        E("ldr h8, [x0], #2", "ld1 {v8.b}[2], [x0], #1")
    else:
        E("ldr s8, [x0], #4", "ld1 {v8.h}[2], [x0], #2")


def palette(width):
    """Decodes 8 entries into v20 and v21; the planes lie from v24 (v30 for 16 entries) on."""
    loadBits(width)
    E("tbl v8.16b, {v8.16b}, v16.16b", "ushl v8.8h, v8.8h, v17.8h", "xtn v8.8b, v8.8h", "and v8.16b, v8.16b, v18.16b")
    low, high = ("{v24.16b-v27.16b}", "{v28.16b-v31.16b}") if width == 6 else ("{v30.16b}", "{v31.16b}")
    E(f"tbl v10.16b, {low}, v8.16b", f"tbl v11.16b, {high}, v8.16b", "zip1 v8.16b, v10.16b, v11.16b")
    widenHalves(8, FLOATS)


def lut(width, dot):
    what = f"rows of {width}-bit indices." if dot else f"groups of {width}-bit indices."
    if dot:
        at = func(f"dotLUT{width}NEON", f"multiplies x by {what}", [("w", B), ("planes", B), ("x", F), ("dst", F), ("rows", I), ("groups", I)])
        args(at, w="R0", planes="R13", x="R11", dst="R4", rows="R5", groups="R7")
    else:
        at = func(f"decodeLUT{width}NEON", f"decodes {what}", [("dst", F), ("w", B), ("planes", B), ("groups", I)])
        args(at, dst="R1", w="R0", planes="R13", groups="R7")
    if width == 6:
        E(*[f"ldp q{24 + i}, q{25 + i}, [x13, #{16 * i}]" for i in range(0, 8, 2)])
    else:
        E("ldp q30, q31, [x13]")
    if width == 4:
        E("movi v29.16b, #15")
    else:
        E(f"MOVD {indexConsts(width)}, R10", "ldp q16, q17, [x10]", f"movi v18.16b, #{(1 << width) - 1}")
    row = label("row")
    if dot:
        E(f"{row}:", "MOVD R11, R1")
        zero(0, 1, 2, 3)
    E("MOVD R7, R9")

    def body(count, first):
        planes4(count, widenHalves) if width == 4 else palette(width)
        dotX(count // 4, 0) if dot else storeAll(count // 4, "x1")

    if width == 4:
        groups(4, body)
    else:
        one = label("one")
        E(f"{one}:")
        body(8, False)
        E("SUBS $1, R9", f"BNE {one}")
    if dot:
        sumTo(4)
        E("str s0, [x4], #4", "SUBS $1, R5", f"BNE {row}")
    E("RET")


for width in (1, 2, 3, 4, 6):
    for dot in (True, False):
        lut(width, dot)
