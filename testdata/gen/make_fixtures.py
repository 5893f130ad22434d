"""Makes the packages and expected answers in testdata/fixtures.

    python make_fixtures.py --out DIRECTORY [NAME...]
"""
import argparse
import os
import tempfile

from decoder import *

PLANS = ((5, 1, 1, 3, 1), (1, 1, 1), (40, 1))

# name: note, configuration, label of the weights, compression, seed
PLAIN = {
    "llama-int4": (
        "GQA, RMSNorm, SwiGLU, rotary tables; int4 per block of 32",
        Config(), "int4", lambda: linear_blocks(), 1,
    ),
    "llama-fp16": ("the same, float16 weights", Config(), "fp16", None, 2),
    "llama-lut4-grouped": (
        "4-bit palettes, one per 16 output channels",
        Config(), "lut4g", lambda: grouped_palettes(), 3,
    ),
    "qwen2-uint4": (
        "q/k/v biases, tied head; uint4 asymmetric per block of 16",
        Config(qkv_bias=True, tie=True), "uint4", lambda: linear_blocks("uint4", "linear", 16), 7,
    ),
}


def plain(directory, name):
    note, c, label, compression, seed = PLAIN[name]
    m = build(c, seed)
    package = convert(m, c.ctx)
    if compression:
        package = compress(package, compression())
    package.short_description = note
    package.user_defined_metadata["co.huggingface.exporters.name"] = "local/" + name
    path = os.path.join(directory, "model.mlpackage")
    package.save(path)
    put_back(m, path)
    tensors = {}
    runs = [record(m, c.vocab, plan, tensors, f"r{i}") for i, plan in enumerate(PLANS)]
    write_cases(directory, note, label, tensors, runs)


def lora(directory, _):
    """Three functions over one set of weights: the base, and two adapters on q."""
    adapted, models = Config(lora=8), {}
    with tempfile.TemporaryDirectory() as scratch:
        for function, seed in (("base", None), ("poet", 101), ("coder", 102)):
            m = build(Config(), 21)
            if seed:
                m = with_adapter(m, adapted, seed)
            package = compress(convert(m, m.c.ctx), linear_blocks(threshold=8192), ("cos_to_fp16", "sin_to_fp16"))
            path = os.path.join(scratch, function + ".mlpackage")
            package.save(path)
            models[function] = (m, path)
        together = ct.utils.MultiFunctionDescriptor()
        for function, (_, path) in models.items():
            together.add_function(path, src_function_name="main", target_function_name=function)
        together.default_function_name = "base"
        ct.utils.save_multifunction(together, os.path.join(directory, "model.mlpackage"))
        tensors, runs = {}, []
        for i, (function, (m, path)) in enumerate(models.items()):
            put_back(m, path)
            runs.append(dict(record(m, m.c.vocab, (5, 1, 1, 2), tensors, f"r{i}"), function=function))
    note = "one package, three functions that share weights: base, and two LoRA adapters (rank 8, fp16)"
    write_cases(directory, note, "int4 + fp16 adapters", tensors, runs)


def with_adapter(base, c, seed):
    m = Decoder(c).eval()
    state = m.state_dict()
    state.update({k: v for k, v in base.state_dict().items() if k in state})
    m.load_state_dict(state)
    source = torch.Generator().manual_seed(seed)
    for layer in m.layers:
        for part in (layer.la, layer.lb):
            part.weight.data = torch.randn(part.weight.shape, generator=source) * 0.2
    return m


