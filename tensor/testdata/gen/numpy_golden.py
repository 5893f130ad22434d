"""Writes numpy.json: results of NumPy for the operations of package tensor.

Run it from the package's directory with NumPy 1.26 or newer:

    python testdata/gen/numpy_golden.py

Every case names an operation, its integer or floating-point arguments, its
inputs and NumPy's results. Elements are hexadecimal little-endian bytes.
Functions of floating-point numbers are evaluated in float64 and rounded once.
"""

import json
import math
import pathlib
import warnings

import numpy as np

warnings.simplefilter("ignore")
rng = np.random.default_rng(20240617)
cases = []

NAMES = {
    "bool": np.bool_, "float16": np.float16, "float32": np.float32, "float64": np.float64,
    "int8": np.int8, "uint8": np.uint8, "int16": np.int16, "uint16": np.uint16,
    "int32": np.int32, "int64": np.int64,
}
FLOATS = ["float16", "float32", "float64"]
INTS = ["int8", "uint8", "int16", "uint16", "int32", "int64"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 0.5, -2.5, 3.5]


def pack(a):
    assert a.dtype.name in NAMES, a.dtype
    return {"dtype": a.dtype.name, "shape": list(a.shape), "data": a.tobytes().hex()}


def case(op, inputs, outputs, args=(), ulps=0):
    if not isinstance(outputs, (list, tuple)):
        outputs = [outputs]
    cases.append({
        "op": op, "args": list(args), "ulps": ulps,
        "in": [pack(np.asarray(x)) for x in inputs],
        "out": [pack(np.asarray(x)) for x in outputs],
    })


def floats(name, *shape, scale=3.0):
    return (rng.standard_normal(shape) * scale).astype(NAMES[name])


def specials(name):
    return np.array(SPECIAL, NAMES[name])


def ints(name, *shape):
    info = np.iinfo(NAMES[name])
    a = rng.integers(info.min, info.max, shape, NAMES[name], endpoint=True)
    small = rng.integers(max(info.min, -4), 5, shape).astype(NAMES[name])
    return np.where(rng.random(shape) < 0.5, a, small).astype(NAMES[name])


def any_of(name, *shape):
    if name == "bool":
        return rng.random(shape) < 0.5
    return floats(name, *shape) if name in FLOATS else ints(name, *shape)


def elementwise():
    binary = {
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "minimum": np.minimum,
        "maximum": np.maximum, "div": None, "mod": np.mod,
    }
    compare = {
        "equal": np.equal, "notequal": np.not_equal, "less": np.less,
        "lessequal": np.less_equal, "greater": np.greater, "greaterequal": np.greater_equal,
    }
    for name in FLOATS + INTS:
        a, b = any_of(name, 3, 1, 4), any_of(name, 2, 1)
        pairs = [(a, b)]
        if name in FLOATS:
            s = specials(name)
            pairs.append((s[:, None], s[None, :]))
        for x, y in pairs:
            for op, f in binary.items():
                if op == "div":
                    f = np.true_divide if name in FLOATS else np.floor_divide
                wide = np.float32 if name == "float16" else x.dtype
                case(op, [x, y], f(x.astype(wide), y.astype(wide)).astype(x.dtype))
        for op in ["equal", "less", "greaterequal"] if name in INTS else compare:
            x, y = pairs[-1]
            case(op, [x, y], compare[op](x, y))
    p, q = rng.random((2, 3)) < 0.5, rng.random((1, 3)) < 0.5
    case("and", [p, q], p & q)
    case("or", [p, q], p | q)
    case("xor", [p, q], p ^ q)
    case("not", [p], ~p)
    base, power = ints("int32", 2, 6) % 50, rng.integers(0, 12, 6).astype(np.int32)
    case("pow", [base, power], np.power(base, power))
    for name in FLOATS:
        x, y = np.abs(floats(name, 4, 4)), floats(name, 4, scale=1.0)
        case("pow", [x, y], np.power(x.astype(np.float64), y).astype(x.dtype), ulps=4)
        x, y = specials(name)[:, None], specials(name)[None]
        case("pow", [x, y], np.power(x.astype(np.float64), y).astype(x.dtype), ulps=4)


