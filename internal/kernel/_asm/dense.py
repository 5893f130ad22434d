# Conversions, dense vector operations and the exponential. Every n is a
# positive multiple of 8.

def elementwise(name, doc, params, body, setup=(), wide=4):
    """A loop over n elements; body(off, j) handles 8 of them at vector offset off."""
    at = func(name, doc, params)
    regs = dict(zip([p for p, t in params if t.startswith("*")], ["DI", "SI", "DX"]))
    args(at, **regs, n="CX")
    for s in setup:
        E(s.format(**at))
    steps = {r: (2 if dict(params)[p] == H else 4) for p, r in regs.items()}
    big, small, end = label("wide"), label("narrow"), label("end")
    E(f"SUBQ ${8 * wide}, CX", f"JLT {small}", f"{big}:")
    for j in range(wide):
        body(j, j)
    for r, s in steps.items():
        E(f"ADDQ ${8 * wide * s}, {r}")
    E(f"SUBQ ${8 * wide}, CX", f"JGE {big}", f"{small}:", f"ADDQ ${8 * wide}, CX", f"JZ {end}", f"{small}x:")
    body(0, 0)
    for r, s in steps.items():
        E(f"ADDQ ${8 * s}, {r}")
    E("SUBQ $8, CX", f"JNZ {small}x", f"{end}:")
    ret()


# The scales of a matrix come in bursts of 1 KiB between its codes, too far apart
# for the processor to foresee the next burst: it is fetched ahead.
elementwise("f16to32AVX2", "widens n halves.", [("dst", F), ("src", H), ("n", I)],
            lambda o, j: E(f"VCVTPH2PS {16 * o}(SI), Y{j}", *([f"PREFETCHT0 {16 * o + 1024}(SI)"] if o % 4 == 0 else []), f"VMOVUPS Y{j}, {32 * o}(DI)"))
elementwise("f32to16AVX2", "rounds n floats to halves.", [("dst", H), ("src", F), ("n", I)],
            lambda o, j: E(f"VMOVUPS {32 * o}(SI), Y{j}", f"VCVTPS2PH $0, Y{j}, {16 * o}(DI)"))
elementwise("roundF16AVX2", "rounds n floats to the nearest halves in place.", [("x", F), ("n", I)],
            lambda o, j: E(f"VMOVUPS {32 * o}(DI), Y{j}", f"VCVTPS2PH $0, Y{j}, X{j}", f"VCVTPH2PS X{j}, Y{j}", f"VMOVUPS Y{j}, {32 * o}(DI)"))
for op, ins in (("add", "VADDPS"), ("mul", "VMULPS")):
    elementwise(f"{op}AVX2", f"stores a {'+' if op == 'add' else '·'} b in dst.", [("dst", F), ("a", F), ("b", F), ("n", I)],
                lambda o, j: E(f"VMOVUPS {32 * o}(SI), Y{j}", f"{ins} {32 * o}(DX), Y{j}, Y{j}", f"VMOVUPS Y{j}, {32 * o}(DI)"))
elementwise("scaleAVX2", "stores a·s in dst.", [("dst", F), ("a", F), ("n", I), ("s", "float32")],
            lambda o, j: E(f"VMULPS {32 * o}(SI), Y15, Y{j}", f"VMOVUPS Y{j}, {32 * o}(DI)"), ["VBROADCASTSS {s}, Y15"])
elementwise("mulScaleAVX2", "stores a·s·b in dst.", [("dst", F), ("a", F), ("b", F), ("n", I), ("s", "float32")],
            lambda o, j: E(f"VMULPS {32 * o}(SI), Y15, Y{j}", f"VMULPS {32 * o}(DX), Y{j}, Y{j}", f"VMOVUPS Y{j}, {32 * o}(DI)"), ["VBROADCASTSS {s}, Y15"])
elementwise("shiftAVX2", "stores a+s in dst.", [("dst", F), ("a", F), ("n", I), ("s", "float32")],
            lambda o, j: E(f"VADDPS {32 * o}(SI), Y15, Y{j}", f"VMOVUPS Y{j}, {32 * o}(DI)"), ["VBROADCASTSS {s}, Y15"])
elementwise("axpyAVX2", "adds a·x to y.", [("y", F), ("x", F), ("n", I), ("a", "float32")],
            lambda o, j: E(f"VMOVUPS {32 * o}(DI), Y{j}", f"VFMADD231PS {32 * o}(SI), Y15, Y{j}", f"VMOVUPS Y{j}, {32 * o}(DI)"), ["VBROADCASTSS {a}, Y15"])
