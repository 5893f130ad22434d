# Twins of panel.py's tiles: 16 rows fill a vector, so the codes of a block of 32
# columns are 8 of them, which stay in registers while up to 8 vectors of inputs
# are multiplied by them, 4 bytes at a time as a broadcast operand.

PANEL, XBLOCK, TILE = 768, 48, 8
SCALE, OFFSET, LOW = 8, 9, 10  # after the codes in 0 to 7
ACC, TMP = 16, 24  # TILE sums of the vectors, TILE intermediate results


def tile512(T):
    at = func(f"tile{T}VNNI", f"adds {T} quantised vectors times a panel of 16 rows to dst. Strides are in bytes.",
              [("panel", F), ("x", F), ("ldx", I), ("dst", F), ("ldd", I), ("blocks", I)])
    args(at, panel="SI", x="DI", ldx="AX", blocks="R12", dst="R8", ldd="R9")
    E("LEAQ (AX)(AX*2), CX", "LEAQ (DI)(AX*4), DX", f"VPBROADCASTD {const('lowHalf', [0xFFFF])}, Z{LOW}")
    x = [f"({base}){index}" for base in ("DI", "DX") for index in ("", "(AX*1)", "(AX*2)", "(CX*1)")]
    zero(*range(ACC, ACC + T))
    loop = label("loop")
    E(f"{loop}:", *[f"VMOVDQU64 {64 * j}(SI), Z{j}" for j in range(8)], f"VMOVUPS 512(SI), Z{SCALE}", f"VMOVUPS 576(SI), Z{OFFSET}")
    for t in range(T):
        a, b = TMP + 2 * t % TILE, TMP + (2 * t + 1) % TILE
        # The sums of the two halves, at most 16·15·127, share a lane and meet
        # their steps, which lie side by side from byte 34 on.
        zero(a, b)
        for k in range(4):
            E(f"VPDPBUSD.BCST {4 * k}{x[t]}, Z{k}, Z{a}", f"VPDPBUSD.BCST {16 + 4 * k}{x[t]}, Z{4 + k}, Z{b}")
        # 0xea is (a&b)|c.
        E(f"VPSLLD $16, Z{b}, Z{b}", f"VPTERNLOGD $0xea, Z{b}, Z{LOW}, Z{a}", f"VPBROADCASTD 34{x[t]}, Z{b}", f"VPMADDWD Z{b}, Z{a}, Z{a}", f"VCVTDQ2PS Z{a}, Z{a}",
          f"VFNMADD231PS.BCST 40{x[t]}, Z{OFFSET}, Z{a}", f"VFMADD231PS Z{SCALE}, Z{a}, Z{ACC + t}")
    E(f"ADDQ ${PANEL}, SI", f"ADDQ ${XBLOCK}, DI", f"ADDQ ${XBLOCK}, DX", "DECQ R12", f"JNZ {loop}")
    for t in range(T):
        E(f"VBROADCASTSS -4{x[t]}, Z0", f"VFMADD213PS (R8), Z0, Z{ACC + t}", f"VMOVUPS Z{ACC + t}, (R8)")
        if t < T - 1:
            E("ADDQ R9, R8")
    ret()


for T in range(1, TILE + 1):
    tile512(T)
