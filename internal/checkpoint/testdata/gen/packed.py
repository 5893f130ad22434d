"""Writes ../packed: folders in the formats of quantised checkpoints with a module or two each, and in dense.safetensors the
weights that they stand for. Codes and scales are random; MLX and compressed-tensors are packed, and their weights computed, by
the libraries themselves (mlx 0.32, compressed-tensors 0.20), GPTQ and AWQ by their definition: AutoGPTQ's and AutoAWQ's pack().
Needs numpy, mlx, torch and compressed-tensors. Usage: python packed.py"""
import mlx.core as mx
import numpy as np
import torch
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32
from compressed_tensors.quantization import QuantizationArgs
from compressed_tensors.quantization.lifecycle.forward import dequantize
from packing import folder

rng = np.random.default_rng(17)


# ---- MLX
def mlx(bits, group, rows=6, columns=128, kind=mx.float16):
    w = mx.array((rng.standard_normal((rows, columns)) * 0.05).astype(np.float32)).astype(kind)
    q, s, b = mx.quantize(w, group_size=group, bits=bits)
    # in float32, as a reader without a loss computes it; mlx itself rounds to the type of the scales
    d = np.array(mx.dequantize(q, s.astype(mx.float32), b.astype(mx.float32), group_size=group, bits=bits))
    half = lambda x: np.array(x) if kind == mx.float16 else torch.tensor(np.array(x.astype(mx.float32))).to(torch.bfloat16)
    return {'weight': np.array(q), 'scales': half(s), 'biases': half(b)}, d


settings, tensors, dense = {'group_size': 64, 'bits': 4}, {}, {}
for i, (bits, group, kind) in enumerate([(4, 64, mx.float16), (2, 32, mx.float16), (3, 64, mx.float16), (5, 64, mx.float16), (6, 32, mx.float16), (8, 128, mx.bfloat16)]):
    parts, dense[f'm.{i}.weight'] = mlx(bits, group, kind=kind)
    tensors.update({f'm.{i}.{k}': v for k, v in parts.items()})
    if i:
        settings[f'm.{i}'] = {'group_size': group, 'bits': bits}
settings['m.9'] = False
folder('mlx', dict(quantization=settings, quantization_config=settings), tensors, dense)


# ---- GPTQ and AWQ
def stream(codes, bits):
    """Numbers [n, m] packed along the first axis as one stream of bits, lowest first: what AutoGPTQ's pack writes, whose words of
    three bits cross each other so."""
    n, m = codes.shape
    b = (codes[:, None, :] >> np.arange(bits)[None, :, None] & 1).reshape(n * bits, m)
    b = np.concatenate([b, np.zeros((-len(b) % 32, m), dtype=b.dtype)]).reshape(-1, 32, m).astype(np.uint64)
    return (b << np.arange(32, dtype=np.uint64)[None, :, None]).sum(1).astype(np.uint32).view(np.int32)


def gptq(bits, rows=32, columns=96, group=32, shuffled=False, version=1, symmetric=False, bare=False):
    groups = columns // group
    q = rng.integers(0, 1 << bits, (columns, rows))
    z = np.full((groups, rows), 1 << (bits - 1)) if symmetric else rng.integers(1, (1 << bits) + (version == 1), (groups, rows))
    s = (rng.standard_normal((groups, rows)) * 0.01).astype(np.float16)
    g = np.arange(columns) // group
    if shuffled:
        g = rng.permutation(g)
    t = {'qweight': stream(q, bits), 'qzeros': np.ascontiguousarray(stream(z.T - (version == 1), bits).T), 'scales': s, 'g_idx': g.astype(np.int32)}
    if bare:
        del t['g_idx']
    return t, ((q - z[g]) * s[g].astype(np.float32)).T


for name, version in (('gptq', 1), ('gptq-v2', 2)):
    tensors, dense = {}, {}
    for i, kw in enumerate([dict(bits=4), dict(bits=2), dict(bits=3), dict(bits=8), dict(bits=4, shuffled=True), dict(bits=4, symmetric=True), dict(bits=4, bare=True), dict(bits=4, rows=64, group=96)]):
        parts, dense[f'm.{i}.weight'] = gptq(version=version, **kw)
        tensors.update({f'm.{i}.{k}': v for k, v in parts.items()})
    tensors['m.0.bias'] = dense['m.0.bias'] = np.ones(32, dtype=np.float32)
    folder(name, dict(quantization_config=dict(quant_method='gptq', bits=4, group_size=32, checkpoint_format='gptq' if version == 1 else 'gptq_v2')), tensors, dense)