elementwise("axpyF16AVX2", "adds a·x to y for halves x.", [("y", F), ("x", H), ("n", I), ("a", "float32")],
            lambda o, j: E(f"VCVTPH2PS {16 * o}(SI), Y{4 + j}", f"VMOVUPS {32 * o}(DI), Y{j}", f"VFMADD231PS Y{4 + j}, Y15, Y{j}", f"VMOVUPS Y{j}, {32 * o}(DI)"), ["VBROADCASTSS {a}, Y15"])
# The mask is the blend's condition through a comparison with -Inf.
elementwise("addMaskAVX2", "adds mask to s; -Inf in mask overrides.", [("s", F), ("mask", F), ("n", I)],
            lambda o, j: E(f"VMOVUPS {32 * o}(SI), Y{j}", f"VADDPS {32 * o}(DI), Y{j}, Y{4 + j}", f"VCMPPS $0, Y15, Y{j}, Y{8 + j}",
                           f"VBLENDVPS Y{8 + j}, Y{j}, Y{4 + j}, Y{4 + j}", f"VMOVUPS Y{4 + j}, {32 * o}(DI)"),
            ["VBROADCASTSS " + const("negInf", [0xFF800000]) + ", Y15"])


def reduction(name, doc, params, body, init, join, final, wide=4):
    """A loop that keeps 4 accumulators Y0..Y3 and joins them at the end."""
    at = func(name, doc, params, "float32")
    regs = dict(zip([p for p, t in params if t.startswith("*")], ["SI", "DX"]))
    args(at, **regs, n="CX")
    init()
    steps = {r: (2 if dict(params)[p] == H else 4) for p, r in regs.items()}
    big, small, end = label("wide"), label("narrow"), label("end")
    E(f"SUBQ ${8 * wide}, CX", f"JLT {small}", f"{big}:")
    for j in range(wide):
        body(j, j % 4)
    for r, s in steps.items():
        E(f"ADDQ ${8 * wide * s}, {r}")
    E(f"SUBQ ${8 * wide}, CX", f"JGE {big}", f"{small}:", f"ADDQ ${8 * wide}, CX", f"JZ {end}", f"{small}x:")
    body(0, 0)
    for r, s in steps.items():
        E(f"ADDQ ${8 * s}, {r}")
    E("SUBQ $8, CX", f"JNZ {small}x", f"{end}:")
    for a, b in ((1, 0), (3, 2), (2, 0)):
        E(f"{join} Y{a}, Y{b}, Y{b}")
    final(at)
    ret()


def sumFinal(at):
    reduce(0, 1, at["ret"])


def maxFinal(at):
    E("VEXTRACTF128 $1, Y0, X1", "VMAXPS X1, X0, X0", "VSHUFPS $0x4e, X0, X0, X1", "VMAXPS X1, X0, X0",
      "VSHUFPS $0xb1, X0, X0, X1", "VMAXPS X1, X0, X0", f"VMOVSS X0, {at['ret']}")


reduction("dotAVX2", "returns the sum of a·b.", [("a", F), ("b", F), ("n", I)],
          lambda o, j: E(f"VMOVUPS {32 * o}(SI), Y{4 + o}", f"VFMADD231PS {32 * o}(DX), Y{4 + o}, Y{j}"),
          lambda: zero(0, 1, 2, 3), "VADDPS", sumFinal, 8)
reduction("dotF16AVX2", "returns the sum of w·x for halves w.", [("w", H), ("x", F), ("n", I)],
          lambda o, j: E(*([f"PREFETCHT0 2048(SI)", f"PREFETCHT0 2112(SI)"] if o == 0 else []), f"VCVTPH2PS {16 * o}(SI), Y{4 + o}", f"VFMADD231PS {32 * o}(DX), Y{4 + o}, Y{j}"),
          lambda: zero(0, 1, 2, 3), "VADDPS", sumFinal, 8)
reduction("sumAVX2", "returns the sum of x.", [("x", F), ("n", I)],
          lambda o, j: E(f"VADDPS {32 * o}(SI), Y{j}, Y{j}"), lambda: zero(0, 1, 2, 3), "VADDPS", sumFinal)
