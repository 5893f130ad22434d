"""Tiny checkpoints of random weights, with what transformers computes of them.

For each one ../architectures/NAME holds config.json, model.safetensors and reference.json: ids, and a row of logits
(or, of encoders, of hidden states) for each; for what transformers does not have (models.py), also the likeliest tokens
after them, one after the other. Python 3.11, torch 2.7.1 (from gemma to openlm-options: 2.15.0), transformers 5.24.0,
safetensors 0.8.0.
Usage: architectures.py [NAME...]
"""
import json, os, shutil, sys, tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../../conformance/convert'))
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
import models

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'architectures')
IDS = [1, 7, 3, 30, 11, 2, 19, 5, 23, 8, 8, 14]
SIZE = dict(vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2, max_position_embeddings=32,
            bos_token_id=1, eos_token_id=0)
SHARED = dict(SIZE, num_attention_heads=4, num_key_value_heads=2)
GPT2 = dict(vocab_size=32, n_embd=16, n_layer=3, n_head=2, n_positions=32, bos_token_id=1, eos_token_id=0)
MOE = dict(SHARED, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=8)
OPENELM = dict(model_type='openelm', vocab_size=32, model_dim=16, head_dim=4, num_transformer_layers=3, max_context_length=32)
OPENLM = dict(model_type='openlm', vocab_size=32, dim=16, n_heads=2, n_layers=2, seq_len=32)
MODELS = {
    'gpt2': dict(model_type='gpt2', **GPT2),
    'gpt2-scaled': dict(model_type='gpt2', **GPT2, n_inner=24, activation_function='relu', scale_attn_by_inverse_layer_idx=True, tie_word_embeddings=False),
    'gpt-neox': dict(model_type='gpt_neox', **SIZE),
    'gpt-neox-sequential': dict(model_type='gpt_neox', **SIZE, use_parallel_residual=False, attention_bias=False, rotary_pct=0.5, rotary_emb_base=500, hidden_act='gelu_new', tie_word_embeddings=True),
    'stablelm': dict(model_type='stablelm', **SHARED, use_qkv_bias=True, partial_rotary_factor=0.5),
    'stablelm-parallel': dict(model_type='stablelm', **SHARED, use_parallel_residual=True, qk_layernorm=True, partial_rotary_factor=0.5),
    'starcoder2': dict(model_type='starcoder2', **SHARED, sliding_window=4),
    'starcoder2-plain': dict(model_type='starcoder2', **SHARED, use_bias=False, hidden_act='gelu', norm_epsilon=1e-3, tie_word_embeddings=False),
    'mixtral': dict(model_type='mixtral', **SHARED, num_local_experts=6, num_experts_per_tok=3, sliding_window=5),
    'qwen2-moe': dict(model_type='qwen2_moe', **MOE, shared_expert_intermediate_size=12, mlp_only_layers=[1]),
    'qwen3-moe': dict(model_type='qwen3_moe', **MOE, norm_topk_prob=True, decoder_sparse_step=2),
    'gemma': dict(model_type='gemma', **SHARED, head_dim=8, hidden_act='gelu'),
    'phi': dict(model_type='phi', **SHARED, qk_layernorm=True),
    'cohere': dict(model_type='cohere', **SHARED, use_qk_norm=True, logit_scale=0.5),
    'cohere2': dict(model_type='cohere2', **SHARED, sliding_window=4, sliding_window_pattern=2, logit_scale=0.5),
    'glm': dict(model_type='glm', pad_token_id=0, **SHARED, head_dim=8),
    'glm4': dict(model_type='glm4', pad_token_id=0, **SHARED, head_dim=8),
    'nemotron': dict(model_type='nemotron', **SHARED, attention_bias=True),
    'arcee': dict(model_type='arcee', **SHARED),
    'helium': dict(model_type='helium', **SHARED, head_dim=4, mlp_bias=True),
    'ernie4-5': dict(model_type='ernie4_5', **SHARED, head_dim=6, use_bias=True),
    'seed-oss': dict(model_type='seed_oss', **SHARED, head_dim=6, attention_out_bias=True),
    'exaone4': dict(model_type='exaone4', **SHARED, sliding_window=4, sliding_window_pattern=2),
    'olmo': dict(model_type='olmo', **SHARED),
    'olmo3': dict(model_type='olmo3', **SHARED, sliding_window=4, layer_types=['sliding_attention', 'full_attention', 'sliding_attention'],
                  rope_scaling=dict(rope_type='linear', factor=4.0)),
    'olmoe': dict(model_type='olmoe', **SHARED, num_experts=4, num_experts_per_tok=2),
    'granitemoe': dict(model_type='granitemoe', **SHARED, num_local_experts=4, num_experts_per_tok=2, embedding_multiplier=3.0, attention_multiplier=0.3, residual_multiplier=0.3, logits_scaling=2.0),
    'ministral': dict(model_type='ministral', pad_token_id=0, **SHARED, head_dim=8, sliding_window=4, layer_types=['sliding_attention', 'full_attention', 'sliding_attention']),
    'openelm': dict(OPENELM, qkv_multipliers=[0.5, 1.0], num_gqa_groups=2, ffn_multipliers=[0.5, 4.0], ffn_dim_divisor=8, normalize_qk_projections=True, share_input_output_layers=True),
    'openelm-lists': dict(OPENELM, num_query_heads=[6, 2, 3], num_kv_heads=[2, 1, 3], ffn_multipliers=[1.7, 0.5, 0.95], ffn_dim_divisor=1, ffn_with_glu=False,
                          activation_fn_name='gelu', rope_freq_constant=500),
    'openlm': dict(OPENLM, apply_qk_norm=True, norm_type='gain_only_lp_layer_norm', ffn_type='swiglu_torch'),
    'openlm-options': dict(model_type='openlm', params_args_dict=dict(model='tiny', hidden_dim=18, n_heads=3, n_layers=2, vocab_size=32, seq_len=32, weight_tying=True, model_norm='rms_norm',
                                                                      qk_norm=True, positional_embedding_type='llama_rotary', norm_eps=1e-2)),
    'bert': dict(model_type='bert', **SIZE),
    'xlm-roberta': dict(model_type='xlm-roberta', **dict(SIZE, bos_token_id=3), type_vocab_size=1, pad_token_id=2),
    'modernbert': dict(model_type='modernbert', **SIZE, local_attention=6, global_attn_every_n_layers=2, pad_token_id=0),
}
# What old checkpoints say otherwise than transformers 5 saves it.
PLAIN = {'gemma', 'cohere2', 'glm4', 'olmo3', 'gpt2', 'gpt-neox', 'mixtral', 'modernbert', 'openelm-lists', 'openlm', 'openlm-options'}
BARE = {'gpt2-scaled', 'starcoder2'}   # names without the prefix of a model with a head
ENCODERS = {'bert', 'xlm-roberta', 'modernbert'}