def io_cache(directory, _):
    """No state: the cache goes in and comes out."""
    c = Config(stateless=True)
    m = build(c, 22, IODecoder)
    shape = m.cache_shape()
    outputs = ("logits", "presentKeys", "presentValues")
    package = convert(m, c.ctx, [(name, shape) for name in CACHES], outputs, states=())
    package = compress(package, linear_blocks())
    path = os.path.join(directory, "model.mlpackage")
    package.save(path)
    put_back(m, path)
    tensors, steps, position, source = {}, [], 0, torch.Generator().manual_seed(9)
    keys = values = torch.zeros(shape)
    for index, n in enumerate((4, 1, 1)):
        ids, mask = torch.randint(0, c.vocab, (1, n), generator=source), causal_mask(n, position)
        with torch.no_grad():
            results = dict(zip(outputs, m(ids, mask, keys, values)))
        given = dict(inputIds=ids.int(), causalMask=mask.half(), keyCache=keys.half(), valueCache=values.half())
        step = dict(inputs={}, outputs={})
        for name, tensor in given.items():
            step["inputs"][name] = f"r0.s{index}.in.{name}"
            tensors[step["inputs"][name]] = tensor.contiguous()
        for name, tensor in results.items():
            step["outputs"][name] = f"r0.s{index}.out.{name}"
            tensors[step["outputs"][name]] = tensor.float().contiguous()
        steps.append(step)
        # What the next step gets is what a package can carry: fp16.
        keys, values = (results[name].half().float() for name in outputs[1:])
        position += n
    note = "no state: the key-value cache goes in and comes out (what stateful buffers replace)"
    write_cases(directory, note, "int4", tensors, [dict(function="main", steps=steps, state_after={})])


def mistral(directory, _):
    """The Mistral model class of the transformers library over a slice-update cache."""
    from transformers import MistralConfig, MistralForCausalLM
    from transformers.cache_utils import Cache

    torch.manual_seed(23)
    config = MistralConfig(
        vocab_size=512, hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=32, max_position_embeddings=256, sliding_window=None, rope_theta=1e6,
        attn_implementation="eager", initializer_range=0.08,
    )  # fmt: skip

    class Slots(Cache):
        """A cache that writes the slots [begin, end) and reads up to end."""

        def __init__(self, keys, values, begin, end):
            self.keys, self.values, self.begin, self.end, self.layers = keys, values, begin, end, []

        def update(self, k, v, layer, options=None):
            self.keys[layer, :, :, self.begin : self.end, :] = k
            self.values[layer, :, :, self.begin : self.end, :] = v
            return self.keys[layer, :, :, : self.end, :], self.values[layer, :, :, : self.end, :]

        def get_seq_length(self, layer_idx=0):
            return self.begin

        def get_mask_sizes(self, cache_position, layer_idx):
            return self.end, 0

    class Stateful(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = MistralForCausalLM(config).eval()
            for name in CACHES:
                self.register_buffer(name, torch.zeros((2, 1, 2, 256, 32)))

        def forward(self, inputIds, causalMask):
            end = causalMask.shape[-1]
            begin = end - inputIds.shape[1]
            positions = torch.arange(begin, end)
            return self.model(
                inputIds, attention_mask=causalMask, position_ids=positions[None], cache_position=positions,
                past_key_values=Slots(self.keyCache, self.valueCache, begin, end), use_cache=True,
            ).logits  # fmt: skip

    m = Stateful().eval()
    m(torch.zeros((1, 2), dtype=torch.int32), causal_mask(2, 0))  # the tracer wants lazily made tables to exist
    package = compress(convert(m, 256), linear_blocks(threshold=2048), ())
    package.user_defined_metadata["co.huggingface.exporters.name"] = "mistralai/Mistral-7B-Instruct-v0.3"
    path = os.path.join(directory, "model.mlpackage")
    package.save(path)
    put_back(m, path)
    tensors = {}
    runs = [record(m, 512, plan, tensors, f"r{i}") for i, plan in enumerate(((6, 1, 1, 4, 1), (1, 1)))]
    note = "transformers' own MistralForCausalLM (4.57.6) with a slice-update cache, as the original work exports it"
    write_cases(directory, note, "int4", tensors, runs)


MAKERS = {name: plain for name in PLAIN} | {
    "lora-multifunction": lora,
    "io-cache-int4": io_cache,
    "mistral-transformers-int4": mistral,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="directory that gets one directory per fixture")
    parser.add_argument("names", nargs="*", default=list(MAKERS), metavar="NAME")
    arguments = parser.parse_args()
    for name in arguments.names:
        directory = os.path.join(arguments.out, name)
        os.makedirs(directory, exist_ok=True)
        MAKERS[name](directory, name)
        print("made", name, flush=True)


if __name__ == "__main__":
    main()
