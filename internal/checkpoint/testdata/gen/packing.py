"""What packed.py and floats.py write folders with."""
import json
import os
import shutil

import numpy as np
import torch

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'packed')
KINDS = {np.dtype(k): v for k, v in {'float16': 'F16', 'float32': 'F32', 'int32': 'I32', 'int64': 'I64', 'uint32': 'U32', 'int8': 'I8', 'uint8': 'U8'}.items()}


FLOATS = {torch.bfloat16: ('BF16', torch.int16), torch.float8_e4m3fn: ('F8_E4M3', torch.int8), torch.float8_e8m0fnu: ('F8_E8M0', torch.int8)}


def raw_of(t):
    """The safetensors name of a tensor's type, its shape and its bytes; numpy knows neither bfloat16 nor float8."""
    if isinstance(t, torch.Tensor) and t.dtype in FLOATS:
        kind, words = FLOATS[t.dtype]
        return kind, list(t.shape), t.contiguous().view(words).numpy().tobytes()
    a = np.ascontiguousarray(t.numpy() if isinstance(t, torch.Tensor) else t)
    return KINDS[a.dtype], list(np.shape(t)), a.tobytes()


def save(path, tensors):
    head, at, blobs = {}, 0, []
    for name, t in tensors.items():
        kind, shape, b = raw_of(t)
        head[name] = dict(dtype=kind, shape=shape, data_offsets=[at, at + len(b)])
        at += len(b)
        blobs.append(b)
    h = json.dumps(head, separators=(',', ':')).encode()
    h += b' ' * (-len(h) % 8)
    with open(path, 'wb') as f:
        f.write(len(h).to_bytes(8, 'little') + h + b''.join(blobs))


def folder(name, config, tensors, dense):
    d = os.path.join(OUT, name)
    shutil.rmtree(d, ignore_errors=True)
    os.makedirs(d)
    json.dump(dict(model_type='llama', **config), open(os.path.join(d, 'config.json'), 'w'), indent=1)
    tensors['other.weight'] = dense['other.weight'] = np.arange(4, dtype=np.float32)
    save(os.path.join(d, 'model.safetensors'), tensors)
    save(os.path.join(d, 'dense.safetensors'), {k: v.astype(np.float32) for k, v in dense.items()})