def randomise(model, seed=1):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            r = torch.randn(p.shape, generator=g)
            if p.ndim == 1: p.copy_(1 + 0.2 * r if 'weight' in name else 0.2 * r)
            else: p.copy_(r * (0.5 if 'emb' in name or 'wte' in name else 1.5 / p.shape[-1] ** 0.5))

def continued(model):
    """The likeliest tokens after the ids, none where one leads by so little that rounding to fp16 may change it, or where they loop."""
    ids = list(IDS)
    for _ in range(10):
        with torch.no_grad(): row = model(torch.tensor([ids])).logits[0, -1]
        best = row.topk(2)
        if best.values[0] - best.values[1] < 0.03 * row.abs().max(): return None
        ids.append(int(best.indices[0]))
    return ids[len(IDS):] if len(set(ids[len(IDS):])) > 4 else None

def make(name):
    cfg = MODELS[name]
    out = os.path.join(OUT, name); shutil.rmtree(out, ignore_errors=True); os.makedirs(out)
    config = type(AutoConfig.for_model(cfg['model_type'])).from_dict(json.loads(json.dumps(cfg)))
    model = (AutoModel if name in ENCODERS else AutoModelForCausalLM).from_config(config, dtype=torch.float32, attn_implementation='eager').eval()
    greedy = None
    for seed in range(1, 1000):
        randomise(model, seed)
        model.half().float()
        if type(model).__module__ == 'models': greedy = continued(model)
        if greedy or type(model).__module__ != 'models': break
    with tempfile.TemporaryDirectory() as t:
        model.save_pretrained(t)
        tensors = {k: v.half().contiguous() for k, v in load_file(os.path.join(t, 'model.safetensors')).items()}
        if name in BARE: tensors = {k.split('.', 1)[1] if k.startswith(('transformer.', 'model.')) else k: v for k, v in tensors.items()}
        if name == 'openlm': tensors['model.layers.0.attention.pos_embed.inv_freq'] = torch.tensor([1, 0.1, 0.01, 0.001]).half()
        if name == 'openlm-options': tensors['model.output.weight'] = tensors.pop('model.tok_embeddings.weight')   # shared, and kept by either name
        save_file(tensors, os.path.join(out, 'model.safetensors'), metadata={'format': 'pt'})
        if name in PLAIN: json.dump(cfg, open(os.path.join(out, 'config.json'), 'w'), indent=1)
        else: shutil.copyfile(os.path.join(t, 'config.json'), os.path.join(out, 'config.json'))
    with torch.no_grad(): y = model(torch.tensor([IDS]))
    rows = (y.last_hidden_state if name in ENCODERS else y.logits)[0]
    json.dump(dict(ids=IDS, rows=[[round(x, 6) for x in r] for r in rows.tolist()], **({'greedy': greedy} if greedy else {})), open(os.path.join(out, 'reference.json'), 'w'))
    print(name, len(tensors), 'tensors')

for name in sys.argv[1:] or MODELS: make(name)
