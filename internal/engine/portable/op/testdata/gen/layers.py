"""Writes layers.json: recorded results of convolutions, linears, attention, recurrent
and sampling operators, computed by PyTorch where it has the operator and by the
defining formula in NumPy where it has not. Numbers are multiples of 1/16 or so,
which float16 holds, so that the cases serve in half precision too.

    python3 layers.py > ../layers.json
"""
import json
import sys

import numpy as np
import torch

rng = np.random.default_rng(7)
cases = []


def num(*shape, lo=-24, hi=24, of=16):
    return (rng.integers(lo, hi, size=shape) / of).astype(np.float32)


def short(x):
    """The few digits by which float32 knows a number."""
    x = float(f"{x:.9g}")
    return int(x) if x == int(x) else x


def enc(a):
    if isinstance(a, str):
        return {"text": a}
    a = np.asarray(a)
    kind = {"f": "fp32", "i": "int32", "u": "int32", "b": "bool"}[a.dtype.kind]
    return {"type": kind, "shape": list(a.shape), "data": [short(x) for x in a.astype(np.float64).ravel()]}


def case(op, want, note="", opset=8, params=None, **inputs):
    want = want if isinstance(want, (list, tuple)) else [want]
    cases.append({"op": op, "opset": opset, "note": note,
                  "inputs": {k: enc(v) for k, v in inputs.items()},
                  "params": {k: enc(v) for k, v in (params or {}).items()},
                  "want": [enc(np.asarray(w)) for w in want]})


T = torch.from_numpy
F = torch.nn.functional

# ---- transposed convolution
for nd, fn in ((1, F.conv_transpose1d), (2, F.conv_transpose2d), (3, F.conv_transpose3d)):
    for groups, stride, dil, pad, out_pad in ((1, 1, 1, 0, 0), (2, 2, 1, 1, 0), (1, 3, 2, 1, 1)):
        x, w, b = num(2, 4, *(3,) * nd), num(4, 2, *(3,) * nd), num(2 * groups)
        y = fn(T(x), T(w), T(b), stride=stride, padding=pad, output_padding=out_pad, groups=groups, dilation=dil).numpy()
        p = {"strides": np.array([stride] * nd), "dilations": np.array([dil] * nd), "groups": np.int32(groups),
             "pad_type": "custom", "pad": np.array([pad] * (2 * nd))}
        if out_pad:
            p["output_shape"] = np.array(y.shape)
        if pad == 0:
            p.pop("pad")
            p["pad_type"] = "valid"
        case("conv_transpose", y, f"{nd}d, {groups} groups, stride {stride}", x=x, weight=w, bias=b, params=p)
x, w = num(1, 1, 3), num(1, 1, 3)
full = F.conv_transpose1d(T(x), T(w), stride=2).numpy()  # 7 elements, same wants 6
case("conv_transpose", full[:, :, :6], "same", x=x, weight=w, params={"strides": np.array([2]), "pad_type": "same"})


# ---- recurrent layers; the gates lie in another order than in PyTorch
def order(a, perm):
    parts = np.split(a, len(perm))
    return np.concatenate([parts[k] for k in perm])


S, B, I, H = 4, 2, 3, 5
for bi in (False, True):
    for seq in (False, True):
        m = torch.nn.LSTM(I, H, bidirectional=bi)
        sides = []
        with torch.no_grad():
            for p in m.parameters():
                p.copy_(T(num(*p.shape, lo=-8, hi=8)))
        sd = {k: v.numpy() for k, v in m.state_dict().items()}
        d = 2 if bi else 1
        x, h0, c0 = num(S, B, I), num(d, B, H), num(d, B, H)
        with torch.no_grad():
            y, (hn, cn) = m(T(x), (T(h0), T(c0)))
        flat = lambda a: np.concatenate(list(a), axis=1)
        y = y.numpy()
        if not seq:
            y = flat(hn.numpy())[None]
        prm = {"output_sequence": np.bool_(seq), "direction": "bidirectional" if bi else "forward"}
        for suffix, name in (("", ""), ("_reverse", "_back"))[:d]:
            prm["weight_ih" + name] = order(sd["weight_ih_l0" + suffix], (0, 1, 3, 2))
            prm["weight_hh" + name] = order(sd["weight_hh_l0" + suffix], (0, 1, 3, 2))
            prm["bias" + name] = order(sd["bias_ih_l0" + suffix] + sd["bias_hh_l0" + suffix], (0, 1, 3, 2))
        case("lstm", [y, flat(hn.numpy()), flat(cn.numpy())], f"{d} directions", x=x, initial_h=flat(h0), initial_c=flat(c0), params=prm)

