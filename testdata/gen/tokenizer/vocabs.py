"""Record what the references make of vocabularies without tokenizer.json.

    python vocabs.py [--seed N] [--texts N] [--models DIR] OUT

Small vocabularies are made here, as a model would ship them; with --models, those of a
folder of tokenizer.json files and of mistral-common are written in the older forms. Each
becomes a file NAME.jsonl.gz. Its first line has the files of the folder by their names,
the largest id plus one, the special ids, and the tokens that have names. Each line behind
it has a text with its ids ("ids"), the ids with special tokens ("sp", where they differ),
and the texts of both ("dec" without special tokens, "all" with them; true is the text).

transformers 5.24.0 answers for vocab.json, vocab.txt and tokenizer.model, tiktoken 0.14
for the encodings that have a name, and mistral-common 1.13.1 for tekken.json, where only
control tokens in a text are read as transformers reads them.
"""
import argparse
import base64
import gzip
import json
import logging
import os
import random
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")

import tiktoken  # noqa: E402
from tiktoken_ext import openai_public  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402
from transformers.convert_slow_tokenizer import bytes_to_unicode  # noqa: E402
from transformers.integrations.mistral.tokenizer import MistralConverter  # noqa: E402
from mistral_common.tokens.tokenizers.tekken import Tekkenizer  # noqa: E402
import mistral_common  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from parity import BLOCKS, GAPS, WORDS  # noqa: E402

logging.disable(logging.CRITICAL)
TO_BYTE = {c: b for b, c in bytes_to_unicode().items()}
ALPHABET = [c for _, c in sorted(bytes_to_unicode().items())]
PROSE = """The quick brown fox jumps over the lazy dog, and doesn't care that they'll tell it to stop.
Numbers such as 12345, 3.14159 and 1,000,000 are cut in many ways; so are      long     runs of spaces.
  def tokenize(text):\n      return [t for t in text.split() if t != ""]   # a comment
Ein Straßenbahnführer überquert größere Flüsse. Où est l'été, s'il vous plaît? Mañana será otro día.
Привет, мир! Как дела сегодня? Γειά σου Κόσμε. שלום עולם. مرحبا بالعالم. नमस्ते दुनिया. 日本語のテキストです。中文也在这里。한국어 문장입니다.
aaaaaaaaaaaaaaaaaaaaaaaa ======== ababababababab !!!??? ... --- \t\t\n\n\n I'm We'LL you'VE HelloWorld XMLHttpRequest
""" * 3
LONG = ["a" * 300, "=" * 129, " " * 90, "\n" * 40, "ab" * 150, "0" * 77, "ſ's 'ſ K'LL", "漢字" * 60, "e\u0301" * 50, "👍🏽" * 20, "\t \t " * 12, ""]


def sample(rnd, added):
    """A string of words, repetitions, random code points and added tokens."""
    out = []
    for _ in range(rnd.randint(1, 20)):
        kind = rnd.random()
        if kind < 0.4:
            out.append(rnd.choice(WORDS))
        elif kind < 0.5 and added:
            out.append(rnd.choice(added))
        elif kind < 0.6:
            out.append(rnd.choice(["a", "ab", " ", "=", "0", "\n", "-", "the ", "字", "\u0301", "aab"]) * rnd.randint(2, 40))
        else:
            block = rnd.choice(BLOCKS)
            out.append("".join(chr(rnd.randrange(*block)) for _ in range(rnd.randint(1, 6))))
        out.append(rnd.choice(GAPS))
    return "".join(c for c in "".join(out) if not 0xD800 <= ord(c) < 0xE000)


def texts(name, seed, count, added):
    rnd = random.Random(f"{seed} {name}")
    return (LONG + [f"x{a}y {a} " for a in added] + [sample(rnd, added) for _ in range(count)])[: max(count, 1)]


class Auto:
    """AutoTokenizer of transformers."""

    def __init__(self, folder):
        self.t = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        self.added = list(self.t.get_added_vocab())
        self.meta = {"size": max(self.t.get_vocab().values()) + 1, "special": sorted(self.t.all_special_ids)}
        self.meta["named"] = {k: str(getattr(self.t, k)) for k in self.t.SPECIAL_TOKENS_ATTRIBUTES if getattr(self.t, k)}

    def encode(self, text, special):
        return self.t.encode(text, add_special_tokens=special)

    def decode(self, ids, skip):
        return self.t.decode(ids, skip_special_tokens=skip)


