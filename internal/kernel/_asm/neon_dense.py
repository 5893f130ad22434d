# Conversions, dense vector operations and the exponential. Every n is a
# positive multiple of 8.


def steps(params, regs):
    return {r: (16 if dict(params)[p] == H else 32) for p, r in regs.items()}


def loop8(regs, strides, body, wide):
    """Runs body(o, j) for 8 elements at vector offset o, wide of them at a time."""
    big, small, one, end = label("wide"), label("narrow"), label("one"), label("end")
    if wide > 1:
        E(f"SUBS ${8 * wide}, R5", f"BLT {small}", f"{big}:")
        for j in range(wide):
            body(j, j)
        for r, s in strides.items():
            E(f"ADD ${wide * s}, {r}")
        E(f"SUBS ${8 * wide}, R5", f"BGE {big}", f"{small}:", f"ADDS ${8 * wide}, R5", f"BEQ {end}")
    E(f"{one}:")
    body(0, 0)
    for r, s in strides.items():
        E(f"ADD ${s}, {r}")
    E("SUBS $8, R5", f"BNE {one}", f"{end}:")


def elementwise(name, doc, params, body, setup=None):
    at = func(name, doc, params)
    regs = dict(zip([p for p, t in params if t.startswith("*")], ["R0", "R1", "R2"]))
    args(at, **regs, n="R5")
    if setup:
        setup(at)
    loop8(regs, steps(params, regs), body, 4)
    E("RET")


def two(o, j, source="x1", at=0):
    """Loads 8 floats into v 2j+at and the next."""
    E(f"ldp q{2 * j + at}, q{2 * j + at + 1}, [{source}, #{32 * o}]")


def put(o, j, at=0):
    E(f"stp q{2 * j + at}, q{2 * j + at + 1}, [x0, #{32 * o}]")


def each(j, *forms):
    for i in (2 * j, 2 * j + 1):
        for f in forms:
            s = "16b" if f.startswith("bit") else "4s"
            E(f.format(a=f"v{i}.{s}", b=f"v{8 + i}.{s}", c=f"v{16 + i}.{s}"))


def toHalf(j, h):
    E(f"fcvtn v{h}.4h, v{2 * j}.4s", f"fcvtn2 v{h}.8h, v{2 * j + 1}.4s")


def toFloat(h, j, at=0):
    E(f"fcvtl v{2 * j + at}.4s, v{h}.4h", f"fcvtl2 v{2 * j + at + 1}.4s, v{h}.8h")


elementwise("f16to32Asm", "widens n halves.", [("dst", F), ("src", H), ("n", I)],
            lambda o, j: (E(f"ldr q{16 + j}, [x1, #{16 * o}]"), toFloat(16 + j, j), put(o, j)))
elementwise("f32to16Asm", "rounds n floats to halves.", [("dst", H), ("src", F), ("n", I)],
            lambda o, j: (two(o, j), toHalf(j, 16 + j), E(f"str q{16 + j}, [x0, #{16 * o}]")))
elementwise("roundF16Asm", "rounds n floats to the nearest halves in place.", [("x", F), ("n", I)],
            lambda o, j: (two(o, j, "x0"), toHalf(j, 16 + j), toFloat(16 + j, j), put(o, j)))
for op in ("add", "mul"):
    elementwise(f"{op}Asm", f"stores a {'+' if op == 'add' else '·'} b in dst.", [("dst", F), ("a", F), ("b", F), ("n", I)],
                lambda o, j: (two(o, j), two(o, j, "x2", 8), each(j, f"f{op} {{a}}, {{a}}, {{b}}"), put(o, j)))
elementwise("scaleAsm", "stores a·s in dst.", [("dst", F), ("a", F), ("n", I), ("s", "float32")],
            lambda o, j: (two(o, j), each(j, "fmul {a}, {a}, v31.4s"), put(o, j)), lambda at: splat(at, "s", 31))
