#!/usr/bin/env python3
"""Makes the tiny models of ../encoders: what sentence-transformers saves of each, a package of its transformer, and the
vectors or scores that sentence-transformers itself gives (expected.json).

    python -m venv venv && venv/bin/pip install torch==2.7.1 coremltools==9.0 numpy==1.26.4 sentence-transformers==6.2.0
    venv/bin/python encoders.py ../encoders

Weights are random with a fixed seed, and large enough that a wrong mask, position or pooling shows. Text and vocabulary
are this project's own. The packages are made of plain modules that are compared with transformers before they are
converted."""
import json, os, shutil, sys

import coremltools as ct
import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, LayerNorm, Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast, Qwen3Config, Qwen3Model, RobertaConfig, RobertaModel

TEXTS = [
    "the cat sat on the mat",
    "a kitten rested",
    "where do the birds of the valley sleep at night when it rains and the wind blows",
    "mat",
    "The Cat sat, on the mat.",
    "one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four",
    "rain on the roof",
    "",
]
QUERY = "where did the cat sit"
WORDS = ("the a cat kitten sat sit on mat rested where do did birds of valley sleep at night when it rains rain and wind blows roof "
         "one two three four five six seven eight nine ten").split()


def tokenizer(path, kind, limit):
    """A WordPiece vocabulary of words and letters with the special tokens of a kind of model."""
    cls, sep, pad, unk = {"bert": ("[CLS]", "[SEP]", "[PAD]", "[UNK]"), "roberta": ("<s>", "</s>", "<pad>", "<unk>"), "qwen": (None, "<eos>", "<pad>", "<unk>")}[kind]
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    special = [t for t in ([pad, cls, sep, unk] if kind != "roberta" else [cls, pad, sep, unk]) if t]
    vocab = special + [",", ".", ":"] + WORDS + [w for w in letters if w not in WORDS] + ["##" + w for w in letters]
    ids = {w: i for i, w in enumerate(vocab)}
    t = Tokenizer(models.WordPiece(ids, unk_token=unk))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    if kind == "bert":
        t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", ids[cls]), ("[SEP]", ids[sep])])
    elif kind == "roberta":
        t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", ids[cls]), ("</s>", ids[sep])])
    else:
        t.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", ids[sep])])
    names = dict(pad_token=pad, unk_token=unk, sep_token=sep, model_max_length=limit)
    if kind == "bert":
        names["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]  # as BertTokenizer has
    if cls:
        names["cls_token"] = cls
    else:
        names["padding_side"] = "left"
    fast = PreTrainedTokenizerFast(tokenizer_object=t, **names)
    fast.save_pretrained(path)
    return len(vocab), ids[pad]


def grow(model):
    """Random weights of a size at which attention is far from even."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() > 1:
                p.normal_(0, 0.7 if "embed" in name else 2.0 / p.shape[1] ** 0.5)
            else:
                p.add_(torch.randn_like(p) * 0.1)
    return model.eval()


class Bert(torch.nn.Module):
    """BertModel and RobertaModel without what cannot be converted: rows, and the pooler's vector or a head's logits."""

    def __init__(self, m, positions=0, given=False):
        super().__init__()
        self.m, self.offset, self.given = getattr(m, "bert", m), positions, given
        self.head = m if hasattr(m, "classifier") else None
        self.heads = self.m.config.num_attention_heads

    def forward(self, ids, mask, extra=None):
        e = self.m.embeddings
        ids = ids.long()
        positions = extra.long() if self.given else torch.arange(ids.shape[1]).unsqueeze(0) + self.offset
        types = torch.zeros_like(ids) if self.given or extra is None else extra.long()
        x = e.LayerNorm(e.word_embeddings(ids) + e.position_embeddings(positions) + e.token_type_embeddings(types))
        bias = (1 - mask.float())[:, None, None, :] * -1e4
        for layer in self.m.encoder.layer:
            s = layer.attention.self
            split = lambda t: t.view(t.shape[0], -1, self.heads, t.shape[2] // self.heads).transpose(1, 2)
            q, k, v = split(s.query(x)), split(s.key(x)), split(s.value(x))
            a = torch.softmax(q @ k.transpose(2, 3) / q.shape[3] ** 0.5 + bias, -1) @ v
            a = a.transpose(1, 2).flatten(2)
            x = layer.attention.output.LayerNorm(layer.attention.output.dense(a) + x)
            h = torch.nn.functional.gelu(layer.intermediate.dense(x))
            x = layer.output.LayerNorm(layer.output.dense(h) + x)
        if self.head is not None:
            return self.head.classifier(torch.tanh(self.m.pooler.dense(x[:, 0])))
        if self.m.pooler is not None:
            return x, torch.tanh(self.m.pooler.dense(x[:, 0]))
        return x


class Qwen(torch.nn.Module):
    """Qwen3Model with a causal mask and padding on the left."""

    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, ids, mask):
        m, c = self.m, self.m.config
        x = m.embed_tokens(ids.long())
        n = ids.shape[1]
        position = torch.arange(n).float()
        inverse = 1.0 / (10000.0 ** (torch.arange(0, c.head_dim, 2).float() / c.head_dim))
        angle = position[:, None] * inverse[None]
        cos, sin = torch.cat([angle, angle], 1).cos(), torch.cat([angle, angle], 1).sin()
        hidden = (position[None, :] > position[:, None]).float()[None, None] + (1 - mask.float())[:, None, None, :]
        bias = hidden * -1e4
        norm = lambda t, w: t * torch.rsqrt((t * t).mean(-1, keepdim=True) + c.rms_norm_eps) * w
        turn = lambda t: t * cos + torch.cat([-t[..., c.head_dim // 2:], t[..., :c.head_dim // 2]], -1) * sin
        for layer in m.layers:
            a, y = layer.self_attn, norm(x, layer.input_layernorm.weight)
            split = lambda t: t.view(t.shape[0], -1, c.num_attention_heads, c.head_dim)
            q = turn(norm(split(a.q_proj(y)), a.q_norm.weight).transpose(1, 2))
            k = turn(norm(split(a.k_proj(y)), a.k_norm.weight).transpose(1, 2))
            v = split(a.v_proj(y)).transpose(1, 2)
            o = torch.softmax(q @ k.transpose(2, 3) / c.head_dim ** 0.5 + bias, -1) @ v
            x = x + a.o_proj(o.transpose(1, 2).flatten(2))
            y = norm(x, layer.post_attention_layernorm.weight)
            x = x + layer.mlp.down_proj(torch.nn.functional.silu(layer.mlp.gate_proj(y)) * layer.mlp.up_proj(y))
        return norm(x, m.norm.weight)


def package(folder, module, shapes, names, outputs, masks=np.int32):
    """Converts a module. shapes is a shape, a RangeDim one, or a list of shapes."""
    one = shapes[0] if isinstance(shapes, list) else shapes
    size = tuple(getattr(d, "default", d) for d in one)
    example = [torch.ones(size, dtype=torch.int32) for _ in names]
    with torch.no_grad():
        traced = torch.jit.trace(module, tuple(example), check_trace=False)
    shape = ct.EnumeratedShapes(shapes=[list(s) for s in shapes]) if isinstance(shapes, list) else ct.Shape(one)
    inputs = [ct.TensorType(name=n, shape=shape, dtype=masks if "mask" in n else np.int32) for n in names]
    model = ct.convert(traced, inputs=inputs, outputs=[ct.TensorType(name=n) for n in outputs], convert_to="mlprogram",
                       minimum_deployment_target=ct.target.iOS18, compute_precision=ct.precision.FLOAT16)
    model.save(os.path.join(folder, "model.mlpackage"))


def tidy(folder):
    """Leaves what package embed reads: the transformer's weights are in the package."""
    for name in ["model.safetensors", "README.md"]:
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))


