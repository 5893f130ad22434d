# Codes times inputs quantised to int8. Signed codes of 4 bits are used where they
# lie, 16 times too large, and the conversion to float divides by 16. Unsigned
# codes of 8 bits are taken 128 less, and 128 times the inputs' sum is added.
#
# A vector is quantised in steps of 8 inputs, the lanes of a dot product: a group
# of 32 is 16 even bytes, 16 odd bytes, 4 steps and the 4 sums of bytes times
# steps. For several vectors at a time, where a lane is a row, the steps are of
# 16 inputs: a group of a tile of T vectors is T times 32 bytes as above, T times
# 2 steps and T sums.
#
# With the dot product extension an SDOT adds 4 products to each lane; without,
# four instructions do the same: sums of two products of 8 bits fit in 16.


def dotp(dot, acc, w, x):
    if dot:
        return E(f"sdot v{acc}.4s, v{w}.16b, v{x}.16b")
    E(f"smull v9.8h, v{w}.8b, v{x}.8b", f"smull2 v10.8h, v{w}.16b, v{x}.16b", "addp v9.8h, v9.8h, v10.8h", f"sadalp v{acc}.4s, v9.8h")


def dote(dot, acc, w, x, i):
    """dotp with element i of x in every lane."""
    if dot:
        return E(f"sdot v{acc}.4s, v{w}.16b, v{x}.4b[{i}]")
    E(f"dup v11.4s, v{x}.s[{i}]")
    dotp(dot, acc, w, 11)


def quantize(many):
    if many:
        at = func("quantizeTileNEON", "quantises groups of 32 inputs for a tile: bytes to dst, 2 steps and a sum where those of this vector lie; groups are stride bytes apart.",
                  [("dst", F), ("steps", F), ("sums", F), ("x", F), ("groups", I), ("stride", I)])
        args(at, dst="R0", steps="R2", sums="R3", x="R1", groups="R5", stride="R6")
    else:
        at = func("quantizeNEON", "quantises groups of 32 inputs, 16 floats to a group.", [("dst", F), ("x", F), ("groups", I)])
        args(at, dst="R0", x="R1", groups="R5")
    constants("quantum", 28, [127.0, 1e-30, 1 / 127])
    loop = label("loop")
    E(f"{loop}:")
    for i in range(0, 8, 2):
        E(f"ldp q{i}, q{i + 1}, [x1], #32")
    for i in range(8):
        E(f"fabs v{8 + i}.4s, v{i}.4s")
    # The maxima keep a NaN, and a step of NaN or infinity makes the result NaN.
    for i in range(0, 8, 2):
        E(f"fmax v{8 + i}.4s, v{8 + i}.4s, v{9 + i}.4s")
    E("fmaxp v8.4s, v8.4s, v10.4s", "fmaxp v12.4s, v12.4s, v14.4s", "fmaxp v8.4s, v8.4s, v12.4s")
    if many:
        E("fmaxp v8.4s, v8.4s, v8.4s")
    # Inputs too small to invert their maximum count as 0.
    E("fdiv v9.4s, v28.4s, v8.4s", "fcmgt v10.4s, v8.4s, v29.4s", "and v9.16b, v9.16b, v10.16b", "fmul v8.4s, v8.4s, v30.4s")
    for i in range(8):
        E(f"fmul v{i}.4s, v{i}.4s, v9.s[{i // 4 if many else i // 2}]", f"fcvtns v{i}.4s, v{i}.4s")
    for i in range(0, 8, 2):
        E(f"sqxtn v{i}.4h, v{i}.4s", f"sqxtn2 v{i}.8h, v{i + 1}.4s")
    for i in (0, 4):
        E(f"sqxtn v{i}.8b, v{i}.8h", f"sqxtn2 v{i}.16b, v{i + 2}.8h")
    E("uzp1 v1.16b, v0.16b, v4.16b", "uzp2 v2.16b, v0.16b, v4.16b",
      "saddlp v0.8h, v0.16b", "saddlp v4.8h, v4.16b", "addp v0.8h, v0.8h, v4.8h", "saddlp v0.4s, v0.8h")
    if many:
        E("addp v0.4s, v0.4s, v0.4s")
    E("scvtf v0.4s, v0.4s", "fmul v0.4s, v0.4s, v8.4s")
    if many:
        E("faddp s0, v0.2s", "stp q1, q2, [x0]", "str d8, [x2]", "str s0, [x3]", "ADD R6, R0", "ADD R6, R2", "ADD R6, R3")
    else:
        E("stp q1, q2, [x0], #32", "stp q8, q0, [x0], #32")
    E("SUBS $1, R5", f"BNE {loop}", "RET")


quantize(False)
quantize(True)


def nibbles(sign, source, low, high):
    """Takes the codes of v source apart; v31 is the mask."""
    if sign:
        E(f"shl v{low}.16b, v{source}.16b, #4", f"and v{high}.16b, v{source}.16b, v31.16b")
    else:
        E(f"ushr v{high}.16b, v{source}.16b, #4", f"and v{low}.16b, v{source}.16b, v31.16b")