sig = lambda v: 1 / (1 + np.exp(-v))


def lstm(x, h, c, wx, wh, b, p, clip, act):
    out = []
    for t in range(len(x)):
        i, f, o, g = np.split(x[t] @ wx.T + h @ wh.T + b, 4, axis=1)
        pi, pf, po = np.split(p, 3)
        c = np.clip(sig(f + pf * c) * c + sig(i + pi * c) * np.tanh(g), -clip, clip)
        h = sig(o + po * c) * act(c)
        out.append(h)
    return np.stack(out), h, c


x, h, c = num(S, B, I), num(B, H), num(B, H)
wx, wh, b, p = num(4 * H, I), num(4 * H, H, lo=-8, hi=8), num(4 * H), num(3 * H)
y = lstm(*(a.astype(np.float64) for a in (x[::-1], h, c, wx, wh, b, p)), 0.75, lambda v: np.maximum(v, 0))
case("lstm", [a.astype(np.float32) for a in y], "reverse, peepholes, clipped", x=x, initial_h=h, initial_c=c,
     params={"weight_ih": wx, "weight_hh": wh, "bias": b, "peephole": p, "clip": np.float32(0.75), "direction": "reverse",
             "output_sequence": np.bool_(True), "activation": "relu"})


def gru(x, h, wx, wh, b, bi, after):
    out = []
    for t in range(len(x)):
        xr, xo, xz = np.split(x[t] @ wx.T + bi, 3, axis=1)
        hr, ho, hz = np.split(h @ wh.T + b, 3, axis=1)
        r, z = sig(xr + hr), sig(xz + hz)
        if after:
            o = np.tanh(xo + r * ho)
        else:
            n = h.shape[1]
            o = np.tanh(xo + (r * h) @ wh[n:2 * n].T + b[n:2 * n])
        h = (1 - z) * o + z * h
        out.append(h)
    return np.stack(out), h


x, h, wx, wh, b, bi = num(S, B, I), num(B, H), num(3 * H, I), num(3 * H, H, lo=-8, hi=8), num(3 * H), num(3 * H)
D = [a.astype(np.float64) for a in (x, h, wx, wh, b, bi)]
for after in (False, True):
    y = gru(*D, after)
    case("gru", [y[0].astype(np.float32), y[1].astype(np.float32)], f"reset after {after}", x=x, initial_h=h,
         params={"weight_ih": wx, "weight_hh": wh, "bias": b, "input_bias": bi, "reset_after": np.bool_(after), "output_sequence": np.bool_(True)})
D[0] = D[0][::-1]
D[5] = 0 * D[5]
y = gru(*D, False)
case("gru", [y[1][None].astype(np.float32), y[1].astype(np.float32)], "reverse", opset=5, x=x, initial_h=h,
     params={"weight_ih": wx, "weight_hh": wh, "bias": b, "direction": "reverse"})

m = torch.nn.RNN(I, H)
with torch.no_grad():
    for q in m.parameters():
        q.copy_(T(num(*q.shape, lo=-8, hi=8)))
    y, hn = m(T(x), T(h[None]))
sd = {k: v.numpy() for k, v in m.state_dict().items()}
case("rnn", [y.numpy(), hn.numpy()[0]], x=x, initial_h=h, params={
    "weight_ih": sd["weight_ih_l0"], "weight_hh": sd["weight_hh_l0"], "bias": sd["bias_ih_l0"] + sd["bias_hh_l0"], "output_sequence": np.bool_(True)})

# ---- sampling
x, at = num(2, 3, 4, 5), num(2, 3, 2, 2, lo=-28, hi=28)
for mode in ("bilinear", "nearest"):
    for pad, name, align in (("zeros", "constant", True), ("zeros", "constant", False), ("border", "border", True), ("border", "border", False),
                             ("reflection", "reflection", True), ("reflection", "symmetric", False)):
        y = F.grid_sample(T(x), T(at), mode=mode, padding_mode=pad, align_corners=align).numpy()
        case("resample", y, f"{mode}, {name}, {align}", x=x, coordinates=at, params={
            "sampling_mode": mode, "padding_mode": name, "padding_value": np.float32(0), "align_corners": np.bool_(align),
            "coordinates_mode": "normalized_minus_one_to_one"})