elementwise("mulScaleAsm", "stores a·s·b in dst.", [("dst", F), ("a", F), ("b", F), ("n", I), ("s", "float32")],
            lambda o, j: (two(o, j), two(o, j, "x2", 8), each(j, "fmul {a}, {a}, v31.4s", "fmul {a}, {a}, {b}"), put(o, j)), lambda at: splat(at, "s", 31))
elementwise("shiftAsm", "stores a+s in dst.", [("dst", F), ("a", F), ("n", I), ("s", "float32")],
            lambda o, j: (two(o, j), each(j, "fadd {a}, {a}, v31.4s"), put(o, j)), lambda at: splat(at, "s", 31))
elementwise("axpyAsm", "adds a·x to y.", [("y", F), ("x", F), ("n", I), ("a", "float32")],
            lambda o, j: (two(o, j, "x0"), two(o, j, "x1", 8), each(j, "fmla {a}, {b}, v31.4s"), put(o, j)), lambda at: splat(at, "a", 31))
elementwise("axpyF16Asm", "adds a·x to y for halves x.", [("y", F), ("x", H), ("n", I), ("a", "float32")],
            lambda o, j: (two(o, j, "x0"), E(f"ldr q{16 + j}, [x1, #{16 * o}]"), toFloat(16 + j, j, 8), each(j, "fmla {a}, {b}, v31.4s"), put(o, j)),
            lambda at: splat(at, "a", 31))
elementwise("addMaskAsm", "adds mask to s; -Inf in mask overrides.", [("s", F), ("mask", F), ("n", I)],
            lambda o, j: (two(o, j, "x0"), two(o, j, "x1", 8), each(j, "fadd {a}, {a}, {b}", "fcmeq {c}, {b}, v31.4s", "bit {a}, {b}, {c}"), put(o, j)),
            lambda at: constants("negInf", 31, [0xFF800000]))


def sumTo(acc, first=0):
    """Adds acc vectors from v first on into it, pairwise, and its lanes into lane 0."""
    step = 1
    while step < acc:
        for i in range(0, acc, 2 * step):
            if i + step < acc:
                E(f"fadd v{first + i}.4s, v{first + i}.4s, v{first + i + step}.4s")
        step *= 2
    E(f"faddp v{first}.4s, v{first}.4s, v{first}.4s", f"faddp s{first}, v{first}.2s")


def reduction(name, doc, params, body, init, final):
    """A loop that keeps 8 accumulators v0..v7 and joins them at the end."""
    at = func(name, doc, params, "float32")
    regs = dict(zip([p for p, t in params if t.startswith("*")], ["R0", "R1"]))
    args(at, **regs, n="R5")
    init()
    loop8(regs, steps(params, regs), body, 4)
    final()
    E(f"FMOVS F0, {at['ret']}", "RET")


def mulAdd(j):
    for i in (2 * j, 2 * j + 1):
        E(f"fmla v{i}.4s, v{8 + i}.4s, v{16 + i}.4s")


reduction("dotAsm", "returns the sum of a·b.", [("a", F), ("b", F), ("n", I)],
          lambda o, j: (two(o, j, "x0", 8), two(o, j, "x1", 16), mulAdd(j)), lambda: zero(*range(8)), lambda: sumTo(8))
reduction("dotF16Asm", "returns the sum of w·x for halves w.", [("w", H), ("x", F), ("n", I)],
          lambda o, j: (E(f"ldr q{24 + j}, [x0, #{16 * o}]"), toFloat(24 + j, j, 8), two(o, j, "x1", 16), mulAdd(j)), lambda: zero(*range(8)), lambda: sumTo(8))
reduction("sumAsm", "returns the sum of x.", [("x", F), ("n", I)],
          lambda o, j: (two(o, j, "x0", 8), each(j, "fadd {a}, {a}, {b}")), lambda: zero(*range(8)), lambda: sumTo(8))


def maxFinal():
    for step in (1, 2, 4):
        for i in range(0, 8, 2 * step):
            E(f"fmax v{i}.4s, v{i}.4s, v{i + step}.4s")
    E("fmaxv s0, v0.4s")


