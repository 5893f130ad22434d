"""Tiny checkpoints whose experts lie in tensors of three dimensions, with what transformers computes of them.

NAME-fused is what transformers 5 itself saves when it is not asked for the older format; NAME-mlx is stacked as mlx-lm does, and
quantised by mlx in its affine mode; NAME-fp8 has float8 with scales for blocks, as Qwen publishes it, which transformers dequantises.
Of the quantised ones the rows of logits are those of the dequantised weights. Same form as architectures.py, which see.
Python 3.11, torch 2.15, transformers 5.24.0, mlx 0.32.4. Usage: experts.py [NAME...]
"""
import json, os, shutil, sys, tempfile
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, FineGrainedFP8Config

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'architectures')
IDS = [1, 7, 3, 30, 11, 2, 19, 5, 23, 8, 8, 14]
SIZE = dict(vocab_size=32, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=32, bos_token_id=1, eos_token_id=0)
MOE = dict(SIZE, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24)
WIDE = dict(MOE, moe_intermediate_size=32)
MODELS = {
    'mixtral-fused': dict(model_type='mixtral', **dict(SIZE, intermediate_size=24), num_local_experts=4, num_experts_per_tok=2),
    'qwen2-moe-fused': dict(model_type='qwen2_moe', **MOE, shared_expert_intermediate_size=12),
    'qwen3-moe-fused': dict(model_type='qwen3_moe', **MOE, norm_topk_prob=True),
    'mixtral-mlx': dict(model_type='mixtral', **SIZE, num_local_experts=4, num_experts_per_tok=2),
    'qwen2-moe-mlx': dict(model_type='qwen2_moe', **WIDE, shared_expert_intermediate_size=32),
    'qwen3-moe-mlx': dict(model_type='qwen3_moe', **WIDE, norm_topk_prob=True),
    'qwen3-moe-fp8': dict(model_type='qwen3_moe', **WIDE, norm_topk_prob=True),
}

def new(cfg, seed=1):
    config = type(AutoConfig.for_model(cfg['model_type'])).from_dict(json.loads(json.dumps(cfg)))
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation='eager').eval()
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            r = torch.randn(p.shape, generator=g)
            if p.ndim == 1: p.copy_(1 + 0.2 * r if 'weight' in name else 0.2 * r)
            else: p.copy_(r * (0.5 if 'emb' in name else 1.5 / p.shape[-1] ** 0.5))
    return model.half().float()

def saved(model, fused):
    with tempfile.TemporaryDirectory() as t:
        model.save_pretrained(t, save_original_format=not fused)
        return json.load(open(os.path.join(t, 'config.json'))), load_file(os.path.join(t, 'model.safetensors'))

def reference(out, model):
    with torch.no_grad(): rows = model(torch.tensor([IDS])).logits[0]
    json.dump(dict(ids=IDS, rows=[[round(x, 6) for x in r] for r in rows.tolist()]), open(os.path.join(out, 'reference.json'), 'w'))

def mlx(model, config, out):
    """By mlx-lm's names: experts of one kind stacked as [experts, outputs, inputs], then quantised as one."""
    import mlx.core as mx
    _, plain = saved(model, False)
    names, stacked = dict(w1='gate_proj', w2='down_proj', w3='up_proj'), {}
    for k, v in plain.items():
        head, sep, rest = k.partition('.experts.')
        if not sep: stacked[k] = v; continue
        n, kind, _ = rest.split('.')
        stacked.setdefault(f'{head}.switch_mlp.{names.get(kind, kind)}.weight', []).append((int(n), v))
    tensors, dense = {}, {}
    for k, v in stacked.items():
        if isinstance(v, list): v = torch.stack([x for _, x in sorted(v, key=lambda p: p[0])])
        if v.ndim == 1: tensors[k], dense[k] = np.array(v.half()), v; continue
        bits = 8 if k.endswith('.gate.weight') else 4
        q, s, b = mx.quantize(mx.array(v.half().numpy()), group_size=32, bits=bits)
        m = k.removesuffix('weight')
        tensors |= {k: np.array(q), m + 'scales': np.array(s), m + 'biases': np.array(b)}
        dense[k] = torch.tensor(np.array(mx.dequantize(q, s.astype(mx.float32), b.astype(mx.float32), group_size=32, bits=bits)))
    from safetensors.numpy import save_file as save_np
    save_np(tensors, os.path.join(out, 'model.safetensors'), metadata={'format': 'mlx'})
    settings = dict(group_size=32, bits=4, mode='affine')
    for i in range(config['num_hidden_layers']):
        at = 'block_sparse_moe' if config['model_type'] == 'mixtral' else 'mlp'
        settings[f'model.layers.{i}.{at}.gate'] = dict(group_size=32, bits=8)
    config |= dict(quantization=settings, quantization_config=settings)
    back, t = {}, {}
    for k, v in dense.items():  # and the model with these weights
        if '.switch_mlp.' not in k: back[k] = v; continue
        at, kind = k.removesuffix('.weight').split('.switch_mlp.')
        t.setdefault(at, {})[kind] = v
    for at, parts in t.items():
        at = at.replace('block_sparse_moe', 'mlp')
        back[at + '.experts.gate_up_proj'] = torch.cat([parts['gate_proj'], parts['up_proj']], 1)
        back[at + '.experts.down_proj'] = parts['down_proj']
    model.load_state_dict({k.replace('block_sparse_moe', 'mlp'): v for k, v in back.items()})

def fp8(model, config, out):
    """Float8 and scales of blocks, loaded again by transformers."""
    _, plain = saved(model, False)
    tensors, block = {}, [16, 16]
    for k, v in plain.items():
        if v.ndim == 1 or 'embed' in k or 'lm_head' in k or k.endswith('mlp.gate.weight'): tensors[k] = v.half(); continue
        r, c = (-(-n // b) for n, b in zip(v.shape[-2:], block))
        tiles = v.reshape(*v.shape[:-2], r, block[0], c, block[1])
        s = (tiles.abs().amax((-3, -1)) / 448).float()
        tensors[k] = (tiles / s[..., :, None, :, None]).reshape(v.shape).to(torch.float8_e4m3fn)
        tensors[k + '_scale_inv'] = s
    save_file(tensors, os.path.join(out, 'model.safetensors'), metadata={'format': 'pt'})
    config['quantization_config'] = dict(quant_method='fp8', activation_scheme='dynamic', weight_block_size=block, modules_to_not_convert=['lm_head', 'model.layers.0.mlp.gate', 'model.layers.1.mlp.gate'])
    json.dump(config, open(os.path.join(out, 'config.json'), 'w'), indent=1)
    return AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, attn_implementation='eager', quantization_config=FineGrainedFP8Config(weight_block_size=block, dequantize=True)).eval()

def make(name):
    out = os.path.join(OUT, name); shutil.rmtree(out, ignore_errors=True); os.makedirs(out)
    model = new(MODELS[name])
    config, tensors = saved(model, True)
    if name.endswith('-fused'): save_file({k: v.half().contiguous() for k, v in tensors.items()}, os.path.join(out, 'model.safetensors'), metadata={'format': 'pt'})
    if name.endswith('-mlx'): mlx(model, config, out)
    if name.endswith('-fp8'): model = fp8(model, config, out)
    json.dump(config, open(os.path.join(out, 'config.json'), 'w'), indent=1)
    reference(out, model)
    print(name, {k: list(v.shape) for k, v in load_file(os.path.join(out, 'model.safetensors')).items() if 'layers.0.mlp' in k or 'layers.0.block' in k} if not name.endswith('mlx') else '')

for name in sys.argv[1:] or MODELS: make(name)
