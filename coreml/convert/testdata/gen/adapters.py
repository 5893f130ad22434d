"""Adapters of tiny checkpoints, with what peft computes of them.

For each one ../adapters/NAME holds adapter_config.json and adapter_model.safetensors as peft saves them, and reference.json:
the checkpoint of ../architectures, ids, and a row of logits for each. Python 3.11, torch 2.15.0, transformers 5.24.0, peft 0.21.2.
Usage: adapters.py [NAME...]
"""
import json, os, shutil, sys
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
OUT, BASES = os.path.join(HERE, '..', 'adapters'), os.path.join(HERE, '..', 'architectures')
IDS = [1, 7, 3, 30, 11, 2, 19, 5, 23, 8, 8, 14]
ADAPTERS = {
    'every-linear': ('arcee', dict(target_modules='all-linear', exclude_modules=['down_proj'], rank_pattern={'up_proj': 3}, alpha_pattern={r'layers\.1\.self_attn\.q_proj': 3}, use_rslora=True)),
    'biases': ('starcoder2', dict(target_modules=['q_proj', 'c_fc'], bias='lora_only')),
    'saved': ('starcoder2', dict(target_modules=['v_proj'], modules_to_save=['embed_tokens', 'lm_head'])),
    'saved-embedding': ('gpt2', dict(target_modules=['c_attn'], modules_to_save=['wte'], fan_in_fan_out=True)),
    'saved-conv1d': ('gpt2', dict(target_modules=['attn.c_proj'], modules_to_save=['c_fc', 'lm_head'], fan_in_fan_out=True)),
    'tied-head': ('gpt2', dict(target_modules=['lm_head', 'c_attn'], fan_in_fan_out=False)),
}

def load(base):
    return AutoModelForCausalLM.from_pretrained(os.path.join(BASES, base), dtype=torch.float32, attn_implementation='eager').eval()

def make(name):
    base, fields = ADAPTERS[name]
    out = os.path.join(OUT, name); shutil.rmtree(out, ignore_errors=True)
    m = get_peft_model(load(base), LoraConfig(r=2, lora_alpha=4, task_type='CAUSAL_LM', **fields))
    g = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for n, p in m.named_parameters():
            if 'lora_' in n: p.copy_(torch.randn(p.shape, generator=g) * 0.6 / p.shape[-1] ** 0.5)
            elif p.requires_grad: p.add_(torch.randn(p.shape, generator=g) * 0.4 * p.std())
    m.save_pretrained(out)
    os.remove(os.path.join(out, 'README.md'))
    path = os.path.join(out, 'adapter_config.json')
    cfg = json.load(open(path)); cfg['base_model_name_or_path'] = base
    json.dump(cfg, open(path, 'w'), indent=1, sort_keys=True)
    with torch.no_grad():
        plain = load(base)(torch.tensor([IDS])).logits[0]
        rows = PeftModel.from_pretrained(load(base), out).eval()(torch.tensor([IDS])).logits[0]
    assert (rows - plain).abs().max() > 0.3 * rows.abs().max(), name
    with open(os.path.join(out, 'reference.json'), 'w') as f:
        json.dump(dict(base=base, ids=IDS, rows=[[float(f'{v:.6g}') for v in row] for row in rows.tolist()]), f)

for name in sys.argv[1:] or ADAPTERS:
    make(name)
    print(name)
