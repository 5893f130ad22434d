"""Sound tiny configurations, and for each architecture the values to try of each field."""

DROP = object()  # the field is left out

HIDDEN, HEADS, KV = 32, 4, 2
LLAMA = dict(hidden_size=HIDDEN, intermediate_size=48, vocab_size=64, num_hidden_layers=2, num_attention_heads=HEADS, num_key_value_heads=KV,
             max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False, hidden_act='silu', bos_token_id=1, eos_token_id=2, pad_token_id=0)
NEOX = dict(hidden_size=HIDDEN, intermediate_size=48, vocab_size=64, num_hidden_layers=2, num_attention_heads=HEADS, max_position_embeddings=64,
            hidden_act='gelu', bos_token_id=1, eos_token_id=2, tie_word_embeddings=False)
MOE = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24)

BASES = {
    'llama': LLAMA, 'mistral': dict(LLAMA, sliding_window=None), 'qwen2': LLAMA, 'qwen3': dict(LLAMA, head_dim=8),
    'gemma2': dict(LLAMA, head_dim=8, sliding_window=8, query_pre_attn_scalar=8, hidden_activation='gelu_pytorch_tanh', tie_word_embeddings=True),
    'gemma3_text': dict(LLAMA, head_dim=8, sliding_window=8, query_pre_attn_scalar=8, hidden_activation='gelu_pytorch_tanh', tie_word_embeddings=True, rope_local_base_freq=100.0),
    'phi3': dict(LLAMA, original_max_position_embeddings=16), 'smollm3': dict(LLAMA, num_hidden_layers=4),
    'granite': dict(LLAMA, embedding_multiplier=2.0, attention_multiplier=0.3, residual_multiplier=0.5, logits_scaling=2.0), 'olmo2': LLAMA,
    'gpt2': dict(n_embd=HIDDEN, n_layer=2, n_head=HEADS, n_positions=64, n_ctx=64, vocab_size=64, activation_function='gelu_new', layer_norm_epsilon=1e-5, bos_token_id=1, eos_token_id=2),
    'gpt_neox': dict(NEOX, rotary_pct=0.25, rotary_emb_base=10000, layer_norm_eps=1e-5, use_parallel_residual=True, hidden_size=64),
    'stablelm': dict(NEOX, num_key_value_heads=KV, hidden_act='silu', layer_norm_eps=1e-5, partial_rotary_factor=0.25, rope_theta=10000, use_qkv_bias=True, hidden_size=64, pad_token_id=0),
    'starcoder2': dict(NEOX, num_key_value_heads=KV, hidden_act='gelu_pytorch_tanh', norm_epsilon=1e-5, use_bias=True, rope_theta=10000.0, sliding_window=None),
    'ministral': dict(LLAMA, head_dim=8, sliding_window=8, layer_types=['sliding_attention', 'full_attention']), 'olmo': LLAMA, 'olmo3': dict(LLAMA, num_hidden_layers=4, sliding_window=8, rope_theta=500000.0),
    'arcee': dict(LLAMA, hidden_act='relu2'), 'seed_oss': dict(LLAMA, head_dim=8), 'helium': dict(LLAMA, head_dim=8), 'ernie4_5': dict(LLAMA, head_dim=8),
    'exaone4': dict(LLAMA, num_hidden_layers=4, sliding_window=8, sliding_window_pattern=4), 'gemma': dict(LLAMA, head_dim=8, hidden_act='gelu_pytorch_tanh', tie_word_embeddings=True),
    'cohere': dict(LLAMA, layer_norm_eps=1e-5, logit_scale=0.25, tie_word_embeddings=True), 'cohere2': dict(LLAMA, num_hidden_layers=4, layer_norm_eps=1e-5, logit_scale=0.25, sliding_window=8, tie_word_embeddings=True),
    'glm': dict(LLAMA, head_dim=8, partial_rotary_factor=0.5), 'glm4': dict(LLAMA, head_dim=8, partial_rotary_factor=0.5),
    'phi': dict(NEOX, num_key_value_heads=KV, hidden_act='gelu_new', layer_norm_eps=1e-5, partial_rotary_factor=0.5, hidden_size=64), 'nemotron': dict(LLAMA, hidden_act='relu2', norm_eps=1e-5, partial_rotary_factor=0.5, hidden_size=64),
    'olmoe': dict(LLAMA, num_experts=4, num_experts_per_tok=2), 'granitemoe': dict(LLAMA, num_local_experts=4, num_experts_per_tok=2, embedding_multiplier=2.0, attention_multiplier=0.3, residual_multiplier=0.5, logits_scaling=2.0),
    'openelm': dict(vocab_size=64, model_dim=HIDDEN, head_dim=8, num_transformer_layers=3, max_context_length=64, qkv_multipliers=[0.5, 1.0], num_gqa_groups=2, ffn_multipliers=[0.5, 4.0], ffn_dim_divisor=8,
                    normalize_qk_projections=True, share_input_output_layers=True, bos_token_id=1, eos_token_id=2),
    'openlm': dict(vocab_size=64, dim=HIDDEN, n_heads=HEADS, n_layers=2, seq_len=64, apply_qk_norm=True, norm_type='gain_only_lp_layer_norm', ffn_type='swiglu_torch', bos_token_id=1, eos_token_id=2),
    'mixtral': dict(LLAMA, num_local_experts=4, num_experts_per_tok=2, sliding_window=None),
    'qwen2_moe': dict(LLAMA, **MOE, shared_expert_intermediate_size=40),
    'qwen3_moe': dict(LLAMA, **MOE, head_dim=8),
}
for _kind in ('olmo', 'cohere', 'cohere2', 'nemotron'):
    BASES[_kind] = {k: v for k, v in BASES[_kind].items() if k != 'rms_norm_eps'}
