"""Packages of `coreml convert`, read by coremltools' own loader and type inference.

load.py COREML [CHECKPOINT...] [--convert ARGS]...

COREML is the command. Without checkpoints, tiny ones of three architectures are made
here. Each is converted with each of the given arguments (without any: a list of all
forms), and each package is opened as coremltools.models.MLModel and read back into a
typed program with the MIL frontend, which builds each operation anew and infers the types
of its results; those are compared with the types that the package declares. Needs
coremltools 9.0. Status 1 if anything is off."""
import argparse, json, os, shlex, struct, subprocess, sys, tempfile, warnings

warnings.filterwarnings('ignore')
import logging
logging.disable(logging.WARNING)
import numpy as np
import coremltools as ct
from coremltools.converters.mil.frontend.milproto import helper
from coremltools.converters.mil.frontend.milproto.load import load as load_program
from coremltools.converters.mil.mil.types.symbolic import is_symbolic

FORMS = ['', '--quantize int4', '--quantize int8 --layout conv', '--quantize lut4:group=16', '--cache io', '--cache none',
         '--logits last', '--batch 2', '--layout conv', '--dtype fp32', '--function other --context 24']


def tiny(kind):
    """A configuration and the shapes of its tensors."""
    h, w, v, L, heads, kv, d = 64, 96, 128, 2, 4, 2, 16
    common = dict(hidden_size=h, intermediate_size=w, vocab_size=v, num_hidden_layers=L, num_attention_heads=heads,
                  num_key_value_heads=kv, head_dim=d, max_position_embeddings=64, rms_norm_eps=1e-5)
    t = {'model.embed_tokens.weight': (v, h), 'model.norm.weight': (h,)}
    for i in range(L):
        p = f'model.layers.{i}.'
        t |= {p + 'self_attn.q_proj.weight': (heads * d, h), p + 'self_attn.k_proj.weight': (kv * d, h), p + 'self_attn.v_proj.weight': (kv * d, h),
              p + 'self_attn.o_proj.weight': (h, heads * d), p + 'mlp.gate_proj.weight': (w, h), p + 'mlp.up_proj.weight': (w, h),
              p + 'mlp.down_proj.weight': (h, w), p + 'input_layernorm.weight': (h,), p + 'post_attention_layernorm.weight': (h,)}
        if kind == 'gemma3_text':
            t |= {p + 'pre_feedforward_layernorm.weight': (h,), p + 'post_feedforward_layernorm.weight': (h,)}
        if kind != 'llama':
            t |= {p + 'self_attn.q_norm.weight': (d,), p + 'self_attn.k_norm.weight': (d,)}
    if kind == 'llama':
        return dict(common, model_type=kind, tie_word_embeddings=True, hidden_act='silu'), t
    if kind == 'qwen3':
        return dict(common, model_type=kind, tie_word_embeddings=False, hidden_act='silu'), t | {'lm_head.weight': (v, h)}
    return dict(common, model_type=kind, sliding_window=8, layer_types=['sliding_attention', 'full_attention'],
                query_pre_attn_scalar=16, hidden_activation='gelu_pytorch_tanh'), t


def write(folder, config, shapes):
    """Writes a checkpoint of random numbers in fp16."""
    os.makedirs(folder)
    with open(os.path.join(folder, 'config.json'), 'w') as f:
        json.dump(config, f)
    rng, at, head, data = np.random.default_rng(1), 0, {}, []
    for name, shape in shapes.items():
        raw = (rng.standard_normal(shape) * 0.1).astype('<f2').tobytes()
        head[name] = dict(dtype='F16', shape=shape, data_offsets=[at, at + len(raw)])
        at += len(raw)
        data.append(raw)
    text = json.dumps(head).encode()
    with open(os.path.join(folder, 'model.safetensors'), 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(data))


def declared(block, found):
    """The declared types of all values of a block, and of those within it, by name."""
    for op in block.operations:
        for o in op.outputs:
            found[o.name] = o.type
        for b in op.blocks:
            declared(b, found)
    return found


def inferred(block):
    for op in block.operations:
        for b in op.blocks:
            yield from inferred(b)
        if op.op_type != 'const':  # of which there are more here: of arguments with defaults
            yield from op.outputs


def compare(spec, program):
    """How many values have the type that the package declares; complains of the others."""
    n = 0
    if set(program.functions) != set(spec.mlProgram.functions):
        raise ValueError(f'functions {set(program.functions)}, and {set(spec.mlProgram.functions)} were declared')
    for name, f in program.functions.items():
        proto = spec.mlProgram.functions[name]
        types = declared(proto.block_specializations[proto.opset], {})
        for v in inferred(f):
            if v.name not in types or not types[v.name].HasField('tensorType'):
                continue
            t = types[v.name].tensorType
            want = [d.constant.size if d.HasField('constant') else None for d in t.dimensions]
            have = [None if is_symbolic(d) else int(d) for d in v.shape]
            kind = helper.proto_to_types(types[v.name])
            kind = kind.get_primitive() if hasattr(kind, 'get_primitive') else kind
            if len(want) != len(have) or any(a is not None and b is not None and a != b for a, b in zip(want, have)) or kind != v.dtype:
                raise ValueError(f'{name}: {v.name} is inferred as {v.dtype.__name__} {have}, and {kind.__name__} {want} is declared')
            n += 1
    if not n:
        raise ValueError('no value was compared')
    return n


def check(package):
    model = ct.models.MLModel(package, skip_model_load=True)
    spec = model.get_spec()
    program = load_program(spec, specification_version=spec.specificationVersion, file_weights_dir=model.weights_dir)
    return spec, program, compare(spec, program)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('coreml'); p.add_argument('checkpoints', nargs='*'); p.add_argument('--convert', action='append')
    args = p.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        folders = args.checkpoints
        if not folders:
            for kind in ('llama', 'qwen3', 'gemma3_text'):
                folders.append(os.path.join(work, 'checkpoints', kind))
                write(folders[-1], *tiny(kind))
        for folder in folders:
            for i, form in enumerate(args.convert or FORMS):
                what = f'{os.path.basename(os.path.normpath(folder))} {form}'
                out = os.path.join(work, f'{len(os.listdir(work))}', 'out.mlpackage')
                os.makedirs(os.path.dirname(out))
                r = subprocess.run([args.coreml, 'convert', folder, out, '-q', *shlex.split(form)], capture_output=True, text=True)
                if r.returncode:
                    bad += 1
                    print(f'BAD  {what}: {r.stderr.strip()[:300]}', flush=True)
                    continue
                try:
                    spec, program, n = check(out)
                    print(f'ok   {what}: specification {spec.specificationVersion}, functions {", ".join(program.functions)}, {n} values', flush=True)
                except Exception as e:  # whatever coremltools says
                    bad += 1
                    print(f'BAD  {what}: {type(e).__name__}: {str(e)[:400]}', flush=True)
    print('all packages load' if not bad else f'{bad} packages do not load')
    return bool(bad)


if __name__ == '__main__':
    sys.exit(main())
