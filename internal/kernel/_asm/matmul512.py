# Twins of matmul.py's micro-kernel of rows times rows: 32 registers hold the sums
# of up to 6 vectors against 4 rows.

NT = 6


def nt512(T, at):
    """Accumulates T vectors against 4 rows over the depth; accumulator 4t+r. K1
    selects the last columns."""
    xs = ["(SI)", "(SI)(R15*1)", "(SI)(R15*2)", "(BX)", "(BX)(R15*1)", "(BX)(R15*2)"][:T]
    ws = ["R8", "R9", "R10", "R11"]
    loop, tail, out, plain, store, masked, end = (label(s) for s in ("loop", "tail", "out", "plain", "store", "masked", "end"))
    X, W = 24, 30
    zero(*range(4 * T))
    # The vectors move, so the rows are addressed by how far.
    E("LEAQ (R15)(R15*2), BX", "ADDQ SI, BX", "MOVQ SI, DX", "XORQ AX, AX", "CMPQ AX, CX", f"JGE {tail}", f"{loop}:")
    for t in range(T):
        E(f"VMOVUPS {xs[t]}, Z{X + t}")
    for r in range(4):
        E(f"VMOVUPS ({ws[r]})(AX*1), Z{W + r % 2}", *[f"VFMADD231PS Z{X + t}, Z{W + r % 2}, Z{4 * t + r}" for t in range(T)])
    E("ADDQ $64, AX", "ADDQ $64, SI", "ADDQ $64, BX", "CMPQ AX, CX", f"JLT {loop}", f"{tail}:", f"TESTQ $15, {at['k']}", f"JZ {out}")
    for t in range(T):
        E(f"VMOVUPS.Z {xs[t]}, K1, Z{X + t}")
    for r in range(4):
        E(f"VMOVUPS.Z ({ws[r]})(AX*1), K1, Z{W + r % 2}", *[f"VFMADD231PS Z{X + t}, Z{W + r % 2}, Z{4 * t + r}" for t in range(T)])
    E(f"{out}:", "MOVQ DX, SI")
    # The halves of the 4 sums of a vector meet in two vectors, then as in AVX2.
    for t in range(T):
        a = 4 * t
        for r in range(4):
            E(f"VEXTRACTF64X4 $1, Z{a + r}, Y{X}", f"VADDPS Y{X}, Y{a + r}, Y{X + r + 1}")
        E(f"VUNPCKLPS Y{X + 2}, Y{X + 1}, Y{X}", f"VUNPCKHPS Y{X + 2}, Y{X + 1}, Y{X + 1}", f"VADDPS Y{X + 1}, Y{X}, Y{X}",
          f"VUNPCKLPS Y{X + 4}, Y{X + 3}, Y{X + 1}", f"VUNPCKHPS Y{X + 4}, Y{X + 3}, Y{X + 2}", f"VADDPS Y{X + 2}, Y{X + 1}, Y{X + 1}",
          f"VUNPCKLPD Y{X + 1}, Y{X}, Y{X + 2}", f"VUNPCKHPD Y{X + 1}, Y{X}, Y{X + 3}", f"VADDPS Y{X + 3}, Y{X + 2}, Y{X}",
          f"VEXTRACTF32X4 $1, Y{X}, X{X + 1}", f"VADDPS X{X + 1}, X{X}, X{t}")
    E(f"MOVQ {at['ldd']}, R12", f"MOVQ {at['rows']}, AX", "TESTQ AX, AX", f"JNZ {masked}", f"CMPQ {at['acc']}, $0", f"JEQ {plain}", "MOVQ DI, AX")
    for t in range(T):
        E(f"VADDPS (AX), X{t}, X{t}", "ADDQ R12, AX")
    E(f"{plain}:")
    for t in range(T):
        E(f"VMOVUPS X{t}, (DI)", "ADDQ R12, DI")
    E(f"JMP {end}", f"{masked}:", "VMOVDQU (AX), X15", f"CMPQ {at['acc']}, $0", f"JEQ {store}", "MOVQ DI, AX")
    for t in range(T):
        E("VMASKMOVPS (AX), X15, X14", f"VADDPS X14, X{t}, X{t}", "ADDQ R12, AX")
    E(f"{store}:")
    for t in range(T):
        E(f"VMASKMOVPS X{t}, X15, (DI)", "ADDQ R12, DI")
    E(f"{end}:")


