"""Writes folders into ../packed as packed.py does, in formats whose codes are small floats, and in those that came later: MLX's
modes and stacked experts, AWQ's order gemv, fp8 as DeepSeek and Qwen publish it, compressed-tensors' microscaling formats and
blocks of rows. The weights are computed by the libraries themselves: mlx 0.32, AutoAWQ 0.2.9 (its module gemv alone, from the
folder AUTOAWQ), transformers 5.24, compressed-tensors 0.20. Needs numpy and torch. Usage: python floats.py"""
import os
import sys
import types

import mlx.core as mx
import numpy as np
import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.compressors.nvfp4 import helpers
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.lifecycle.forward import dequantize
from packing import folder
from transformers.integrations.finegrained_fp8 import Fp8Dequantize, _dequantize_fp8_weight

rng = np.random.default_rng(18)
torch.manual_seed(18)


def normal(*shape):
    return (rng.standard_normal(shape) * 0.05).astype(np.float32)


# ---- MLX: the modes, and three matrices in one tensor
settings, tensors, dense = {'group_size': 32, 'bits': 4, 'mode': 'mxfp4'}, {}, {}
CASES = [('mxfp4', 4, 32, (6, 64)), ('nvfp4', 4, 16, (6, 64)), ('mxfp8', 8, 32, (6, 64)), ('mxfp4', 4, 32, (3, 5, 64)), ('affine', 4, 64, (3, 5, 64)), ('affine', 3, 32, (3, 5, 64))]
for i, (mode, bits, group, shape) in enumerate(CASES):
    parts = mx.quantize(mx.array(normal(*shape)), group_size=group, bits=bits, mode=mode)
    dense[f'm.{i}.weight'] = np.array(mx.dequantize(*parts, group_size=group, bits=bits, mode=mode).astype(mx.float32))
    tensors |= {f'm.{i}.{k}': np.array(v) for k, v in zip(('weight', 'scales', 'biases'), parts)}
    settings[f'm.{i}'] = {'group_size': group, 'bits': bits, 'mode': mode}
folder('mlx-modes', dict(quantization=settings, quantization_config=settings), tensors, dense)

# ---- AWQ, gemv
for name in ('awq', 'awq.utils'):
    sys.modules[name] = types.ModuleType(name)