def record(folder, model, calls):
    """Writes what sentence-transformers answers. A call is its options here, and what to call there."""
    cases = [dict(options, embeddings=[[round(float(x), 6) for x in v] for v in call(model)]) for options, call in calls]
    json.dump({"texts": TEXTS, "cases": cases}, open(os.path.join(folder, "expected.json"), "w"), indent=None, separators=(",", ":"))
    tidy(folder)


def same(module, model, ids, mask, extra=None, rows=True, **given):
    with torch.no_grad():
        got = module(ids, mask) if extra is None else module(ids, mask, extra)
        want = model(input_ids=ids, attention_mask=mask, **given)
    got = got[0] if isinstance(got, tuple) else got
    want = want.last_hidden_state if rows else want.logits
    keep = mask.bool() if rows else slice(None)
    assert (got[keep] - want[keep]).abs().max() < 1e-4, (got[keep] - want[keep]).abs().max()


def batch(vocab, left=False):
    ids, mask = torch.randint(4, vocab, (2, 9)), torch.ones(2, 9, dtype=torch.int64)
    mask[1, :3 if left else None] = 0 if left else 1
    if not left:
        mask[1, 6:] = 0
    return ids, mask


def bert(folder, limit, labels=None, **more):
    tok = os.path.join(folder, "source")
    vocab, pad = tokenizer(tok, "bert", limit)
    config = BertConfig(vocab_size=vocab, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                        max_position_embeddings=limit, pad_token_id=pad, num_labels=labels or 2, **more)
    model = grow(BertForSequenceClassification(config) if labels else BertModel(config))
    model.save_pretrained(tok)
    return tok, model, vocab