def awq(rows=48, columns=64, group=32):
    groups, order = columns // group, [0, 2, 4, 6, 1, 3, 5, 7]
    q, z = rng.integers(0, 16, (columns, rows)), rng.integers(0, 16, (groups, rows))
    s = (rng.standard_normal((groups, rows)) * 0.01).astype(np.float16)
    pack = lambda x: (x.reshape(len(x), -1, 8)[:, :, order].astype(np.uint64) << (4 * np.arange(8, dtype=np.uint64))).sum(-1).astype(np.uint32).view(np.int32)
    return {'qweight': pack(q), 'qzeros': pack(z), 'scales': s}, ((q - z.repeat(group, 0)) * s.repeat(group, 0).astype(np.float32)).T


tensors, dense = {}, {}
for i in range(2):
    parts, dense[f'm.{i}.weight'] = awq(group=(32, 64)[i])
    tensors.update({f'm.{i}.{k}': v for k, v in parts.items()})
folder('awq', dict(quantization_config=dict(quant_method='awq', bits=4, group_size=32, zero_point=True, version='gemm')), tensors, dense)


# ---- compressed-tensors
def ints(bits, groups, symmetric, kind=torch.bfloat16, rows=10, columns=96, order=None):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1))
    q = torch.tensor(rng.integers(low, high, (rows, columns)), dtype=torch.int8)
    s = (torch.tensor(rng.standard_normal((rows, groups))).abs() * 0.01 + 1e-4).to(kind)
    z = None if symmetric else torch.tensor(rng.integers(low, high, (rows, groups)), dtype=torch.int8)
    args = QuantizationArgs(num_bits=bits, symmetric=symmetric, strategy='channel' if groups == 1 else 'group', group_size=None if groups == 1 else columns // groups)
    if order is not None:  # by definition: the group of each column
        return q, s, z, ((q - z.int()[:, order]) * s.float()[:, order]).numpy()
    d = dequantize(q, s.float(), None if z is None else z.float(), args=args, dtype=torch.float32)
    return q, s, z, d.numpy()


tensors, dense = {}, {}
for i, (bits, groups, symmetric, shuffled) in enumerate([(4, 3, True, False), (4, 3, False, False), (4, 1, True, False), (8, 3, False, False), (8, 1, True, False), (4, 3, False, True)]):
    order = torch.tensor(rng.permutation(np.arange(96) // 32)) if shuffled else None
    q, s, z, dense[f'm.{i}.weight'] = ints(bits, groups, symmetric, order=order)
    tensors |= {f'm.{i}.weight_packed': pack_to_int32(q, bits), f'm.{i}.weight_scale': s, f'm.{i}.weight_shape': torch.tensor(q.shape)}
    if z is not None:
        tensors[f'm.{i}.weight_zero_point'] = pack_to_int32(z, bits, packed_dim=0).contiguous()
    if order is not None:
        tensors[f'm.{i}.weight_g_idx'] = order.to(torch.int32)
groups = {f'group_{b}': dict(targets=['Linear'], weights=dict(num_bits=b, type='int', symmetric=True, strategy='group', group_size=32)) for b in (4, 8)}
folder('compressed-packed', dict(quantization_config=dict(quant_method='compressed-tensors', format='pack-quantized', config_groups=groups, ignore=['lm_head'])), tensors, dense)

tensors, dense = {}, {}
for i, (groups_, symmetric) in enumerate([(1, True), (3, False)]):
    q, s, z, dense[f'm.{i}.weight'] = ints(8, groups_, symmetric, kind=torch.float32)
    tensors |= {f'm.{i}.weight': q, f'm.{i}.weight_scale': s, f'm.{i}.input_scale': torch.ones(1)}
    if z is not None:
        tensors[f'm.{i}.weight_zero_point'] = z
w = torch.tensor(rng.standard_normal((10, 96)) * 20).to(torch.float8_e4m3fn)
w.view(torch.uint8).flatten()[:254] = torch.tensor([i for i in range(256) if i & 127 != 127], dtype=torch.uint8)
for i, s in ((2, torch.tensor([0.25])), (3, (torch.tensor(rng.standard_normal((10, 1))) * 0.01).to(torch.bfloat16))):
    tensors |= {f'm.{i}.weight': w, f'm.{i}.weight_scale': s}
    dense[f'm.{i}.weight'] = (w.float() * s.float()).numpy()
folder('compressed-bytes', dict(quantization_config=dict(quant_method='compressed-tensors', format='int-quantized', config_groups=dict(group_0=dict(targets=['Linear'], weights=dict(num_bits=8, type='int', symmetric=True, strategy='channel'))))), tensors, dense)