# MAXPS returns its second source when one is NaN: the accumulator here.
reduction("maxAVX2", "returns the greatest element of x that is not NaN.", [("x", F), ("n", I)],
          lambda o, j: E(f"VMOVUPS {32 * o}(SI), Y{4 + j}", f"VMAXPS Y{j}, Y{4 + j}, Y{j}"),
          lambda: E(*[f"VBROADCASTSS {const('negInf', [0xFF800000])}, Y{j}" for j in range(4)]), "VMAXPS", maxFinal)

# exp(x) = 2^n·e^r with n = round(x/ln 2) and |r| <= ln(2)/2, after Cody and
# Waite: ln 2 is subtracted in two parts. e^r is its Taylor polynomial of degree
# 7, whose remainder r^8/8! is below 2^-27. 2^n is applied in two factors, so
# that results below the normal range are rounded once and not flushed.
LN2HI = struct.unpack("<f", struct.pack("<f", math.log(2)))[0]
EXPREGS = dict(log2e=15, hi=14, lo=13, c7=12, c6=11, c5=10)


def expSetup():
    for i, c in enumerate((1 / math.log(2), LN2HI, math.log(2) - LN2HI, 1 / 5040, 1 / 720, 1 / 120)):
        E(f"VBROADCASTSS {fconst(f'exp{i}', c)}, Y{15 - i}")


def v8(name, f):
    return const(name, [bits(f)] * 8)


def expBody(x, n, p):
    """Y x = exp(Y x); Y n and Y p are overwritten. NaN stays NaN."""
    E(f"VMOVUPS {v8('expMin', -105.0)}, Y{n}", f"VMAXPS Y{x}, Y{n}, Y{x}", f"VMOVUPS {v8('expMax', 89.0)}, Y{n}", f"VMINPS Y{x}, Y{n}, Y{x}",
      f"VMULPS Y{x}, Y15, Y{n}", f"VROUNDPS $8, Y{n}, Y{n}", f"VFNMADD231PS Y14, Y{n}, Y{x}", f"VFNMADD231PS Y13, Y{n}, Y{x}",
      f"VMOVAPS Y12, Y{p}", f"VFMADD213PS Y11, Y{x}, Y{p}", f"VFMADD213PS Y10, Y{x}, Y{p}")
    for name, c in (("exp24", 1 / 24), ("exp6", 1 / 6), ("half", 0.5), ("one", 1.0), ("one", 1.0)):
        E(f"VFMADD213PS {v8(name, c)}, Y{x}, Y{p}")
    E(f"VCVTPS2DQ Y{n}, Y{n}", f"VPSRAD $1, Y{n}, Y{x}", f"VPSUBD Y{x}, Y{n}, Y{n}")
    for r in (x, n):
        E(f"VPADDD {const('bias', [127] * 8)}, Y{r}, Y{r}", f"VPSLLD $23, Y{r}, Y{r}")
    E(f"VMULPS Y{x}, Y{p}, Y{p}", f"VMULPS Y{n}, Y{p}, Y{x}")


def expLoop(name, doc, params, load, store, r=None, setup=None, final=None):
    at = func(name, doc, params, r)
    regs = dict(zip([p for p, t in params if t.startswith("*")], ["DI", "SI"]))
    args(at, **regs, n="CX")
    expSetup()
    if setup:
        setup(at)
    big, small, end = label("wide"), label("narrow"), label("end")
    E("SUBQ $16, CX", f"JLT {small}", f"{big}:")
    for j in (0, 1):
        load(j, 3 * j)
        expBody(3 * j, 3 * j + 1, 3 * j + 2)
        store(j, 3 * j)
    for g in regs.values():
        E(f"ADDQ $64, {g}")
    E("SUBQ $16, CX", f"JGE {big}", f"{small}:", "ADDQ $16, CX", f"JZ {end}")
    load(0, 0)
    expBody(0, 1, 2)
    store(0, 0)
    E(f"{end}:")
    if final:
        final(at)
    ret()


expLoop("expAVX2", "stores exp(x) in dst.", [("dst", F), ("x", F), ("n", I)],
        lambda o, x: E(f"VMOVUPS {32 * o}(SI), Y{x}"), lambda o, x: E(f"VMOVUPS Y{x}, {32 * o}(DI)"))
expLoop("expSumAVX2", "replaces x by exp(x-shift) and returns the sum.", [("x", F), ("n", I), ("shift", "float32")],
        lambda o, x: E(f"VMOVUPS {32 * o}(DI), Y{x}", f"VSUBPS Y9, Y{x}, Y{x}"),
        lambda o, x: E(f"VMOVUPS Y{x}, {32 * o}(DI)", f"VADDPS Y{x}, Y{7 + o}, Y{7 + o}"), "float32",
        lambda at: (E(f"VBROADCASTSS {at['shift']}, Y9"), zero(7, 8)),
        lambda at: (E("VADDPS Y8, Y7, Y7"), reduce(7, 0, at["ret"])))