class Named:
    """An encoding of tiktoken with the ranks of a file."""

    def __init__(self, folder, name, ranks):
        if name == "qwen":  # tokenization_qwen.py
            first = 151643
            special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + [f"<|extra_{i}|>" for i in range(205)]
            how = {
                "name": name,
                "pat_str": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
                "special_tokens": {t: first + i for i, t in enumerate(special)},
            }
        else:
            openai_public.load_tiktoken_bpe = lambda *a, **k: ranks
            openai_public.data_gym_to_mergeable_bpe_ranks = lambda *a, **k: ranks
            how = openai_public.ENCODING_CONSTRUCTORS[name]()
        how.pop("explicit_n_vocab", None)
        self.t = tiktoken.Encoding(**{**how, "mergeable_ranks": ranks})
        self.special = set(how["special_tokens"].values())
        self.added = sorted(how["special_tokens"])[:20]
        self.meta = {"size": self.t.n_vocab, "special": sorted(self.special), "named": {"eos_token": self.t.decode([self.t.eot_token])}}

    def encode(self, text, special):
        return self.t.encode(text, allowed_special="all")

    def decode(self, ids, skip):
        return self.t.decode([i for i in ids if not (skip and i in self.special)])


class Tekken:
    """mistral-common, and transformers where a text has control tokens."""

    def __init__(self, folder):
        file = str(next(folder.glob("*tekken*.json")))
        self.t = Tekkenizer.from_file(file)
        self.fast = MistralConverter(file).converted()
        self.all = [t["token_str"] for t in self.t._all_special_tokens]
        self.added = [str(getattr(t, "value", t)) for t in self.all][:40]
        self.meta = {"size": self.t.n_words, "special": list(range(self.t.num_special_tokens)), "named": {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}}

    def encode(self, text, special):
        if any(str(getattr(t, "value", t)) in text for t in self.all):
            ids = self.fast.encode(text, add_special_tokens=False).ids
            return [self.t.bos_id] * special + ids
        ids = self.t.encode(text, bos=special, eos=False)
        other = [self.t.bos_id] * special + self.fast.encode(text, add_special_tokens=False).ids
        if ids != other:
            print(f"mistral-common and transformers differ on {text!r}", file=sys.stderr)
        return ids

    def decode(self, ids, skip):
        return self.fast.decode(ids, skip_special_tokens=skip)


def record(out, name, path, reference, seed, count):
    kept = 0
    head = {"files": {f.name: f.read_bytes().decode() for f in sorted(path.iterdir())}, **reference.meta}
    with gzip.GzipFile(out / f"{name}.jsonl.gz", "wb", mtime=0) as f:
        f.write((json.dumps(head, ensure_ascii=False) + "\n").encode())
        for text in texts(name, seed, count, reference.added):
            ids = reference.encode(text, False)
            sp = reference.encode(text, True)
            r = {"t": text, "ids": ids, "dec": reference.decode(ids, True), "all": reference.decode(sp, False)}
            if sp != ids:
                r["sp"] = sp
            for key in ("dec", "all"):
                if r[key] == text:
                    r[key] = True
            f.write((json.dumps(r, ensure_ascii=False) + "\n").encode())
            kept += 1
    print(f"{name}: {kept} texts", flush=True)


def folder(out, name, files):
    """Make a folder of files: texts as they are, the rest as JSON."""
    path = out / name
    path.mkdir(parents=True)
    for file, content in files.items():
        (path / file).write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8", newline="")
    return path


def merges_files(tokenizer):
    m = json.loads(tokenizer.to_str())["model"]
    pairs = [x.split(" ") if isinstance(x, str) else x for x in m["merges"]]
    return {"vocab.json": m["vocab"], "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs)}


def byte_bpe(size, special, suffix=None, normalizer=None, pre=None):
    t = Tokenizer(models.BPE(**({"end_of_word_suffix": suffix} if suffix else {})))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre or pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = ALPHABET if pre is None or suffix is None else []
    extra = {"end_of_word_suffix": suffix} if suffix else {}
    t.train_from_iterator(PROSE.splitlines(keepends=True), trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False, **extra))
    return t


def word_list(size, special, lower=True):
    t = Tokenizer(models.WordPiece(unk_token=special[1]))
    t.normalizer = normalizers.BertNormalizer(lowercase=lower)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(PROSE.splitlines(), trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False))
    vocab = t.get_vocab()
    return "".join(f"{w}\n" for w in sorted(vocab, key=vocab.get))


