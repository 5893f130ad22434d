"""Tiny packages of families that need no more than some kilobytes, with PyTorch's greedy answers.

    python make_families.py [NAME...]        # from anywhere; all without names

Each folder of testdata/families gets its packages, tokens.json (prompts and answers of a plain forward
over the whole text in fp32) and, where detection cannot know everything, driver.json. One tokenizer of
64 words serves all of them. The weights are rounded to fp16 first, so that a package holds what the
reference computes with.
"""
import json
import logging
import os
import random
import shutil
import sys
import tempfile
import warnings

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import coremltools as ct
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "families")
V, D, H, K, HD, FFN, CTX = 64, 32, 2, 1, 16, 48, 48  # vocabulary, width, heads, key heads, head, feed-forward, context


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


class Layer(nn.Module):
    """Grouped-query attention and a feed-forward part, each behind a root mean square norm."""

    def __init__(self):
        super().__init__()
        w = lambda o, i, gain: nn.Parameter(torch.randn(o, i) * gain / i ** 0.5)
        self.q, self.k, self.v, self.o = w(H * HD, D, 1.6), w(K * HD, D, 1.6), w(K * HD, D, 1.2), w(D, H * HD, 1.8)
        self.u, self.d = w(FFN, D, 1.3), w(D, FFN, 1.3)

    def norm(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)

    def forward(self, x, cos, sin, kv):
        b, n = x.shape[0], x.shape[1]
        h = self.norm(x)
        heads = lambda w, k: F.linear(h, w).view(b, n, k, HD).transpose(1, 2)
        k, v, mask = kv(rotate(heads(self.k, K), cos, sin), heads(self.v, K))
        q = rotate(heads(self.q, H), cos, sin)
        k, v = (t.expand(b, H, -1, HD) for t in (k, v))
        a = torch.softmax(torch.matmul(q, k.transpose(2, 3)) * HD ** -0.5 + mask, -1)
        x = x + F.linear(torch.matmul(a, v).transpose(1, 2).reshape(b, n, H * HD), self.o)
        return x + F.linear(F.silu(F.linear(self.norm(x), self.u)), self.d)


class Core(nn.Module):
    """The model, and its forward over a whole text: the reference."""

    def __init__(self, seed, int8=False):
        super().__init__()
        torch.manual_seed(seed)
        self.int8 = int8
        self.emb = nn.Parameter(torch.randn(V, D))
        self.layer = Layer()
        self.out = nn.Parameter(torch.randn(V, D) * 4 / D ** 0.5)
        for p in self.parameters():
            p.data = p.data.half().float()
            p.requires_grad_(False)
        f = torch.outer(torch.arange(CTX + 32).float(), 1.0 / 10000 ** (torch.arange(0, HD, 2).float() / HD))
        f = torch.cat((f, f), -1)
        self.register_buffer("cos", f.cos().half().float(), persistent=False)
        self.register_buffer("sin", f.sin().half().float(), persistent=False)
        self.eval()

    def head(self, x):
        return F.linear(self.layer.norm(x), self.out)

    def full(self, ids):
        n = len(ids)
        x = F.embedding(torch.tensor([ids]), self.emb)
        mask = torch.full((n, n), float("-inf")).triu(1)
        store = (lambda t: torch.clamp(torch.round(t * 16), -127, 127) / 16) if self.int8 else (lambda t: t)
        return self.head(self.layer(x, self.cos[:n], self.sin[:n], lambda k, v: (store(k), store(v), mask)))[0]


def answers(core, lengths, n=14, least=0.08, seed=3):
    """Prompts with clear margins, and what follows them."""
    rng, out = random.Random(seed), []
    for length in lengths:
        best = None
        for _ in range(6):
            ids = [rng.randrange(2, V) for _ in range(length)]
            text, greedy, margin = list(ids), [], []
            for _ in range(min(n, CTX - length)):
                top, at = core.full(text)[-1].topk(2)
                greedy.append(int(at[0]))
                margin.append(round(float(top[0] - top[1]), 6))
                text.append(greedy[-1])
            clear = next((i for i, m in enumerate(margin) if m < least), len(margin))
            score = clear + len(set(greedy))
            if best is None or score > best[0]:
                best = score, dict(prompt=" ".join("w%02d" % i for i in ids), ids=ids, greedy=greedy, margin=margin)
        out.append(best[1])
    return out


