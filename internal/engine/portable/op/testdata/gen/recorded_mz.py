"""Writes recorded_mz.json: results of operators whose names begin with m to z, on
shapes that are odd on purpose, computed by PyTorch where it has the operator and by
the formula that coremltools documents where it has not. Numbers of operands are
multiples of 1/16.

    python3 recorded_mz.py > ../recorded_mz.json
"""
import json
import sys

import numpy as np
import torch

rng = np.random.default_rng(11)
T = torch.from_numpy
F = torch.nn.functional
cases = []


def num(*shape, lo=-40, hi=41):
    return (rng.integers(lo, hi, size=shape) / 16).astype(np.float32)


def enc(a):
    if isinstance(a, str):
        return {"text": a}
    a = np.asarray(a)
    kind = {"f": "fp32", "i": "int32", "b": "bool"}[a.dtype.kind]
    numbers = [float(f"{x:.9g}") for x in a.astype(np.float64).ravel()]
    return {"type": kind, "shape": list(a.shape), "data": numbers}


def case(name, op, want, **operands):
    want = want if isinstance(want, (list, tuple)) else [want]
    cases.append({"name": name, "op": op, "in": {k: enc(v) for k, v in operands.items()},
                  "want": [enc(w.numpy() if isinstance(w, torch.Tensor) else w) for w in want]})


def ints(*v):
    return np.array(v, dtype=np.int32)


# ---- pools, for one, two and three spatial dimensions
for nd, mx, av in ((1, F.max_pool1d, F.avg_pool1d), (2, F.max_pool2d, F.avg_pool2d), (3, F.max_pool3d, F.avg_pool3d)):
    for kernel, stride, pad, ceil in ((2, 2, 0, False), (3, 2, 1, False), (3, 2, 1, True)):
        if nd == 3 and (ceil or pad == 0):
            continue  # coremltools has no ceil_mode of three dimensions
        x = num(1, 2, *(5, 4, 3)[:nd])
        how = f"{nd} dimensions, windows of {kernel}, {stride} apart, {pad} padded" + (", rounded up" if ceil else "")
        p = {"kernel_sizes": ints(*[kernel] * nd), "strides": ints(*[stride] * nd), "pad_type": "custom",
             "pad": ints(*[pad] * (2 * nd)), "ceil_mode": np.bool_(ceil)}
        case(f"max_pool of {how}", "max_pool", mx(T(x), kernel, stride, pad, ceil_mode=ceil), x=x, **p)
        for count in (True, False):
            y = av(T(x), kernel, stride, pad, ceil, count)
            case(f"avg_pool of {how}" + (", padding counted" if count else ", padding left out"), "avg_pool", y, x=x,
                 exclude_padding_from_average=np.bool_(not count), **p)
x = num(1, 2, 5, 4)
case("l2_pool is the root of the sum of squares", "l2_pool", F.lp_pool2d(T(x), 2, (2, 3), (1, 2)), x=x,
     kernel_sizes=ints(2, 3), strides=ints(1, 2), pad_type="valid")

# ---- norms
x = num(2, 3, 4)
for axes in ((2,), (1,), (1, 2), (0,), (0, 2)):
    perm = [d for d in range(3) if d not in axes] + list(axes)
    shape = [x.shape[d] for d in axes]
    g, b = num(*shape), num(*shape)
    y = F.layer_norm(T(x).permute(perm).double(), shape, T(g).double(), T(b).double(), 0.125).permute(list(np.argsort(perm)))
    case(f"layer_norm over axes {axes}", "layer_norm", y.float().contiguous(), x=x, axes=ints(*axes), gamma=g, beta=b, epsilon=np.float32(0.125))
m, v, g, b = num(3), num(3, lo=1), num(3), num(3)
case("batch_norm", "batch_norm", F.batch_norm(T(x), T(m), T(v), T(g), T(b), eps=0.125), x=x, mean=m, variance=v, gamma=g, beta=b, epsilon=np.float32(0.125))
case("instance_norm", "instance_norm", F.instance_norm(T(x), weight=T(g), bias=T(b), eps=0.125), x=x, gamma=g, beta=b, epsilon=np.float32(0.125))
x = num(2, 6, 3)
for size in (2, 3, 5):
    case(f"local_response_norm over {size} channels", "local_response_norm", F.local_response_norm(T(x), size, 0.5, 0.75, 2.0),
         x=x, size=np.int32(size), alpha=np.float32(0.5), beta=np.float32(0.75), k=np.float32(2))

# ---- reductions
x = num(2, 3, 5)
for axes in ((0,), (1,), (2,), (0, 2), (0, 1, 2)):
    for keep in (False, True):
        for name, f in (("reduce_mean", torch.mean), ("reduce_sum", torch.sum), ("reduce_max", torch.amax), ("reduce_min", torch.amin),
                        ("reduce_log_sum_exp", torch.logsumexp)):
            case(f"{name} over {axes}" + (", kept" if keep else ""), name, f(T(x).double(), dim=axes, keepdim=keep).float(), x=x,
                 axes=ints(*axes), keep_dims=np.bool_(keep))