at01, size = num(2, 3, 2, 2, lo=0, hi=16), np.array([4, 3], np.float32)
y = F.grid_sample(T(x), T(at01 * 2 - 1), align_corners=True).numpy()
case("resample", y, "from zero to one", x=x, coordinates=at01, params={
    "sampling_mode": "bilinear", "padding_mode": "constant", "padding_value": np.float32(0), "align_corners": np.bool_(True),
    "coordinates_mode": "normalized_zero_to_one"})
whole = rng.integers(-1, 5, size=(2, 3, 2, 2)).astype(np.int32)
y = np.full((2, 3, 3, 2), 9, np.float32)
for b in range(2):
    for i in range(3):
        for j in range(2):
            u, v = whole[b, i, j]
            if 0 <= u < 5 and 0 <= v < 4:
                y[b, :, i, j] = x[b, :, v, u]
case("resample", y, "pixels by number", x=x, coordinates=whole, params={
    "sampling_mode": "bilinear", "padding_mode": "constant", "padding_value": np.float32(9), "align_corners": np.bool_(True),
    "coordinates_mode": "unnormalized"})
m = np.array([[0.5, 0.25, 0.125, -0.25, 0.75, 0]], np.float32)
grid = F.affine_grid(T(m.reshape(1, 2, 3).repeat(2, 0)), (2, 3, 3, 4), align_corners=True)
y = F.grid_sample(T(x), grid, align_corners=True).numpy()
case("affine", y, x=x, transform_matrix=m, params={
    "output_height": np.int32(3), "output_width": np.int32(4), "sampling_mode": "bilinear", "padding_mode": "constant", "padding_value": np.float32(0),
    "coordinates_mode": "normalized_minus_one_to_one", "align_corners": np.bool_(True)})

img = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
case("crop_resize", np.array([[6, 7], [10, 11]], np.float32).reshape(1, 1, 2, 2), "corners", x=img, boxes=np.array([[1, 1, 2, 2]], np.float32),
     params={"target_height": np.int32(2), "target_width": np.int32(2), "sampling_mode": "ALIGN_CORNERS"})
case("crop_resize", np.array([[11, 10], [7, 6]], np.float32).reshape(1, 1, 1, 2, 2), "turned round", opset=5, x=img,
     roi=np.array([2, 2, 1, 1], np.float32).reshape(1, 1, 4, 1, 1),
     params={"target_height": np.int32(2), "target_width": np.int32(2), "sampling_mode": "ALIGN_CORNERS"})
case("crop_resize", np.array([[1, 2], [5, 6]], np.float32).reshape(1, 1, 1, 2, 2), "centre and size, of image 0", opset=6, x=img,
     roi=np.array([0, 0.5, 0.5, 1, 1], np.float32).reshape(1, 1, 5, 1, 1),
     params={"target_height": np.int32(2), "target_width": np.int32(2), "sampling_mode": "STRICT_ALIGN_CORNERS", "box_coordinate_mode": "CENTER_SIZE_WIDTH_FIRST"})

# ---- suppression: box 1 overlaps box 0 by more than half, box 2 lies apart, box 3 scores too low
boxes = np.array([[2, 2, 4, 4], [2.5, 2, 4, 4], [10, 10, 2, 2], [20, 20, 2, 2]], np.float32)[None]
scores = np.array([[0.5, 0.25], [0.125, 0.75], [0.25, 0.375], [0.0625, 0.03125]], np.float32)[None]
prm = {"iou_threshold": np.float32(0.5), "max_boxes": np.int32(3)}
pad = lambda a: np.concatenate([a, np.zeros((1, 1) + a.shape[2:], a.dtype)], axis=1)
pick = [1, 2]
case("non_maximum_suppression", [pad(boxes[:, pick]), pad(scores[:, pick]), np.array([[1, 2, -1]], np.int32), np.array([2], np.int32)],
     "one of two that overlap", opset=5, boxes=boxes, scores=scores, params=dict(prm, score_threshold=np.float32(0.125)))
