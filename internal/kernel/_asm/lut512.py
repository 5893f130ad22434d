# 4-bit palettes: a permutation looks up 16 indices at once, each in the low bits
# of a lane. Lane l holds the indices 8l to 8l+7 of a group of 64 as stream.py's
# codes do, and the inputs are ordered to match; two groups fill a vector.

at = func("prepareLUT4AVX512", "stores x[64g+8l+j] at dst[64g+8j+l].", [("dst", F), ("x", F), ("groups", I)])
args(at, dst="DI", x="SI", groups="CX")
loop = label("loop")
E(f"{loop}:")
for h in range(2):
    for i in range(4):
        E(f"VMOVUPS {32 * i + 16 * h}(SI), X{i}", f"VINSERTF128 $1, {32 * (i + 4) + 16 * h}(SI), Y{i}, Y{i}")
    E("VUNPCKLPS Y1, Y0, Y4", "VUNPCKHPS Y1, Y0, Y5", "VUNPCKLPS Y3, Y2, Y6", "VUNPCKHPS Y3, Y2, Y7",
      "VUNPCKLPD Y6, Y4, Y0", "VUNPCKHPD Y6, Y4, Y1", "VUNPCKLPD Y7, Y5, Y2", "VUNPCKHPD Y7, Y5, Y3")
    E(*[f"VMOVUPS Y{i}, {128 * h + 32 * i}(DI)" for i in range(4)])
E("ADDQ $256, SI", "ADDQ $256, DI", "DECQ CX", f"JNZ {loop}")
ret()

at = func("dotLUT4AVX512", "multiplies x, as prepareLUT4AVX512 leaves it, by rows of 4-bit indices into a table of 16 floats.",
          [("w", B), ("table", B), ("x", F), ("dst", F), ("rows", I), ("groups", I)])
args(at, w="SI", table="DX", dst="R8", rows="R9", groups="R10")
E("VMOVUPS (DX), Z15", "MOVQ $0xff, AX", "KMOVW AX, K1")
row, whole, odd, end = label("row"), label("whole"), label("odd"), label("end")
E(f"{row}:", f"MOVQ {at['x']}, DI", "MOVQ R10, R12")
zero(0, 1, 2, 3)
E("SHRQ $1, R12", f"JZ {odd}", f"{whole}:", "VMOVDQU64 (SI), Z8", "PREFETCHT0 4096(SI)")
for j in range(8):
    q, x = 4 + j % 2, 6 + j % 2
    E(*([f"VPSRLD ${4 * j}, Z8, Z{q}"] if j else []), f"VPERMPS Z15, Z{q if j else 8}, Z{q}")
    pair(32 * j, "DI", x, 256)
    E(f"VFMADD231PS Z{x}, Z{q}, Z{j % 4}")
E("ADDQ $64, SI", "ADDQ $512, DI", "DECQ R12", f"JNZ {whole}", f"{odd}:", "TESTQ $1, R10", f"JZ {end}", "VMOVDQU (SI), Y8")
for j in range(8):
    q, x = 4 + j % 2, 6 + j % 2
    # Lanes past the group look up an entry too, which may be infinite.
    E(*([f"VPSRLD ${4 * j}, Z8, Z{q}"] if j else []), f"VPERMPS.Z Z15, Z{q if j else 8}, K1, Z{q}", f"VMOVUPS {32 * j}(DI), Y{x}", f"VFMADD231PS Z{x}, Z{q}, Z{j % 4}")
E("ADDQ $32, SI", "ADDQ $256, DI", f"{end}:", "VADDPS Z1, Z0, Z0", "VADDPS Z3, Z2, Z2", "VADDPS Z2, Z0, Z0")
reduce(0, 1, "(R8)")
E("ADDQ $4, R8", "DECQ R9", f"JNZ {row}")
ret()
