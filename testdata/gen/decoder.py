"""Small stateful decoders in PyTorch, their conversion to Core ML packages, and the
recording of expected answers.

A decoder takes token ids and an additive causal mask. The width of the mask is the
number of tokens after the step, so the mask says where the step's keys and values go:
into slots [width - tokens, width) of the caches, which are the package's states.
"""
import dataclasses
import json
import logging
import os
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

CACHES = ("keyCache", "valueCache")
REFERENCE = "PyTorch fp32 on the dequantized weights of the package"


@dataclasses.dataclass
class Config:
    """Dimensions and variations of a decoder."""

    vocab: int = 512
    hidden: int = 128
    layers: int = 2
    heads: int = 4
    kv: int = 2
    hd: int = 32
    ffn: int = 256
    eps: float = 1e-5
    theta: float = 10000.0
    ctx: int = 128
    tie: bool = False  # the head shares the embedding's weights
    qkv_bias: bool = False  # q, k and v have biases, as in Qwen 2
    lora: int = 0  # rank of an adapter beside q
    stateless: bool = False  # the cache is an input and an output


class RMSNorm(nn.Module):
    def __init__(self, n, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x):
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), -1)


class Layer(nn.Module):
    """Grouped-query attention and a gated feed-forward part, each behind a norm.

    Names are short because they become the names of the package's constants.
    """

    def __init__(self, c, index):
        super().__init__()
        self.c, self.index = c, index
        self.n1, self.n2 = RMSNorm(c.hidden, c.eps), RMSNorm(c.hidden, c.eps)
        self.q = nn.Linear(c.hidden, c.heads * c.hd, bias=c.qkv_bias)
        self.k = nn.Linear(c.hidden, c.kv * c.hd, bias=c.qkv_bias)
        self.v = nn.Linear(c.hidden, c.kv * c.hd, bias=c.qkv_bias)
        self.o = nn.Linear(c.heads * c.hd, c.hidden, bias=False)
        self.g = nn.Linear(c.hidden, c.ffn, bias=False)
        self.u = nn.Linear(c.hidden, c.ffn, bias=False)
        self.d = nn.Linear(c.ffn, c.hidden, bias=False)
        if c.lora:
            self.la = nn.Linear(c.hidden, c.lora, bias=False)
            self.lb = nn.Linear(c.lora, c.heads * c.hd, bias=False)

    def forward(self, x, mask, cos, sin, cache, begin, end):
        c, n = self.c, x.shape[1]
        h = self.n1(x)
        q = self.q(h)
        if c.lora:
            q = q + self.lb(self.la(h)) * 1.0
        q = q.view(1, n, c.heads, c.hd).transpose(1, 2)
        k = self.k(h).view(1, n, c.kv, c.hd).transpose(1, 2)
        v = self.v(h).view(1, n, c.kv, c.hd).transpose(1, 2)
        q, k = q * cos + rotate(q) * sin, k * cos + rotate(k) * sin
        k, v = cache(self.index, k, v, begin, end)
        groups = c.heads // c.kv
        if groups > 1:
            k = k[:, :, None].expand(1, c.kv, groups, k.shape[2], c.hd).reshape(1, c.heads, k.shape[2], c.hd)
            v = v[:, :, None].expand(1, c.kv, groups, v.shape[2], c.hd).reshape(1, c.heads, v.shape[2], c.hd)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.o(a.transpose(1, 2).reshape(1, n, c.heads * c.hd))
        h = self.n2(x)
        return x + self.d(F.silu(self.g(h)) * self.u(h))


