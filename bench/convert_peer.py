"""Makes a stateful package with weights of 4 bits out of a checkpoint of the Llama family,
as one does with PyTorch and coremltools: convert_peer.py CHECKPOINT PACKAGE. It is what
`coreml convert --quantize int4` is measured against."""
import json
import pathlib
import sys

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

CONTEXT = 2048


class Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def turned(x):
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), -1)


class Attention(nn.Module):
    """Keys and values are written into the caches, of which it reads those so far."""

    def __init__(self, config, layer):
        super().__init__()
        self.layer = layer
        hidden, self.heads, self.kv_heads = config["hidden_size"], config["num_attention_heads"], config["num_key_value_heads"]
        self.dim = config.get("head_dim") or hidden // self.heads
        self.q_proj = nn.Linear(hidden, self.heads * self.dim, bias=False)
        self.k_proj = nn.Linear(hidden, self.kv_heads * self.dim, bias=False)
        self.v_proj = nn.Linear(hidden, self.kv_heads * self.dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.dim, hidden, bias=False)

    def split(self, x, heads):
        return x.view(1, x.shape[1], heads, self.dim).transpose(1, 2)

    def forward(self, x, mask, cos, sin, keys, values, begin, end):
        q, k, v = self.split(self.q_proj(x), self.heads), self.split(self.k_proj(x), self.kv_heads), self.split(self.v_proj(x), self.kv_heads)
        keys[self.layer, :, :, begin:end, :] = k * cos + turned(k) * sin
        values[self.layer, :, :, begin:end, :] = v
        repeat = self.heads // self.kv_heads
        k, v = (c[self.layer, :, :, :end, :][:, :, None].expand(1, self.kv_heads, repeat, end, self.dim).reshape(1, self.heads, end, self.dim) for c in (keys, values))
        y = nn.functional.scaled_dot_product_attention(q * cos + turned(q) * sin, k, v, attn_mask=mask)
        return self.o_proj(y.transpose(1, 2).reshape(1, x.shape[1], self.heads * self.dim))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(nn.functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        self.input_layernorm = Norm(config["hidden_size"], config["rms_norm_eps"])
        self.self_attn = Attention(config, layer)
        self.post_attention_layernorm = Norm(config["hidden_size"], config["rms_norm_eps"])
        self.mlp = FeedForward(config)

    def forward(self, x, *rest):
        x = x + self.self_attn(self.input_layernorm(x), *rest)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        count = config["num_hidden_layers"]
        self.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.layers = nn.ModuleList([Layer(config, i) for i in range(count)])
        self.norm = Norm(config["hidden_size"], config["rms_norm_eps"])
        self.lm_head = nn.Linear(config["hidden_size"], config["vocab_size"], bias=False)
        attention = self.layers[0].self_attn
        cache = (count, 1, attention.kv_heads, CONTEXT, attention.dim)
        self.register_buffer("keyCache", torch.zeros(cache))
        self.register_buffer("valueCache", torch.zeros(cache))
        base = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
        angles = torch.outer(torch.arange(CONTEXT).float(), base ** -(torch.arange(0, attention.dim, 2).float() / attention.dim))
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, inputIds, causalMask):
        end = causalMask.shape[-1]
        begin = end - inputIds.shape[1]
        x = self.embed_tokens(inputIds)
        for layer in self.layers:
            x = layer(x, causalMask, self.cos[begin:end], self.sin[begin:end], self.keyCache, self.valueCache, begin, end)
        return self.lm_head(self.norm(x))


def load(folder):
    config = json.loads((folder / "config.json").read_text())
    model, tensors = Llama(config), {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= {name.removeprefix("model."): t.float() for name, t in load_file(file).items()}
    tensors.setdefault("lm_head.weight", tensors["embed_tokens.weight"])
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    if unexpected or set(missing) != {"keyCache", "valueCache", "cos", "sin"}:
        sys.exit(f"the checkpoint has {unexpected} and lacks {missing}")
    return model.eval()


def convert(model):
    with torch.no_grad():
        traced = torch.jit.trace(model, (torch.zeros((1, 2), dtype=torch.int32), torch.zeros((1, 1, 2, 5))), check_trace=False)
    tokens, end = (ct.RangeDim(lower_bound=1, upper_bound=CONTEXT, default=1) for _ in range(2))
    states = [ct.StateType(wrapped_type=ct.TensorType(shape=tuple(model.keyCache.shape), dtype=np.float16), name=n) for n in ("keyCache", "valueCache")]
    return ct.convert(
        traced,
        inputs=[ct.TensorType(shape=(1, tokens), dtype=np.int32, name="inputIds"), ct.TensorType(shape=(1, 1, tokens, end), dtype=np.float16, name="causalMask")],
        outputs=[ct.TensorType(dtype=np.float16, name="logits")],
        states=states,
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    )


package = convert(load(pathlib.Path(sys.argv[1])))
linear = cto.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int4", granularity="per_block", block_size=32)
cto.linear_quantize_weights(package, config=cto.OptimizationConfig(global_config=linear)).save(sys.argv[2])