def ranks_of(tokenizer):
    """The tokens of a byte-level vocabulary as ranks, without those that are no bytes' merges."""
    m = json.loads(tokenizer.to_str())
    control = {t["content"] for t in m["added_tokens"]}
    tokens = sorted((i, w) for w, i in m["model"]["vocab"].items() if w not in control)
    return {bytes(TO_BYTE[c] for c in w): n for n, (_, w) in enumerate(tokens)}


def ranks_file(ranks):
    return "".join(f"{base64.b64encode(t).decode()} {r}\n" for t, r in ranks.items())


def tekken_file(ranks, version, special=None, filler=None, drop=0):
    tokens = [{"rank": r, "token_bytes": base64.b64encode(t).decode(), "token_str": t.decode("utf-8", "ignore") or None} for t, r in ranks.items()]
    count = filler or len(special or [])
    config = {
        "pattern": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "num_vocab_tokens": len(tokens),
        "default_vocab_size": len(tokens) - drop + count,
        "default_num_special_tokens": count,
        "version": version,
    }
    made = {"config": config, "version": 1, "type": "Tekken", "vocab": tokens}
    if special:
        made["special_tokens"] = [{"rank": i, "token_str": t, "is_control": True} for i, t in enumerate(special)]
    return made


def byte_ranks(size):
    """A small vocabulary of ranks that begins with the 256 bytes, as tekken wants it."""
    ranks = ranks_of(byte_bpe(size, []))
    ordered = [bytes([b]) for b in range(256)] + [t for t in ranks if len(t) > 1]
    return {t: r for r, t in enumerate(ordered)}