def vanish(x, gate):
    with np.errstate(all="ignore"):
        return np.where(gate == 0, 0, x * gate)


def unary():
    erf = np.vectorize(math.erf, otypes=[np.float64])
    erfc = np.vectorize(math.erfc, otypes=[np.float64])
    sigmoid = lambda x: 1 / (1 + np.exp(-x))
    functions = {
        "exp": np.exp, "exp2": np.exp2, "log": np.log, "sqrt": np.sqrt,
        "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": lambda x: 1 / x, "square": np.square,
        "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
        "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
        "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "erf": erf,
        "sigmoid": sigmoid, "silu": lambda x: vanish(x, sigmoid(x)),
        "softplus": lambda x: np.logaddexp(0, x),
        "gelu": lambda x: vanish(x, 0.5 * erfc(-x / math.sqrt(2))),
        "gelutanh": lambda x: vanish(x, 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    }
    exact = {
        "abs": np.abs, "neg": np.negative, "sign": np.sign, "floor": np.floor, "ceil": np.ceil,
        "round": np.rint, "relu": lambda x: np.maximum(x, 0),
    }
    for name in FLOATS:
        x = np.concatenate([floats(name, 8), floats(name, 6, scale=0.5), specials(name)])
        for op, f in functions.items():
            case(op, [x], f(x.astype(np.float64)).astype(x.dtype), ulps=16 if name == "float64" else 1)
        for op, f in exact.items():
            case(op, [x], f(x).astype(x.dtype))
    for name in ["int8", "int32", "uint8"]:
        x = ints(name, 10)
        for op in ["abs", "neg", "sign", "floor", "relu"]:
            f = (lambda v: v) if op == "floor" else exact[op]
            case(op, [x], f(x).astype(x.dtype))


def reductions():
    def run(op, f, x, axes, keep, ulps):
        axis = tuple(axes) if axes else None
        wide = x.astype(np.float64) if x.dtype.kind == "f" else x
        kw = {"dtype": x.dtype} if op in ("sum", "product") and x.dtype.kind != "f" else {}
        out = np.asarray(f(wide, axis=axis, keepdims=keep, **kw)).astype(x.dtype)
        case(op, [x], out, [int(keep), *axes], ulps)

    table = {"sum": np.sum, "product": np.prod, "min": np.min, "max": np.max, "mean": np.mean}
    for name in FLOATS + ["int32", "uint8"]:
        x = any_of(name, 3, 4, 2)
        for op, f in table.items():
            if op == "mean" and name not in FLOATS:
                continue
            for axes, keep in [([], False), ([1], True), ([-1], False), ([0, 2], False)]:
                run(op, f, x, axes, keep, 16 if name == "float64" else 1)
        if name in FLOATS:
            x[1, 2, 0] = math.nan
            for op in ["min", "max", "sum"]:
                run(op, table[op], x, [1], False, 16)
        for op, f in [("cumsum", np.cumsum), ("cumprod", np.cumprod)]:
            x = any_of(name, 3, 4, 2)
            for axis in [0, 1, -1]:
                wide = np.float64 if name in FLOATS else x.dtype
                out = f(x.astype(wide), axis=axis, dtype=wide).astype(x.dtype)
                case(op, [x], out, [axis], 16 if name == "float64" else 1)
    empty = np.zeros((2, 0, 3), np.float32)
    run("sum", np.sum, empty, [1], False, 0)
    run("product", np.prod, empty, [1], False, 0)
    run("mean", np.mean, empty, [1], False, 0)
    p = rng.random((3, 4)) < 0.7
    for axes, keep in [([], False), ([0], False), ([1], True)]:
        axis = tuple(axes) if axes else None
        case("all", [p], np.all(p, axis=axis, keepdims=keep), [int(keep), *axes])
        case("any", [p], np.any(p, axis=axis, keepdims=keep), [int(keep), *axes])


def order():
    def key(v, i):
        return (0, 0.0, i) if v != v else (1, -float(v), i)

    def descending(x):
        return np.array([sorted(range(len(r)), key=lambda i: key(r[i], i)) for r in x], np.int32)

    for name in ["float16", "float32", "float64", "int32", "int8", "int64"]:
        x = np.round(any_of(name, 4, 9).astype(np.float64)).astype(NAMES[name])
        if name in FLOATS:
            x[1, 3], x[1, 5], x[2, 0], x[2, 8] = math.nan, math.nan, math.inf, -math.inf
        for axis in [0, 1]:
            case("argmax", [x], np.argmax(x, axis).astype(np.int32), [axis])
            case("argmin", [x], np.argmin(x, axis).astype(np.int32), [axis])
        case("argsort", [x], np.argsort(x, 1, "stable").astype(np.int32), [1, 0])
        case("argsort", [x], np.argsort(x, 0, "stable").astype(np.int32), [0, 0])
        down = descending(x)
        case("argsort", [x], down, [1, 1])
        for k in [0, 1, 4, 9]:
            case("topk", [x], [np.take_along_axis(x, down[:, :k], 1), down[:, :k]], [k, 1])
        down = descending(x.T).T
        case("topk", [x], [np.take_along_axis(x, down[:2], 0), down[:2]], [2, 0])


def softmax():
    for name in FLOATS:
        x = floats(name, 2, 5, 3)
        x[0, 0, 0] = -math.inf
        x[1, :, 2] = -math.inf
        for axis in [0, 1, -1]:
            wide = np.float64 if name == "float64" else np.float32
            y = x.astype(wide)
            y = (y - y.max(axis, keepdims=True)).astype(np.float64)
            e = np.exp(y)
            s = e.sum(axis, keepdims=True)
            case("softmax", [x], (e / s).astype(x.dtype), [axis], 16 if name == "float64" else 2)
            case("logsoftmax", [x], (y - np.log(s)).astype(x.dtype), [axis], 32 if name == "float64" else 2)


def products():
    shapes = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 1, 2, 3), (4, 3, 2)),
              ((2, 7, 9), (2, 9, 5)), ((2, 0), (0, 3)), ((0, 3), (3, 2))]
    for name in FLOATS + ["int32", "int8"]:
        for a, b in shapes:
            # Small whole numbers: every order of summation gives the same.
            x = rng.integers(-8, 8, a).astype(NAMES[name])
            y = rng.integers(-8, 8, b).astype(NAMES[name])
            case("matmul", [x, y], np.matmul(x.astype(np.int64), y.astype(np.int64)).astype(x.dtype))