pick = [1, 0, 2]
case("non_maximum_suppression", [boxes[:, pick].transpose(0, 2, 1), scores[:, pick].transpose(0, 2, 1), np.array([pick], np.int32)],
     "two of different classes", boxes=boxes.transpose(0, 2, 1), scores=scores.transpose(0, 2, 1), params=dict(prm, per_class_suppression=np.bool_(True)))

# ---- convolution
for nd, fn in ((1, F.conv1d), (2, F.conv2d), (3, F.conv3d)):
    for groups, stride, dil, pad in ((1, 1, 1, 0), (2, 2, 1, 1), (4, 1, 2, 2), (1, 3, 2, 1)):
        x, w, b = num(2, 4, *(6, 5, 4)[:nd]), num(4, 4 // groups, *(3, 2, 1)[:nd]), num(4)
        y = fn(T(x), T(w), T(b), stride=stride, padding=pad, groups=groups, dilation=dil).numpy()
        case("conv", y, f"{nd}d, {groups} groups, stride {stride}, dilation {dil}, padding {pad}", x=x, params={
            "weight": w, "bias": b, "strides": np.array([stride] * nd), "dilations": np.array([dil] * nd), "groups": np.int32(groups),
            "pad_type": "custom", "pad": np.array([pad] * (2 * nd))})
for nd, fn in ((1, F.conv1d), (2, F.conv2d), (3, F.conv3d)):
    x, w, b = num(2, 5, *(3, 4, 2)[:nd]), num(7, 5, *(1,) * nd), num(7)
    case("conv", fn(T(x), T(w), T(b)).numpy(), f"{nd}d, pointwise", x=x, params={"weight": w, "bias": b})
x, w = num(1, 2, 7, 6), num(3, 2, 3, 4)
case("conv", F.conv2d(F.pad(T(x), (1, 2, 1, 1)), T(w)).numpy(), "same, the odd zero at the end", x=x, params={"weight": w, "pad_type": "same"})
case("conv", F.conv2d(F.pad(T(x), (2, 1, 1, 1)), T(w)).numpy(), "same_lower, the odd zero at the beginning", x=x, params={"weight": w, "pad_type": "same_lower"})
case("conv", F.conv2d(T(x), T(w)).numpy(), "a weight that is computed", x=x, weight=w)

# ---- linear
for shape, out in (((5,), 3), ((4, 5), 7), ((2, 1, 3, 16), 33), ((1, 64), 1)):
    x, w, b = num(*shape), num(out, shape[-1]), num(out)
    y = F.linear(T(x), T(w), T(b)).numpy()
    case("linear", y, f"{shape} to {out} columns", x=x, params={"weight": w, "bias": b})
    case("linear", F.linear(T(x), T(w)).numpy(), f"{shape} to {out} columns without a bias, of a weight that is computed", x=x, weight=w)

# ---- attention; in PyTorch too a boolean mask says what is seen
attend = F.scaled_dot_product_attention
for qs, ks, e, note in (((3, 4), (5, 4), 2, "one head"), ((2, 3, 8), (2, 9, 8), 8, "batches"), ((2, 3, 4, 8), (2, 3, 7, 8), 5, "batches and heads"),
                        ((2, 2, 3, 2, 4), (2, 2, 3, 6, 4), 4, "two outer dimensions"), ((1, 2, 20, 8), (1, 2, 30, 8), 8, "more queries than fit one tile")):
    q, k, v = num(*qs), num(*ks), num(*ks[:-1], e)
    mask, seen = num(qs[-2], ks[-2]), rng.integers(0, 3, size=(*qs[:-1], ks[-2])) > 0
    seen[..., 0] = True  # no query without a key
    with torch.no_grad():
        case("scaled_dot_product_attention", attend(T(q), T(k), T(v)).numpy(), note, query=q, key=k, value=v)
        case("scaled_dot_product_attention", attend(T(q), T(k), T(v), attn_mask=T(mask)).numpy(), note + ", one mask of numbers",
             query=q, key=k, value=v, attn_mask=mask)
        case("scaled_dot_product_attention", attend(T(q), T(k), T(v), attn_mask=T(seen)).numpy(), note + ", a mask for each",
             query=q, key=k, value=v, attn_mask=seen)

json.dump(cases, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