def small(out):
    """The small vocabularies: a name, its folder and its reference for each."""
    end = "<|endoftext|>"
    gpt = merges_files(byte_bpe(360, [end]))
    roberta = merges_files(byte_bpe(370, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]))
    clip = merges_files(byte_bpe(700, ["<|startoftext|>", end], "</w>", normalizers.Lowercase()))
    words = merges_files(byte_bpe(420, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "</w>", normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()))
    bert = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    lower, cased = word_list(420, bert), word_list(420, bert, False)
    mp = word_list(420, ["<s>", "[UNK]", "<pad>", "</s>", "<mask>"])
    added = {"lstrip": True, "rstrip": False, "single_word": False, "normalized": False, "special": True}
    plain = {"lstrip": False, "rstrip": True, "single_word": True, "normalized": True, "special": False}

    def cls(name, **more):
        return {"tokenizer_class": name, **more}

    cases = {
        "gpt2-class": (gpt, cls("GPT2Tokenizer"), {}),
        "gpt2-type": (gpt, None, {"model_type": "gpt2"}),
        "gpt2-settings": (gpt, cls("GPT2TokenizerFast", add_prefix_space=True, add_bos_token=True, pad_token="<pad>"), {}),
        "gpt2-tokens": (gpt, cls("GPT2Tokenizer", bos_token="<b>", eos_token={"__type": "AddedToken", "content": "<e>", **added}, add_bos_token=True, add_eos_token=True, additional_special_tokens=["<x>", "<y>"], image_token="<image>"), {}),
        "codegen": (gpt, cls("CodeGenTokenizer"), {"model_type": "phi"}),
        "whisper": (merges_files(byte_bpe(360, [end, "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startofprev|>", "<|notimestamps|>"])), cls("WhisperTokenizer", task="transcribe"), {}),
        "neox": (gpt, cls("GPTNeoXTokenizer"), {}),
        "qwen2": (merges_files(byte_bpe(360, [])), cls("Qwen2Tokenizer", eos_token="<|im_end|>", pad_token=end, added_tokens_decoder={str(360 + i): {"content": t, **added, "lstrip": False} for i, t in enumerate([end, "<|im_start|>", "<|im_end|>"])}), {"model_type": "qwen2"}),
        "roberta": (roberta, cls("RobertaTokenizer", mask_token={"__type": "AddedToken", "content": "<mask>", **added}), {}),
        "bart": (roberta, cls("BartTokenizer", add_prefix_space=True, trim_offsets=False), {"model_type": "bart"}),
        "blenderbot": (roberta, cls("BlenderbotTokenizer"), {}),
        "deberta": (merges_files(byte_bpe(360, bert)), cls("DebertaTokenizer"), {}),
        "cohere": (gpt, cls("CohereTokenizer", add_bos_token=True), {}),
        "cohere-extra": (gpt, cls("CohereTokenizer", additional_special_tokens=[{"__type": "AddedToken", "content": "<z>", **added, "special": False}]), {}),
        "neox-around": (gpt, cls("GPTNeoXTokenizer", add_bos_token=True, add_eos_token=True), {}),
        "codegen-around": (gpt, cls("CodeGenTokenizer", add_bos_token=True, add_prefix_space=True), {}),
        "gpt2-split": (gpt, cls("GPT2Tokenizer", split_special_tokens=True, bos_token=None), {}),
        "qwen2-extra": (gpt, cls("Qwen2Tokenizer", extra_special_tokens={"image_token": "<img>", "a_token": "<aa>"}, audio_token="<aud>"), {}),
        "bert-tokens": ({"vocab.txt": lower}, cls("BertTokenizer", unk_token="the", sep_token="[S]", added_tokens_decoder={"3": {"content": "[SEP]", **plain}, "500": {"content": "Hello", **plain}}), {}),
        "clip": (clip, cls("CLIPTokenizer"), {"model_type": "clip"}),
        "openai-gpt": (words, cls("OpenAIGPTTokenizer"), {}),
        "herbert": (words, cls("HerbertTokenizer"), {}),
        "bert": ({"vocab.txt": lower}, cls("BertTokenizer"), {}),
        "bert-type": ({"vocab.txt": lower}, None, {"model_type": "bert"}),
        "bert-cased": ({"vocab.txt": cased}, cls("BertTokenizer", do_lower_case=False, strip_accents=True), {}),
        "bert-plain": ({"vocab.txt": lower.replace("\n", " \r\n")}, cls("DistilBertTokenizer", tokenize_chinese_chars=False, strip_accents=False), {}),
        "bert-clean-up": ({"vocab.txt": lower}, cls("BertTokenizer", clean_up_tokenization_spaces=True), {}),
        "gpt2-clean-up": (gpt, cls("GPT2Tokenizer", clean_up_tokenization_spaces=True), {}),
        "electra": ({"vocab.txt": lower}, cls("ElectraTokenizerFast", cls_token="[X]", additional_special_tokens=["[E1]", "[E2]"]), {}),
        "mpnet": ({"vocab.txt": mp}, cls("MPNetTokenizer"), {}),
        "funnel": ({"vocab.txt": word_list(420, ["<pad>", "<unk>", "<cls>", "<sep>", "<mask>", "<s>", "</s>"])}, cls("FunnelTokenizer"), {}),
    }
    for name, (files, config, model) in cases.items():
        files = dict(files)
        if config is not None:
            files["tokenizer_config.json"] = config
        files["config.json"] = model or {"model_type": "other"}
        yield name, folder(out, name, files), Auto
    maps = {"special_tokens_map.json": {"eos_token": "<end>", "mask_token": {"content": "<mask>", "lstrip": True}, "additional_special_tokens": ["<q>"]},
            "added_tokens.json": {"<end>": 361, "<more>": 360, "Word": 362}}
    yield "gpt2-side-files", folder(out, "gpt2-side-files", {**gpt, **maps, "tokenizer_config.json": cls("GPT2Tokenizer", eos_token="<other>"), "config.json": {"model_type": "gpt2"}}), Auto
    decoder = {"360": {"content": "<a>", **added}, "361": {"content": "fox", **plain}, "0": {"content": end, **added, "lstrip": False}}
    yield "gpt2-decoder", folder(out, "gpt2-decoder", {**gpt, **maps, "tokenizer_config.json": cls("GPT2Tokenizer", added_tokens_decoder=decoder), "config.json": {"model_type": "gpt2"}}), Auto

    ranks = byte_ranks(420)
    llama = {str(420 + i): {"content": t, **added, "lstrip": False} for i, t in [(0, "<|begin_of_text|>"), (1, "<|end_of_text|>"), (5, "<|eot_id|>")]}
    llama["423"] = {"content": "fox", **plain}
    yield "tiktoken-model", folder(out, "tiktoken-model", {"tokenizer.model": ranks_file(ranks), "tokenizer_config.json": cls("PreTrainedTokenizerFast", bos_token="<|begin_of_text|>", eos_token="<|eot_id|>", add_bos_token=True, added_tokens_decoder=llama), "config.json": {"model_type": "llama"}}), Auto
    yield "tiktoken-plain", folder(out, "tiktoken-plain", {"tiktoken.model": ranks_file(ranks), "tokenizer_config.json": cls("TokenizersBackend", extra_special_tokens=["<|x|>", "<|y|>"]), "config.json": {"model_type": "kimi_k25"}}), Auto
    for name, kind in [("llama", "LlamaTokenizer"), ("roberta", "RobertaTokenizer")]:
        yield f"tiktoken-{name}", folder(out, f"tiktoken-{name}", {"tokenizer.model": ranks_file(ranks), "tokenizer_config.json": cls(kind, add_bos_token=True), "config.json": {"model_type": name}}), Auto
    for name in ["cl100k_base", "o200k_base", "o200k_harmony", "r50k_base", "qwen"]:
        yield f"tiktoken-{name}", folder(out, f"tiktoken-{name}", {f"{name}.tiktoken": ranks_file(ranks)}), lambda path, name=name: Named(path, name, ranks)
    tokens = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "<pad>", "[THINK]", "[/THINK]"]
    yield "tekken-v3", folder(out, "tekken-v3", {"tekken.json": tekken_file(ranks, "v3", filler=30, drop=20)}), Tekken
    yield "tekken-v7", folder(out, "tekken-v7", {"tekken.json": tekken_file(ranks, "v7", tokens, 12)}), Tekken
    yield "tekken-v11", folder(out, "tekken-v11", {"tekken_241114.json": tekken_file(ranks, "v11", tokens)}), Tekken
    yield "tekken-v13", folder(out, "tekken-v13", {"tekken.json": tekken_file(ranks, "v13", tokens, 1000), "config.json": {"model_type": "mistral3"}}), Tekken