# A comparison with NaN is false, so the accumulator stays.
reduction("maxAsm", "returns the greatest element of x that is not NaN.", [("x", F), ("n", I)],
          lambda o, j: (two(o, j, "x0", 8), each(j, "fcmgt {c}, {b}, {a}", "bit {a}, {b}, {c}")),
          lambda: (constants("negInf", 0, [0xFF800000]), E(*[f"mov v{i}.16b, v0.16b" for i in range(1, 8)])), maxFinal)

# exp(x) = 2^n·e^r with n = round(x/ln 2) and |r| <= ln(2)/2, after Cody and
# Waite: ln 2 is subtracted in two parts. e^r is its Taylor polynomial of degree
# 7, whose remainder r^8/8! is below 2^-27. 2^n is applied in two factors, so
# that results below the normal range are rounded once and not flushed.
LN2HI = f32(math.log(2))
EXP = dict(min=-105.0, max=89.0, log2e=1 / math.log(2), hi=LN2HI, lo=math.log(2) - LN2HI,
           c7=1 / 5040, c6=1 / 720, c5=1 / 120, c4=1 / 24, c3=1 / 6, c2=0.5, one=1.0, bias=127)
EXPREG = {k: f"v{19 + i}.4s" for i, k in enumerate(EXP)}


def expSetup():
    constants("exponential", 19, list(EXP.values()))


def expBody(x, n, p, q):
    """v x = exp(v x); v n, v p and v q are overwritten. NaN stays NaN."""
    r = EXPREG
    X, N, P, Q = (f"v{i}.4s" for i in (x, n, p, q))
    E(f"fmax {X}, {X}, {r['min']}", f"fmin {X}, {X}, {r['max']}", f"fmul {N}, {X}, {r['log2e']}", f"frintn {N}, {N}",
      f"fmls {X}, {N}, {r['hi']}", f"fmls {X}, {N}, {r['lo']}")
    P, Q, last = Q, P, r["c7"]
    for c in ("c6", "c5", "c4", "c3", "c2", "one", "one"):
        E(f"mov {P}, {r[c]}".replace(".4s", ".16b"), f"fmla {P}, {last}, {X}")
        P, Q, last = Q, P, P
    E(f"fcvtns {N}, {N}", f"sshr {X}, {N}, #1", f"sub {N}, {N}, {X}")
    for v in (X, N):
        E(f"add {v}, {v}, {r['bias']}", f"shl {v}, {v}, #23")
    E(f"fmul {last}, {last}, {X}", f"fmul {X}, {last}, {N}")


def expLoop(name, doc, params, load, store, r=None, setup=None, final=None):
    """8 elements at a time in v0 and v8; load and store have v4..v7 and v12..v18 too."""
    at = func(name, doc, params, r)
    regs = dict(zip([p for p, t in params if t.startswith("*")], ["R0", "R1"]))
    args(at, **regs, n="R5")
    expSetup()
    if setup:
        setup(at)

    def body(o, j):
        for o, x in ((0, 0), (1, 8)):
            load(o, x)
            expBody(x, x + 1, x + 2, x + 3)
            store(o, x)

    loop8(regs, steps(params, regs), body, 1)
    if final:
        final(at)
    E("RET")


expLoop("expAsm", "stores exp(x) in dst.", [("dst", F), ("x", F), ("n", I)],
        lambda o, x: E(f"ldr q{x}, [x1, #{16 * o}]"), lambda o, x: E(f"str q{x}, [x0, #{16 * o}]"))
expLoop("expSumAsm", "replaces x by exp(x-shift) and returns the sum.", [("x", F), ("n", I), ("shift", "float32")],
        lambda o, x: E(f"ldr q{x}, [x0, #{16 * o}]", f"fsub v{x}.4s, v{x}.4s, v18.4s"),
        lambda o, x: E(f"str q{x}, [x0, #{16 * o}]", f"fadd v{16 + o}.4s, v{16 + o}.4s, v{x}.4s"), "float32",
        lambda at: (splat(at, "shift", 18), zero(16, 17)),
        lambda at: (sumTo(2, 16), E(f"FMOVS F16, {at['ret']}")))


