"""Writes ../adapters: the two adapters of the fixture lora-multifunction, whose functions
poet and coder have the same numbers, in the forms in which trainers store them: poet as PEFT does and coder as mlx-lm does. So the recorded answers of those
functions are those of base with the adapter. Needs torch and safetensors."""
import json, os
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))


def factors(seed, layers=2, width=128, rank=8):
    g = torch.Generator().manual_seed(seed)
    for _ in range(layers):
        a = torch.randn((rank, width), generator=g) * 0.2
        b = torch.randn((width, rank), generator=g) * 0.2
        yield a.half(), b.half()


def write(name, file, tensors, config):
    folder = os.path.join(HERE, '..', 'adapters', name)
    os.makedirs(folder, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(folder, file), metadata={'format': 'pt'})
    with open(os.path.join(folder, 'adapter_config.json'), 'w') as f:
        json.dump(config, f, indent=1)
        f.write('\n')


poet = {}
for i, (a, b) in enumerate(factors(101)):
    poet[f'base_model.model.model.layers.{i}.self_attn.q_proj.lora_A.weight'] = a
    poet[f'base_model.model.model.layers.{i}.self_attn.q_proj.lora_B.weight'] = b / 2
write('poet', 'adapter_model.safetensors', poet,
      dict(peft_type='LORA', task_type='CAUSAL_LM', r=8, lora_alpha=16, target_modules=['q_proj'], bias='none', init_lora_weights=True))

coder = {}
for i, (a, b) in enumerate(factors(102)):
    coder[f'model.layers.{i}.self_attn.q_proj.lora_a'] = a.T
    coder[f'model.layers.{i}.self_attn.q_proj.lora_b'] = b.T / 4
write('coder', 'adapters.safetensors', coder,
      dict(fine_tune_type='lora', num_layers=2, lora_parameters=dict(rank=8, scale=4.0, dropout=0.0, keys=['self_attn.q_proj'])))