def gate(o, x):
    """dst = v/(1+e) for e in Y x and v in memory."""
    E(f"VADDPS {v8('one', 1.0)}, Y{x}, Y{x}", f"VMOVUPS {32 * o}(SI), Y{x + 1}", f"VDIVPS Y{x}, Y{x + 1}, Y{x}", f"VMOVUPS Y{x}, {32 * o}(DI)")


expLoop("siluAVX2", "stores x/(1+exp(-x)) in dst.", [("dst", F), ("x", F), ("n", I)],
        lambda o, x: E(f"VMOVUPS {32 * o}(SI), Y{x}", f"VXORPS {const('sign', [0x80000000] * 8)}, Y{x}, Y{x}"), gate)
GA = -2 * math.sqrt(2 / math.pi)
expLoop("geluTanhAVX2", "stores the tanh form of GELU of x in dst.", [("dst", F), ("x", F), ("n", I)],
        lambda o, x: E(f"VMOVUPS {32 * o}(SI), Y{x + 1}", f"VMULPS Y{x + 1}, Y{x + 1}, Y{x}", f"VMOVUPS {v8('geluA', GA)}, Y{x + 2}",
                       f"VMULPS Y{x + 2}, Y{x + 1}, Y{x + 1}", f"VMOVUPS {v8('geluB', 0.044715)}, Y{x + 2}", f"VFMADD213PS {v8('one', 1.0)}, Y{x + 2}, Y{x}",
                       f"VMULPS Y{x + 1}, Y{x}, Y{x}"), gate)

# erfc(z) = t·exp(-z² + P(t)) with t = 2/(2+z), the form of Numerical Recipes'
# erfcc. P is a Chebyshev fit of degree 11 to ln(erfc(z)·exp(z²)/t) for t from
# 1/11 to 1, off by 8e-9 at most. Then x·Φ(x) = x - r for positive x and -r for
# negative x, where r = |x|·erfc(|x|/sqrt 2)/2.
ERFC = [-1.265515321, 1.000118156, 0.3732103696, 0.09781668407, -0.1535689363, 0.03244148997, -0.2671378491, -0.3033158074, 1.458525086, -1.593290467, 0.7615953693, -0.1408787809]


def geluErfLoad(o, x):
    e, s = x + 1, x + 2
    E(f"VMOVUPS {32 * o}(SI), Y{x}", f"VANDPS {const('abs8', [0x7FFFFFFF] * 8)}, Y{x}, Y{x}", f"VMULPS {v8('rsqrt2', 2**-0.5)}, Y{x}, Y{x}",
      f"VMOVUPS {v8('erfMax', 20.0)}, Y{e}", f"VMINPS Y{x}, Y{e}, Y{x}", f"VMOVUPS {v8('two', 2.0)}, Y{e}", f"VADDPS Y{e}, Y{x}, Y{s}", f"VDIVPS Y{s}, Y{e}, Y{6 + o}",
      f"VMOVUPS {v8('erfc11', ERFC[11])}, Y{s}")
    for i in range(10, -1, -1):
        E(f"VFMADD213PS {v8(f'erfc{i}', ERFC[i])}, Y{6 + o}, Y{s}")
    # z·t/sqrt 2 is what exp(…) gets multiplied by.
    E(f"VMULPS Y{x}, Y{6 + o}, Y{6 + o}", f"VMULPS {v8('rsqrt2', 2**-0.5)}, Y{6 + o}, Y{6 + o}", f"VFNMADD213PS Y{s}, Y{x}, Y{x}")


def geluErfStore(o, x):
    E(f"VMULPS Y{6 + o}, Y{x}, Y{x}", f"VMOVUPS {32 * o}(SI), Y{x + 1}", f"VXORPS Y{x + 2}, Y{x + 2}, Y{x + 2}", f"VMAXPS Y{x + 2}, Y{x + 1}, Y{x + 2}",
      f"VSUBPS Y{x}, Y{x + 2}, Y{x}", f"VMOVUPS Y{x}, {32 * o}(DI)")


expLoop("geluErfAVX2", "stores x·Φ(x) in dst.", [("dst", F), ("x", F), ("n", I)], geluErfLoad, geluErfStore)
