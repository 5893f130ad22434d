# Integer codes with block scales. A block is vecs vectors of 8 weights.
#
# 4-bit codes are looked up: a byte shuffle reads 16 entries at once, and the
# entries have 16 bits, cut into a plane of low bytes (v30) and one of high bytes
# (v31). Rounded weights are halves, and the table of a block is made from its
# scale and offset. Integers are the upper halves of their floats: zeros below
# complete them, where a conversion would be slow on many processors. For the
# same reason 8-bit codes become floats as the last bits of 2^23.
#
# Modes: "" w = q·s, "o" w = (q-o)·s, "r" w = fp16((q-o)·s). In "" and "o" the
# sum of a block is scaled, not each weight; 4-bit "o" takes the offset times the
# sum of the block's inputs off.

FLOATS, ZERO = 20, 17


def planes4(count, widen):
    """Decodes count (32 or 8) codes into floats from v20 on through the planes."""
    E(f"ldr {'q' if count == 32 else 's'}8, [x0], #{count // 2}", "ushr v9.16b, v8.16b, #4", "and v8.16b, v8.16b, v29.16b")
    if count == 8:
        E("zip1 v8.16b, v8.16b, v9.16b", "tbl v10.16b, {v30.16b}, v8.16b", "tbl v11.16b, {v31.16b}, v8.16b", "zip1 v8.16b, v10.16b, v11.16b")
        return widen(8, FLOATS)
    E("zip1 v10.16b, v8.16b, v9.16b", "zip2 v11.16b, v8.16b, v9.16b",
      "tbl v12.16b, {v30.16b}, v10.16b", "tbl v13.16b, {v31.16b}, v10.16b", "tbl v14.16b, {v30.16b}, v11.16b", "tbl v15.16b, {v31.16b}, v11.16b",
      "zip1 v8.16b, v12.16b, v13.16b", "zip2 v9.16b, v12.16b, v13.16b", "zip1 v10.16b, v14.16b, v15.16b", "zip2 v11.16b, v14.16b, v15.16b")
    for i in range(4):
        widen(8 + i, FLOATS + 2 * i)


def widenUpper(h, f):
    """Puts zeros below the upper halves of floats."""
    E(f"zip1 v{f}.8h, v{ZERO}.8h, v{h}.8h", f"zip2 v{f + 1}.8h, v{ZERO}.8h, v{h}.8h")


def widenHalves(h, f):
    E(f"fcvtl v{f}.4s, v{h}.4h", f"fcvtl2 v{f + 1}.4s, v{h}.8h")


