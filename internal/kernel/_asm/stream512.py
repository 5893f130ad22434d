# Twins of stream.py's kernels that leave codes where they lie, in its order of
# inputs: lane l holds the codes 8l to 8l+7 of a group of 64. Two groups fill a
# vector; an odd one at the end is a vector of half the length.

MASKS = 16  # registers of the masks of codes 0 to 6; then the 8s, the lanes, and 8


def streamed512(sign, mode, w):
    """Sums the products of codes and inputs, less the offsets in register 10,
    into register 2."""
    r = lambda n: f"{w}{n}"

    def load(off, n):
        if w == "Z":
            pair(off, "DI", n, 288)
        else:
            E(f"VMOVDQU {off}(DI), Y{n}")

    E(f"{'VMOVDQU64' if w == 'Z' else 'VMOVDQU'} (SI), {r(8)}", "PREFETCHT0 4096(SI)")
    if sign:
        E(f"VPXORD {r(MASKS + 7)}, {r(8)}, {r(8)}")
    zero(*((3, 4, 5) if sign or mode else (2, 3, 4, 5)))
    if sign or mode:
        load(256, 2)
    if mode:
        E(f"VMULPS {r(10)}, {r(2)}, {r(2)}")
    for j in range(8):
        q, x = 6 + j % 2, 12 + j % 2
        E(f"VPANDD {r(MASKS + j)}, {r(8)}, {r(q)}" if j < 7 else f"VPSRLD $28, {r(8)}, {r(q)}", f"VCVTDQ2PS {r(q)}, {r(q)}")
        load(32 * j, x)
        E(f"VFMADD231PS {r(x)}, {r(q)}, {r(2 + j % 4)}")
    E(f"VADDPS {r(3)}, {r(2)}, {r(2)}", f"VADDPS {r(5)}, {r(4)}, {r(4)}", f"VADDPS {r(4)}, {r(2)}, {r(2)}")


def stream512(sign, mode, paired):
    name = f"stream{'s' if sign else 'u'}{mode}{'Pair' if paired else 'Long'}AVX512"
    params = [("w", B), ("scale", F)] + ([("offset", F)] if mode else []) + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("vecs", I)]
    at = func(name, "multiplies prepared x by rows of 4-bit codes, vecs vectors of 64 to a block.", params)
    args(at, w="SI", scale="DX", dst="R8", rows="R9", blocks="R10", vecs="R11")
    if mode:
        args(at, offset="BX")
    for j in range(7):
        E(f"VPBROADCASTD {const(f'nibble{j}', [15 << 4 * j])}, Z{MASKS + j}")
    E(f"VPBROADCASTD {const('allEights', [0x88888888])}, Z{MASKS + 7}", f"VBROADCASTSS {const('eight', [bits(8.0)])}, Z{MASKS + 9}")
    if paired:
        E(f"VMOVDQU64 {const('blockLanes', [i // 4 for i in range(16)])}, Z{MASKS + 8}")
    row = label("row")

    def spread(w, ptr, reg):
        if not paired:
            E(f"VBROADCASTSS ({ptr}), {w}{reg}")
        else:
            E(f"VBROADCASTF32X4 ({ptr}), Z{reg}" if w == "Z" else f"VBROADCASTSD ({ptr}), Y{reg}", f"VPERMILPS {w}{MASKS + 8}, {w}{reg}, {w}{reg}")

    def factors(w):
        spread(w, "DX", 11)
        if mode:
            spread(w, "BX", 10)
            if sign:
                E(f"VADDPS {w}{MASKS + 9}, {w}10, {w}10")

    def step(n):
        E(f"ADDQ ${4 * n}, DX")
        if mode:
            E(f"ADDQ ${4 * n}, BX")

    E(f"{row}:", f"MOVQ {at['x']}, DI")
    zero(0, 9)
    whole, odd, end = label("whole"), label("odd"), label("end")
    if paired:
        E("MOVQ R10, R12", "SHRQ $1, R12", f"JZ {odd}", f"{whole}:")
        factors("Z")
        streamed512(sign, mode, "Z")
        E("VFMADD231PS Z2, Z11, Z0", "ADDQ $64, SI", "ADDQ $576, DI")
        step(4)
        E("DECQ R12", f"JNZ {whole}", f"{odd}:", "TESTQ $1, R10", f"JZ {end}")
        factors("Y")
        streamed512(sign, mode, "Y")
        E("VFMADD231PS Y2, Y11, Y9", "ADDQ $32, SI", "ADDQ $288, DI")
        step(2)
        E(f"{end}:")
    else:
        block = label("block")
        E("MOVQ R10, R12", f"{block}:")
        factors("Z")
        zero(1)
        E("MOVQ R11, R13", "SHRQ $1, R13", f"JZ {odd}", f"{whole}:")
        streamed512(sign, mode, "Z")
        E("VADDPS Z2, Z1, Z1", "ADDQ $64, SI", "ADDQ $576, DI", "DECQ R13", f"JNZ {whole}", "VFMADD231PS Z1, Z11, Z0", f"{odd}:", "TESTQ $1, R11", f"JZ {end}")
        streamed512(sign, mode, "Y")
        E("VFMADD231PS Y2, Y11, Y9", "ADDQ $32, SI", "ADDQ $288, DI", f"{end}:")
        step(1)
        E("DECQ R12", f"JNZ {block}")
    E("VADDPS Z9, Z0, Z0")
    reduce(0, 1, "(R8)")
    E("ADDQ $4, R8", "DECQ R9", f"JNZ {row}")
    ret()


for sign in (True, False):
    for mode in ("", "o"):
        for paired in (True, False):
            stream512(sign, mode, paired)
