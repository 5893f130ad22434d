"""Writes the golden cases of the portable engine's operators.

    python ops.py ../ops.json

Wherever coremltools can infer the value of an operation from constants, its
answer is the expected one; the other expectations are written out with numpy,
after the definitions in the operators' documentation. Needs coremltools 9.0 and
numpy 1.26. The output does not change from run to run.
"""

import json
import math
import sys

import coremltools as ct
import numpy as np
from coremltools.converters.mil.mil import Builder as mb
from coremltools.converters.mil.mil import Function

TARGETS = {5: ct.target.iOS15, 6: ct.target.iOS16, 7: ct.target.iOS17, 8: ct.target.iOS18}
NAMES = {
    np.dtype(np.float32): "fp32", np.dtype(np.float16): "fp16", np.dtype(np.int32): "int32",
    np.dtype(np.bool_): "bool", np.dtype(np.int8): "int8", np.dtype(np.uint8): "uint8",
    np.dtype(np.int16): "int16", np.dtype(np.uint16): "uint16",
}
rng = np.random.default_rng(7)
cases = []


def floats(*shape, lo=-4.0, hi=4.0):
    """Numbers that half precision holds, so that one case serves both types."""
    return (np.round(rng.uniform(lo, hi, shape) * 16) / 16).astype(np.float32)


def ints(*shape, lo=-9, hi=9):
    return rng.integers(lo, hi + 1, shape).astype(np.int32)


def tensor(a):
    a = np.asarray(a)
    if a.dtype == np.float64:
        a = a.astype(np.float32)
    if a.dtype == np.int64:
        a = a.astype(np.int32)
    data = a.reshape(-1)
    if a.dtype.kind == "f":
        values = [float(f"{v:.9g}") if np.isfinite(v) else str(v) for v in data]
    else:
        values = [int(v) for v in data]
    return {"type": NAMES[a.dtype], "shape": list(a.shape), "data": values}


def infer(op, opset, inputs, params):
    with Function({}, opset_version=TARGETS[opset]):
        out = getattr(mb, op)(**inputs, **params)
    outs = out if isinstance(out, (list, tuple)) else [out]
    vals = [o.val for o in outs]
    if any(v is None for v in vals):
        raise ValueError(f"{op}: coremltools infers no value")
    return [np.asarray(v) for v in vals]


def case(op, inputs, params=None, want=None, opset=8, note=""):
    params = params or {}
    if want is None:
        want = infer(op, opset, inputs, params)
    elif not isinstance(want, (list, tuple)):
        want = [want]
    if "values" in inputs:
        arrays = {f"values{i}": tensor(a) for i, a in enumerate(inputs["values"])}
    else:
        arrays = {k: tensor(v) for k, v in inputs.items()}
    consts = {}
    for k, v in params.items():
        if isinstance(v, str):
            consts[k] = {"text": v}
        elif isinstance(v, (bool, np.bool_)):
            consts[k] = tensor(np.bool_(v))
        elif isinstance(v, (list, tuple)):
            a = np.asarray(v)
            consts[k] = tensor(a if a.dtype == np.bool_ else a.astype(np.int32))
        elif isinstance(v, int):
            consts[k] = tensor(np.int32(v))
        else:
            consts[k] = tensor(np.asarray(v))
    cases.append({
        "op": op, "opset": opset, "note": note, "inputs": arrays, "params": consts,
        "want": [tensor(np.asarray(w)) for w in want],
    })


f32 = np.float32


def elementwise():
    shapes = [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), ()), ((), (3, 4)), ((2, 3, 4), (4,)), ((2, 3, 4), (2, 3, 1)),
              ((2, 1, 4), (3, 1)), ((1, 5), (5, 1)), ((4,), (2, 3, 4)), ((2, 3, 1), (2, 3, 4)), ((3, 1, 1), (1, 2, 1))]
    for op in ["add", "sub", "mul", "real_div", "floor_div", "mod", "maximum", "minimum", "pow"]:
        for a, b in shapes:
            x, y = floats(*a), floats(*b)
            if op in ("real_div", "floor_div", "mod"):
                y = np.where(y == 0, f32(1.5), y).astype(f32)
            if op == "pow":
                x = np.abs(x) + f32(0.5)
            fn = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "real_div": np.divide, "floor_div": np.floor_divide,
                  "mod": np.mod, "maximum": np.maximum, "minimum": np.minimum, "pow": np.power}[op]
            case(op, {"x": x, "y": y}, want=fn(x, y).astype(f32))
        x, y = ints(2, 3), ints(3, lo=1)
        y[1] = -2
        if op == "pow":
            y = np.abs(y)
        want = np.trunc(x / y).astype(np.int32) if op == "real_div" else fn(x, y)
        case(op, {"x": x, "y": y}, want=want)
    for e in [1.0, 2.0, 3.0, 0.5, -1.0, -0.5]:
        x = floats(2, 5, lo=0.25)
        case("pow", {"x": x, "y": f32(e)}, want=np.power(x, f32(e)))
    for op in ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]:
        for a, b in shapes[:6]:
            case(op, {"x": np.round(floats(*a)), "y": np.round(floats(*b))})
        case(op, {"x": ints(2, 3, hi=2, lo=0), "y": ints(3, hi=2, lo=0)})
    for op in ["logical_and", "logical_or", "logical_xor"]:
        case(op, {"x": rng.random((2, 3)) > 0.5, "y": rng.random((3,)) > 0.5})
    case("logical_not", {"x": rng.random((2, 3)) > 0.5})
    for c, a, b in [((2, 3), (2, 3), (2, 3)), ((2, 3), (), (3,)), ((1, 3), (2, 1), ()), ((), (2, 2), (2, 2)), ((2, 2, 1), (1, 3), (2, 1, 3))]:
        p, x, y = rng.random(c) > 0.5, floats(*a), floats(*b)
        case("select", {"cond": np.asarray(p), "a": x, "b": y}, want=np.where(p, x, y))
    p, x, y = rng.random((2, 3)) > 0.5, ints(2, 3), ints(3)
    case("select", {"cond": p, "a": x, "b": y}, want=np.where(p, x, y))


