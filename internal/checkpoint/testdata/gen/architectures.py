"""Writes ../gguf: a tiny model of each architecture as llama.cpp's own converter makes it, and beside it the config.json that it
was made from. Weights are a function of their names, so that a test knows them without a file: element i of the tensor NAME is
((crc32(NAME) + 40503*i) % 2048 - 1024) / 1024, which float16 holds exactly.
Needs transformers (5.24.0), torch and a checkout of llama.cpp in LLAMA_CPP, of October 2026. Usage: python architectures.py"""
import json
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

sys.path[:0] = [os.environ['LLAMA_CPP'], os.path.join(os.environ['LLAMA_CPP'], 'gguf-py')]
import gguf  # noqa: E402
from conversion import get_model_class  # noqa: E402
from conversion.base import ModelBase, ModelType, TextModel  # noqa: E402

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'gguf')
SIZE = dict(vocab_size=48, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=256, bos_token_id=0, eos_token_id=1, pad_token_id=None)
LLAMA3 = dict(rope_type='llama3', factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
LONG = dict(rope_type='longrope', short_factor=[1.0, 1.25, 1.5], long_factor=[1.0, 2.0, 4.0])
MODELS = {
    'llama': dict(model_type='llama', rms_norm_eps=1e-5, rope_theta=5e5, rope_scaling=LLAMA3, tie_word_embeddings=True),
    'llama-bias': dict(model_type='llama', rms_norm_eps=1e-6, attention_bias=True, mlp_bias=True, head_dim=16, rope_scaling=dict(rope_type='linear', factor=4.0)),
    'mistral': dict(model_type='mistral', rms_norm_eps=1e-5, rope_theta=1e6, sliding_window=None, head_dim=8),
    'mixtral': dict(model_type='mixtral', rms_norm_eps=1e-5, num_local_experts=4, num_experts_per_tok=2, sliding_window=None),
    'qwen2': dict(model_type='qwen2', rms_norm_eps=1e-6, rope_theta=1e6, rope_scaling=dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=64)),
    'qwen2moe': dict(model_type='qwen2_moe', num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, shared_expert_intermediate_size=24),
    'qwen3': dict(model_type='qwen3', head_dim=16, rms_norm_eps=1e-6, rope_theta=1e6, tie_word_embeddings=True),
    'qwen3moe': dict(model_type='qwen3_moe', head_dim=16, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, norm_topk_prob=True),
    'gemma2': dict(model_type='gemma2', head_dim=8, sliding_window=16, attn_logit_softcapping=50.0, final_logit_softcapping=30.0, query_pre_attn_scalar=8),
    'gemma3': dict(model_type='gemma3_text', head_dim=8, sliding_window=16, query_pre_attn_scalar=8, rope_scaling=dict(rope_type='linear', factor=8.0)),
    'phi3': dict(model_type='phi3', rms_norm_eps=1e-5, sliding_window=32, partial_rotary_factor=0.75, original_max_position_embeddings=64, rope_scaling=LONG, tie_word_embeddings=True),
    'smollm3': dict(model_type='smollm3', rms_norm_eps=1e-6, rope_theta=2e6),
    'granite': dict(model_type='granite', attention_multiplier=0.25, embedding_multiplier=12.0, residual_multiplier=0.22, logits_scaling=8.0, attention_bias=True),
    'olmo2': dict(model_type='olmo2', rms_norm_eps=1e-6),
    'stablelm': dict(model_type='stablelm', partial_rotary_factor=0.25, use_qkv_bias=True),
    'stablelm-parallel': dict(model_type='stablelm', partial_rotary_factor=0.5, use_parallel_residual=True),
    'starcoder2': dict(model_type='starcoder2', use_bias=True, sliding_window=None, tie_word_embeddings=True),
    'gpt2': dict(model_type='gpt2', vocab_size=48, n_embd=32, n_layer=2, n_head=4, n_positions=64, n_ctx=64, bos_token_id=0, eos_token_id=1),
    'gptneox': dict(model_type='gpt_neox', rotary_pct=0.25, use_parallel_residual=False),
}


def value(name, shape):
    n = int(np.prod(shape))
    x = (zlib.crc32(name.encode()) + 40503 * np.arange(n, dtype=np.int64)) % 2048 - 1024
    return torch.tensor((x / 1024).astype(np.float32).reshape(shape))


def tokenizer():
    vocab = {t: i for i, t in enumerate(['<s>', '</s>', *'abcdefghij', 'Ġ', 'ab', 'Ġc', 'abĠc'])}
    vocab.update({f'x{i}': i for i in range(len(vocab), 40)})
    t = Tokenizer(models.BPE(vocab, [('a', 'b'), ('Ġ', 'c'), ('ab', 'Ġc')]))
    t.pre_tokenizer, t.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=t, bos_token='<s>', eos_token='</s>', chat_template='{{ messages }}')


load_hparams = ModelBase.load_hparams
# The converter of gpt_neox knows the older spelling alone.
ModelBase.load_hparams = staticmethod(lambda *a, **k: {'rotary_pct': 0.25, **load_hparams(*a, **k)})
TextModel.get_vocab_base_pre = lambda self, tokenizer: 'gpt-2'
os.makedirs(OUT, exist_ok=True)
for name, words in MODELS.items():
    base = {} if name == 'gpt2' else SIZE
    with tempfile.TemporaryDirectory() as d:
        config = AutoConfig.for_model(**{**base, **words})
        with torch.device('meta'):
            model = AutoModelForCausalLM.from_config(config)
        os.makedirs(os.path.join(d, 'cpu'))
        tensors = {}
        model = AutoModelForCausalLM.from_config(config).float()
        model.save_pretrained(os.path.join(d, 'cpu'))  # with the names that checkpoints have
        from safetensors.torch import load_file
        for k, t in load_file(os.path.join(d, 'cpu', 'model.safetensors')).items():
            tensors[k] = value(k, t.shape)
        save_file(tensors, os.path.join(d, 'model.safetensors'))
        written = json.load(open(os.path.join(d, 'cpu', 'config.json')))
        if name == 'gpt2':
            written['n_ctx'] = 64
        shutil.rmtree(os.path.join(d, 'cpu'))
        json.dump(written, open(os.path.join(d, 'config.json'), 'w'), indent=1)
        tokenizer().save_pretrained(d)
        hparams = ModelBase.load_hparams(Path(d), False)
        cls = get_model_class(written['architectures'][0])
        cls.set_vocab = lambda self: self._set_vocab_gpt2()
        out = os.path.join(OUT, name + '.gguf')
        with torch.inference_mode():
            cls(Path(d), gguf.LlamaFileType.MOSTLY_F16, Path(out), eager=True).write()
        json.dump(written, open(os.path.join(OUT, name + '.json'), 'w'), indent=1, sort_keys=True)