def widen8(count, sign):
    """Decodes count (16 or 8) bytes into floats from v20 on: v17 is zero, v18 the
    upper half of 2^23, v16 what is to be taken off."""
    E(f"ldr {'q' if count == 16 else 'd'}8, [x0], #{count}")
    if sign:
        E("eor v8.16b, v8.16b, v19.16b")
    if count == 16:
        E("zip2 v9.16b, v8.16b, v17.16b")
    E("zip1 v8.16b, v8.16b, v17.16b")
    for i in range(count // 8):
        E(f"zip1 v{FLOATS + 2 * i}.8h, v{8 + i}.8h, v18.8h", f"zip2 v{FLOATS + 2 * i + 1}.8h, v{8 + i}.8h, v18.8h")
    for i in range(count // 4):
        E(f"fsub v{FLOATS + i}.4s, v{FLOATS + i}.4s, v16.4s")


def setup8(sign):
    constants("bytesS" if sign else "bytesU", 16, [2.0**23 + (128 if sign else 0), 0, 0x4B004B00, 0x80808080])


def halfRound(n):
    """Rounds n vectors from v20 on to halves and back."""
    for i in range(0, n, 2):
        a, b, h = FLOATS + i, FLOATS + i + 1, 8 + i // 2
        E(f"fcvtn v{h}.4h, v{a}.4s", f"fcvtn2 v{h}.8h, v{b}.4s")
        widenHalves(h, a)


def blockTable():
    """Makes the planes of fp16((code-v29)·v28) from the codes in v16..v19."""
    for i in range(4):
        E(f"fsub v{8 + i}.4s, v{16 + i}.4s, v29.4s")
    for i in range(4):
        E(f"fmul v{8 + i}.4s, v{8 + i}.4s, v28.4s")
    E("fcvtn v12.4h, v8.4s", "fcvtn2 v12.8h, v9.4s", "fcvtn v13.4h, v10.4s", "fcvtn2 v13.8h, v11.4s",
      "uzp1 v30.16b, v12.16b, v13.16b", "uzp2 v31.16b, v12.16b, v13.16b", "movi v29.16b, #15")


def dotX(n, acc, first=False):
    """Multiplies n vectors from v20 on by inputs and adds them to v acc..acc+3, or
    starts these."""
    for i in range(0, n, 2):
        a = 12 + i % 4
        E(f"ldp q{a}, q{a + 1}, [x1], #32")
        for j in (0, 1):
            E(f"{'fmul' if first and i < 4 else 'fmla'} v{acc + i % 4 + j}.4s, v{FLOATS + i + j}.4s, v{a + j}.4s")


def storeAll(n, target="x0"):
    for i in range(0, n, 2):
        E(f"stp q{FLOATS + i}, q{FLOATS + i + 1}, [{target}], #32")


def groups(width, body, start=None):
    """Runs body(count, first) over a block of R9 vectors of 8: in big groups, then
    one by one. With start, the first big group starts the sums, and start() does
    where there is none."""
    big = 32 if width == 4 else 16
    loop, rest, one, end = label("group"), label("rest"), label("one"), label("end")
    E(f"SUBS ${big // 8}, R9")
    if start:
        small = label("small")
        E(f"BLT {small}")
        body(big, True)
        E(f"SUBS ${big // 8}, R9")
    E(f"BLT {rest}", f"{loop}:")
    body(big, False)
    E(f"SUBS ${big // 8}, R9", f"BGE {loop}", f"{rest}:", f"ADDS ${big // 8}, R9", f"BEQ {end}", f"{one}:")
    body(8, False)
    E("SUBS $1, R9", f"BNE {one}")
    if start:
        # Out of the way of the usual blocks, and back.
        over = label("over")
        E(f"JMP {over}", f"{small}:")
        start()
        E(f"JMP {rest}", f"{over}:")
    E(f"{end}:")


def weigh(width, sign, mode, count):
    """Decodes count codes; only 8-bit ones need the offset or the rounding here."""
    if width == 4:
        return planes4(count, widenHalves if mode == "r" else widenUpper)
    widen8(count, sign)
    n = count // 4
    if mode in ("o", "r"):
        for i in range(n):
            E(f"fsub v{FLOATS + i}.4s, v{FLOATS + i}.4s, v29.4s")
    if mode == "r":
        for i in range(n):
            E(f"fmul v{FLOATS + i}.4s, v{FLOATS + i}.4s, v28.4s")
        halfRound(n)


def gemv(width, sign, mode):
    name = f"gemv{width}{('s' if sign else 'u') if width == 8 else ''}{mode}NEON"
    nibble = width == 4
    params = [("w", B)]
    if nibble:
        params.append(("codes", F) if mode == "r" else ("planes", B))
    params.append(("scale", F))
    if mode in ("o", "r"):
        params.append(("offset", F))
    if nibble and mode == "o":
        params.append(("sums", F))
    at = func(name, f"multiplies x by rows of {width}-bit codes, vecs vectors of 8 to a block." + (" sums are those of x over the blocks." if nibble and mode == "o" else ""),
              params + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("vecs", I)])
    args(at, w="R0", scale="R2", x="R11", dst="R4", rows="R5", blocks="R6", vecs="R7")
    if "offset" in at:
        args(at, offset="R3")
    if "sums" in at:
        args(at, sums="R12")
    if nibble:
        args(at, **{"codes" if mode == "r" else "planes": "R13"})
        if mode == "r":
            E("ldp q16, q17, [x13]", "ldp q18, q19, [x13, #32]")
        else:
            E("ldp q30, q31, [x13]", "movi v29.16b, #15", f"movi v{ZERO}.4s, #0")
    else:
        setup8(sign)
    late = mode != "r"
    row, block = label("row"), label("block")
    E(f"{row}:", "MOVD R11, R1", "MOVD R6, R8")
    if "sums" in at:
        E("MOVD R12, R10")
    zero(0, 1, 2, 3)
    E(f"{block}:", "MOVD R7, R9", "ld1r {v28.4s}, [x2], #4")
    if nibble and mode == "o":
        E("ldr s18, [x3], #4", "ldr s19, [x10], #4")
    elif mode != "":
        E("ld1r {v29.4s}, [x3], #4")
    if nibble and mode == "r":
        blockTable()

    def body(count, first):
        weigh(width, sign, mode, count)
        dotX(count // 4, 4 if late else 0, first)

    groups(width, body, (lambda: zero(4, 5, 6, 7)) if late else None)
    if late:
        E("fadd v4.4s, v4.4s, v5.4s", "fadd v6.4s, v6.4s, v7.4s", "fadd v4.4s, v4.4s, v6.4s")
        if nibble and mode == "o":
            E("fmls v4.4s, v18.4s, v19.4s")
        E("fmla v0.4s, v4.4s, v28.4s")
    E("SUBS $1, R8", f"BNE {block}")
    sumTo(1 if late else 4)
    E("str s0, [x4], #4", "SUBS $1, R5", f"BNE {row}", "RET")


def unpack(width, sign, mode):
    nibble = width == 4
    table = [] if not nibble else [("codes", F)] if mode == "r" else [("planes", B)]
    at = func(f"unpack{width}{'' if nibble else 's' if sign else 'u'}{mode}NEON", f"decodes blocks of {width}-bit codes, vecs vectors of 8 to a block.",
              [("dst", F), ("w", B)] + table + [("scale", F), ("offset", F), ("blocks", I), ("vecs", I)])
    args(at, dst="R1", w="R0", scale="R2", offset="R3", blocks="R8", vecs="R7")
    if nibble:
        args(at, **{table[0][0]: "R13"})
        E(*(["ldp q16, q17, [x13]", "ldp q18, q19, [x13, #32]"] if mode == "r" else ["ldp q30, q31, [x13]", f"movi v{ZERO}.4s, #0"]))
    else:
        setup8(sign)
    block = label("block")
    E(f"{block}:", "MOVD R7, R9", "ld1r {v28.4s}, [x2], #4", "ld1r {v29.4s}, [x3], #4")
    if nibble and mode == "r":
        blockTable()
    elif nibble:
        E("mov v19.16b, v29.16b", "movi v29.16b, #15")

    def body(count, first):
        weigh(width, sign, "r" if mode else "o", count)
        n = count // 4
        if not mode:
            for i in range(n):
                if nibble:
                    E(f"fsub v{FLOATS + i}.4s, v{FLOATS + i}.4s, v19.4s")
                E(f"fmul v{FLOATS + i}.4s, v{FLOATS + i}.4s, v28.4s")
        storeAll(n, "x1")

    groups(width, body)
    E("SUBS $1, R8", f"BNE {block}", "RET")


for mode in ("", "o", "r"):
    gemv(4, True, mode)
    for sign in (True, False):
        gemv(8, sign, mode)
for mode in ("", "r"):
    unpack(4, True, mode)
    for sign in (True, False):
        unpack(8, sign, mode)