def unary():
    small = lambda: floats(2, 3, lo=-0.9375, hi=0.9375)
    for op, x in [("abs", floats(2, 3)), ("acos", small()), ("asin", small()), ("atan", floats(5)), ("atanh", small()),
                  ("ceil", floats(2, 5)), ("cos", floats(2, 5)), ("cosh", floats(4)), ("erf", floats(9)), ("exp", floats(2, 33)),
                  ("exp2", floats(9)), ("floor", floats(2, 5)), ("sign", floats(7)), ("sin", floats(2, 5)), ("sinh", floats(4)),
                  ("sqrt", floats(9, lo=0)), ("square", floats(9)), ("tan", small()), ("tanh", floats(9)), ("inverse", floats(5, lo=0.5)),
                  ("log", floats(5, lo=0.5)), ("rsqrt", floats(9, lo=0.25))]:
        case(op, {"x": x})
    case("round", {"x": np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.4, 0.6], f32)})
    for op in ["abs", "sign", "square"]:
        case(op, {"x": ints(7)})
    for op, e in [("inverse", 0.5), ("log", 0.25), ("rsqrt", 1.0)]:
        case(op, {"x": floats(2, 5, lo=0.5)}, {"epsilon": f32(e)})
    case("clip", {"x": floats(3, 4)}, {"alpha": f32(-1), "beta": f32(1.5)})
    case("threshold", {"x": floats(3, 4)}, {"alpha": f32(0.5)})
    x = np.array([-3.75, -0.5, 0, 0.5, 2.75, 100.0], f32)
    case("cast", {"x": x}, {"dtype": "int32"})
    case("cast", {"x": x}, {"dtype": "bool"})
    case("cast", {"x": x}, {"dtype": "fp16"})
    case("cast", {"x": ints(5)}, {"dtype": "fp32"})
    case("cast", {"x": ints(5)}, {"dtype": "bool"})
    case("cast", {"x": ints(5)}, {"dtype": "int16"})
    case("cast", {"x": np.array([True, False])}, {"dtype": "int32"})
    case("cast", {"x": np.array([0.1, 65519.0, 1e-9], f32)}, {"dtype": "fp16"})
    case("cast", {"x": np.array([0.0999755859375, 2.0], np.float16)}, {"dtype": "fp32"})
    case("cast", {"x": np.array([300.0, -300.0, 7.9], f32)}, {"dtype": "int8"}, want=np.array([127, -128, 7], np.int8))
    case("cast", {"x": np.array([300.0, -300.0, 7.9], f32)}, {"dtype": "uint8"}, want=np.array([255, 0, 7], np.uint8))
    case("cast", {"x": np.array([1e20, -1e20], f32)}, {"dtype": "int32"}, want=np.array([2**31 - 1, -2**31], np.int32))
    case("cast", {"x": np.array([300, -300, 7], np.int32)}, {"dtype": "int8"}, want=np.array([300, -300, 7]).astype(np.int8))
    x = floats(2, 3)
    case("identity", {"x": x}, want=x)


def activation():
    a, b = f32(0.25), f32(1.5)
    for op in ["relu", "relu6", "sigmoid", "softplus", "softsign"]:
        case(op, {"x": floats(2, 9, lo=-8, hi=8)})
    x = floats(3, 17, lo=-8, hi=8)
    case("silu", {"x": x}, want=(x / (1 + np.exp(-x.astype(np.float64)))).astype(f32))
    for mode in ["EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"]:
        case("gelu", {"x": floats(2, 19)}, {"mode": mode})
    for op in ["elu", "leaky_relu", "thresholded_relu"]:
        case(op, {"x": floats(2, 9)}, {"alpha": a})
    for op in ["clamped_relu", "linear_activation", "scaled_tanh", "sigmoid_hard"]:
        case(op, {"x": floats(2, 9)}, {"alpha": a, "beta": b})
    case("prelu", {"x": floats(2, 3, 2, 2)}, {"alpha": floats(3)})
    case("softplus_parametric", {"x": floats(2, 3, 2, 2)}, {"alpha": floats(3), "beta": floats(3, lo=0.5)})
    for shape, axis in [((5,), 0), ((3, 7), -1), ((3, 7), 0), ((2, 3, 4), 1), ((2, 3, 4), -3), ((2, 3, 33), 2)]:
        case("softmax", {"x": floats(*shape)}, {"axis": axis})