# ---- packages --------------------------------------------------------------------------------------

def tensor(name, shape, dtype=np.float16, example=None):
    example = example or shape
    return ct.TensorType(name=name, shape=shape, dtype=dtype), torch.zeros(tuple(example), dtype=torch.int32 if dtype == np.int32 else torch.float32)


def convert(module, inputs, outputs, states=(), target=ct.target.iOS18):
    with torch.no_grad():
        traced = torch.jit.trace(module.eval(), tuple(e for _, e in inputs), check_trace=False)
    held = dict(module.named_buffers())
    return ct.convert(traced, inputs=[t for t, _ in inputs], outputs=[ct.TensorType(name=k, dtype=v) for k, v in outputs.items()],
                      states=[ct.StateType(wrapped_type=ct.TensorType(shape=tuple(held[s].shape), dtype=np.float16), name=s) for s in states] or None,
                      minimum_deployment_target=target, skip_model_load=True, compute_precision=ct.precision.FLOAT16)


def save(folder, name, functions, default=None):
    path = os.path.join(folder, name)
    if not isinstance(functions, dict):
        functions.save(path)
        return
    with tempfile.TemporaryDirectory() as t:
        d = ct.utils.MultiFunctionDescriptor()
        for fn, m in functions.items():
            m.save(f"{t}/{fn}.mlpackage")
            d.add_function(f"{t}/{fn}.mlpackage", src_function_name="main", target_function_name=fn)
        d.default_function_name = default or next(iter(functions))
        ct.utils.save_multifunction(d, path)


class Stateful(nn.Module):
    """The model over two states [1, key heads, context, head]; positions say where a prediction's tokens lie."""

    def __init__(self, core, embeds=False, hidden=False, names=("key_cache", "value_cache"), inner_mask=False):
        super().__init__()
        self.core, self.embeds, self.hidden, self.names, self.inner = core, embeds, hidden, names, inner_mask
        for name in names:
            self.register_buffer(name, torch.zeros(1, K, CTX, HD))

    def forward(self, x, position, mask=None):
        if self.embeds:
            x = x.squeeze(2).transpose(1, 2) if self.embeds == "across" else x
        else:
            x = F.embedding(x, self.core.emb)
        n, at = x.shape[1], position.reshape(-1)[0]
        places = at + torch.arange(n, dtype=torch.int32)
        if self.inner:
            mask = (torch.arange(CTX, dtype=torch.int32)[None] > places[:, None]).float() * -1e4

        def kv(k, v):
            keys, values = (getattr(self, name) for name in self.names)
            keys[:, :, at:at + n, :] = k
            values[:, :, at:at + n, :] = v
            return keys, values, mask
        y = self.core.layer(x, self.core.cos[places], self.core.sin[places], kv)
        if self.hidden:
            y = self.core.layer.norm(y)
            return y.transpose(1, 2).unsqueeze(2)
        return self.core.head(y)


def lengths(folder):
    """Functions length_1, length_4 and length_16: token ids, the first position, a mask of the context."""
    core = Core(5)
    fns = {f"length_{q}": convert(Stateful(core), [tensor("input_ids", (1, q), np.int32), tensor("position_id", (1,), np.int32), tensor("causal_mask", (1, 1, q, CTX))],
                                  {"logits": np.float16}, ("key_cache", "value_cache")) for q in (1, 4, 16)}
    save(folder, "model.mlpackage", fns)
    return answers(core, [1, 3, 4, 5, 16, 21, 37]), "model.mlpackage", None