def large(out, where):
    """Published vocabularies in the older forms."""
    kinds = {"gpt2": "GPT2Tokenizer", "roberta-base": "RobertaTokenizer", "clip": "CLIPTokenizer", "qwen3": "Qwen2Tokenizer", "whisper-tiny": "WhisperTokenizer", "phi2": "CodeGenTokenizer"}
    for name, kind in kinds.items():
        if (where / name).is_dir():
            t = Tokenizer.from_file(str(where / name / "tokenizer.json"))
            config = {"tokenizer_class": kind}
            file = where / name / "tokenizer_config.json"
            if file.exists():
                config = {**json.loads(file.read_text()), **config}
            yield name, folder(out, name, {**merges_files(t), "tokenizer_config.json": config, "config.json": {"model_type": "other"}}), Auto
    for name in ["bert-base-uncased", "all-minilm-l6-v2"]:
        if (where / name).is_dir():
            vocab = Tokenizer.from_file(str(where / name / "tokenizer.json")).get_vocab()
            lines = "".join(f"{w}\n" for w in sorted(vocab, key=vocab.get))
            yield name, folder(out, name, {"vocab.txt": lines, "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"}, "config.json": {"model_type": "bert"}}), Auto
    if (where / "gptoss").is_dir():
        ranks = ranks_of(Tokenizer.from_file(str(where / "gptoss" / "tokenizer.json")))
        for name in ["o200k_base", "o200k_harmony"]:
            yield name, folder(out, name, {f"{name}.tiktoken": ranks_file(ranks)}), lambda path, name=name: Named(path, name, ranks)
        yield "o200k-as-model", folder(out, "o200k-as-model", {"tokenizer.model": ranks_file(ranks), "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>"}, "config.json": {"model_type": "llama"}}), Auto
    for file in sorted((Path(mistral_common.__file__).parent / "data").glob("tekken_*.json")):
        path = folder(out, file.stem, {})
        shutil.copy(file, path / "tekken.json")
        yield file.stem, path, Tekken


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", default="1")
    p.add_argument("--texts", type=int, default=40)
    p.add_argument("--models", type=Path)
    p.add_argument("--only", default="")
    p.add_argument("out", type=Path)
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    print(f"seed {a.seed}")
    with tempfile.TemporaryDirectory() as folders:
        for name, path, reference in large(Path(folders), a.models) if a.models else small(Path(folders)):
            if a.only in name:
                record(a.out, name, path, reference(path), a.seed, a.texts)


if __name__ == "__main__":
    main()