# ---- resizing: half pixels are UNALIGN_CORNERS, aligned corners STRICT_ALIGN_CORNERS
x = num(1, 2, 3, 4)
for to in ((5, 7), (2, 3), (1, 4), (3, 1)):
    for mode, align in (("STRICT_ALIGN_CORNERS", True), ("UNALIGN_CORNERS", False)):
        y = F.interpolate(T(x).double(), to, mode="bilinear", align_corners=align).float()
        case(f"resize_bilinear to {to}, {mode}", "resize_bilinear", y, x=x, target_size_height=np.int32(to[0]),
             target_size_width=np.int32(to[1]), sampling_mode=mode)
    y = F.interpolate(T(x), to, mode="nearest")
    case(f"resize_nearest_neighbor to {to}", "resize_nearest_neighbor", y, x=x, target_size_height=np.int32(to[0]), target_size_width=np.int32(to[1]))

# ---- sampling
x, at = num(2, 2, 4, 5), num(2, 3, 2, 2, lo=-28, hi=29)
pads = {"constant": "zeros", "border": "border", "reflection": "reflection", "symmetric": "reflection"}
for mode in ("bilinear", "nearest"):
    for pad in ("constant", "border", "reflection", "symmetric"):
        align = pad == "reflection"  # PyTorch mirrors at pixel centres when corners are aligned, else at edges
        y = F.grid_sample(T(x), T(at), mode, pads[pad], align_corners=align)
        case(f"resample, {mode}, {pad}", "resample", y, x=x, coordinates=at, sampling_mode=mode, padding_mode=pad,
             padding_value=np.float32(0), coordinates_mode="normalized_minus_one_to_one", align_corners=np.bool_(align))
m = num(2, 6, lo=-16, hi=17)
for align in (True, False):
    y = F.grid_sample(T(x), F.affine_grid(T(m).reshape(2, 2, 3), [2, 2, 3, 3], align_corners=align), align_corners=align)
    case("affine, " + ("aligned corners" if align else "corners not aligned"), "affine", y, x=x, transform_matrix=m,
         sampling_mode="bilinear", padding_mode="constant", padding_value=np.float32(0),
         coordinates_mode="normalized_minus_one_to_one", align_corners=np.bool_(align), output_height=np.int32(3), output_width=np.int32(3))


# ---- recurrent layers; the gates lie in another order than in PyTorch
def order(a, perm):
    parts = np.split(a, len(perm))
    return np.concatenate([parts[k] for k in perm])


def fill(layer):
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(T(num(*p.shape, lo=-8, hi=9)))
    return {k: v.numpy() for k, v in layer.state_dict().items()}


S, B, I, H = 3, 2, 2, 3
for way in ("forward", "reverse", "bidirectional"):
    d = 2 if way == "bidirectional" else 1
    m = torch.nn.LSTM(I, H, bidirectional=d == 2)
    sd = fill(m)
    x, h0, c0 = num(S, B, I), num(d, B, H), num(d, B, H)
    with torch.no_grad():
        y, (hn, cn) = m(T(x[::-1].copy() if way == "reverse" else x), (T(h0), T(c0)))
    flat = lambda a: np.concatenate(list(a), axis=1)
    p = {"direction": way, "output_sequence": np.bool_(True)}
    for suffix, name in (("", ""), ("_reverse", "_back"))[:d]:
        p["weight_ih" + name] = order(sd["weight_ih_l0" + suffix], (0, 1, 3, 2))
        p["weight_hh" + name] = order(sd["weight_hh_l0" + suffix], (0, 1, 3, 2))
        p["bias" + name] = order(sd["bias_ih_l0" + suffix] + sd["bias_hh_l0" + suffix], (0, 1, 3, 2))
    case(f"lstm, {way}", "lstm", [y, flat(hn.numpy()), flat(cn.numpy())], x=x, initial_h=flat(h0), initial_c=flat(c0), **p)
m = torch.nn.GRU(I, H)
sd = fill(m)
x, h0 = num(S, B, I), num(1, B, H)
with torch.no_grad():
    y, hn = m(T(x), T(h0))
case("gru, reset after the product as in PyTorch", "gru", [y, hn[0]], x=x, initial_h=h0[0], reset_after=np.bool_(True), output_sequence=np.bool_(True),
     weight_ih=order(sd["weight_ih_l0"], (0, 2, 1)), weight_hh=order(sd["weight_hh_l0"], (0, 2, 1)),
     input_bias=order(sd["bias_ih_l0"], (0, 2, 1)), bias=order(sd["bias_hh_l0"], (0, 2, 1)))
for act in ("tanh", "relu"):
    m = torch.nn.RNN(I, H, nonlinearity=act)
    sd = fill(m)
    with torch.no_grad():
        y, hn = m(T(x), T(h0))
    case(f"rnn, {act}", "rnn", [y, hn[0]], x=x, initial_h=h0[0], weight_ih=sd["weight_ih_l0"], weight_hh=sd["weight_hh_l0"],
         bias=sd["bias_ih_l0"] + sd["bias_hh_l0"], activation=act, output_sequence=np.bool_(True))

sys.stdout.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
