# Integer codes with block scales, and 4-bit palettes. A block is vecs vectors
# of 8 weights. Natural order is kept: a broadcast puts 8 nibbles in every lane
# and a variable shift brings nibble i to lane i.
#
# Modes: "" w = q·s, "o" w = (q-o)·s; "r" w = fp16((q-o)·s) for any scale; "a"
# and "ao" the same without and with an offset for products that are multiples
# of 2^-24 and below 65504, as products of halves and integers are. Those round
# by adding and subtracting 1.5·2^13 times their own power of two: at that
# distance the last place of a float32 is the last place of a half, and values
# below the normal range of a half have so few bits that nothing is lost.

SHL = [28 - 4 * i for i in range(8)]
SHR = [4 * i for i in range(8)]
WBYTES = {4: 4, 8: 8}


def setup(width, sign, mode):
    """Constants: Y15 shifts, Y14 the nibble mask or a table of codes, Y13 the other half."""
    if mode[:1] == "a":
        E(f"VBROADCASTSS {const('exponent', [0x7F800000])}, Y10", f"VBROADCASTSS {fconst('roundBias', 12288.0)}, Y13")
    if width == 8:
        return
    if mode == "r":
        hi = [i - 8 for i in range(8)] if sign else [i + 8 for i in range(8)]
        E(f"VMOVDQU {const('shiftRight', SHR)}, Y15")
        E(f"VMOVUPS {const('codes0', [bits(float(i)) for i in range(8)])}, Y14")
        E(f"VMOVUPS {const('codesNeg' if sign else 'codes8', [bits(float(i)) for i in hi])}, Y13")
    elif sign:
        E(f"VMOVDQU {const('shiftLeft', SHL)}, Y15")
    else:
        E(f"VMOVDQU {const('shiftRight', SHR)}, Y15", f"VMOVDQU {const('nibble', [15] * 8)}, Y14")


def hasOffset(mode):
    return mode in ("o", "r", "ao")


def scaledLate(mode):
    """The block's sum is scaled, not each weight."""
    return mode in ("", "o")


def blockHead(width, mode):
    """Y12 scale, Y11 offset; for rounded nibbles the table in Y12 and Y11."""
    E("VBROADCASTSS (DX), Y12")
    if hasOffset(mode):
        E("VBROADCASTSS (BX), Y11")
    if width == 4 and mode == "r":
        E("VSUBPS Y11, Y13, Y10", "VSUBPS Y11, Y14, Y11", "VMULPS Y12, Y10, Y10", "VMULPS Y12, Y11, Y12",
          "VCVTPS2PH $0, Y10, X11", "VCVTPS2PH $0, Y12, X12", "VCVTPH2PS X11, Y11", "VCVTPH2PS X12, Y12")


def lookup(q, t, lo="Y12", hi="Y11"):
    """Y q holds indices in its low bits: Y t = table entries."""
    E(f"VPERMPS {lo}, Y{q}, Y{t}", f"VPERMPS {hi}, Y{q}, Y{t + 1}", f"VPSLLD $28, Y{q}, Y{q}", f"VBLENDVPS Y{q}, Y{t + 1}, Y{t}, Y{t}")


def weights(width, sign, mode, off, q, t):
    """Decodes 8 codes at off(SI) and returns the register; unscaled in modes "" and "o"."""
    if width == 8:
        E(f"{'VPMOVSXBD' if sign else 'VPMOVZXBD'} {off}(SI), Y{q}", f"VCVTDQ2PS Y{q}, Y{q}")
        if hasOffset(mode):
            E(f"VSUBPS Y11, Y{q}, Y{q}")
        if mode[:1] == "a":
            roundTo(q, t)
        if mode == "r":
            E(f"VMULPS Y12, Y{q}, Y{q}", f"VCVTPS2PH $0, Y{q}, X{q}", f"VCVTPH2PS X{q}, Y{q}")
        return q
    E(f"VPBROADCASTD {off}(SI), Y{q}")
    if mode == "r":
        E(f"VPSRLVD Y15, Y{q}, Y{q}")
        lookup(q, t)
        return t
    if sign:
        E(f"VPSLLVD Y15, Y{q}, Y{q}", f"VPSRAD $28, Y{q}, Y{q}")
    else:
        E(f"VPSRLVD Y15, Y{q}, Y{q}", f"VPAND Y14, Y{q}, Y{q}")
    E(f"VCVTDQ2PS Y{q}, Y{q}")
    if hasOffset(mode):
        E(f"VSUBPS Y11, Y{q}, Y{q}")
    if mode[:1] == "a":
        roundTo(q, t)
    return q


def roundTo(q, t):
    """Y q = Y q · scale rounded to 11 significant bits; Y t is overwritten."""
    E(f"VMULPS Y12, Y{q}, Y{q}", f"VANDPS Y10, Y{q}, Y{t}", f"VFMADD231PS Y13, Y{t}, Y{q}", f"VFNMADD231PS Y13, Y{t}, Y{q}")