def reductions():
    ops = ["reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_l1_norm", "reduce_l2_norm",
           "reduce_sum_square", "reduce_log_sum", "reduce_log_sum_exp"]
    for op in ops:
        for shape, axes, keep in [((2, 3, 5), [-1], True), ((2, 3, 5), [0, 2], False), ((2, 3, 5), [1], False), ((2, 3, 5), None, False),
                                  ((2, 3, 5), None, True), ((7,), [0], False), ((2, 3, 1, 5), [2, -1], True), ((2, 3, 4), [0, 1], False)]:
            x = floats(*shape, lo=0.5, hi=2.0) if op in ("reduce_log_sum", "reduce_prod") else floats(*shape)
            ax = tuple(axes) if axes is not None else None
            X = x.astype(np.float64)
            fn = {"reduce_sum": np.sum, "reduce_mean": np.mean, "reduce_max": np.max, "reduce_min": np.min, "reduce_prod": np.prod,
                  "reduce_l1_norm": lambda v, **k: np.sum(np.abs(v), **k), "reduce_l2_norm": lambda v, **k: np.sqrt(np.sum(v * v, **k)),
                  "reduce_sum_square": lambda v, **k: np.sum(v * v, **k), "reduce_log_sum": lambda v, **k: np.log(np.sum(v, **k)),
                  "reduce_log_sum_exp": lambda v, **k: np.log(np.sum(np.exp(v), **k))}[op]
            p = {"keep_dims": keep}
            if axes is not None:
                p["axes"] = axes
            case(op, {"x": x}, p, want=fn(X, axis=ax, keepdims=keep).astype(f32))
    for op, fn in [("reduce_sum", np.sum), ("reduce_max", np.max), ("reduce_min", np.min), ("reduce_prod", np.prod)]:
        x = ints(2, 3, 4, lo=-3, hi=3)
        case(op, {"x": x}, {"axes": [1], "keep_dims": False}, want=fn(x, axis=1).astype(np.int32))
    x = ints(2, 6)
    case("reduce_mean", {"x": x}, {"axes": [1]}, want=np.mean(x, axis=1).astype(np.int32))
    for op in ["reduce_argmax", "reduce_argmin"]:
        for axis, keep in [(-1, False), (1, True), (0, False)]:
            case(op, {"x": floats(2, 5, 3)}, {"axis": axis, "keep_dims": keep})
    case("reduce_argmax", {"x": np.array([1, 3, 3, 2], f32)}, {"axis": 0}, want=np.int32(1), note="ties")
    case("reduce_argmax", {"x": floats(2, 5)}, {"axis": 1, "output_dtype": "uint16"}, want=None)


def distinct(*shape):
    n = int(np.prod(shape))
    return (rng.permutation(n).astype(f32) / 4 - n / 8).reshape(shape)


def sorting():
    for axis in [-1, 0, 1]:
        for up in [False, True]:
            case("argsort", {"x": distinct(3, 4, 5)}, {"axis": axis, "ascending": up})
            case("topk", {"x": distinct(3, 4, 5)}, {"k": 2, "axis": axis, "ascending": up}, opset=5)
            case("topk", {"x": distinct(3, 4, 5)}, {"k": 3, "axis": axis, "ascending": up, "sort": True, "return_indices": True,
                                                    "output_indices_dtype": "uint16"}, opset=7)
    case("topk", {"x": distinct(200)}, {"k": 100, "axis": 0}, opset=6, note="more than insertion takes")
    case("topk", {"x": distinct(7)}, {"k": 4, "axis": 0, "return_indices": False}, opset=6)
    x = distinct(2, 4)
    o = np.argsort(-x, axis=1)
    case("topk", {"x": x}, {"k": -1, "axis": 1}, want=[np.take_along_axis(x, o, 1), o.astype(np.int32)], note="all")
    x = np.array([2, 5, 5, 1, 5], np.int32)
    case("topk", {"x": x}, {"k": 3, "axis": 0}, want=[np.array([5, 5, 5], np.int32), np.array([1, 2, 4], np.int32)], note="ties, first wins")
    for axis in [0, 1, -1]:
        for ex in [False, True]:
            for rev in [False, True]:
                x = floats(2, 3, 4)
                d = np.flip(x, axis) if rev else x
                s = np.cumsum(d, axis=axis)
                if ex:
                    s = s - d
                s = np.flip(s, axis) if rev else s
                case("cumsum", {"x": x}, {"axis": axis, "exclusive": ex, "reverse": rev}, want=s)
    x = ints(3, 4)
    case("cumsum", {"x": x}, {"axis": 1}, want=np.cumsum(x, 1).astype(np.int32))


