# Twins of fast.py's kernels for one vector, with VPDPBUSD: 4 products of an
# unsigned code and a signed input are added to each 32-bit lane. They take the
# inputs as quantizeAVX2 leaves them: groups of 64 as 32 even and 32 odd bytes,
# 8 corrections and 8 steps, so that lane l stands for the inputs 8l to 8l+7. Two
# groups fill a vector; an odd one at the end is a vector of half the length.

NIBBLES, EIGHTS, LANES, EIGHT = 15, 14, 13, 12  # registers of constants


def codes512(sign, v, tmp):
    """Loads codes; the low ones go to v, the high ones to tmp, all unsigned."""
    w, t = f"{'Z' if v[0] == 'Z' else 'Y'}", tmp
    E(f"{'VMOVDQU64' if w == 'Z' else 'VMOVDQU'} (SI), {v}", "PREFETCHT0 4096(SI)", f"VPSRLW $4, {v}, {t}")
    for r in (v, t):
        # 0x28 is (a^b)&c.
        E(f"VPTERNLOGD $0x28, {w}{NIBBLES}, {w}{EIGHTS}, {r}" if sign else f"VPANDD {w}{NIBBLES}, {r}, {r}")


def products512(sign, mode, w):
    """Multiplies codes by inputs into register 4, as floats, less the offsets in
    register 10; loads the steps into register 8."""
    r = lambda n: f"{w}{n}"

    def load(off, n):
        if w == "Z":
            pair(off, "DI", n, 128)
        else:
            E(f"VMOVDQU {off}(DI), Y{n}")

    codes512(sign, r(2), r(3))
    if sign and not mode:
        load(64, 4)
    else:
        E(f"VPXOR {r(4)}, {r(4)}, {r(4)}" if w == "Y" else "VPXORD Z4, Z4, Z4")
    load(0, 5)
    load(32, 6)
    E(f"VPDPBUSD {r(5)}, {r(2)}, {r(4)}", f"VPDPBUSD {r(6)}, {r(3)}, {r(4)}", f"VCVTDQ2PS {r(4)}, {r(4)}")
    if mode:
        load(64, 7)
        E(f"VFNMADD231PS {r(7)}, {r(10)}, {r(4)}")
    load(96, 8)


def fast512(sign, mode, paired):
    name = f"fast{'s' if sign else 'u'}{mode}{'Pair' if paired else 'Long'}VNNI"
    params = [("w", B), ("scale", F)] + ([("offset", F)] if mode else []) + [("x", F), ("dst", F), ("rows", I), ("blocks", I), ("vecs", I)]
    at = func(name, "multiplies quantised x by rows of 4-bit codes, vecs vectors of 64 to a block.", params)
    args(at, w="SI", scale="DX", dst="R8", rows="R9", blocks="R10", vecs="R11")
    if mode:
        args(at, offset="BX")
    E(f"VPBROADCASTD {const('nibbles', [0x0F0F0F0F])}, Z{NIBBLES}", f"VPBROADCASTD {const('eights', [0x08080808])}, Z{EIGHTS}")
    if paired:
        E(f"VMOVDQU64 {const('blockLanes', [i // 4 for i in range(16)])}, Z{LANES}")
    if mode and sign:
        E(f"VBROADCASTSS {const('eight', [bits(8.0)])}, Z{EIGHT}")
    row = label("row")

    def spread(w, ptr, reg):
        """Loads a factor for every lane: of 4 blocks, of 2, or of one."""
        if not paired:
            E(f"VBROADCASTSS ({ptr}), {w}{reg}")
        else:
            E(f"VBROADCASTF32X4 ({ptr}), Z{reg}" if w == "Z" else f"VBROADCASTSD ({ptr}), Y{reg}", f"VPERMILPS {w}{LANES}, {w}{reg}, {w}{reg}")

    def factors(w):
        spread(w, "DX", 11)
        if mode:
            spread(w, "BX", 10)
            if sign:
                E(f"VADDPS {w}{EIGHT}, {w}10, {w}10")

    def step(n):
        E(f"ADDQ ${4 * n}, DX")
        if mode:
            E(f"ADDQ ${4 * n}, BX")

    E(f"{row}:", f"MOVQ {at['x']}, DI")
    zero(0, 9)
    if paired:
        whole, odd, end = label("whole"), label("odd"), label("end")
        E("MOVQ R10, R12", "SHRQ $1, R12", f"JZ {odd}", f"{whole}:")
        factors("Z")
        products512(sign, mode, "Z")
        E("VMULPS Z8, Z11, Z11", "VFMADD231PS Z4, Z11, Z0", "ADDQ $64, SI", "ADDQ $256, DI")
        step(4)
        E("DECQ R12", f"JNZ {whole}", f"{odd}:", "TESTQ $1, R10", f"JZ {end}")
        factors("Y")
        products512(sign, mode, "Y")
        E("VMULPS Y8, Y11, Y11", "VFMADD231PS Y4, Y11, Y9", "ADDQ $32, SI", "ADDQ $128, DI")
        step(2)
        E(f"{end}:")
    else:
        block, whole, odd, end = label("block"), label("whole"), label("odd"), label("end")
        E("MOVQ R10, R12", f"{block}:")
        factors("Z")
        zero(1)
        E("MOVQ R11, R13", "SHRQ $1, R13", f"JZ {odd}", f"{whole}:")
        products512(sign, mode, "Z")
        E("VFMADD231PS Z8, Z4, Z1", "ADDQ $64, SI", "ADDQ $256, DI", "DECQ R13", f"JNZ {whole}", "VFMADD231PS Z1, Z11, Z0", f"{odd}:", "TESTQ $1, R11", f"JZ {end}")
        products512(sign, mode, "Y")
        E("VMULPS Y8, Y11, Y8", "VFMADD231PS Y4, Y8, Y9", "ADDQ $32, SI", "ADDQ $128, DI", f"{end}:")
        step(1)
        E("DECQ R12", f"JNZ {block}")
    E("VADDPS Z9, Z0, Z0")
    reduce(0, 1, "(R8)")
    E("ADDQ $4, R8", "DECQ R9", f"JNZ {row}")
    ret()


for sign in (True, False):
    for mode in ("", "o"):
        for paired in (True, False):
            fast512(sign, mode, paired)
