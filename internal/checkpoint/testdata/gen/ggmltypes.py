"""Writes ../../gguf/testdata/types.gguf, a tensor of each type with random blocks, and types.safetensors with what gguf's own
dequantize makes of them. Needs gguf (0.19.0), numpy and safetensors. Usage: python ggmltypes.py"""
import os
import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from safetensors.numpy import save_file

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'gguf', 'testdata')
ROWS, COLUMNS = 3, 512
# Where the block's float16 scales lie; everything else may be any bits.
HALVES = {T.Q4_0: (0,), T.Q4_1: (0, 2), T.Q5_0: (0,), T.Q5_1: (0, 2), T.Q8_0: (0,), T.Q2_K: (80, 82), T.Q3_K: (108,), T.Q4_K: (0, 2),
          T.Q5_K: (0, 2), T.Q6_K: (208,), T.IQ4_NL: (0,), T.IQ4_XS: (0,)}
rng = np.random.default_rng(17)


def blocks(kind):
    """Random bytes of a tensor, with scales of a usual size and either sign."""
    block, size = gguf.GGML_QUANT_SIZES[kind]
    n = ROWS * COLUMNS // block
    raw = rng.integers(0, 256, (n, size), dtype=np.uint8)
    for at in HALVES.get(kind, ()):
        raw[:, at:at + 2] = (rng.standard_normal(n) * 0.02).astype(np.float16).view(np.uint8).reshape(n, 2)
    if kind == T.Q8_K:
        raw[:, :4] = (rng.standard_normal(n) * 0.02).astype(np.float32).view(np.uint8).reshape(n, 4)
    if kind == T.MXFP4:
        raw[:, 0] = rng.integers(0, 140, n)  # exponents, down to the smallest
    return raw.reshape(ROWS, -1)


def dense(raw, kind):
    if kind == T.Q8_K:  # gguf lacks it
        b = raw.reshape(-1, 292)
        return (b[:, :4].copy().view(np.float32) * b[:, 4:260].view(np.int8).astype(np.float32)).reshape(ROWS, COLUMNS)
    return gguf.dequantize(raw, kind).astype(np.float32).reshape(ROWS, COLUMNS)


writer = gguf.GGUFWriter(os.path.join(OUT, 'types.gguf'), 'none')
writer.add_array('some.texts', ['a', '', 'ünïcode'])
writer.add_array('some.numbers', [-1, 2, 3])
writer.add_array('some.fractions', [0.5, -2.25])
writer.add_array('some.truths', [True, False])
writer.add_uint64('some.large', 1 << 40)
writer.add_float32('some.fraction', 0.25)
writer.add_bool('some.truth', True)
writer.add_string('some.text', 'hello')
want = {}
for kind in sorted([*HALVES, T.Q8_K, T.MXFP4, T.BF16, T.F16, T.F32]):
    if kind in (T.F16, T.F32, T.BF16):
        raw = gguf.quantize(rng.standard_normal((ROWS, COLUMNS)).astype(np.float32), kind)
    else:
        raw = blocks(kind)
    want[kind.name] = dense(raw, kind)
    writer.add_tensor(kind.name, raw, raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file(want, os.path.join(OUT, 'types.safetensors'))