def lengths_embeds(folder):
    """The same with rows of embeddings.npy as [1, width, 1, q], and a head in a package of its own."""
    core = Core(6)
    fns = {f"length_{q}": convert(Stateful(core, embeds="across", hidden=True, inner_mask=True), [tensor("inputs_embeds", (1, D, 1, q)), tensor("position_id", (1,), np.int32)],
                                  {"hidden": np.float16}, ("key_cache", "value_cache")) for q in (1, 8, 32)}
    save(folder, "chunk_0.mlpackage", fns)

    class Head(nn.Module):
        def forward(self, hidden_states, temperature):
            return F.linear(hidden_states.squeeze(2).transpose(1, 2), core.out) / temperature
    save(folder, "lm_head.mlpackage", convert(Head(), [tensor("hidden_states", (1, D, 1, 1)), tensor("temperature", (1,))], {"logits": np.float16}))
    np.save(os.path.join(folder, "embeddings.npy"), core.emb.numpy())
    return answers(core, [1, 8, 9, 33]), ".", dict(stages=[
        dict(package="chunk_0.mlpackage", inputs=dict(inputs_embeds=dict(role="embeddings", file="embeddings.npy", type="float32", rows=V, width=D))),
        dict(package="lm_head.mlpackage", inputs=dict(temperature=dict(role="constant", value=1)))])


def table_function(folder):
    """The table of embeddings is a function beside those of the layers."""
    core = Core(7)

    class Table(nn.Module):
        def forward(self, input_ids):
            return F.embedding(input_ids, core.emb)
    fns = {}
    for q, embed, run in ((1, "embed_1", "infer"), (8, "embed_8", "prefill")):
        fns[embed] = convert(Table(), [tensor("input_ids", (1, q), np.int32)], {"rows": np.float16})
        fns[run] = convert(Stateful(core, embeds=True), [tensor("inputs_embeds", (1, q, D)), tensor("position_id", (1,), np.int32), tensor("causal_mask", (1, 1, q, CTX))],
                           {"logits": np.float16}, ("key_cache", "value_cache"))
    save(folder, "model.mlpackage", fns, "infer")
    return answers(core, [1, 7, 8, 9, 30]), "model.mlpackage", dict(stages=[
        dict(function="embed_1", prefill="embed_8"), dict(function="infer", prefill="prefill")])


class Paired(nn.Module):
    """The model with caches that go in and out: [B, key heads, context, head] or, across, [B, key heads x head, 1, context]; as int8, of sixteenths."""

    def __init__(self, core, across=False):
        super().__init__()
        self.core, self.across = core, across

    def forward(self, ids, position, mask, keys, values):
        x = F.embedding(ids, self.core.emb)
        n, at = x.shape[1], position.reshape(-1)[0]
        places = at + torch.arange(n, dtype=torch.int32)
        seen = (torch.arange(CTX, dtype=torch.int32)[None] > places[:, None]).float() * -1e4 + (1 - mask.float()) * -1e4 if self.across else mask
        new = []

        def kv(k, v):
            out = []
            for old, t in ((keys, k), (values, v)):
                if self.core.int8:
                    t = torch.clamp(torch.round(t * 16), -127, 127)
                old = old.float()
                if self.across:
                    old = old.view(1, K, HD, CTX).transpose(2, 3)
                old = old.clone()
                old[:, :, at:at + n, :] = t
                new.append(old.transpose(2, 3).reshape(1, K * HD, 1, CTX) if self.across else old)
                out.append(old / 16 if self.core.int8 else old)
            return (*out, seen)
        y = self.core.head(self.core.layer(x, self.core.cos[places], self.core.sin[places], kv))
        return (y, *(t.to(torch.int8) if self.core.int8 else t for t in new))


def int8_cache(folder):
    """Caches and a mask of int8 (iOS 26), the places along the last axis."""
    core = Core(8, int8=True)
    shape = (1, K * HD, 1, CTX)
    m = convert(Paired(core, across=True), [tensor("input_ids", (1, 1), np.int32), tensor("position_id", (1,), np.int32), tensor("attention_mask", (1, CTX), np.int8),
                                            tensor("k_cache", shape, np.int8), tensor("v_cache", shape, np.int8)],
                {"logits": np.float16, "k_cache_out": np.int8, "v_cache_out": np.int8}, target=ct.target.iOS26)
    save(folder, "model.mlpackage", m)
    return answers(core, [1, 6, 20]), "model.mlpackage", None