class Decoder(nn.Module):
    """A decoder whose caches are buffers, which become states."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.emb = nn.Embedding(c.vocab, c.hidden)
        self.layers = nn.ModuleList([Layer(c, i) for i in range(c.layers)])
        self.norm = RMSNorm(c.hidden, c.eps)
        self.head = nn.Linear(c.hidden, c.vocab, bias=False)
        if c.tie:
            self.head.weight = self.emb.weight
        if not c.stateless:
            for name in CACHES:
                self.register_buffer(name, torch.zeros(self.cache_shape()))
        inverse = 1.0 / (c.theta ** (torch.arange(0, c.hd, 2).float() / c.hd))
        self.register_buffer("inv", inverse)
        angles = torch.outer(torch.arange(c.ctx).float(), inverse)
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def cache_shape(self):
        return (self.c.layers, 1, self.c.kv, self.c.ctx, self.c.hd)

    def body(self, ids, mask, cache):
        end = mask.shape[-1]
        begin = end - ids.shape[1]
        x = self.emb(ids)
        cos, sin = self.cos[begin:end], self.sin[begin:end]
        for layer in self.layers:
            x = layer(x, mask, cos, sin, cache, begin, end)
        return self.head(self.norm(x))

    def update(self, layer, k, v, begin, end):
        self.keyCache[layer, :, :, begin:end, :] = k
        self.valueCache[layer, :, :, begin:end, :] = v
        return self.keyCache[layer, :, :, :end, :], self.valueCache[layer, :, :, :end, :]

    def forward(self, inputIds, causalMask):
        return self.body(inputIds, causalMask, self.update)


class IODecoder(Decoder):
    """The same decoder with its caches as inputs and outputs."""

    def forward(self, inputIds, causalMask, keyCache, valueCache):
        keys, values = keyCache.clone(), valueCache.clone()

        def cache(layer, k, v, begin, end):
            keys[layer, :, :, begin:end, :] = k
            values[layer, :, :, begin:end, :] = v
            return keys[layer, :, :, :end, :], values[layer, :, :, :end, :]

        return self.body(inputIds, causalMask, cache), keys, values


def build(c, seed, kind=Decoder):
    """A decoder with random weights that depend on the seed only."""
    torch.manual_seed(seed)
    m = kind(c)
    for p in m.parameters():
        if p.ndim > 1:
            nn.init.normal_(p, std=0.08)
        elif p.mean() > 0.5:  # a norm's weight
            nn.init.uniform_(p, 0.8, 1.2)
        else:  # a bias
            nn.init.normal_(p, std=0.1)
    return m.eval()


def causal_mask(n, position):
    """Zeros where row i may look, -inf at the later tokens of the same step."""
    mask = torch.zeros(1, 1, n, position + n)
    for i in range(n):
        mask[0, 0, i, position + i + 1 :] = float("-inf")
    return mask


def convert(m, ctx, extra_inputs=(), outputs=("logits",), states=CACHES):
    """Traces the model and converts it to an iOS 18 ML program in fp16."""
    example = [torch.zeros((1, 2), dtype=torch.int32), torch.zeros((1, 1, 2, 5))]
    example += [torch.zeros(shape) for _, shape in extra_inputs]
    with torch.no_grad():
        traced = torch.jit.trace(m, tuple(example), check_trace=False)
    tokens, width = ct.RangeDim(1, ctx, default=1), ct.RangeDim(1, ctx, default=1)
    inputs = [
        ct.TensorType(shape=(1, tokens), dtype=np.int32, name="inputIds"),
        ct.TensorType(shape=(1, 1, tokens, width), dtype=np.float16, name="causalMask"),
    ]
    inputs += [ct.TensorType(shape=shape, dtype=np.float16, name=name) for name, shape in extra_inputs]
    options = {}
    if states:
        shape = tuple(m.keyCache.shape)
        options["states"] = [
            ct.StateType(wrapped_type=ct.TensorType(shape=shape, dtype=np.float16), name=name) for name in states
        ]
    return ct.convert(
        traced,
        inputs=inputs,
        outputs=[ct.TensorType(dtype=np.float16, name=name) for name in outputs],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
        **options,
    )


def linear_blocks(dtype="int4", mode="linear_symmetric", block=32, threshold=0):
    return cto.OpLinearQuantizerConfig(
        mode=mode, dtype=dtype, granularity="per_block", block_size=block, weight_threshold=threshold
    )


def grouped_palettes(bits=4, group=16):
    return cto.OpPalettizerConfig(
        mode="kmeans", nbits=bits, granularity="per_grouped_channel", group_size=group, weight_threshold=0
    )


def compress(package, config, keep=("cos_to_fp16", "sin_to_fp16", "cos", "sin")):
    """Compresses the weights, but for the rotary tables."""
    config_all = cto.OptimizationConfig(global_config=config, op_name_configs={name: None for name in keep})
    if isinstance(config, cto.OpPalettizerConfig):
        return cto.palettize_weights(package, config=config_all)
    return cto.linear_quantize_weights(package, config=config_all)


def stored_weights(path):
    """The package's constants by name, decompressed."""
    package = cto.decompress_weights(ct.models.MLModel(path, skip_model_load=True))
    constants = {}
    for op in package._mil_program.functions["main"].operations:
        if op.op_type == "const" and op.outputs[0].val is not None and np.ndim(op.outputs[0].val) >= 1:
            value = np.asarray(op.outputs[0].val)
            constants[op.name] = constants[op.outputs[0].name] = value
    return constants


def put_back(m, path):
    """Gives the model the weights that the package really holds."""
    constants, state, mapped = stored_weights(path), m.state_dict(), set()
    for name, tensor in state.items():
        base = name.replace(".", "_")
        prefixes = tuple(base + suffix for suffix in ("_to_fp16", "_quantized", "_palettized"))
        found = [c for c in constants if c == base or c.startswith(prefixes)]
        if found:
            value = torch.tensor(np.asarray(constants[found[0]], dtype=np.float32))
            state[name] = value.reshape(tensor.shape)
            mapped.add(name)
    if "head.weight" in state and "head.weight" not in mapped:
        state["head.weight"] = state["emb.weight"]
    m.load_state_dict(state)


def record(m, vocab, plan, tensors, prefix):
    """Runs steps of the planned lengths from an empty cache and records every tensor."""
    for name in CACHES:
        getattr(m, name).zero_()
    position, steps, source = 0, [], torch.Generator().manual_seed(7)
    for index, n in enumerate(plan):
        ids, mask = torch.randint(0, vocab, (1, n), generator=source), causal_mask(n, position)
        with torch.no_grad():
            logits = m(ids, mask)
        key = f"{prefix}.s{index}"
        tensors[key + ".in.inputIds"] = ids.int()
        tensors[key + ".in.causalMask"] = mask.half()
        tensors[key + ".out.logits"] = logits.float().contiguous()
        steps.append(
            dict(
                inputs=dict(inputIds=key + ".in.inputIds", causalMask=key + ".in.causalMask"),
                outputs=dict(logits=key + ".out.logits"),
            )
        )
        position += n
    after = {name: f"{prefix}.state.{name}" for name in CACHES}
    for name in CACHES:
        tensors[after[name]] = getattr(m, name).half().clone()
    return dict(function="main", steps=steps, state_after=after)


def write_cases(directory, note, weights, tensors, runs, package="model.mlpackage"):
    save_file(tensors, os.path.join(directory, "tensors.safetensors"))
    cases = dict(
        note=note,
        package=package,
        weights=weights,
        io_precision="fp16",
        tensors="tensors.safetensors",
        reference=REFERENCE,
        tolerance=dict(max_abs_over_max=0.01, cosine=0.9999),
        runs=runs,
    )
    with open(os.path.join(directory, "cases.json"), "w") as f:
        json.dump(cases, f, indent=1)