def byteCodes(sign, a, b, even, odd):
    """Puts the even and the odd bytes of v a and v b apart; v31 makes them signed."""
    if not sign:
        E(f"eor v{a}.16b, v{a}.16b, v31.16b", f"eor v{b}.16b, v{b}.16b, v31.16b")
    E(f"uzp1 v{even}.16b, v{a}.16b, v{b}.16b", f"uzp2 v{odd}.16b, v{a}.16b, v{b}.16b")


def fastSetup(width, sign, half):
    """v31 is the mask of the codes, v half 128 for codes that are 128 less."""
    E(f"movi v31.16b, #{(240 if sign else 15) if width == 4 else 128}")
    if width == 8 and not sign:
        constants("byteHalf", half, [128.0])


def toFloats(width, sign, r):
    E(f"scvtf v{r}.4s, v{r}.4s" + (", #4" if sign and width == 4 else ""))


def fastName(stem, width, sign, mode, dot):
    return f"{stem}{width}{'s' if sign else 'u'}{mode}{'Dot' if dot else ''}NEON"


def fastRows(width, sign, mode, dot, NR):
    """NR rows at a time share the loads of the inputs."""
    params = [("w", B), ("scale", F)] + ([("offset", F)] if mode else []) + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("groups", I)]
    at = func(fastName(f"fast{NR}x", width, sign, mode, dot), f"multiplies a quantised vector by rows of {width}-bit codes, groups groups of 32 to a block{', 4 rows at a time' if NR > 1 else ''}.", params)
    ws, ss, os = ["R0", "R6", "R7", "R8"][:NR], ["R2", "R9", "R10", "R11"][:NR], ["R3", "R12", "R13", "R14"][:NR]
    args(at, w="R0", scale="R2", x="R24", dst="R4", rows="R5", blocks="R15", groups="R19")
    if mode:
        args(at, offset="R3")
    # Bytes of a row's codes and of its scales.
    E("MUL R15, R19, R20", f"LSL ${4 if width == 4 else 5}, R20", "LSL $2, R15, R21")
    fastSetup(width, sign, 30)
    E("LSL $2, R20, R25")
    row, block, group = label("row"), label("block"), label("group")
    E(f"{row}:")
    for i in range(1, NR):
        E(f"ADD R20, {ws[i - 1]}, {ws[i]}", f"ADD R21, {ss[i - 1]}, {ss[i]}")
        if mode:
            E(f"ADD R21, {os[i - 1]}, {os[i]}")
    E("MOVD R24, R1", "MOVD R15, R22")
    zero(*range(NR))

    def oneGroup(e):
        """A group of all rows, whose scales and offsets are element e of theirs."""
        E("ldp q4, q5, [x1], #32", "ldp q6, q7, [x1], #32")
        for i in range(NR):
            a, lo, hi = 16 + i, 12 + i % 2 * 2, 13 + i % 2 * 2
            if width == 4:
                E(f"ldr q{a}, [x{ws[i][1:]}], #16")
                nibbles(sign, a, lo, hi)
            else:
                E(f"ldp q{a}, q8, [x{ws[i][1:]}], #32")
                byteCodes(sign, a, 8, lo, hi)
            zero(a)
            dotp(dot, a, lo, 4)
            dotp(dot, a, hi, 5)
            toFloats(width, sign, a)
            E(f"fmul v{a}.4s, v{a}.4s, v6.4s")
            if width == 8 and not sign:
                E(f"fmla v{a}.4s, v7.4s, v30.4s")
            if mode:
                E(f"fmls v{a}.4s, v7.4s, v{24 + i}.s[{e}]")
            E(f"fmla v{i}.4s, v{a}.4s, v{20 + i}.s[{e}]")

    def factors(kind, size):
        for i in range(NR):
            E(f"ldr {kind}{20 + i}, [x{ss[i][1:]}], #{size}")
            if mode:
                E(f"ldr {kind}{24 + i}, [x{os[i][1:]}], #{size}")

    # Blocks of one group go 4 at a time, as far as they do.
    four, few, end = label("four"), label("few"), label("end")
    E("CMP $1, R19", f"BNE {block}", "SUBS $4, R22", f"BLT {few}", f"{four}:")
    factors("q", 16)
    for e in range(4):
        if NR > 1 and e % (16 // width) == 0:
            # The rows after these, which no prefetcher expects where a row is short.
            E(*[f"prfm pldl1keep, [x{w[1:]}, x25]" for w in ws])
        oneGroup(e)
    E("SUBS $4, R22", f"BGE {four}", f"{few}:", "ADDS $4, R22", f"BEQ {end}", f"{block}:", "MOVD R19, R23")
    factors("s", 4)
    E(f"{group}:")
    oneGroup(0)
    E("SUBS $1, R23", f"BNE {group}", "SUBS $1, R22", f"BNE {block}", f"{end}:")
    for i in range(NR):
        E(f"faddp v{i}.4s, v{i}.4s, v{i}.4s", f"faddp s{i}, v{i}.2s", f"str s{i}, [x4], #4")
    if NR > 1:
        # The first row's pointers go on behind the last row.
        E(f"MOVD {ws[-1]}, {ws[0]}", f"MOVD {ss[-1]}, {ss[0]}", *([f"MOVD {os[-1]}, {os[0]}"] if mode else []))
    E(f"SUBS ${NR}, R5", f"BNE {row}", "RET")


def byRows(at, temp):
    """Exchanges words of the 4 rows in v at and following, so that a vector has one
    word of every row; v temp and following are overwritten."""
    a, t = [f"v{at + i}" for i in range(4)], [f"v{temp + i}" for i in range(4)]
    E(f"trn1 {t[0]}.4s, {a[0]}.4s, {a[1]}.4s", f"trn2 {t[1]}.4s, {a[0]}.4s, {a[1]}.4s", f"trn1 {t[2]}.4s, {a[2]}.4s, {a[3]}.4s", f"trn2 {t[3]}.4s, {a[2]}.4s, {a[3]}.4s",
      f"trn1 {a[0]}.2d, {t[0]}.2d, {t[2]}.2d", f"trn1 {a[1]}.2d, {t[1]}.2d, {t[3]}.2d", f"trn2 {a[2]}.2d, {t[0]}.2d, {t[2]}.2d", f"trn2 {a[3]}.2d, {t[1]}.2d, {t[3]}.2d")


def fastTile(width, sign, mode, dot, T):
    """4 rows, one to a lane, by T vectors."""
    params = [("w", B), ("wstep", I), ("scale", F)] + ([("offset", F)] if mode else []) + [("sstep", I), ("x", F), ("dst", F), ("ldd", I), ("blocks", I), ("groups", I)]
    at = func(fastName(f"fastTile{T}x", width, sign, mode, dot),
              f"multiplies a tile of {T} quantised vectors by 4 rows of {width}-bit codes, groups groups of 32 to a block. Steps from row to row and from result to result are in bytes.", params)
    ws, ss, os = ["R0", "R6", "R7", "R8"], ["R2", "R9", "R10", "R11"], ["R3", "R12", "R13", "R14"]
    args(at, w="R0", wstep="R15", scale="R2", sstep="R20", x="R1", dst="R4", ldd="R5", blocks="R22", groups="R19")
    if mode:
        args(at, offset="R3")
    for i in range(1, 4):
        E(f"ADD R15, {ws[i - 1]}, {ws[i]}", f"ADD R20, {ss[i - 1]}, {ss[i]}", *([f"ADD R20, {os[i - 1]}, {os[i]}"] if mode else []))
    fastSetup(width, sign, 8)
    zero(*range(T))
    block, group = label("block"), label("group")
    E(f"{block}:", "MOVD R19, R23")
    for i in range(4):
        E(f"ld1 {{v29.s}}[{i}], [x{ss[i][1:]}], #4")
        if mode:
            E(f"ld1 {{v30.s}}[{i}], [x{os[i][1:]}], #4")
    E(f"{group}:")
    if width == 4:
        for i in range(4):
            E(f"ldr q{12 + i}, [x{ws[i][1:]}], #16")
        byRows(12, 16)
        for i in range(4):
            nibbles(sign, 12 + i, 16 + i, 20 + i)
    else:
        for i, (a, b) in enumerate(((12, 13), (14, 15), (24, 25), (27, 28))):
            E(f"ldp q{a}, q{b}, [x{ws[i][1:]}], #32")
            byteCodes(sign, a, b, 16 + i, 20 + i)
        byRows(16, 12)
        byRows(20, 12)
    for t in range(T):
        # v9 to v11 serve dotp, so pairs of sums alternate between the rest.
        a, b = ((27, 28), (12, 13))[t % 2]
        E(f"ldp q24, q25, [x1, #{32 * t}]", f"ldr d26, [x1, #{32 * T + 8 * t}]")
        zero(a, b)
        for i in range(4):
            dote(dot, (a, b)[i // 2], 16 + i, 24, i)
            dote(dot, (a, b)[i // 2], 20 + i, 25, i)
        toFloats(width, sign, a)
        toFloats(width, sign, b)
        E(f"fmul v{a}.4s, v{a}.4s, v26.s[0]", f"fmla v{a}.4s, v{b}.4s, v26.s[1]")
        if mode or width == 8 and not sign:
            E(f"ldr s14, [x1, #{40 * T + 4 * t}]")
        if width == 8 and not sign:
            E(f"fmla v{a}.4s, v8.4s, v14.s[0]")
        if mode:
            E(f"fmls v{a}.4s, v30.4s, v14.s[0]")
        E(f"fmla v{t}.4s, v{a}.4s, v29.4s")
    E(f"ADD ${44 * T}, R1", "SUBS $1, R23", f"BNE {group}", "SUBS $1, R22", f"BNE {block}")
    for t in range(T):
        E(f"str q{t}, [x4]", "ADD R5, R4")
    E("RET")


for width in (4, 8):
    for dot in (True, False):
        for sign in (True, False):
            for mode in ("", "o"):
                for NR in (4, 1):
                    fastRows(width, sign, mode, dot, NR)
                for T in (8, 4) if dot else (4,):
                    fastTile(width, sign, mode, dot, T)