def gemv(width, sign, mode):
    name = f"gemv{width}{'s' if sign else 'u'}{mode}AVX2"
    params = [("w", B), ("scale", F)] + ([("offset", F)] if hasOffset(mode) else []) + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("vecs", I)]
    at = func(name, f"multiplies x by rows of {width}-bit codes that follow one another.", params)
    args(at, w="SI", scale="DX", dst="R8", rows="R9", blocks="R10", vecs="R11")
    if hasOffset(mode):
        args(at, offset="BX")
    setup(width, sign, mode)
    wb = WBYTES[width]
    late = scaledLate(mode)
    table = width == 4 and mode == "r"
    row, block, body, vec, done, sum, pair, odd = (label(s) for s in ("row", "block", "body", "vec", "done", "sum", "pair", "odd"))

    def four(base, first):
        """32 weights into 4 accumulators: with fewer, latency would be the limit."""
        for j in range(4):
            q = 6 + j if late else 4 + 2 * (j % 3)
            r = weights(width, sign, mode, base + wb * j, q, q + 1)
            op = "VMULPS" if first else "VFMADD231PS"
            E(f"{op} {base // wb * 32 + 32 * j}(DI), Y{r}, Y{j + 2 * late}")

    def join():
        E("VADDPS Y3, Y2, Y2", "VADDPS Y5, Y4, Y4")

    def next(n):
        E(f"ADDQ ${4 * n}, DX")
        if hasOffset(mode):
            E(f"ADDQ ${4 * n}, BX")

    def block32(i):
        """A whole block of 32 at index i of an unrolled pair."""
        E(f"VBROADCASTSS {4 * i}(DX), Y12")
        if hasOffset(mode):
            E(f"VBROADCASTSS {4 * i}(BX), Y11")
        if late:
            four(4 * wb * i, True)
            join()
            E("VFMADD231PS Y2, Y12, Y0", "VFMADD231PS Y4, Y12, Y1")
        else:
            four(4 * wb * i, False)

    E(f"{row}:", f"MOVQ {at['x']}, DI", "MOVQ R10, R12")
    zero(*(range(2) if late else range(4)))
    if not table:
        # Blocks of 32, the common length, two at a time.
        E("CMPQ R11, $4", f"JNE {block}", "SUBQ $2, R12", f"JLT {odd}", f"{pair}:", "PREFETCHT0 4096(SI)")
        if width == 8:
            E("PREFETCHT0 4160(SI)")
        block32(0)
        block32(1)
        next(2)
        E(f"ADDQ ${8 * wb}, SI", "ADDQ $256, DI", "SUBQ $2, R12", f"JGE {pair}", f"{odd}:", "ADDQ $2, R12", f"JZ {sum}")
        block32(0)
        next(1)
        E(f"ADDQ ${4 * wb}, SI", f"JMP {sum}")
    E(f"{block}:")
    blockHead(width, mode)
    if late:
        zero(2, 3, 4, 5)
    E("MOVQ R11, R13", "SUBQ $4, R13", f"JLT {vec}", f"{body}:", "PREFETCHT0 4096(SI)")
    four(0, False)
    E(f"ADDQ ${4 * wb}, SI", "ADDQ $128, DI", "SUBQ $4, R13", f"JGE {body}", f"{vec}:", "ADDQ $4, R13", f"JZ {done}", f"{vec}x:")
    r = weights(width, sign, mode, 0, 6, 7)
    E(f"VFMADD231PS (DI), Y{r}, Y{2 if late else 0}", f"ADDQ ${wb}, SI", "ADDQ $32, DI", "DECQ R13", f"JNZ {vec}x", f"{done}:")
    if late:
        join()
        E("VFMADD231PS Y2, Y12, Y0", "VFMADD231PS Y4, Y12, Y1")
    next(1)
    E("DECQ R12", f"JNZ {block}", f"{sum}:")
    if not late:
        E("VADDPS Y2, Y0, Y0", "VADDPS Y3, Y1, Y1")
    E("VADDPS Y1, Y0, Y0")
    reduce(0, 1, "(R8)")
    E("ADDQ $4, R8", "DECQ R9", f"JNZ {row}")
    ret()


def unpack(width, sign, mode):
    name = f"unpack{width}{'s' if sign else 'u'}{mode}AVX2"
    params = [("dst", F), ("w", B), ("scale", F)] + ([("offset", F)] if hasOffset(mode) else []) + [("blocks", I), ("vecs", I)]
    at = func(name, f"decodes blocks of {width}-bit codes.", params)
    args(at, dst="DI", w="SI", scale="DX", blocks="R10", vecs="R11")
    if hasOffset(mode):
        args(at, offset="BX")
    setup(width, sign, mode)
    wb = WBYTES[width]
    block, body, vec, done = (label(s) for s in ("block", "body", "vec", "done"))
    E(f"{block}:")
    blockHead(width, mode)

    def store(j, r):
        if scaledLate(mode):
            E(f"VMULPS Y12, Y{r}, Y{r}")
        E(f"VMOVUPS Y{r}, {32 * j}(DI)")

    E("MOVQ R11, R13", "SUBQ $4, R13", f"JLT {vec}", f"{body}:")
    for j in range(4):
        q = 2 * j if not (width == 4 and mode == "r") else 3 * (j % 3)
        store(j, weights(width, sign, mode, wb * j, q, q + 1))
    E(f"ADDQ ${4 * wb}, SI", "ADDQ $128, DI", "SUBQ $4, R13", f"JGE {body}", f"{vec}:", "ADDQ $4, R13", f"JZ {done}", f"{vec}x:")
    store(0, weights(width, sign, mode, 0, 0, 1))
    E(f"ADDQ ${wb}, SI", "ADDQ $32, DI", "DECQ R13", f"JNZ {vec}x", f"{done}:", "ADDQ $4, DX")
    if hasOffset(mode):
        E("ADDQ $4, BX")
    E("DECQ R10", f"JNZ {block}")
    ret()


for width in (4, 8):
    for sign in (True, False):
        for mode in ("", "o", "r", "a", "ao"):
            gemv(width, sign, mode)
            unpack(width, sign, mode)