at = func("nt4AVX512", "computes n vectors times 4 rows to depth k; rows is a mask for fewer rows, or nil. Strides are in bytes.",
          [("dst", F), ("ldd", I), ("x", F), ("ldx", I), ("n", I), ("w0", F), ("w1", F), ("w2", F), ("w3", F), ("k", I), ("rows", "*uint32"), ("acc", I)])
args(at, k="CX", n="R13")
E("ANDQ $15, CX", "MOVQ $1, AX", "SHLQ CX, AX", "DECQ AX", "KMOVW AX, K1")
args(at, dst="DI", x="SI", ldx="R15", w0="R8", w1="R9", w2="R10", w3="R11", k="CX")
E("ANDQ $-16, CX", "SHLQ $2, CX")
most, rest, fin = label("most"), label("rest"), label("fin")
E(f"{most}:", f"CMPQ R13, ${NT}", f"JLT {rest}")
nt512(NT, at)
E("LEAQ (R15)(R15*2), BX", "LEAQ (SI)(BX*2), SI", f"SUBQ ${NT}, R13", f"JMP {most}", f"{rest}:")
for T in range(NT - 1, 0, -1):
    less = label("less")
    E(f"CMPQ R13, ${T}", f"JNE {less}")
    nt512(T, at)
    E(f"JMP {fin}", f"{less}:")
E(f"{fin}:")
ret()


def nn512(T):
    """dst[T, cols] = or += a[T, k]·b[k, cols]; K1 and K2 select the columns."""
    at = func(f"nn{T}AVX512", f"computes {T} rows by at most 32 columns of a product to depth k. Strides are in bytes.",
              [("dst", F), ("ldd", I), ("a", F), ("lda", I), ("b", F), ("ldb", I), ("k", I), ("acc", I), ("cols", I)])
    args(at, cols="CX")
    E("MOVQ $1, AX", "SHLQ CX, AX", "DECQ AX", "KMOVW AX, K1", "SHRQ $16, AX", "KMOVW AX, K2")
    args(at, dst="DI", ldd="R8", a="SI", lda="R9", b="DX", ldb="R10", k="CX", acc="AX")
    E("LEAQ (R9)(R9*2), BX", "ADDQ SI, BX")
    src = ["(SI)", "(SI)(R9*1)", "(SI)(R9*2)", "(BX)", "(BX)(R9*1)", "(BX)(R9*2)"]
    loop = label("loop")
    zero(*range(2 * T))
    E("TESTQ AX, AX", f"JZ {loop}", "MOVQ DI, AX")
    for t in range(T):
        E(f"VMOVUPS.Z (AX), K1, Z{2 * t}", f"VMOVUPS.Z 64(AX), K2, Z{2 * t + 1}", *(["ADDQ R8, AX"] if t < T - 1 else []))
    E(f"{loop}:", "VMOVUPS.Z (DX), K1, Z12", "VMOVUPS.Z 64(DX), K2, Z13")
    for t in range(T):
        r = 14 + t % 2
        E(f"VBROADCASTSS {src[t]}, Z{r}", f"VFMADD231PS Z12, Z{r}, Z{2 * t}", f"VFMADD231PS Z13, Z{r}, Z{2 * t + 1}")
    E("ADDQ $4, SI", "ADDQ $4, BX", "ADDQ R10, DX", "DECQ CX", f"JNZ {loop}")
    for t in range(T):
        E(f"VMOVUPS Z{2 * t}, K1, (DI)", f"VMOVUPS Z{2 * t + 1}, K2, 64(DI)", *(["ADDQ R8, DI"] if t < T - 1 else []))
    ret()


for T in range(1, 7):
    nn512(T)