def selection():
    for name in ["bool", "float16", "float32", "int32", "uint8", "float64"]:
        x = any_of(name, 3, 4, 2)
        i = np.array([[2, -1], [0, 1]], np.int32)
        for axis in [0, 1, 2]:
            j = np.clip(i, -x.shape[axis], x.shape[axis] - 1).astype(np.int32)
            case("gather", [x, j], np.take(x, j, axis), [axis])
        i = rng.integers(0, 4, (3, 5, 1))
        case("gatheralong", [x, i.astype(np.int64)], np.take_along_axis(x, i, 1), [1])
        i = rng.integers(-3, 3, (2, 1, 2)).astype(np.int32)
        case("gatheralong", [x, i], np.take_along_axis(x, i.astype(np.int64), 0), [0])
        i = np.array([[0, 1], [2, -1], [-3, 3]], np.int32)
        case("gathernd", [x, i], x[i[:, 0], i[:, 1]])
        case("gathernd", [x, i[:, :1]], x[i[:, 0]])
        y, j = x.copy(), np.stack([rng.permutation(4)[:2] for _ in range(6)]).reshape(3, 2, 2)
        j = j.swapaxes(1, 2).copy()[:, :2]
        j[:, 1] = (j[:, 0] + 1) % 4
        v = any_of(name, 3, 2, 2)
        np.put_along_axis(y, j, v, 1)
        case("replacealong", [x, j.astype(np.int32), v], y, [1])
        c, b = rng.random((4, 1)) < 0.5, any_of(name, 2)
        case("where", [c, x, b], np.where(c, x, b))
        other = any_of(name, 3, 1, 2)
        case("concat", [x, other], np.concatenate([x, other], 1), [1])
        other = any_of(name, 3, 4, 2)
        for axis in [0, 2, -1]:
            case("stack", [x, other], np.stack([x, other], axis), [axis])
        case("tile", [x], np.tile(x, (2, 1, 3)), [2, 1, 3])
        pads = [(1, 2), (0, 3), (1, 1)]
        flat = [n for p in pads for n in p]
        if name != "bool":
            case("pad", [x], np.pad(x, pads, constant_values=7), [7, *flat])
        case("padsymmetric", [x], np.pad(x, [(1, 2), (0, 3), (1, 1)], "symmetric"), flat)
        flat = [1, 2, 0, 3, 1, 1]
        case("padreflect", [x], np.pad(x, pads, "reflect"), flat)
        case("reverse", [x], x[::-1, :, ::-1], [0, 2])
        m = any_of(name, 2, 4, 5)
        for lower, upper in [(-1, 0), (0, -1), (1, 2), (0, 0), (9, 1)]:
            keep = np.ones((4, 5), bool)
            rows, cols = np.indices((4, 5))
            keep = ((lower < 0) | (rows - cols <= lower)) & ((upper < 0) | (cols - rows <= upper))
            case("bandpart", [m], np.where(keep, m, 0).astype(m.dtype), [lower, upper])
    x = np.concatenate([floats("float32", 10), specials("float32")])
    case("clamp", [x], np.clip(x, -1.5, 2), [-1.5, 2])
    x = ints("int32", 12)
    case("clamp", [x], np.clip(x, -1, 2), [-1.5, 2.5])
    x = any_of("float32", 3, 4, 2)
    case("transpose", [x], x.transpose(2, 0, 1), [2, 0, 1])
    case("squeeze", [x[:, None, :, :, None]], x)
    case("expanddims", [x], x[None, :, :, None], [0, 3])
    case("broadcast", [x[:, :1]], np.broadcast_to(x[:, :1], (5, 3, 4, 2)), [5, 3, 4, 2])


