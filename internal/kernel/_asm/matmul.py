# The micro-kernels of the matrix products.

MASK = const("tailMask", [0xFFFFFFFF] * 8 + [0] * 8)


def nt(T, bases):
    """Accumulates T vectors against 4 rows over the depth; accumulator 4t+r."""
    xs = ["SI", "BX", "DX"][:T]
    ws = ["R8", "R9", "R10", "R11"]
    loop, tail, out, plain, store = (label(s) for s in ("loop", "tail", "out", "plain", "store"))
    for i in range(1, T):
        E(f"LEAQ ({xs[i - 1]})(R15*1), {xs[i]}")
    zero(*range(4 * T))
    E("XORQ AX, AX", "CMPQ AX, CX", f"JGE {tail}", f"{loop}:")
    for t in range(T):
        E(f"VMOVUPS ({xs[t]})(AX*1), Y{12 + t}")
    for r in range(4):
        E(f"VMOVUPS ({ws[r]})(AX*1), Y15")
        for t in range(T):
            E(f"VFMADD231PS Y{12 + t}, Y15, Y{4 * t + r}")
    E("ADDQ $32, AX", "CMPQ AX, CX", f"JLT {loop}", f"{tail}:")
    # The last 1 to 7 columns, through a mask.
    E(f"MOVQ {bases['tail']}, R12", "TESTQ R12, R12", f"JZ {out}", "VMOVDQU (R12), Y15")
    for t in range(T):
        E(f"VMASKMOVPS ({xs[t]})(AX*1), Y15, Y12")
        for r in range(4):
            E(f"VMASKMOVPS ({ws[r]})(AX*1), Y15, Y13", f"VFMADD231PS Y12, Y13, Y{4 * t + r}")
    E(f"{out}:")
    for t in range(T):
        a = 4 * t
        E(f"VHADDPS Y{a + 1}, Y{a}, Y{a}", f"VHADDPS Y{a + 3}, Y{a + 2}, Y{a + 2}", f"VHADDPS Y{a + 2}, Y{a}, Y{a}",
          f"VEXTRACTF128 $1, Y{a}, X12", f"VADDPS X12, X{a}, X{a}")
    # A full row of 4 results is stored plainly: masked stores are slow.
    masked, end = label("masked"), label("end")
    E(f"MOVQ {bases['ldd']}, R12", f"MOVQ {bases['rows']}, AX", "TESTQ AX, AX", f"JNZ {masked}", f"CMPQ {bases['acc']}, $0", f"JEQ {plain}")
    E("MOVQ DI, AX")
    for t in range(T):
        E(f"VADDPS (AX), X{4 * t}, X{4 * t}", "ADDQ R12, AX")
    E(f"{plain}:")
    for t in range(T):
        E(f"VMOVUPS X{4 * t}, (DI)", "ADDQ R12, DI")
    E(f"JMP {end}", f"{masked}:", "VMOVDQU (AX), X15", f"CMPQ {bases['acc']}, $0", f"JEQ {store}", "MOVQ DI, AX")
    for t in range(T):
        E("VMASKMOVPS (AX), X15, X12", f"VADDPS X12, X{4 * t}, X{4 * t}", "ADDQ R12, AX")
    E(f"{store}:")
    for t in range(T):
        E(f"VMASKMOVPS X{4 * t}, X15, (DI)", "ADDQ R12, DI")
    E(f"{end}:")


at = func("nt4AVX2", "computes n vectors times 4 rows; tail and rows are masks for a depth that is no multiple of 8 and for fewer rows, or nil. Strides are in bytes.",
          [("dst", F), ("ldd", I), ("x", F), ("ldx", I), ("n", I), ("w0", F), ("w1", F), ("w2", F), ("w3", F), ("k", I), ("tail", "*uint32"), ("rows", "*uint32"), ("acc", I)])
args(at, dst="DI", x="SI", ldx="R15", n="R13", w0="R8", w1="R9", w2="R10", w3="R11", k="CX")
E("ANDQ $-8, CX", "SHLQ $2, CX")
three, two, one, fin = (label(s) for s in ("three", "two", "one", "fin"))
E("SUBQ $3, R13", f"JLT {two}", f"{three}:")
nt(3, at)
E("LEAQ (DX)(R15*1), SI", "SUBQ $3, R13", f"JGE {three}", f"{two}:", "ADDQ $3, R13", f"JZ {fin}", "CMPQ R13, $1", f"JEQ {one}")
nt(2, at)
E(f"JMP {fin}", f"{one}:")
nt(1, at)
E(f"{fin}:")
ret()


def nn(T, cols):
    """dst[T, cols] = or += a[T, k]·b[k, cols]; cols is 16, or 8 through a mask."""
    v = cols // 8
    at = func(f"nn{T}x{cols}AVX2", f"computes {T} rows by {cols} columns of a product to depth k." + (" The mask selects columns." if cols == 8 else "") + " Strides are in bytes.",
              [("dst", F), ("ldd", I), ("a", F), ("lda", I), ("b", F), ("ldb", I), ("k", I), ("acc", I)] + ([("mask", "*uint32")] if cols == 8 else []))
    args(at, dst="DI", ldd="R8", a="SI", lda="R9", b="DX", ldb="R10", k="CX", acc="AX")
    if cols == 8:
        E(f"MOVQ {at['mask']}, R11", "VMOVDQU (R11), Y15")
    E("LEAQ (R9)(R9*2), BX", "ADDQ SI, BX")
    src = ["(SI)", "(SI)(R9*1)", "(SI)(R9*2)", "(BX)", "(BX)(R9*1)", "(BX)(R9*2)"]
    loop, load, start = label("loop"), label("load"), label("start")
    zero(*range(v * T))
    E("TESTQ AX, AX", f"JZ {loop}", "MOVQ DI, AX")
    for t in range(T):
        for j in range(v):
            E(f"VMASKMOVPS (AX), Y15, Y{t}" if cols == 8 else f"VMOVUPS {32 * j}(AX), Y{v * t + j}")
        if t < T - 1:
            E("ADDQ R8, AX")
    E(f"{loop}:")
    for j in range(v):
        E("VMASKMOVPS (DX), Y15, Y12" if cols == 8 else f"VMOVUPS {32 * j}(DX), Y{12 + j}")
    for t in range(T):
        r = 14 if cols == 8 else 14 + t % 2
        E(f"VBROADCASTSS {src[t]}, Y{r}")
        for j in range(v):
            E(f"VFMADD231PS Y{12 + j}, Y{r}, Y{v * t + j}")
    E("ADDQ $4, SI", "ADDQ $4, BX", "ADDQ R10, DX", "DECQ CX", f"JNZ {loop}")
    for t in range(T):
        for j in range(v):
            E(f"VMASKMOVPS Y{t}, Y15, (DI)" if cols == 8 else f"VMOVUPS Y{v * t + j}, {32 * j}(DI)")
        if t < T - 1:
            E("ADDQ R8, DI")
    ret()


for T in range(1, 7):
    nn(T, 16)
    nn(T, 8)
