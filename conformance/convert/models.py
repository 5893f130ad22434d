"""Models that transformers does not have, in PyTorch, for its Auto classes.

They are written from what the originals compute, named at each, and take the originals' config.json and names of
weights. Whole texts only, without a cache. Importing this file makes AutoConfig and AutoModelForCausalLM know them."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel
from transformers.activations import ACT2FN
from transformers.modeling_outputs import CausalLMOutputWithPast


class RMSNorm(nn.Module):
    def __init__(self, n, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(n)), eps

    def forward(self, x):
        return self.weight * (x.float() / (x.float().square().mean(-1, keepdim=True) + self.eps).sqrt()).to(x.dtype)


def rotated(x, base, neighbours=False):
    """Heads [batch, heads, tokens, d], turned by the places of their tokens."""
    n, d = x.shape[-2:]
    angle = torch.arange(n, dtype=torch.float32)[:, None] * base ** (-torch.arange(0, d, 2, dtype=torch.float32) / d)
    cos, sin = angle.cos(), angle.sin()
    a, b = (x[..., ::2], x[..., 1::2]) if neighbours else (x[..., :d // 2], x[..., d // 2:])
    a, b = a * cos - b * sin, b * cos + a * sin
    return (torch.stack((a, b), -1).flatten(-2) if neighbours else torch.cat((a, b), -1)).to(x.dtype)


def attention(q, k, v):
    """Of heads over all tokens before; several of q share one of k and v. The heads side by side."""
    k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], 1) for x in (k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)


def head(model, x):
    out = model.get_output_embeddings()
    return out(x) if isinstance(out, nn.Linear) else F.linear(x, out.weight)


class Model(PreTrainedModel):
    """What the models share."""

    all_tied_weights_keys, _tied_weights_keys = {}, {}
    main_input_name = 'input_ids'

    def _init_weights(self, module): pass
    def tie_weights(self, *_, **__): pass   # the models tie as they compute
    def get_input_embeddings(self): return None
    def get_output_embeddings(self): return None

    def forward(self, input_ids, **_):
        return CausalLMOutputWithPast(logits=self.logits(input_ids))


# ---- OpenELM: apple/OpenELM-*, configuration_openelm.py and modeling_openelm.py ----

def divisible(v, divisor):
    near = max(divisor, int(v + divisor / 2) // divisor * divisor)
    return int(near + divisor if near < 0.9 * v else near)


def spread(by, layers):
    if not isinstance(by, (list, tuple)): return [by] * layers
    if len(by) != 2: return list(by)
    return [float(np.round(x, 2)) for x in np.linspace(by[0], by[1], num=layers)]


class OpenELMConfig(PretrainedConfig):
    model_type = 'openelm'

    def __init__(self, vocab_size=32000, max_context_length=2048, num_transformer_layers=12, model_dim=2048, head_dim=128, qkv_multipliers=1.0, num_query_heads=None,
                 num_kv_heads=None, num_gqa_groups=1, ffn_multipliers=4.0, ffn_with_glu=True, ffn_dim_divisor=256, activation_fn_name='swish', normalization_layer_name='rms_norm',
                 normalize_qk_projections=False, share_input_output_layers=False, rope_freq_constant=10000, rope_max_length=4096, **kw):
        own = {k: v for k, v in locals().items() if k not in ('self', 'kw', '__class__')}
        super().__init__(**dict(dict(tie_word_embeddings=False), **kw))
        for k, v in own.items(): setattr(self, k, v)
        if self.num_query_heads is None:
            self.num_query_heads = [divisible(model_dim * m, head_dim * num_gqa_groups) // head_dim for m in spread(qkv_multipliers, num_transformer_layers)]
        if self.num_kv_heads is None: self.num_kv_heads = [n // num_gqa_groups for n in self.num_query_heads]
        if normalization_layer_name != 'rms_norm': raise ValueError(normalization_layer_name)


class OpenELMAttention(nn.Module):
    def __init__(self, c, i):
        super().__init__()
        self.q, self.kv, self.d, self.base = c.num_query_heads[i], c.num_kv_heads[i], c.head_dim, c.rope_freq_constant
        self.qkv_proj = nn.Linear(c.model_dim, (self.q + 2 * self.kv) * self.d, bias=False)
        self.out_proj = nn.Linear(self.q * self.d, c.model_dim, bias=False)
        self.q_norm, self.k_norm = (RMSNorm(self.d), RMSNorm(self.d)) if c.normalize_qk_projections else (nn.Identity(), nn.Identity())

    def forward(self, x):
        q, k, v = self.qkv_proj(x).unflatten(-1, (-1, self.d)).transpose(1, 2).split([self.q, self.kv, self.kv], 1)
        return self.out_proj(attention(rotated(self.q_norm(q), self.base), rotated(self.k_norm(k), self.base), v))


class OpenELMFeedForward(nn.Module):
    def __init__(self, c, i):
        super().__init__()
        self.glu, self.act = c.ffn_with_glu, ACT2FN[c.activation_fn_name]
        width = divisible(spread(c.ffn_multipliers, c.num_transformer_layers)[i] * c.model_dim, c.ffn_dim_divisor)
        self.proj_1, self.proj_2 = nn.Linear(c.model_dim, width * (2 if self.glu else 1), bias=False), nn.Linear(width, c.model_dim, bias=False)

    def forward(self, x):
        x = self.proj_1(x)
        if not self.glu: return self.proj_2(self.act(x))
        gate, up = x.chunk(2, -1)
        return self.proj_2(self.act(gate) * up)


class OpenELMLayer(nn.Module):
    def __init__(self, c, i):
        super().__init__()
        self.attn, self.ffn = OpenELMAttention(c, i), OpenELMFeedForward(c, i)
        self.attn_norm, self.ffn_norm = RMSNorm(c.model_dim), RMSNorm(c.model_dim)

    def forward(self, x):
        x = x + self.attn(self.attn_norm(x))
        return x + self.ffn(self.ffn_norm(x))


class OpenELMForCausalLM(Model):
    config_class, base_model_prefix = OpenELMConfig, 'transformer'

    def __init__(self, c):
        super().__init__(c)
        body = self.transformer = nn.Module()
        body.token_embeddings = nn.Embedding(c.vocab_size, c.model_dim)
        body.layers = nn.ModuleList(OpenELMLayer(c, i) for i in range(c.num_transformer_layers))
        body.norm = RMSNorm(c.model_dim)
        self.lm_head = None if c.share_input_output_layers else nn.Linear(c.model_dim, c.vocab_size, bias=False)

    def get_input_embeddings(self): return self.transformer.token_embeddings
    def get_output_embeddings(self): return self.lm_head or self.transformer.token_embeddings

    def logits(self, ids):
        x = self.transformer.token_embeddings(ids)
        for layer in self.transformer.layers: x = layer(x)
        return head(self, self.transformer.norm(x))


# ---- OpenLM (DCLM): github.com/mlfoundations/open_lm, open_lm/model.py, norms.py, positional_embedding ----

OPEN_LM = dict(dim=512, n_layers=8, n_heads=8, vocab_size=-1, norm_eps=1e-5, seq_len=2048, post_embed_norm=False, weight_tying=False, norm_type='default_layer_norm',
               apply_qk_norm=False, positional_embedding_type='rotary', ffn_type='swiglu', attn_name='auto', moe_freq=0)


class OpenLMConfig(PretrainedConfig):
    model_type = 'openlm'

    def __init__(self, **kw):
        super().__init__(**dict(dict(tie_word_embeddings=False), **kw))
        given = dict(kw, **(kw.get('params_args_dict') or {}))
        for k, other in dict(dim='hidden_dim', norm_type='model_norm', apply_qk_norm='qk_norm').items():
            if given.get(k) is None and given.get(other) is not None: given[k] = given[other]
        for k, v in OPEN_LM.items(): setattr(self, k, v if given.get(k) is None else given[k])


def open_lm_norm(c, n):
    if c.norm_type == 'rms_norm': return RMSNorm(n, c.norm_eps)
    if c.norm_type == 'no_wb_layer_norm': return nn.LayerNorm(n, c.norm_eps, elementwise_affine=False)
    gain_only = {'default_layer_norm': False, 'lp_layer_norm': False, 'gain_only_lp_layer_norm': True, 'gain_only_layer_norm': True}
    return nn.LayerNorm(n, c.norm_eps, bias=not gain_only[c.norm_type])


class OpenLMAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.d, self.places = c.dim // c.n_heads, c.positional_embedding_type
        width = c.n_heads * self.d
        self.in_proj, self.out_proj = nn.Linear(c.dim, 3 * width, bias=False), nn.Linear(width, c.dim, bias=False)
        self.q_norm, self.k_norm = (open_lm_norm(c, width), open_lm_norm(c, width)) if c.apply_qk_norm else (nn.Identity(), nn.Identity())

    def forward(self, x):
        q, k, v = self.in_proj(x).chunk(3, -1)
        q, k, v = (x.unflatten(-1, (-1, self.d)).transpose(1, 2) for x in (self.q_norm(q), self.k_norm(k), v))
        if self.places != 'none': q, k = (rotated(x, 1e4, self.places == 'llama_rotary') for x in (q, k))
        return self.out_proj(attention(q, k, v))


class OpenLMFeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = 256 * ((int(2 * 4 * c.dim / 3) + 255) // 256)
        self.w12, self.w3 = nn.Linear(c.dim, 2 * width, bias=False), nn.Linear(width, c.dim, bias=False)

    def forward(self, x):
        gate, up = self.w12(x).chunk(2, -1)
        return self.w3(F.silu(gate) * up)


class OpenLMLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.attention, self.feed_forward = OpenLMAttention(c), OpenLMFeedForward(c)
        self.attention_norm, self.ffn_norm = open_lm_norm(c, c.dim), open_lm_norm(c, c.dim)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.ffn_norm(x))


class OpenLMForCausalLM(Model):
    config_class, base_model_prefix = OpenLMConfig, 'model'

    def __init__(self, c):
        super().__init__(c)
        unknown = dict(ffn_type=('swiglu', 'swiglu_torch'), attn_name=('auto', 'torch_attn', 'xformers_attn', 'xformers_attn_variable_length'),
                       positional_embedding_type=('rotary', 'llama_rotary', 'none'), post_embed_norm=(False,), moe_freq=(0,))
        for k, known in unknown.items():
            if getattr(c, k) not in known: raise NotImplementedError(k)
        body = self.model = nn.Module()
        body.tok_embeddings = nn.Embedding(c.vocab_size, c.dim)
        body.layers = nn.ModuleList(OpenLMLayer(c) for _ in range(c.n_layers))
        body.norm = open_lm_norm(c, c.dim)
        if not c.weight_tying: body.output = nn.Linear(c.dim, c.vocab_size, bias=False)

    def get_input_embeddings(self): return self.model.tok_embeddings
    def get_output_embeddings(self): return getattr(self.model, 'output', self.model.tok_embeddings)

    def logits(self, ids):
        x = self.model.tok_embeddings(ids)
        for layer in self.model.layers: x = layer(x)
        return head(self, self.model.norm(x))


for config, model in ((OpenELMConfig, OpenELMForCausalLM), (OpenLMConfig, OpenLMForCausalLM)):
    AutoConfig.register(config.model_type, config)
    AutoModelForCausalLM.register(config, model)