def norms():
    for shape, axes in [((2, 3, 8), [-1]), ((2, 3, 8), [1, 2]), ((2, 3, 8), [1]), ((2, 3, 8), [0, 2]), ((2, 8, 1, 3), [1]), ((6,), [0])]:
        dims = [shape[a] for a in sorted(a % len(shape) for a in axes)]
        case("layer_norm", {"x": floats(*shape)}, {"axes": axes, "epsilon": f32(0.0625)})
        case("layer_norm", {"x": floats(*shape)}, {"axes": axes, "gamma": floats(*dims), "beta": floats(*dims), "epsilon": f32(0.0625)})
    x, m, v, g, b = floats(2, 3, 4), floats(3), floats(3, lo=0.5), floats(3), floats(3)
    n = lambda a: a.reshape(1, 3, 1)
    case("batch_norm", {"x": x}, {"mean": m, "variance": v, "gamma": g, "beta": b, "epsilon": f32(0.25)},
         want=((x - n(m)) / np.sqrt(n(v) + 0.25) * n(g) + n(b)).astype(f32))
    case("batch_norm", {"x": x}, {"mean": m, "variance": v, "epsilon": f32(0.25)}, want=((x - n(m)) / np.sqrt(n(v) + 0.25)).astype(f32))
    x = floats(2, 3, 4, 5)
    mu, var = x.mean((2, 3), keepdims=True), x.var((2, 3), keepdims=True)
    n = lambda a: a.reshape(1, 3, 1, 1)
    case("instance_norm", {"x": x}, {"gamma": g, "beta": b, "epsilon": f32(0.25)}, want=((x - mu) / np.sqrt(var + 0.25) * n(g) + n(b)).astype(f32))
    case("l2_norm", {"x": floats(3, 2, 4)}, {"epsilon": f32(0.25)})
    case("l2_norm", {"x": floats(2, 3, 2, 4)}, {"epsilon": f32(0.25)})
    x = floats(1, 6, 3)
    for size in [1, 3, 4]:
        s = np.zeros_like(x)
        for ch in range(6):
            lo, hi = max(0, ch - size // 2), min(5, ch + (size - 1) // 2)
            s[:, ch] = (x[:, lo:hi + 1] ** 2).sum(1)
        case("local_response_norm", {"x": x}, {"size": size, "alpha": f32(0.5), "beta": f32(0.75), "k": f32(2)},
             want=(x / (2 + 0.5 / size * s) ** 0.75).astype(f32))


def shapes():
    case("shape", {"x": floats(2, 3, 4)})
    for frm, to, opset in [((2, 3, 4), [6, 4], 8), ((2, 3, 4), [-1], 8), ((2, 3, 4), [4, -1, 2], 5), ((2, 3, 4), [0, 0, 4], 5), ((2, 3, 4), [0, -1], 8),
                           ((2, 3, 4), [0, -1, 0], 8), ((6,), [2, 0, 3], 8), ((2, 3, 4), [1, 2, 1, 3, 4, 1], 8), ((1,), [1, 1], 8), ((24,), [2, 3, 4], 8)]:
        x = floats(*frm)
        want = x.reshape(2, 1, 3) if to == [2, 0, 3] else None
        if to == [0, -1]:
            want = x.reshape(3, 8)
        if to == [0, -1, 0]:
            want = x.reshape(2, 3, 4)
        case("reshape", {"x": x}, {"shape": to}, want=want, opset=opset)
    case("reshape", {"x": ints(2, 3)}, {"shape": [3, 2]})
    for axes in [[0], [1, 3], [-1], [0, -1], [-2, 1]]:
        case("expand_dims", {"x": floats(2, 3)}, {"axes": axes})
    for shape, axes in [((1, 2, 1), None), ((1, 2, 1), [0]), ((1, 2, 1), [-1]), ((1, 2, 1, 3), [0, 2])]:
        case("squeeze", {"x": floats(*shape)}, {"axes": axes} if axes else {})
    x = floats(2, 3)
    case("squeeze", {"x": x}, {"axes": [0]}, want=x, note="a dimension of another size stays")
    for axis in [0, 1, 2, -1]:
        x = floats(2, 3, 4)
        k = axis % 3
        case("flatten2d", {"x": x}, {"axis": axis}, want=x.reshape(int(np.prod(x.shape[:k])), -1))
    for shape, perm in [((2, 3), [1, 0]), ((2, 3, 4), [2, 0, 1]), ((2, 3, 4), [-1, 0, 1]), ((2, 3, 4, 5), [0, 2, 1, 3]), ((2, 3, 4, 5, 2), [4, 3, 2, 1, 0])]:
        case("transpose", {"x": floats(*shape)}, {"perm": perm})
    case("transpose", {"x": ints(2, 3)}, {"perm": [1, 0]})
    for axes in [None, [0], [1, -1]]:
        case("reverse", {"x": floats(2, 3, 4)}, {"axes": axes} if axes else {})
    x = ints(2, 5, 3)
    w = x.copy()
    for b, n in enumerate([3, 5]):
        w[b, :n] = x[b, :n][::-1]
    case("reverse_sequence", {"x": x, "lengths": np.array([3, 5], np.int32)}, {"seq_axis": 1, "batch_axis": 0}, want=w)


def slicing():
    x4 = lambda: floats(4, 5, 6)
    S = [
        dict(begin=[0, 1, 2], end=[2, 4, 6]),
        dict(begin=[1, 0, 0], end=[3, 5, 6], stride=[1, 2, 3]),
        dict(begin=[-3, -4, 0], end=[-1, 5, -1]),
        dict(begin=[0, 0, 0], end=[0, 0, 0], begin_mask=[True, True, True], end_mask=[True, True, True]),
        dict(begin=[3, 4, 5], end=[0, 0, 0], stride=[-1, -2, -1], end_mask=[False, True, False]),
        dict(begin=[0, 0, 0], end=[4, 5, 6], stride=[-1, 1, -2], begin_mask=[True, False, True], end_mask=[True, False, True]),
        dict(begin=[1, 2, 0], end=[0, 0, 6], squeeze_mask=[True, False, False], end_mask=[False, True, False]),
        dict(begin=[-1, 2, 0], end=[0, 0, 6], squeeze_mask=[True, True, False]),
        dict(begin=[0, 2, 3], end=[9, 99, 5]),
    ]
    for p in S:
        x = x4()
        sl = tuple(
            (0 if p.get("begin_mask", [0] * 3)[d] else p["begin"][d]) if p.get("squeeze_mask", [0] * 3)[d] else
            slice(None if p.get("begin_mask", [0] * 3)[d] else p["begin"][d], None if p.get("end_mask", [0] * 3)[d] else p["end"][d],
                  p.get("stride", [1] * 3)[d]) for d in range(3))
        case("slice_by_index", {"x": x}, p, want=x[sl])
        case("slice_by_index", {"x": (i := ints(4, 5, 6))}, p, want=i[sl])
        u = floats(*x[sl].shape)
        if u.size:
            w = x.copy()
            w[sl] = u
            case("slice_update", {"x": x, "update": u}, p, want=w)
            w = i.copy()
            v = ints(*i[sl].shape)
            w[sl] = v
            case("slice_update", {"x": i, "update": v}, p, want=w)
    x = floats(3, 4)
    case("slice_by_index", {"x": x}, {"begin": [1, 2], "end": [0, 0], "squeeze_mask": [True, True]}, want=x[1, 2])
    for begin, size in [([0, 1, 2], [2, 3, 4]), ([-2, 1, 0], [1, -1, -1])]:
        x = x4()
        b = [v % n for v, n in zip(begin, x.shape)]
        case("slice_by_size", {"x": x}, {"begin": begin, "size": size},
             want=x[tuple(slice(v, v + s if s > 0 else None) for v, s in zip(b, size))])
    for shape, axis, size, stride in [((7,), 0, 3, 1), ((2, 7), 1, 3, 2), ((5, 2), 0, 2, 1)]:
        x = floats(*shape)
        v = np.moveaxis(np.lib.stride_tricks.sliding_window_view(x, size, axis), -1, axis + 1)
        case("sliding_windows", {"x": x}, {"axis": axis, "size": size, "stride": stride}, want=v[(slice(None),) * axis + (slice(None, None, stride),)])


def joining():
    for shapes_, axis in [([(2, 3), (4, 3)], 0), ([(2, 3), (2, 1), (2, 5)], 1), ([(2, 3), (2, 3)], -1), ([(3,)], 0), ([(2, 2, 3), (2, 1, 3)], 1)]:
        vs = [floats(*s) for s in shapes_]
        case("concat", {"values": vs}, {"axis": axis}, want=np.concatenate(vs, axis))
    vs = [ints(2, 3), ints(2, 2)]
    case("concat", {"values": vs}, {"axis": 1}, want=np.concatenate(vs, 1))
    for axis in [0, 1]:
        a, b, c = floats(3, 2), floats(3, 2), floats(3, 2)
        shape = list(a.shape)
        shape[axis] *= 3
        case("concat", {"values": [a, b, c]}, {"axis": axis, "interleave": True}, want=np.stack([a, b, c], axis + 1).reshape(shape))
    case("concat", {"values": [np.int32(3), np.int32(4)]}, {"axis": 0}, want=np.array([3, 4], np.int32))
    for axis in [0, 1, 2, -1, -3]:
        vs = [floats(2, 3) for _ in range(3)]
        case("stack", {"values": vs}, {"axis": axis}, want=np.stack(vs, axis))
    for p in [dict(num_splits=2, axis=1), dict(split_sizes=[1, 3], axis=-1), dict(num_splits=2, split_sizes=[1, 3], axis=1), dict(num_splits=3, axis=0)]:
        case("split", {"x": floats(3, 4)}, p)
    for shape, reps in [((2, 3), [1, 2]), ((2, 3), [3, 2]), ((1, 3), [4, 1]), ((1, 2, 1, 3), [1, 1, 5, 1]), ((2,), [3]), ((1, 1), [2, 2])]:
        case("tile", {"x": floats(*shape)}, {"reps": reps})
    case("tile", {"x": ints(2, 2)}, {"reps": [2, 1]})


def making():
    for s, e, st in [(0, 5, 1), (2, 11, 3), (5, 0, -2), (3, 3, 1), (5, 1, 1)]:
        case("range_1d", {"end": np.int32(e), "start": np.int32(s), "step": np.int32(st)}, want=np.arange(s, e, st).astype(np.int32))
    for s, e, st in [(0.0, 1.0, 0.25), (1.0, -1.0, -0.5), (0.5, 3.25, 1.0)]:
        case("range_1d", {"end": f32(e), "start": f32(s), "step": f32(st)}, want=np.arange(s, e, st).astype(f32))
    case("fill", {"shape": np.array([2, 3], np.int32)}, {"value": f32(1.5)})
    case("fill", {"shape": np.array([4], np.int32)}, {"value": np.int32(-3)})
    case("fill_like", {"ref_tensor": floats(2, 2)}, {"value": f32(2.5)})
    idx = np.array([[0, 2], [1, 5]], np.int32)
    for axis in [-1, 0, 1, 2, -3]:
        e = np.where(np.arange(4) == idx[..., None], 3, -1).astype(np.int32)
        case("one_hot", {"indices": idx}, {"one_hot_vector_size": 4, "axis": axis, "on_value": np.int32(3), "off_value": np.int32(-1)},
             want=np.moveaxis(e, -1, axis))
    for lo, up in [(-1, 0), (0, -1), (1, 1), (0, 0), (-1, -1), (9, 0)]:
        case("band_part", {"x": floats(2, 3, 4)}, {"lower": lo, "upper": up})
    x = np.round(floats(3, 4) / 2)
    case("non_zero", {"x": x})
    case("non_zero", {"x": np.array([0, 3, 0, 1], np.int32)})


def spatial():
    for p, mode in [([1, 2], "constant"), ([1, 0, 2, 1], "constant"), ([1, 1, 2, 2], "reflect"), ([0, 3], "reflect"), ([2, 1, 3, 4], "replicate"), ([0, 0, 1, 1, 0, 2], "constant")]:
        shape = (2, 3, 4)
        case("pad", {"x": floats(*shape)}, {"pad": p, "mode": mode, "constant_val": f32(1.5)})
    x = floats(2, 8, 2, 3)
    n, c, h, w, f = *x.shape, 2
    case("depth_to_space", {"x": x}, {"block_size": 2}, want=x.reshape(n, f, f, c // 4, h, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, c // 4, h * f, w * f))
    case("pixel_shuffle", {"x": x}, {"upscale_factor": 2}, want=x.reshape(n, c // 4, f, f, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, h * f, w * f))
    x = floats(2, 2, 4, 6)
    n, c, h, w = x.shape
    case("space_to_depth", {"x": x}, {"block_size": 2}, want=x.reshape(n, c, h // f, f, w // f, f).transpose(0, 3, 5, 1, 2, 4).reshape(n, c * 4, h // f, w // f))
    case("pixel_unshuffle", {"x": x}, {"downscale_factor": 2}, want=x.reshape(n, c, h // f, f, w // f, f).transpose(0, 1, 3, 5, 2, 4).reshape(n, c * 4, h // f, w // f))
    x = floats(2, 2, 3, 4)
    P = np.array([[1, 0], [0, 2]], np.int32)
    xp = np.pad(x, ((0, 0), (0, 0), *[tuple(v) for v in P]))
    n, c, h, w = xp.shape
    y = xp.reshape(n, c, h // 2, 2, w // 3, 3).transpose(3, 5, 0, 1, 2, 4).reshape(n * 6, c, h // 2, w // 3)
    case("space_to_batch", {"x": x}, {"block_shape": [2, 3], "paddings": P}, want=y)
    case("batch_to_space", {"x": y}, {"block_shape": [2, 3], "crops": P}, want=x)
    x = floats(1, 2, 5, 6)
    case("crop", {"x": x}, {"crop_height": [1, 2], "crop_width": [0, 3]}, want=x[:, :, 1:-2, 0:-3])


def gathering():
    for shape, idx, axis in [((5, 3), np.array([0, 4, 2], np.int32), 0), ((5, 3), np.array([[0, 2], [1, 1]], np.int32), 1), ((2, 5, 3), np.array([4], np.int32), -2),
                             ((5, 3), np.int32(2), 0), ((2, 5), np.int32(3), 1), ((2, 3, 4), np.array([[1]], np.int32), 1), ((7,), np.array([6, 0], np.int32), 0)]:
        x = floats(*shape)
        case("gather", {"x": x, "indices": np.asarray(idx)}, {"axis": axis}, want=np.take(x, idx, axis))
        x = ints(*shape)
        case("gather", {"x": x, "indices": np.asarray(idx)}, {"axis": axis}, want=np.take(x, idx, axis))
    x = floats(5, 3)
    case("gather", {"x": x, "indices": np.array([-1, 0, -5], np.int32)}, {"axis": 0}, want=np.take(x, [-1, 0, -5], 0), opset=6, note="from the end")
    x, idx = floats(2, 4, 3), np.array([[0, 3], [2, 2]], np.int32)
    case("gather", {"x": x, "indices": idx}, {"axis": 1, "batch_dims": 1}, want=np.stack([x[b][idx[b]] for b in range(2)]))
    x, idx = floats(2, 3, 4), np.array([[0, 3, 1], [2, 2, 0]], np.int32)
    case("gather", {"x": x, "indices": idx}, {"axis": 2, "batch_dims": 1}, want=np.stack([x[b][:, idx[b]] for b in range(2)]))
    x, idx = floats(2, 3, 4), ints(2, 3, lo=0, hi=3)
    case("gather", {"x": x, "indices": idx}, {"axis": 2, "batch_dims": 2}, want=np.take_along_axis(x, idx[..., None], 2)[..., 0])
    for axis, shape in [(0, (2, 3, 4)), (1, (3, 2, 4)), (-1, (3, 3, 2))]:
        x = floats(3, 3, 4)
        idx = ints(*[shape[d] if d == axis % 3 else x.shape[d] for d in range(3)], lo=0, hi=2)
        case("gather_along_axis", {"x": x, "indices": idx}, {"axis": axis}, want=np.take_along_axis(x, idx, axis))
    x = floats(3, 4, 2)
    for idx in [np.array([[0, 1], [2, 3]], np.int32), np.array([[[2]], [[0]]], np.int32), np.array([2, 1, 0], np.int32)]:
        case("gather_nd", {"x": x, "indices": idx}, want=x[tuple(np.moveaxis(idx, -1, 0))])
    idx = np.array([[3], [0], [1]], np.int32)
    case("gather_nd", {"x": x, "indices": idx}, {"batch_dims": 1}, want=np.stack([x[b, idx[b, 0]] for b in range(3)]))


def scattering():
    modes = {"update": None, "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "max": np.maximum, "min": np.minimum}
    for mode, fn in modes.items():
        def put(w, key, u):
            w[key] = u if fn is None else fn(w[key], u)
        d, u = floats(4, 3, 2), floats(4, 2, 2, lo=0.5)
        w = d.copy()
        for j, k in enumerate([2, 0]):
            put(w, (slice(None), k), u[:, j])
        case("scatter", {"data": d, "indices": np.array([2, 0], np.int32), "updates": u}, {"axis": 1, "mode": mode}, want=w)
        d, idx, u = floats(3, 4), np.array([[0, 2], [3, 1], [1, 1]], np.int32), floats(3, 2, lo=0.5)
        w = d.copy()
        for r in range(3):
            for j in range(2):
                put(w, (r, idx[r, j]), u[r, j])
        case("scatter_along_axis", {"data": d, "indices": idx, "updates": u}, {"axis": 1, "mode": mode}, want=w)
        d, idx, u = floats(3, 4, 2), np.array([[0, 2], [2, 3], [0, 2]], np.int32), floats(3, 2, lo=0.5)
        w = d.copy()
        for k in range(3):
            put(w, tuple(idx[k]), u[k])
        case("scatter_nd", {"data": d, "indices": idx, "updates": u}, {"mode": mode}, want=w)
    d, u = ints(4), ints(2)
    w = d.copy()
    w[[3, 1]] += u
    case("scatter", {"data": d, "indices": np.array([3, 1], np.int32), "updates": u}, {"axis": 0}, want=w, note="adds by default")


def products():
    for eq, a, b in [("nchw,nwhu->nchu", (2, 3, 4, 5), (2, 5, 4, 6)), ("nchw,nwhu->nchu", (2, 3, 1, 5), (1, 5, 4, 6)), ("chw,whr->chr", (3, 4, 5), (5, 4, 2)),
                     ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)), ("bhqk,bkhd->bqhd", (2, 3, 4, 5), (2, 5, 3, 6)), ("ij,jk->ik", (3, 4), (4, 5)),
                     ("i,j->ij", (3,), (4,)), ("ij,ij->ij", (3, 4), (3, 4)), ("ii,i->i", (4, 4), (4,)), ("ijk,k->ij", (2, 3, 4), (4,))]:
        x, y = floats(*a), floats(*b)
        bx, by = x.astype(np.float64), y.astype(np.float64)
        if a[-2:-1] == (1,) and eq.startswith("nchw"):
            bx, by = np.broadcast_to(bx, (2, 3, 4, 5)), np.broadcast_to(by, (2, 5, 4, 6))
        case("einsum", {"values": [x, y]}, {"equation": eq}, want=np.einsum(eq, bx, by).astype(f32))
    for axis in [None, 0, 1, -1]:
        n = None if axis is None else (2, 3, 4)[axis]
        scale = f32(0.25) if axis is None else np.abs(floats(n, lo=0.5)).astype(f32)
        shape = [1, 1, 1]
        if axis is not None:
            shape[axis] = n
        S = np.reshape(scale, shape).astype(np.float64)
        for t, lo, hi in [(np.int8, -128, 127), (np.uint8, 0, 255)]:
            zero = t(3) if axis is None else rng.integers(0, 9, n).astype(t)
            Z = np.reshape(zero, shape).astype(np.float64)
            x = floats(2, 3, 4, lo=-40, hi=40)
            p = {"scale": scale, "zero_point": zero, "output_dtype": t.__name__, **({} if axis is None else {"axis": axis})}
            case("quantize", {"input": x}, p, want=np.clip(np.round(x / S) + Z, lo, hi).astype(t), opset=7)
            q = rng.integers(lo, hi + 1, (2, 3, 4)).astype(t)
            p = {"scale": scale, "zero_point": zero, **({} if axis is None else {"axis": axis})}
            case("dequantize", {"input": q}, p, want=((q.astype(np.float64) - Z) * S).astype(f32), opset=7)
    case("dequantize", {"input": np.array([-3, 5], np.int8)}, {"scale": f32(0.5)}, want=np.array([-1.5, 2.5], f32), opset=7)


def pools():
    def pool(x, k, s, pads, kind, ceil=False, exclude=False):
        n = len(k)
        out = []
        for d in range(n):
            b, a = pads[2 * d], pads[2 * d + 1]
            room = x.shape[2 + d] + b + a - k[d]
            o = (math.ceil(room / s[d]) if ceil else room // s[d]) + 1
            if ceil and (o - 1) * s[d] >= x.shape[2 + d] + b and b + a > 0:
                o -= 1
            out.append(o)
        y = np.zeros(x.shape[:2] + tuple(out))
        for pos in np.ndindex(*out):
            box, places = [], 1
            for d in range(n):
                f = pos[d] * s[d] - pads[2 * d]
                box.append(slice(max(0, f), min(x.shape[2 + d], f + k[d])))
                places *= min(f + k[d], x.shape[2 + d] + pads[2 * d + 1]) - f
            w = x[(slice(None), slice(None), *box)].astype(np.float64).reshape(*x.shape[:2], -1)
            v = {"max_pool": lambda: w.max(-1), "l2_pool": lambda: np.sqrt((w * w).sum(-1)),
                 "avg_pool": lambda: w.sum(-1) / (w.shape[-1] if exclude else places)}[kind]()
            y[(slice(None), slice(None), *pos)] = v
        return y.astype(f32)
    for kind in ["max_pool", "avg_pool", "l2_pool"]:
        for shape, k, s in [((1, 2, 7), [3], [2]), ((2, 2, 5, 6), [2, 3], [1, 2])]:
            x = floats(*shape)
            zero = [0, 0] * len(k)
            case(kind, {"x": x}, {"kernel_sizes": k, "strides": s, "pad_type": "valid"}, want=pool(x, k, s, zero, kind))
            pads = [1, 1] * len(k)
            case(kind, {"x": x}, {"kernel_sizes": k, "strides": s, "pad_type": "custom", "pad": pads}, want=pool(x, k, s, pads, kind))
            case(kind, {"x": x}, {"kernel_sizes": k, "strides": s, "pad_type": "custom", "pad": pads, "ceil_mode": True},
                 want=pool(x, k, s, pads, kind, ceil=True))
            same, lower = [], []
            for n, kk, ss in zip(shape[2:], k, s):
                t = max(0, ss * math.ceil(n / ss) - n + kk - ss)
                same += [t // 2, t - t // 2]
                lower += [t - t // 2, t // 2]
            case(kind, {"x": x}, {"kernel_sizes": k, "strides": s, "pad_type": "same"}, want=pool(x, k, s, same, kind))
            case(kind, {"x": x}, {"kernel_sizes": k, "strides": s, "pad_type": "same_lower"}, want=pool(x, k, s, lower, kind))
    x = floats(1, 1, 5, 5)
    case("avg_pool", {"x": x}, {"kernel_sizes": [3, 3], "strides": [2, 2], "pad_type": "custom", "pad": [1, 1, 1, 1], "exclude_padding_from_average": True},
         want=pool(x, [3, 3], [2, 2], [1, 1, 1, 1], "avg_pool", exclude=True))
    x = floats(1, 2, 3, 4, 3)
    case("max_pool", {"x": x}, {"kernel_sizes": [2, 2, 2], "pad_type": "valid"}, want=pool(x, [2, 2, 2], [1, 1, 1], [0] * 6, "max_pool"))


def resizing():
    def grid(n, out, mode):
        i = np.arange(out)
        if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
            g = i * (n - 1) / (out - 1) if out > 1 else np.array([0 if mode[0] == "S" else (n - 1) / 2])
        elif mode == "DEFAULT":
            g = i * ((n - n / out) / (out - 1)) if out > 1 else np.array([0.0])
        elif mode == "OFFSET_CORNERS":
            d = max(1, n - 1) / out
            g = 0.5 * d + i * d
        else:
            g = i * n / out + 0.5 * n / out - 0.5
        return np.clip(g, 0, n - 1)
    def bilinear(x, h, w, mode):
        gy, gx = grid(x.shape[-2], h, mode), grid(x.shape[-1], w, mode)
        cols = np.stack([np.apply_along_axis(lambda r: np.interp(gx, np.arange(len(r)), r), -1, x)])[0]
        return np.apply_along_axis(lambda r: np.interp(gy, np.arange(len(r)), r), -2, cols).astype(f32)
    for mode in ["STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "DEFAULT", "OFFSET_CORNERS", "UNALIGN_CORNERS"]:
        for h, w in [(5, 7), (2, 2), (1, 6)]:
            x = floats(1, 2, 3, 4)
            case("resize_bilinear", {"x": x}, {"target_size_height": h, "target_size_width": w, "sampling_mode": mode}, want=bilinear(x, h, w, mode))
    x = floats(1, 2, 3, 4)
    case("resize", {"x": x, "shape": np.array([1, 5, 0], np.int32)}, {"resized_dims": 2, "sampling_mode": "UNALIGN_CORNERS"}, want=bilinear(x, 5, 4, "UNALIGN_CORNERS"))
    case("resize", {"x": x, "shape": np.array([6], np.int32)}, {"resized_dims": 1}, want=bilinear(x, 3, 6, "DEFAULT"))
    case("resize", {"x": x, "shape": np.array([6, 2], np.int32)}, {"resized_dims": 2, "interpolation_mode": "NEAREST_NEIGHBOR"}, want=x[..., [0, 0, 1, 1, 2, 2], :][..., [0, 2]])
    case("upsample_bilinear", {"x": x}, {"scale_factor_height": 2, "scale_factor_width": 3}, want=bilinear(x, 6, 12, "STRICT_ALIGN_CORNERS"))
    case("upsample_bilinear", {"x": x}, {"scale_factor_height": 2, "scale_factor_width": 3, "align_corners": False}, want=bilinear(x, 6, 12, "UNALIGN_CORNERS"))
    case("upsample_bilinear", {"x": x}, {"scale_factor_height": 2, "scale_factor_width": 3, "align_corners": False, "half_pixel_centers": False},
         want=bilinear(x, 6, 12, "DEFAULT"))
    case("upsample_nearest_neighbor", {"x": x}, {"scale_factor_height": 2, "scale_factor_width": 3}, want=x.repeat(2, -2).repeat(3, -1))
    case("upsample_nearest_neighbor", {"x": x}, {"scale_factor_height": f32(1.5), "scale_factor_width": f32(1)}, want=x[..., [0, 0, 1, 2], :])
    case("resize_nearest_neighbor", {"x": x}, {"target_size_height": 5, "target_size_width": 2}, want=x[..., [0, 0, 1, 1, 2], :][..., [0, 2]])


for family in [elementwise, unary, activation, reductions, sorting, norms, shapes, slicing, joining, making, spatial, gathering, scattering, products, pools, resizing]:
    family()
with open(sys.argv[1], "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases")