def conversions():
    small = {"bool": [0, 1, 1], "uint8": [0, 1, 100], "uint16": [0, 1, 100]}
    for a in NAMES:
        values = np.array(small.get(a, [0, 1, -3, 100]), NAMES[a])
        if a in FLOATS:
            values = np.concatenate([values, np.array([0.25, 2.75, 99.9], NAMES[a])])
        for b in NAMES:
            if a != b:
                v = values[values >= 0] if b in ("uint8", "uint16") else values
                case("to", [v], v.astype(NAMES[b]), [list(NAMES).index(b)])
    # Numbers beside the middle of two halfs, where rounding twice goes wrong.
    mids = []
    for bits in rng.integers(0, 0x7BFF, 40):
        pair = np.array([bits, bits + 1], np.uint16).view(np.float16).astype(np.float64)
        mid = pair.mean()
        mids += [mid, mid * (1 + 2.0**-40), mid * (1 - 2.0**-40), -mid * (1 + 2.0**-45)]
    mids += [65519.999999999, 65520.0, 5e-324, 2.0**-25, 2.0**-25 * (1 + 2.0**-50), 1e300, -math.inf, math.nan]
    wide = np.array(mids)
    case("to", [wide], wide.astype(np.float16), [list(NAMES).index("float16")])
    narrow = wide.astype(np.float32)
    case("to", [narrow], narrow.astype(np.float16), [list(NAMES).index("float16")])
    big = np.array([2**24 + 1, 2**53 + 1, -(2**62) - 3, 2**63 - 1], np.int64)
    case("to", [big], big.astype(np.float32), [list(NAMES).index("float32")])


for family in [elementwise, unary, reductions, order, softmax, products, selection, conversions]:
    family()
out = pathlib.Path(__file__).resolve().parent.parent / "numpy.json"
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
out.write_text(f"[\n{lines}\n]\n")
print(len(cases), "cases,", out.stat().st_size, "bytes")