sys.modules['awq.utils.module'] = types.SimpleNamespace(try_import=lambda name: (None, ''))
gemv = {}
exec(open(os.path.join(os.environ['AUTOAWQ'], 'awq/modules/linear/gemv.py')).read(), gemv)
tensors, dense = {}, {}
for i, (rows, columns) in enumerate([(8, 128), (16, 640)]):
    q, z = torch.tensor(rng.integers(0, 16, (rows, columns))), torch.tensor(rng.integers(0, 16, (rows, columns // 64)))
    s = (torch.tensor(np.abs(normal(rows, columns // 64))) + 0.01).half()
    w = (q - z.repeat_interleave(64, 1)) * s.float().repeat_interleave(64, 1)
    linear = torch.nn.Linear(columns, rows, bias=False)
    linear.weight.data = w
    m = gemv['WQLinear_GEMV'].from_linear(linear, 4, 64, scales=s.float(), zeros=z.float())
    assert m.scales.shape[1] > columns // 64
    tensors |= {f'm.{i}.{k}': getattr(m, k) for k in ('qweight', 'qzeros', 'scales')}
    dense[f'm.{i}.weight'] = w.numpy()
folder('awq-gemv', dict(quantization_config=dict(quant_method='awq', bits=4, group_size=64, zero_point=True, version='gemv')), tensors, dense)

# ---- fp8: blocks that divide, blocks at whose ends something is left, one scale, experts in one tensor, powers of two, float4
BLOCK = [8, 16]
tensors, dense = {}, {}


def fp8(name, shape, grid, kind=torch.float32, weight=None, ending='.weight'):
    w = (torch.tensor(normal(*shape)) * 2000).to(torch.float8_e4m3fn) if weight is None else weight
    s = torch.tensor(np.abs(normal(*grid)) + 0.001).to(kind)
    if kind == torch.uint8:
        s = torch.tensor(rng.integers(110, 130, grid), dtype=torch.uint8)
    tensors[name + ending], tensors[name + ending + '_scale_inv'] = w, s
    return w, s


def checked(name, ending='.weight', loading=True):
    w, s = tensors[name + ending], tensors[name + ending + '_scale_inv']
    d = Fp8Dequantize(None)._dequantize_one(w, s, output_dtype=torch.float32) if loading else _dequantize_fp8_weight(w, s, BLOCK, torch.float32)
    dense[name + ending] = d.numpy()


fp8('m.0', (16, 64), (2, 4)), checked('m.0')
fp8('m.1', (13, 40), (2, 3)), checked('m.1', loading=False)
fp8('m.2', (6, 10), (1, 1)), checked('m.2')
fp8('m.3', (16, 64), (2, 4), torch.float8_e8m0fnu), checked('m.3')
fp8('m.4', (16, 64), (2, 4), torch.uint8), checked('m.4')
fp8('e.gate_up_proj', (3, 32, 64), (3, 4, 4), ending=''), checked('e.gate_up_proj', ending='')
fp8('e.down_proj', (3, 24, 32), (3, 3, 2), torch.bfloat16, ending=''), checked('e.down_proj', ending='')
fp8('m.5', None, (6, 2), torch.float8_e8m0fnu, weight=torch.tensor(rng.integers(-128, 128, (6, 32)), dtype=torch.int8)), checked('m.5')
tensors['m.6.weight'] = (torch.tensor(normal(4, 6)) * 2000).to(torch.float8_e4m3fn)
tensors['m.6.weight_scale'] = torch.tensor(0.125)
tensors['m.6.input_scale'] = torch.tensor(2.0)
dense['m.6.weight'] = (tensors['m.6.weight'].float() * 0.125).numpy()
tensors['m.7.weight'] = (torch.tensor(normal(4, 6)) * 2000).to(torch.float8_e4m3fn)
tensors['m.7.weight_scale'] = torch.tensor(np.abs(normal(4, 1)))
dense['m.7.weight'] = (tensors['m.7.weight'].float() * tensors['m.7.weight_scale']).numpy()
tensors['m.0.activation_scale'] = torch.tensor(2.0)
folder('fp8', dict(quantization_config=dict(quant_method='fp8', activation_scheme='static', fmt='e4m3', weight_block_size=BLOCK)), tensors, dense)

# ---- compressed-tensors
tensors, dense, groups = {}, {}, {}


def compressed(i, form, shape, scale_shape, **args):
    """A random matrix in a format, by the library; and back in float32, without the rounding to bfloat16 at the end."""
    args = QuantizationArgs(symmetric=True, **args)
    scheme = QuantizationScheme(targets=['Linear'], weights=args)
    state = {'weight': torch.tensor(normal(*shape)), 'weight_scale': torch.tensor(np.abs(normal(*scale_shape)) + 0.01)}
    if 'mx' in form:
        state['weight_scale'] = 2.0 ** torch.tensor(rng.integers(-9, -3, scale_shape)).float()
    if form.startswith('nvfp4'):
        state |= {'weight_scale': (state['weight_scale'] * 100).to(torch.float8_e4m3fn).float(), 'weight_global_scale': torch.tensor([700.0])}
    c = BaseCompressor.get_value_from_registry(form)
    packed = c.compress(state, scheme)
    tensors.update({f'm.{i}.{k}': v for k, v in packed.items()})
    codes = packed.get('weight')
    if 'fp4' in form:
        codes = helpers.unpack_fp4_from_uint8(packed['weight_packed'], *shape, dtype=torch.float32)
    elif 'fp6' in form:
        from compressed_tensors.compressors.mxfp6.helpers import unpack_fp6_from_uint8
        codes = unpack_fp6_from_uint8(packed['weight_packed'], *shape, dtype=torch.float32)
    d = dequantize(codes, state['weight_scale'], args=args, dtype=torch.float32, global_scale=state.get('weight_global_scale'))
    dense[f'm.{i}.weight'] = d.numpy()
    groups[f'group_{i}'] = dict(targets=[f'm.{i}'], format=form, weights=args.model_dump(mode='json'))


compressed(0, 'nvfp4-pack-quantized', (6, 64), (6, 4), num_bits=4, type='float', strategy='tensor_group', group_size=16, scale_dtype=torch.float8_e4m3fn)
compressed(1, 'mxfp4-pack-quantized', (6, 64), (6, 2), num_bits=4, type='float', strategy='group', group_size=32, scale_dtype=torch.uint8)
compressed(2, 'mxfp6-pack-quantized', (6, 64), (6, 2), num_bits=6, type='float', strategy='group', group_size=32, scale_dtype=torch.uint8)
compressed(3, 'mxfp8-quantized', (6, 64), (6, 2), num_bits=8, type='float', strategy='group', group_size=32, scale_dtype=torch.uint8)
compressed(4, 'float-quantized', (16, 64), (2, 4), num_bits=8, type='float', strategy='block', block_structure=[8, 16])
compressed(5, 'float-quantized', (13, 40), (2, 3), num_bits=8, type='float', strategy='block', block_structure=[8, 16])
compressed(6, 'float-quantized', (6, 64), (6, 4), num_bits=8, type='float', strategy='group', group_size=16)
compressed(7, 'int-quantized', (16, 64), (2, 4), num_bits=8, type='int', strategy='block', block_structure=[8, 16])
folder('compressed-floats', dict(quantization_config=dict(quant_method='compressed-tensors', format='mixed-precision', config_groups=groups, ignore=['lm_head'])), tensors, dense)