def gate(o, x):
    """dst = v/(1+e) for e in v x and v in v x+4."""
    E(f"fadd v{x}.4s, v{x}.4s, {EXPREG['one']}", f"fdiv v{x}.4s, v{x + 4}.4s, v{x}.4s", f"str q{x}, [x0, #{16 * o}]")


expLoop("siluAsm", "stores x/(1+exp(-x)) in dst.", [("dst", F), ("x", F), ("n", I)],
        lambda o, x: E(f"ldr q{x + 4}, [x1, #{16 * o}]", f"fneg v{x}.4s, v{x + 4}.4s"), gate)
expLoop("geluTanhAsm", "stores the tanh form of GELU of x in dst.", [("dst", F), ("x", F), ("n", I)],
        lambda o, x: E(f"ldr q{x + 4}, [x1, #{16 * o}]", f"fmul v{x + 1}.4s, v{x + 4}.4s, v{x + 4}.4s", f"mov v{x}.16b, {EXPREG['one'][:-3]}.16b",
                       f"fmla v{x}.4s, v{x + 1}.4s, v17.4s", f"fmul v{x + 1}.4s, v{x + 4}.4s, v16.4s", f"fmul v{x}.4s, v{x}.4s, v{x + 1}.4s"), gate,
        setup=lambda at: constants("gelu", 16, [-2 * math.sqrt(2 / math.pi), 0.044715]))

# erfc(z) = t·exp(-z² + P(t)) with t = 2/(2+z), the form of Numerical Recipes'
# erfcc. P is a Chebyshev fit of degree 11 to ln(erfc(z)·exp(z²)/t) for t from
# 1/11 to 1, off by 8e-9 at most. Then x·Φ(x) = x - r for positive x and -r for
# negative x, where r = |x|·erfc(|x|/sqrt 2)/2.
ERFC = [-1.265515321, 1.000118156, 0.3732103696, 0.09781668407, -0.1535689363, 0.03244148997, -0.2671378491, -0.3033158074, 1.458525086, -1.593290467, 0.7615953693, -0.1408787809]


def geluErfLoad(o, x):
    z, t, p = f"v{x}.4s", f"v{x + 5}.4s", [f"v{x + 1}.4s", f"v{x + 2}.4s"]
    E(f"ldr q{x + 4}, [x1, #{16 * o}]", f"fabs {z}, v{x + 4}.4s", f"fmul {z}, {z}, v16.4s", f"fmin {z}, {z}, v17.4s",
      f"fadd {t}, {z}, v18.4s", f"fdiv {t}, v18.4s, {t}", "MOVD R6, R7", f"ld1r {{{p[0]}}}, [x7], #4")
    for i in range(11):
        E(f"ld1r {{{p[1]}}}, [x7], #4", f"fmla {p[1]}, {p[0]}, {t}")
        p = p[::-1]
    # z·t/sqrt 2 is what exp(…) gets multiplied by.
    E(f"fmul {t}, {t}, {z}", f"fmul {t}, {t}, v16.4s", f"fmls {p[0]}, {z}, {z}", f"mov {z}, {p[0]}".replace(".4s", ".16b"))


def geluErfStore(o, x):
    E(f"fmul v{x}.4s, v{x}.4s, v{x + 5}.4s", f"movi v{x + 1}.4s, #0", f"fmax v{x + 1}.4s, v{x + 1}.4s, v{x + 4}.4s",
      f"fsub v{x}.4s, v{x + 1}.4s, v{x}.4s", f"str q{x}, [x0, #{16 * o}]")


expLoop("geluErfAsm", "stores x·Φ(x) in dst.", [("dst", F), ("x", F), ("n", I)], geluErfLoad, geluErfStore,
        setup=lambda at: (constants("erf", 16, [2**-0.5, 20.0, 2.0]), E(f"MOVD {const('erfc', [bits(c) for c in ERFC[::-1]])}, R6")))