def mean_bert(folder):
    """Rows and a pooler's vector, token types, a fixed shape: mean, Normalize and prompts."""
    tok, model, vocab = bert(folder, 32)
    ids, mask = batch(vocab)
    same(Bert(model), model, ids, mask, torch.zeros_like(ids))
    st = SentenceTransformer(modules=[Transformer(tok), Pooling(32, "mean"), Normalize()],
                             prompts={"query": "cat: ", "document": "mat: ", "other": "where: "})
    st.save(folder)
    package(folder, Bert(model), (1, 32), ["input_ids", "attention_mask", "token_type_ids"], ["last_hidden_state", "pooler_output"])
    record(folder, st, [
        ({}, lambda m: m.encode(TEXTS)), ({"role": "query"}, lambda m: m.encode_query(TEXTS)),
        ({"role": "document"}, lambda m: m.encode_document(TEXTS)), ({"prompt": "other"}, lambda m: m.encode(TEXTS, prompt_name="other")),
        ({"dimensions": 8}, lambda m: m.encode(TEXTS, truncate_dim=8, normalize_embeddings=True)),
    ])


def dense_bert(folder):
    """Lengths and batches without a fixed size, a float mask: cls and max, a layer norm, two Dense layers; a prompt that takes no part."""
    tok, model, vocab = bert(folder, 40)
    ids, mask = batch(vocab)
    same(Bert(model), model, ids, mask)
    st = SentenceTransformer(modules=[Transformer(tok, max_seq_length=24), Pooling(32, ("cls", "max"), include_prompt=False), LayerNorm(64), Dense(64, 48),
                                      Dense(48, 16, bias=False, activation_function=torch.nn.Identity(), use_residual=True)],
                             prompts={"query": "where: "}, default_prompt_name="query")
    grow(st[2]), grow(st[3]), grow(st[4])
    st.save(folder)
    package(folder, Rows(Bert(model)), (ct.RangeDim(1, 5, default=2), ct.RangeDim(1, 40, default=7)), ["tokens", "mask"], ["var_out"], np.float32)
    record(folder, st, [({}, lambda m: m.encode(TEXTS)), ({"role": "document", "normalize": True}, lambda m: m.encode(TEXTS, prompt="", normalize_embeddings=True))])


class Rows(torch.nn.Module):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, *x):
        return self.m(*x)[0]