class Batched(nn.Module):
    """Several texts in one prediction, over states with room for four; the mask's width tells where."""

    def __init__(self, core):
        super().__init__()
        self.core = core
        self.register_buffer("keyCache", torch.zeros(4, K, CTX, HD))
        self.register_buffer("valueCache", torch.zeros(4, K, CTX, HD))

    def forward(self, ids, mask):
        b, n, end = ids.shape[0], ids.shape[1], mask.shape[-1]

        def kv(k, v):
            self.keyCache[:b, :, end - n:end, :] = k
            self.valueCache[:b, :, end - n:end, :] = v
            return self.keyCache[:b, :, :end, :], self.valueCache[:b, :, :end, :], mask
        x = F.embedding(ids, self.core.emb)
        return self.core.head(self.core.layer(x, self.core.cos[end - n:end], self.core.sin[end - n:end], kv))


def batch_range(folder):
    """One to four texts in a prediction."""
    core = Core(9)
    b, q, w = ct.RangeDim(1, 4, default=1), ct.RangeDim(1, CTX, default=1), ct.RangeDim(1, CTX, default=1)
    m = convert(Batched(core), [tensor("inputIds", (b, q), np.int32, (2, 3)), tensor("causalMask", (b, 1, q, w), np.float16, (2, 1, 3, 5))], {"logits": np.float16}, ("keyCache", "valueCache"))
    save(folder, "model.mlpackage", m)
    return answers(core, [1, 3, 5, 9, 14, 20]), "model.mlpackage", None


def batch_enumerated(folder):
    """One text or two, caches in and out, one token of each."""
    core = Core(10)
    shapes = lambda *s: ct.EnumeratedShapes(shapes=[[b, *s] for b in (1, 2)], default=[1, *s])
    cache = lambda name: tensor(name, shapes(K, CTX, HD), np.float16, (2, K, CTX, HD))
    m = convert(Paired(core), [tensor("input_ids", shapes(1), np.int32, (2, 1)), tensor("position_id", (1,), np.int32), tensor("causal_mask", shapes(1, 1, CTX), np.float16, (2, 1, 1, CTX)),
                               cache("k_cache"), cache("v_cache")], {"logits": np.float16, "k_cache_out": np.float16, "v_cache_out": np.float16})
    save(folder, "model.mlpackage", m)
    return answers(core, [2, 7, 11]), "model.mlpackage", dict(stages=[dict(inputs=dict(position_id=dict(role="cursor")))])


TABLE = {"lengths": lengths, "lengths-embeds": lengths_embeds, "table-function": table_function, "int8-cache": int8_cache,
         "batch-range": batch_range, "batch-enumerated": batch_enumerated}


def words():
    """A tokenizer whose text is w00 to w63 with spaces between."""
    folder = os.path.join(OUT, "tokenizer")
    os.makedirs(folder, exist_ok=True)
    vocab = {"<end>": 0, "<unk>": 1, **{"w%02d" % i: i for i in range(2, V)}}
    json.dump(dict(version="1.0", truncation=None, padding=None, added_tokens=[dict(id=0, content="<end>", single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)],
                   normalizer=None, pre_tokenizer=dict(type="WhitespaceSplit"), post_processor=None, decoder=None, model=dict(type="WordLevel", vocab=vocab, unk_token="<unk>")),
              open(f"{folder}/tokenizer.json", "w"), indent=1)
    json.dump(dict(tokenizer_class="PreTrainedTokenizerFast", eos_token="<end>"), open(f"{folder}/tokenizer_config.json", "w"))


def main(names):
    words()
    for name in names or TABLE:
        folder = os.path.join(OUT, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        cases, model, driver = TABLE[name](folder)
        json.dump(dict(model=model, cases=cases), open(f"{folder}/tokens.json", "w"), separators=(",", ":"))
        if driver:
            json.dump(driver, open(f"{folder}/driver.json", "w"), indent=1)
        size = sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(folder) for f in files)
        print(f"{name}: {size} bytes; steps that are sure: {[next((i for i, m in enumerate(c['margin']) if m < 0.05), len(c['margin'])) for c in cases]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
