# The micro-kernels of the matrix products. Each result is summed in the same
# order whatever the number of vectors or columns beside it.


def nt(T):
    """T vectors against 4 rows; accumulator v 4t+r."""
    at = func(f"nt{T}NEON", f"computes {T} vectors times 4 rows over the depth k. Strides are in bytes; with acc the results are added to dst.",
              [("dst", F), ("ldd", I), ("x", F), ("ldx", I), ("w0", F), ("w1", F), ("w2", F), ("w3", F), ("k", I), ("acc", I)])
    ws, xs = ["R6", "R7", "R8", "R9"], ["R1", "R10", "R11", "R12", "R13"][:T]
    args(at, dst="R0", ldd="R2", x="R1", ldx="R3", w0=ws[0], w1=ws[1], w2=ws[2], w3=ws[3], k="R4", acc="R5")
    for i in range(1, T):
        E(f"ADD R3, {xs[i - 1]}, {xs[i]}")
    zero(*range(4 * T))
    loop, tail, single, out, store = (label(s) for s in ("loop", "tail", "single", "out", "store"))

    def step(size, kind):
        for r in range(4):
            E(f"ldr {kind}{20 + r}, [x{ws[r][1:]}], #{size}")
        for t in range(T):
            E(f"ldr {kind}{24 + t}, [x{xs[t][1:]}], #{size}")
        for t in range(T):
            for r in range(4):
                E(f"fmla v{4 * t + r}.4s, v{20 + r}.4s, v{24 + t}.4s")

    E("SUBS $4, R4", f"BLT {tail}", f"{loop}:")
    step(16, "q")
    E("SUBS $4, R4", f"BGE {loop}", f"{tail}:", "ADDS $4, R4", f"BEQ {out}", f"{single}:")
    # A load of one float clears the other lanes.
    step(4, "s")
    E("SUBS $1, R4", f"BNE {single}", f"{out}:")
    for t in range(T):
        a = 4 * t
        E(f"faddp v{a}.4s, v{a}.4s, v{a + 1}.4s", f"faddp v{a + 2}.4s, v{a + 2}.4s, v{a + 3}.4s", f"faddp v{a}.4s, v{a}.4s, v{a + 2}.4s")
    E(f"CBZ R5, {store}", "MOVD R0, R1")
    for t in range(T):
        E("ldr q31, [x1]", f"fadd v{4 * t}.4s, v{4 * t}.4s, v31.4s", "ADD R2, R1")
    E(f"{store}:")
    for t in range(T):
        E(f"str q{4 * t}, [x0]", "ADD R2, R0")
    E("RET")


for T in range(1, 6):
    nt(T)


def nn(T, cols):
    """dst[T, cols] = or += a[T, k]·b[k, cols]."""
    at = func(f"nn{T}x{cols}NEON", f"computes {T} rows by {cols} columns of a product to depth k. Strides are in bytes; with acc the results are added to dst.",
              [("dst", F), ("ldd", I), ("a", F), ("lda", I), ("b", F), ("ldb", I), ("k", I), ("acc", I)])
    rows = ["R1", "R10", "R11", "R12", "R13", "R14"][:T]
    args(at, dst="R0", ldd="R2", a="R1", lda="R3", b="R6", ldb="R7", k="R4", acc="R5")
    for i in range(1, T):
        E(f"ADD R3, {rows[i - 1]}, {rows[i]}")
    v, kind = max(cols // 4, 1), "s" if cols == 1 else "q"
    loop = label("loop")
    zero(*range(v * T))
    E(f"CBZ R5, {loop}", "MOVD R0, R8")
    for t in range(T):
        for j in range(v):
            E(f"ldr {kind}{v * t + j}, [x8, #{16 * j}]")
        E("ADD R2, R8")
    E(f"{loop}:")
    for j in range(v):
        E(f"ldr {kind}{24 + j}, [x6, #{16 * j}]")
    E("ADD R7, R6")
    for t in range(T):
        r = 28 + t % 4
        E(f"ld1r {{v{r}.4s}}, [x{rows[t][1:]}], #4")
        for j in range(v):
            E(f"fmla v{v * t + j}.4s, v{24 + j}.4s, v{r}.4s")
    E("SUBS $1, R4", f"BNE {loop}")
    for t in range(T):
        for j in range(v):
            E(f"str {kind}{v * t + j}, [x0, #{16 * j}]")
        E("ADD R2, R0")
    E("RET")


for T in range(1, 7):
    for cols in (16, 4, 1):
        nn(T, cols)