class Pooled(torch.nn.Module):
    """The mean within the package, with no layer behind it."""

    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, ids, mask, positions):
        w = mask.float().unsqueeze(-1)
        return (self.m(ids, mask, positions) * w).sum(1) / w.sum(1)


def pooled_roberta(folder):
    """Positions that begin behind the padding's id, enumerated shapes, the mean in the package and Dense and Normalize outside."""
    tok = os.path.join(folder, "source")
    vocab, pad = tokenizer(tok, "roberta", 32)
    config = RobertaConfig(vocab_size=vocab, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                           max_position_embeddings=32 + pad + 1, pad_token_id=pad, type_vocab_size=1)
    model = grow(RobertaModel(config, add_pooling_layer=False))
    model.save_pretrained(tok)
    ids, mask = batch(vocab)
    ids[mask == 0] = pad
    positions = torch.cumsum(mask, 1) * mask + pad
    module = Bert(model, given=True)
    same(module, model, ids, mask, positions)
    st = SentenceTransformer(modules=[Transformer(tok), Pooling(32, "mean"), Dense(32, 24, activation_function=torch.nn.GELU()), Normalize()], truncate_dim=12)
    grow(st[2])
    st.save(folder)
    package(folder, Pooled(module), [(1, 8), (4, 8), (1, 32), (2, 32)], ["input_ids", "attention_mask", "position_ids"], ["sentence_embedding"])
    record(folder, st, [({"normalize": True}, lambda m: m.encode(TEXTS, normalize_embeddings=True))])


def last_qwen(folder):
    """A decoder: the last token's vector, padding on the left, batches of three."""
    tok = os.path.join(folder, "source")
    vocab, pad = tokenizer(tok, "qwen", 40)
    config = Qwen3Config(vocab_size=vocab, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4, head_dim=8,
                         intermediate_size=48, max_position_embeddings=40, pad_token_id=pad, tie_word_embeddings=False)
    model = grow(Qwen3Model(config))
    model.save_pretrained(tok)
    ids, mask = batch(vocab, left=True)
    same(Qwen(model), model, ids, mask)
    st = SentenceTransformer(modules=[Transformer(tok), Pooling(32, "lasttoken"), Normalize()], prompts={"query": "where: "})
    st.save(folder)
    package(folder, Qwen(model), (3, ct.RangeDim(4, 40, default=7)), ["input_ids", "attention_mask"], ["hidden"])
    record(folder, st, [({}, lambda m: m.encode(TEXTS)), ({"role": "query"}, lambda m: m.encode_query(TEXTS))])


def reranker(folder, labels):
    """A cross-encoder: pairs, with one logit through a sigmoid or with several classes."""
    tok, model, vocab = bert(folder, 48, labels, **({"id2label": {0: "no", 1: "maybe", 2: "yes"}} if labels == 3 else {}))
    ids, mask = batch(vocab)
    same(Bert(model), model, ids, mask, torch.ones_like(ids), rows=False, token_type_ids=torch.ones_like(ids))
    ce = CrossEncoder(tok)
    ce.save_pretrained(folder)
    package(folder, Bert(model), (1, 48), ["input_ids", "attention_mask", "token_type_ids"], ["logits"])
    texts = TEXTS[:6]
    got = np.asarray(ce.predict([(QUERY, t) for t in texts]), dtype=float).reshape(len(texts), -1)
    json.dump({"query": QUERY, "texts": texts, "scores": [[round(x, 6) for x in row] for row in got.tolist()]}, open(os.path.join(folder, "expected.json"), "w"))
    tidy(folder)


def main():
    out = sys.argv[1]
    for seed, (name, make) in enumerate({
        "mean-bert": mean_bert, "dense-bert": dense_bert, "pooled-roberta": pooled_roberta, "last-qwen": last_qwen,
        "reranker": lambda f: reranker(f, 1), "reranker-classes": lambda f: reranker(f, 3),
    }.items()):
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        folder = os.path.join(out, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        torch.manual_seed(seed)
        make(folder)
        shutil.rmtree(os.path.join(folder, "source"))
        print(name)


main()