for _kind, _base in BASES.items():
    BASES[_kind] = dict(_base, model_type=_kind)

ACTIVATIONS = ['silu', 'swish', 'gelu', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh', 'gelu_python', 'quick_gelu', 'gelu_10', 'relu', 'relu2', 'relu6', 'tanh', 'sigmoid', 'mish', 'linear', 'nonsense']
YARN = dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=16)
LLAMA3 = dict(rope_type='llama3', factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)


def scalings(half):
    """Rope scalings; half is half of what is turned of a head."""
    long = dict(short_factor=[1.0 + 0.1 * i for i in range(half)], long_factor=[2.0 + i for i in range(half)])
    return [
        None, {}, dict(rope_type='default'), dict(type='default'), dict(type='linear', factor=2.0), dict(rope_type='linear', factor=2), dict(type='linear'),
        dict(rope_type='dynamic', factor=2.0), dict(type='dynamic', factor=4.0, original_max_position_embeddings=16),
        LLAMA3, dict(LLAMA3, factor=8.0, low_freq_factor=2.0), dict(LLAMA3, high_freq_factor=8.0, original_max_position_embeddings=32), dict(LLAMA3, rope_theta=500.0),
        YARN, dict(YARN, attention_factor=0.7), dict(YARN, mscale=0.7), dict(YARN, mscale=0.7, mscale_all_dim=1.3), dict(YARN, mscale_all_dim=1.0),
        dict(YARN, beta_fast=8, beta_slow=2), dict(YARN, truncate=False), dict(YARN, beta_fast=None), {k: v for k, v in YARN.items() if k != 'original_max_position_embeddings'},
        {k: v for k, v in YARN.items() if k != 'factor'}, dict(YARN, factor=0.5), dict(YARN, type='yarn'), dict(type='yarn', factor=2.0, original_max_position_embeddings=16),
        dict(long, rope_type='longrope', original_max_position_embeddings=16), dict(long, type='longrope', factor=3.0), dict(long, type='longrope', original_max_position_embeddings=16, attention_factor=1.5),
        dict(long, type='su'), dict(rope_type='proportional', partial_rotary_factor=0.5), dict(rope_type='nonsense', factor=2.0), dict(type='mrope', mrope_section=[1, 1, 2]),
        dict(rope_type='default', factor=2.0), dict(rope_type='default', nonsense=1), dict(YARN, nonsense=1), 'linear', [1, 2],
    ]


COMMON = {  # of every architecture
    'pretraining_tp': [2], 'is_decoder': [True, False], 'is_encoder_decoder': [True], 'add_cross_attention': [True], 'chunk_size_feed_forward': [4],
    'initializer_range': [1.0], 'attention_dropout': [0.5], 'use_cache': [False], 'nonsense': [1], 'torch_dtype': ['bfloat16'], 'dtype': ['float16', 'float32'],
    'scale_attn_weights': [False], '_remove_final_layer_norm': [True], 'fused_mlp': [True], 'tie_encoder_decoder': [True], 'tie_word_embeddings': [True, False, DROP],
    'output_router_logits': [True], 'router_jitter_noise': [0.5], 'is_causal': [False], 'use_bidirectional_attention': [True], 'temperature': [0.3], 'quantization': [None],
    'pruned_heads': [{'0': [1]}, {}], 'residual_dropout': [0.5], 'resid_pdrop': [0.5], 'logit_scale': [0.5], 'attn_logit_softcapping': [2.0], 'final_logit_softcapping': [2.0],
}


def fields(kind):
    base = BASES[kind]
    rope = dict(partial_rotary_factor=[0.5, 1.0, 0.25, DROP], rope_theta=[100.0, 1e6, 500, DROP])
    own_name = {'gpt_neox': 0.25, 'stablelm': 0.25, 'phi': 0.5, 'nemotron': 0.5, 'glm': 0.5, 'glm4': 0.5}
    dim = base.get('head_dim') or base.get('hidden_size', 32) // 4
    half = int(dim * own_name.get(kind, 1)) // 2
    rope['rope_scaling'] = scalings(half)
    rope['rope_parameters'] = [s if not isinstance(s, dict) or 'rope_theta' in s else dict(s, rope_theta=300.0) for s in scalings(half)] + [
        dict(rope_type='default', rope_theta=300.0, partial_rotary_factor=0.5)]
    windows = dict(sliding_window=[None, 4, 8, 0, DROP], layer_types=[['sliding_attention', 'full_attention'], ['full_attention'] * 2, ['sliding_attention'] * 2, ['chunked_attention', 'full_attention'], ['full_attention']])
    f = dict(COMMON)
    if kind == 'gpt2':
        return f | dict(activation_function=ACTIVATIONS, n_inner=[None, 48, 128], layer_norm_epsilon=[1e-2, DROP], scale_attn_by_inverse_layer_idx=[True], reorder_and_upcast_attn=[True],
                        n_positions=[32, DROP], n_head=[1, 8], n_ctx=[32, 16], summary_type=['mean'], hidden_act=['relu'])
    if kind == 'openelm':
        f |= dict(num_query_heads=[[4, 2, 6], [1, 2, 3], [2, 2], 4, None], num_kv_heads=[[2, 2, 2], [1, 2, 3], [3, 3, 3], [1, 1, 1], [1], 2, None], num_gqa_groups=[1, 2, 4, DROP],
                  qkv_multipliers=[1.0, 0.5, 2, [0.5, 2.0], [1.5, 0.3], [1.0], DROP], ffn_multipliers=[1, 0.7, [0.5, 2.0], [3.3, 0.1], [0.5, 1.7, 0.9], [1.0], DROP], ffn_dim_divisor=[1, 3, 16, DROP],
                  ffn_with_glu=[True, False], activation_fn_name=ACTIVATIONS + [DROP], normalization_layer_name=['rms_norm', 'layer_norm', 'layer_norm_fp32'], normalize_qk_projections=[True, False, DROP],
                  share_input_output_layers=[True, False, DROP], rope_freq_constant=[100, 500.0, 1000000, DROP], rope_max_length=[16, 8192], model_dim=[24, 40], head_dim=[4, 16, 2], num_transformer_layers=[1, 2, 4],
                  max_context_length=[32, DROP])
        return f | {k: v[:1] for k, v in rope.items()} | dict(rope_scaling=scalings(4)[4:6], hidden_size=[64], rms_norm_eps=[1e-2], sliding_window=[4])
    if kind == 'openlm':
        f |= dict(dim=[36, 48, DROP], hidden_dim=[32, 48], n_heads=[2, 8, 1, 5], n_layers=[1, 3], norm_type=['default_layer_norm', 'lp_layer_norm', 'gain_only_layer_norm', 'rms_norm', 'no_wb_layer_norm', None, DROP],
                  model_norm=['rms_norm', 'gain_only_lp_layer_norm'], apply_qk_norm=[True, False, DROP], qk_norm=[True, False], norm_eps=[1e-2, 1e-6, DROP], ffn_type=['swiglu', 'gelu', 'gemma_geglu', 'moe', DROP],
                  attn_name=['auto', 'xformers_attn', 'torch_attn', 'custom_attn'], attn_activation=['relu', None], positional_embedding_type=['rotary', 'llama_rotary', 'none', 'head_rotary', DROP], moe_freq=[0, 2], moe_num_experts=[8, None],
                  moe_top_k=[2], post_embed_norm=[True, False], weight_tying=[True, False, DROP], seq_len=[32, DROP], params_args_dict=[None, dict(dim=HIDDEN, model='tiny', lr=0.1), dict(qk_norm=True), dict(weight_tying=True), dict(norm_eps=0.01)])
        return f | dict(rope_theta=[100.0], hidden_act=['gelu'], num_key_value_heads=[2], intermediate_size=[40])
    f |= rope | dict(hidden_act=ACTIVATIONS + [DROP], num_hidden_layers=[1, 3], num_attention_heads=[2, 8] if base.get('head_dim') else [2, 4], num_key_value_heads=[1, 2, 4, None, DROP], max_position_embeddings=[32, 128],
                     intermediate_size=[40, DROP] if kind in ('gpt_neox', 'stablelm', 'starcoder2') else [40], attention_bias=[True, False], mlp_bias=[True, False])
    if kind in ('gpt_neox', 'stablelm', 'starcoder2'):
        f |= dict(layer_norm_eps=[1e-2, DROP], norm_epsilon=[1e-2], rotary_pct=[0.5, 1.0, DROP], rotary_emb_base=[100, DROP], use_parallel_residual=[True, False, DROP], parallel_residual=[True],
                  qk_layernorm=[True, False], use_qkv_bias=[False, True, DROP], use_bias=[False, True, DROP], embedding_dropout=[0.3], norm_type=['rms_norm', 'layer_norm'], head_dim=[8, 16])
        if kind == 'starcoder2':
            f |= windows
        return f
    f |= dict(rms_norm_eps=[1e-2, 1e-6, DROP], head_dim=[8, 16, 12, DROP] if kind not in ('phi3',) else [8, DROP])
    if kind not in ('llama', 'olmo2', 'granite'):
        f |= windows
    if base.get('num_hidden_layers') == 4:
        f['layer_types'] = [['full_attention'] * 4, ['sliding_attention'] * 4, ['sliding_attention', 'full_attention'] * 2, ['full_attention']]
        f |= dict(num_hidden_layers=[1, 6], sliding_window_pattern=[2, 3, 1, None, 'LLLG', 0], _sliding_window_pattern=[2])
    if kind in ('cohere', 'cohere2'):
        f |= dict(layer_norm_eps=[1e-2, DROP], logit_scale=[0.0625, 3, 1, DROP], use_qk_norm=[True, False], use_parallel_block=[True, False], use_gated_activation=[True, False], use_embedding_sharing=[True], rotary_pct=[1.0, 0.5],
                  position_embedding_type=['rope_gptj', 'learned'], layer_switch=[4, 3], order_of_interleaved_layers=['local_attn_first', 'global_attn_first'], model_max_length=[131072])
    if kind == 'phi':
        f |= dict(layer_norm_eps=[1e-2, DROP], qk_layernorm=[True, False], hidden_act=[*ACTIVATIONS, DROP])
    if kind == 'nemotron':
        f |= dict(norm_eps=[1e-2, DROP], head_dim=[16, 32, DROP, None])
    if kind == 'gemma':
        f |= dict(hidden_activation=['gelu', 'gelu_pytorch_tanh', None], hidden_act=[*ACTIVATIONS, DROP])
    if kind == 'seed_oss':
        f |= dict(attention_out_bias=[True, False], attention_bias=[True, False, DROP])
    if kind == 'ernie4_5':
        f |= dict(use_bias=[True, False, None])
    if kind in ('olmo', 'olmoe'):
        f |= dict(clip_qkv=[None, 1.0])
    if kind == 'olmo3':
        f['rope_theta'] = [500000.0, 100.0, DROP]
        f['rope_parameters'] = f['rope_parameters'] + [
            dict(sliding_attention=dict(rope_type='default', rope_theta=77.0), full_attention=dict(rope_type='linear', factor=4.0, rope_theta=900.0)),
            dict(sliding_attention=dict(rope_type='default'), full_attention=dict(LLAMA3)), dict(full_attention=dict(rope_type='default', rope_theta=900.0))]
    if kind in ('qwen2', 'qwen3', 'qwen2_moe', 'qwen3_moe', 'smollm3'):
        f |= dict(use_sliding_window=[True, False], max_window_layers=[0, 1, 2, DROP], use_mrope=[True], qkv_bias=[False, True], sliding_window=[None, 4, 8, DROP])
    if kind in ('gemma2', 'gemma3_text'):
        f |= dict(hidden_activation=[*ACTIVATIONS, None, DROP], query_pre_attn_scalar=[4, 64, DROP], final_logit_softcapping=[None, 2.0, 5.0, DROP], attn_logit_softcapping=[None, 2.0, DROP],
                  sliding_window_pattern=[2, 3, 1], _sliding_window_pattern=[2, 3], rope_local_base_freq=[50.0, DROP], use_bidirectional_attention=[True, False], cache_implementation=['hybrid'])
        f['rope_parameters'] = f['rope_parameters'] + [
            dict(sliding_attention=dict(rope_type='default', rope_theta=77.0), full_attention=dict(rope_type='linear', factor=4.0, rope_theta=900.0)),
            dict(sliding_attention=dict(rope_type='linear', factor=2.0, rope_theta=77.0), full_attention=dict(rope_type='default', rope_theta=900.0)),
            dict(sliding_attention=dict(rope_type='default'), full_attention=dict(LLAMA3))]
    if kind == 'smollm3':
        f |= dict(no_rope_layers=[[1, 1, 0, 0], [1] * 4, [0] * 4, [1, 0], None], no_rope_layer_interval=[2, 3, 1, DROP], num_hidden_layers=[4, 6])
        f['layer_types'] = [['full_attention'] * 4, ['sliding_attention', 'full_attention'] * 2, ['full_attention', 'sliding_attention'] * 2]
    if kind in ('granite', 'granitemoe'):
        for k in ('embedding_multiplier', 'attention_multiplier', 'residual_multiplier', 'logits_scaling'):
            f[k] = [0.1, 3.0, 1, DROP]
    if kind == 'olmo2':
        f |= dict(clip_qkv=[None, 1.0], qk_norm=[True])
    if kind == 'phi3':
        f |= dict(original_max_position_embeddings=[DROP, 16, 64], embd_pdrop=[0.3], lm_head_bias=[True], full_attn_mod=[2])
    if kind in ('mixtral', 'qwen2_moe', 'qwen3_moe', 'olmoe', 'granitemoe'):
        f |= dict(num_experts_per_tok=[1, 2, 4, 3], norm_topk_prob=[True, False, DROP], decoder_sparse_step=[1, 2], mlp_only_layers=[[], [0], [1]], router_aux_loss_coef=[0.1], num_experts=[4, 5],
                  num_local_experts=[3, 4], shared_expert_intermediate_size=[24], moe_intermediate_size=[16])
    return f
