"""Record what AutoTokenizer makes of the files beside tokenizer.json.

    python sidefiles.py OUT [--seed N] [--count N] [--texts N] [--kinds] [--sections FILE] [--models DIR...]

Writes OUT/bases.json, the tokenizer.json files that the cases begin with, and
OUT/cases.jsonl.gz, one case a line: the base, the sections of it that the case
changes, the other files of the folder, and what transformers answers. A case that
transformers refuses to load has "error" in place of the answers. Needs transformers
5.24.0; --seed and --count give other random cases than those committed, --kinds cases for
each kind of model. With --models it also writes OUT/models.jsonl.gz, the same answers for
the folders in DIR or, where that is a tokenizer's, for DIR itself; with --sections FILE
the components that the classes make.
"""
import argparse
import base64
import gzip
import inspect
import io
import json
import os
import random
import tempfile
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
os.environ["HF_HUB_OFFLINE"] = "1"

import sentencepiece
import transformers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast

WANTED = "5.24.0"
NAMED = "bos_token eos_token unk_token sep_token pad_token cls_token mask_token".split()
WORDS = ["a", "b", "the", "The", "yes", "Yes", "naïve", "Émile", "x", "1", "ok.", "中文", "n't", "it 's", "<", ">", "tok"]
GAPS = ["", "", " ", "  ", "\n"]
CONTENTS = ["<a>", "<b>", "<end>", "<|img|>", "Yes", "the", "<a><b>", "<pad>", "tok", "[CLS]", "[SEP]", "<unk>", "<s>", "</s>", "<|endoftext|>", " lead", "É"]


def bytes_base():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {c: i for i, c in enumerate(alphabet)}
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Y", "e"), ("Ye", "s"), ("o", "k")]
    for a, b in merges:
        vocab.setdefault(a + b, len(vocab))
    t = Tokenizer(models.BPE(vocab, merges))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return t


def bert_base():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "the", "The", "yes", "Yes", "x", "1", "ok", ".", "##a", "##b",
             "##e", "naive", "naïve", "emile", "Émile", "émile", "Emile", "中", "文", "中文", "<", ">", "it", "'", "s", "n", "t", "tok"]
    t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
    t.add_special_tokens(words[:5])
    return t


def spaces_base():
    pieces = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(256)]
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("Y", "e"), ("Ye", "s"), ("▁", "▁"), ("▁", "a")]
    letters = sorted(set("abcdefghiklmnopstxyTYZ▁<>./|[]1'\n"))
    vocab = {p: i for i, p in enumerate(pieces + letters)}
    for a, b in merges:
        vocab.setdefault(a + b, len(vocab))
    t = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s>:1 $B:1", [("<s>", 1)])
    t.add_special_tokens(["<unk>", "<s>", "</s>"])
    return t


def pieces_base():
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("▁the", -3.0), ("▁Yes", -3.5), ("▁a", -3.1), ("s", -4.0), ("n't", -5.0)]
    pieces += [(c, -6.0 - i / 16) for i, c in enumerate("abcdefghiklmnopqrtuvwxyzTYÉ<>.|[]1'中文")]
    t = Tokenizer(models.Unigram(pieces, 2, False))
    t.normalizer = normalizers.Lowercase()
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 1)])
    t.add_special_tokens(["<pad>", "</s>", "<unk>"])
    return t


def digits():
    return {"type": "Digits", "individual_digits": True}


def byte_level(**keys):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | keys


NFC = {"type": "NFC"}
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# The components that a class makes its tokenizers of, where the base has others.
OWN = {
    "GPTNeoXTokenizerFast": {"normalizer": NFC},
    "Qwen2TokenizerFast": {"normalizer": NFC, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": QWEN}, "behavior": "Isolated", "invert": False}, byte_level(use_regex=False)]}},
    "CohereTokenizerFast": {"normalizer": NFC, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits(), byte_level()]}},
    "T5TokenizerFast": {"normalizer": None, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]}},
    "GemmaTokenizerFast": {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
                           "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
                           "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]}},
}
# What classes name, in an order that gives those with a constant number of the unknown
# token one that is a word.
CLASS_TOKENS = ["<pad>", "<s>", "<unk>", "</s>", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<mask>", "<|endoftext|>", "<cls>", "<sep>", "<bos>", "<eos>", "en_XX", "eng_Latn", "__fra__", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|de|>", "<|transcribe|>", "<|translate|>", "<|notimestamps|>"]


def unlike(t):
    """Gives a tokenizer components that no class has, so that it shows what a class makes anew."""
    t.normalizer = normalizers.Sequence([normalizers.Replace("x", "y"), normalizers.Prepend("b")])
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.decoder = decoders.Fuse()
    t.post_processor = processors.TemplateProcessing("[PAD] $A", "[PAD] $A $B", [("[PAD]", CLASS_TOKENS.index("[PAD]"))])
    t.add_special_tokens(["<s>", "</s>"])
    return t


def class_bytes_base():
    vocab = {c: i for i, c in enumerate(CLASS_TOKENS + sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Y", "e"), ("Ye", "s"), ("o", "k"), ("1", "1")]
    for c in "abehkostyxy1":
        vocab.setdefault(c + "</w>", len(vocab))
    merges += [("o", "k</w>"), ("th", "e</w>")]
    for a, b in merges:
        vocab.setdefault(a + b, len(vocab))
    return unlike(Tokenizer(models.BPE(vocab, merges, unk_token="<pad>", ignore_merges=True, byte_fallback=True)))


def class_spaces_base():
    pieces = CLASS_TOKENS + ["<0x%02X>" % i for i in range(256)] + sorted(set("abcdefghiklmnopstxyzTYZ▁<>./|[]1'\n"))
    vocab = {p: i for i, p in enumerate(pieces)}
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("Y", "e"), ("Ye", "s"), ("▁", "▁"), ("▁", "a")]
    for a, b in merges:
        vocab.setdefault(a + b, len(vocab))
    return unlike(Tokenizer(models.BPE(vocab, merges, unk_token="<pad>")))


def class_words_base():
    words = ["a", "b", "y", "the", "The", "yes", "Yes", "1", "ok", ".", "##a", "##b", "##e", "##1", "naive", "naïve", "emile", "Émile", "中", "文", "<", ">", "it", "'", "s", "n", "t", "tok"]
    return unlike(Tokenizer(models.WordPiece({w: i for i, w in enumerate(CLASS_TOKENS + words)}, unk_token="[PAD]", max_input_chars_per_word=3)))


def class_pieces_base():
    # The class of Pegasus looks for the unknown token behind the first one.
    pieces = [(t, 0.0) for t in CLASS_TOKENS] + [("▁", -2.0), ("▁the", -3.0), ("▁Yes", -3.5), ("▁a", -3.1), ("s", -4.0), ("n't", -5.0), ("▁▁", -4.5)]
    return unlike(Tokenizer(models.Unigram(pieces + [(c, -6.0 - i / 16) for i, c in enumerate("abcdefghiklmnopqrtuvwxyzTYÉ<>.|[]1'中文\"`")], 4, False)))


BASES = {"class bytes": class_bytes_base, "class spaces": class_spaces_base, "class words": class_words_base, "class pieces": class_pieces_base, "bytes": bytes_base, "bert": bert_base, "spaces": spaces_base, "pieces": pieces_base}


def token(content, **flags):
    """A token as added_tokens_decoder writes it."""
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": False} | flags


def typed(content, **flags):
    """A token as the other keys of tokenizer_config.json write it."""
    return {"__type": "AddedToken"} | token(content, **flags)


def listed(number, content, **flags):
    """A token as tokenizer.json lists it."""
    return {"id": number} | token(content, **flags)


def with_tokens(base, *tokens):
    return {"added_tokens": BASE_FILES[base]["added_tokens"] + [listed(999, *t[:1], **(t[1] if len(t) > 1 else {})) for t in tokens]}


BASE_FILES = {name: json.loads(make().to_str()) for name, make in BASES.items()}


def named_cases():
    """Cases that each show one rule: name, base, changed sections, files."""
    fast = {"tokenizer_class": "PreTrainedTokenizerFast"}

    def config(**keys):
        return {"tokenizer_config.json": fast | keys}

    yield "an eos_token that only the configuration names", "bytes", {}, config(eos_token="<end>")
    yield "an eos_token as an object", "bytes", {}, config(eos_token=typed("<end>", lstrip=True))
    yield "an eos_token that is a word of the vocabulary", "bytes", {}, config(eos_token="the")
    yield "named tokens of null", "bytes", {}, config(eos_token=None, bos_token=None, extra_special_tokens=None, additional_special_tokens=None)
    yield "one token under two names", "bytes", {}, config(bos_token="<end>", eos_token="<end>", pad_token=typed("<end>", rstrip=True))
    yield "the order of names is that of the library", "bytes", {}, config(mask_token="<a>", pad_token="<b>", bos_token="<end>")
    yield "ids of the configuration only order", "bytes", {}, config(added_tokens_decoder={"5000": token("<a>"), "900": token("<b>", special=True), "3": token("<end>")})
    yield "ids are ordered as numbers", "bytes", {}, config(added_tokens_decoder={"1000": token("<a>"), "999": token("<b>")})
    yield "an id of the vocabulary under another text", "bytes", {}, config(added_tokens_decoder={"0": token("<a>")})
    yield "a token of the configuration changes that of the file", "bytes", with_tokens("bytes", ("<a>",)), config(added_tokens_decoder={"999": token("<a>", lstrip=True, rstrip=True)})
    yield "special by the configuration", "bytes", with_tokens("bytes", ("<a>",)), config(added_tokens_decoder={"999": token("<a>", special=True)})
    yield "special in the file though not in the configuration", "bytes", with_tokens("bytes", ("<a>", {"special": True})), config(added_tokens_decoder={"999": token("<a>")})
    yield "special by a name", "bytes", with_tokens("bytes", ("<a>",)), config(eos_token="<a>")
    yield "special by a name of its own", "bytes", with_tokens("bytes", ("<|img|>",)), config(image_token="<|img|>", video_token="<b>")
    yield "extra_special_tokens as a dictionary", "bytes", with_tokens("bytes", ("<|img|>",)), config(extra_special_tokens={"image_token": "<|img|>", "audio": "<b>"}, boi_token="<a>")
    yield "extra_special_tokens as a list", "bytes", with_tokens("bytes", ("<|img|>",)), config(extra_special_tokens=["<|img|>", "<b>", typed("<a>", lstrip=True)])
    yield "extra_special_tokens goes before additional_special_tokens", "bytes", {}, config(extra_special_tokens=["<a>"], additional_special_tokens=["<b>"])
    yield "an empty extra_special_tokens does not", "bytes", {}, config(extra_special_tokens={}, additional_special_tokens=["<b>"])
    yield "a key that ends in _token and is no token", "bytes", {}, config(add_bos_token=True, add_eos_token=True, eos_token="<end>", bos_token="<a>", use_token=5)
    yield "normalized is what is not special", "bytes", {"normalizer": {"type": "Lowercase"}}, config(added_tokens_decoder={"999": {"content": "Yes"}, "1000": {"content": "É", "special": True}})
    yield "a normalized token is decoded as it is", "bytes", with_tokens("bytes", ("Yes", {"normalized": True})) | {"normalizer": {"type": "Lowercase"}}, config()
    yield "added_tokens.json", "bytes", {}, config(eos_token="<end>") | {"added_tokens.json": {"<b>": 400, "<a>": 300, "<end>": 350}}
    yield "added_tokens.json is not read beside added_tokens_decoder", "bytes", {}, config(added_tokens_decoder={}) | {"added_tokens.json": {"<b>": 400}}
    yield "added_tokens.json where an id is taken", "bytes", with_tokens("bytes", ("<a>",)), config() | {"added_tokens.json": {"<b>": 999, "<end>": 998}}
    yield "special_tokens_map.json", "bytes", {}, config() | {"special_tokens_map.json": {"eos_token": "<end>", "bos_token": {"content": "<a>", "lstrip": True}, "additional_special_tokens": ["<b>"]}}
    yield "special_tokens_map.json goes before the configuration", "bytes", {}, config(eos_token="<a>", additional_special_tokens=["<pad>"]) | {"special_tokens_map.json": {"eos_token": "<end>", "additional_special_tokens": ["<b>"]}}
    yield "special_tokens_map.json takes a name away", "bytes", {}, config(eos_token="<a>") | {"special_tokens_map.json": {"eos_token": None}}
    yield "special_tokens_map.json is not read beside added_tokens_decoder", "bytes", {}, config(eos_token="<a>", added_tokens_decoder={}) | {"special_tokens_map.json": {"eos_token": "<end>"}}
    yield "special_tokens_map.json joins its list to that of the configuration", "bytes", {}, config(extra_special_tokens=["<a>"]) | {"special_tokens_map.json": {"extra_special_tokens": ["<b>", {"content": "<end>"}]}}
    yield "special_tokens_map.json with a dictionary", "bytes", {}, config(image_token="<a>") | {"special_tokens_map.json": {"extra_special_tokens": {"audio_token": "<b>"}, "video_token": "<end>"}}
    yield "special_tokens_map.json alone", "bytes", {}, {"special_tokens_map.json": {"eos_token": "<end>"}}
    yield "no file but tokenizer.json", "bytes", {}, {}
    yield "a padding token of tokenizer.json", "bytes", {"padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>"}}, config()
    yield "a padding token that the configuration names otherwise", "bytes", {"padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>"}}, config(pad_token="<a>")
    yield "split_special_tokens", "bytes", with_tokens("bytes", ("<a>", {"special": True}), ("<b>",)), config(split_special_tokens=True, eos_token="<end>")
    yield "clean_up_tokenization_spaces and BPE", "bytes", {}, config(clean_up_tokenization_spaces=True)
    yield "clean_up_tokenization_spaces of BPE by force", "bytes", {}, config(clean_up_tokenization_spaces=True, clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output=True)
    yield "clean_up_tokenization_spaces and WordPiece", "bert", {"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}}, config(clean_up_tokenization_spaces=True)
    yield "clean_up_tokenization_spaces and Unigram", "pieces", {}, config(clean_up_tokenization_spaces=True)
    yield "add_prefix_space without a class", "bytes", {}, config(add_prefix_space=True)
    yield "a padding_side that is none", "bytes", {}, config(padding_side="top")
    yield "an eos_token that is a number", "bytes", {}, config(eos_token=5)
    yield "sides and lengths", "bytes", {}, config(padding_side="left", truncation_side="left", model_max_length=77)
    for base, name in (("bytes", "GPT2Tokenizer"), ("bytes", "GPT2TokenizerFast"), ("bytes", "Qwen2TokenizerFast"), ("bytes", "RobertaTokenizerFast"), ("bytes", "GPTNeoXTokenizerFast"),
                       ("bytes", "CodeGenTokenizerFast"), ("bytes", "CohereTokenizerFast"), ("bytes", "BloomTokenizerFast"), ("bytes", "LlamaTokenizerFast"),
                       ("bytes", "NoSuchTokenizer"), ("spaces", "LlamaTokenizer"), ("spaces", "LlamaTokenizerFast"), ("spaces", "GemmaTokenizerFast"), ("bert", "BertTokenizer"), ("bert", "DistilBertTokenizerFast"),
                       ("bert", "ElectraTokenizerFast"), ("bert", "MobileBertTokenizerFast"), ("bert", "LayoutLMTokenizerFast"), ("bytes", "LEDTokenizer"), ("pieces", "T5TokenizerFast"), ("pieces", "MT5Tokenizer")):
        own = {"tokenizer_config.json": {"tokenizer_class": name}}
        parts = OWN.get(name, {})
        yield f"{name} with its defaults", base, parts, own
        yield f"{name} with names", base, with_tokens(base, ("<a>",)) | parts, {"tokenizer_config.json": {"tokenizer_class": name, "eos_token": "<end>", "unk_token": "<a>", "added_tokens_decoder": {"999": token("<a>", special=True)}}}
        if base == "bytes":
            yield f"{name} with add_prefix_space", base, parts, {"tokenizer_config.json": {"tokenizer_class": name, "add_prefix_space": True, "add_bos_token": True}}
    for kind in ("gpt2", "bert", "qwen2", "phi3", "mistral", "llama", "gpt_neox", "nosuch"):
        base = "bert" if kind == "bert" else "bytes"
        yield f"a model of kind {kind}", base, {}, {"config.json": {"model_type": kind}}
        yield f"a model of kind {kind} with a class", base, {}, {"config.json": {"model_type": kind}, "tokenizer_config.json": {"tokenizer_class": "GPT2TokenizerFast" if kind != "bert" else "BertTokenizerFast"}}
        yield f"a model of kind {kind} without one", base, {}, {"config.json": {"model_type": kind}} | config(eos_token="<end>")
        if kind == "qwen2":
            continue  # the reference takes Qwen2Tokenizer for it, which makes nothing of this base
        yield f"a model of kind {kind} and LlamaTokenizer", "spaces", {}, {"config.json": {"model_type": kind}, "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer"}}
    yield "a class in config.json", "bytes", {}, {"config.json": {"model_type": "llama", "tokenizer_class": "GPT2Tokenizer"}}
    for name in ("BertTokenizer", "DistilBertTokenizerFast"):
        for key, value in (("do_lower_case", False), ("strip_accents", True), ("strip_accents", False), ("tokenize_chinese_chars", False)):
            yield f"{name} with {key} of {value}", "bert", {}, {"tokenizer_config.json": {"tokenizer_class": name, key: value}}
    yield "lower case of tokenizer.json that the class's default takes back", "bert", {"normalizer": BASE_FILES["bert"]["normalizer"] | {"lowercase": False}}, {"tokenizer_config.json": {"tokenizer_class": "BertTokenizer"}}
    for prefix in (True, False):
        for legacy in (True, False):
            yield f"LlamaTokenizer with add_prefix_space of {prefix} and legacy of {legacy}", "spaces", {}, {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "add_prefix_space": prefix, "legacy": legacy}}
    for name, value in (("add_bos_token", False), ("add_eos_token", True)):
        yield f"LlamaTokenizer with {name} of {value}", "spaces", {}, {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", name: value}}


# The classes that AutoTokenizer returns for a tokenizer.json, by the base that shows what
# they make. Cpm and RoFormer want libraries that are not here, Esmc has a vocabulary
# of its own, and MarkupLM encodes pages.
CLASSES = {
    "class bytes": "GPT2 CodeGen Whisper GPTNeoX Qwen2 Qwen3_5 Roberta Bart Longformer LED Mvp Blenderbot LayoutLMv3 Luke Deberta Cohere CLIP OpenAIGPT Herbert Nougat",
    "class spaces": "Llama Phi3 CodeLlama Gemma Siglip2 Tipsv2 Reformer Nllb SeamlessM4T",
    "class words": "Bert DistilBert MobileBert SqueezeBert Electra Lxmert LayoutLM ConvBert DPRContextEncoder DPRQuestionEncoder DPRReader LayoutLMv2 MPNet Funnel Splinter",
    "class pieces": "T5 Lasr Udop VideoPrism Albert Barthez BigBird Camembert DebertaV2 LayoutXLM MBart MBart50 MLuke Pegasus RemBert XGLM XLMRoberta XLNet FNet Parakeet MT5 Bloom",
}
# Settings that change what some class makes.
SETTINGS = {
    "add_prefix_space": [True, False], "do_lower_case": [True, False], "tokenize_chinese_chars": [False], "strip_accents": [True, False], "clean_text": [False], "keep_accents": [True, False],
    "split_by_punct": [True], "legacy": [True], "legacy_behaviour": [True], "trim_offsets": [False], "src_lang": ["[CLS]"], "tgt_lang": ["deu", "__fra__"], "unk_id": [5], "wordpieces_prefix": ["#"],
    "add_bos_token": [True], "add_eos_token": [True], "language": ["german", "zh", "Mandarin", "nowhere"], "task": ["translate", "transcribe", "other"], "predict_timestamps": [True],
}


def charsmap():
    """A map of SentencePiece that makes letters of a ligature and of a wide letter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rules.tsv").write_text("FB01\t66 69\nFF41\t61\n2026\t2E 2E 2E\n")
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["the a b c"] * 20), model_writer=model, vocab_size=12, model_type="unigram", hard_vocab_limit=False,
            normalization_rule_tsv=str(Path(folder, "rules.tsv")), minloglevel=2)
        proto = sentencepiece_model_pb2.ModelProto()
        proto.ParseFromString(model.getvalue())
        return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


MAPPED = {"type": "Precompiled", "precompiled_charsmap": charsmap()}



def parameters(name):
    """The settings that a class has, but for those that every class has."""
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    names = set()
    for c in getattr(tokenizer_class_from_name(f"{name}Tokenizer"), "__mro__", ()):
        if "__init__" in c.__dict__ and c.__name__ not in ("TokenizersBackend", "PreTrainedTokenizerBase"):
            names |= set(inspect.signature(c.__init__).parameters)
    return names | ({"legacy"} if name == "Llama" else set())


def class_cases():
    """Cases that show what each class makes of a vocabulary, whatever tokenizer.json says."""
    for base, names in CLASSES.items():
        for name in names.split():
            config = {"tokenizer_class": f"{name}Tokenizer"}

            def folder(**keys):
                return {"tokenizer_config.json": config | keys}

            yield f"class {name}", base, {}, folder()
            yield f"class {name} without a post-processor", base, {"post_processor": None}, folder()
            yield f"class {name} with names", base, {}, folder(eos_token="<end>", mask_token="tok", unk_token="[UNK]", added_tokens_decoder={"7": token("a", special=True), "999": token("<|img|>")})
            # MBart50 lists its languages beside others without adding them.
            if name != "MBart50":
                yield f"class {name} with others", base, {}, folder(additional_special_tokens=["<b>", "the"], cls_token=typed("[SEP]", lstrip=True))
            if name in parameters(name) or base == "class pieces":
                yield f"class {name} with a map", base, {"normalizer": {"type": "Sequence", "normalizers": [NFC, MAPPED]} if len(name) % 2 else MAPPED}, folder()
            for key, values in SETTINGS.items():
                if (key, name) in (("task", "Luke"), ("task", "MLuke"), ("src_lang", "MBart50")):
                    continue  # other tasks, and languages alone
                for value in values if key in parameters(name) or key.startswith("add_bos") else []:
                    yield f"class {name} with {key} of {value}", base, {}, folder(**{key: value})
    for other in ("class bytes", "class words", "class pieces"):
        for name in ("Llama", "Bert"):
            yield f"class {name} and {other}", other, {}, {"tokenizer_config.json": {"tokenizer_class": f"{name}Tokenizer"}}


def kind_cases():
    """Cases of which class AutoTokenizer takes, for each kind of model."""
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    for kind in [*TOKENIZER_MAPPING_NAMES, "llama", "smollm3", "nosuch"]:
        if TOKENIZER_MAPPING_NAMES.get(kind) == "EsmcTokenizer":
            continue
        for base, name in (("class bytes", None), ("class bytes", "GPT2Tokenizer"), ("class bytes", "PreTrainedTokenizerFast"), ("class spaces", "LlamaTokenizer"), ("class bytes", "LlamaTokenizerFast"),
                           ("class bytes", "NoSuchTokenizer"), ("class pieces", None), ("class words", None), ("class pieces", "T5TokenizerFast"), ("class words", "BertTokenizer"), ("class bytes", "TokenizersBackend")):
            yield f"kind {kind} and {name} of {base}", base, {}, {"config.json": {"model_type": kind}} | ({"tokenizer_config.json": {"tokenizer_class": name}} if name else {})


def random_case(rnd, n):
    base = rnd.choice(["bytes", "bert", "spaces", "pieces"])
    contents = rnd.sample(CONTENTS, rnd.randint(2, 8))

    def flags():
        return {k: True for k in ("lstrip", "rstrip", "normalized", "single_word", "special") if rnd.random() < 0.25}

    def some(low, high):
        return [rnd.choice(contents) for _ in range(rnd.randint(low, high))]

    def value(content):
        return typed(content, **flags()) if rnd.random() < 0.3 else content

    patch, files, config = {}, {}, {}
    if rnd.random() < 0.7:
        patch = with_tokens(base, *[(c, flags()) for c in some(1, 4)])
        for i, t in enumerate(patch["added_tokens"]):
            t["id"] = t["id"] if t["id"] < 900 else 900 + i
    if rnd.random() < 0.3:
        patch["normalizer"] = {"type": "Lowercase"}
    if rnd.random() < 0.8:
        config["tokenizer_class"] = rnd.choice(["PreTrainedTokenizerFast", "TokenizersBackend"])
    for key in NAMED:
        if rnd.random() < 0.3:
            config[key] = value(rnd.choice(contents))
    if rnd.random() < 0.5:
        config["added_tokens_decoder"] = {str(rnd.choice([rnd.randint(0, 50), rnd.randint(280, 320), rnd.randint(900, 2000)])): token(c, **flags()) for c in some(1, 4)}
    if rnd.random() < 0.4:
        config["additional_special_tokens"] = [value(c) for c in some(0, 3)]
    roll = rnd.random()
    if roll < 0.3:
        config["extra_special_tokens"] = {f"{k}_token": c for k, c in zip("ijk", some(0, 3))}
    elif roll < 0.5:
        config["extra_special_tokens"] = [value(c) for c in some(0, 3)]
    if rnd.random() < 0.2:
        config["image_token"] = value(rnd.choice(contents))
    if rnd.random() < 0.1:
        config["split_special_tokens"] = True
    if rnd.random() < 0.9:
        items = list(config.items())
        rnd.shuffle(items)
        files["tokenizer_config.json"] = dict(items)
    if rnd.random() < 0.4:
        files["added_tokens.json"] = {c: rnd.randint(0, 2000) for c in some(0, 4)}
    if rnd.random() < 0.4:
        names = {k: rnd.choice([rnd.choice(contents), {k: v for k, v in token(rnd.choice(contents), **flags()).items() if k != "special"}]) for k in NAMED if rnd.random() < 0.3}
        if rnd.random() < 0.4:
            names["additional_special_tokens"] = some(0, 3)
        if rnd.random() < 0.3:
            names["extra_special_tokens"] = rnd.choice([some(0, 3), {"l_token": rnd.choice(contents)}])
        files["special_tokens_map.json"] = names
    return f"random {n}", base, patch, files


def texts(rnd, added, count):
    out = ["", "ﬁ ａ…  ``b'' 1112", "a the Yes naïve Émile 中文 ok. n't it 's", "  the  Yes", "THE YES É"]
    for _ in range(count):
        out.append("".join(rnd.choice(WORDS + added * 2) + rnd.choice(GAPS) for _ in range(rnd.randint(1, 9))))
    return out


def answers(folder, rnd, load=AutoTokenizer, count=6):
    try:
        t = load.from_pretrained(folder)
    except Exception as e:
        return {"error": f"{type(e).__name__}: {str(e).splitlines()[0][:120] if str(e) else ''}"}
    if not getattr(t, "is_fast", False):
        return {"error": f"{type(t).__name__} has no tokenizers behind it"}
    added = t.get_added_vocab()
    size = len(t)
    want = {"class": type(t).__name__, "len": size, "added": added, "special_ids": sorted(set(i for i in t.all_special_ids if i is not None)), "names": t.special_tokens_map,
            "extra": t.extra_special_tokens, "padding_side": t.padding_side, "truncation_side": t.truncation_side,
            "skipped": [i for i in added.values() if t.backend_tokenizer.decode([i], skip_special_tokens=True) == "" != t.backend_tokenizer.decode([i], skip_special_tokens=False)]}
    if t.model_max_length < 1 << 31:
        want["max_length"] = t.model_max_length
    want["encode"] = []
    for s in texts(rnd, [a for a in added if a != "<FILL_ME>"][:8], count):
        try:
            want["encode"].append([s, t.encode(s, add_special_tokens=False), t.encode(s)])
        except Exception:  # the model has no token for unknown words
            continue
    lists = [ids for _, _, ids in want["encode"][1:5]] + [[rnd.choice(list(added.values()) or [0]) if rnd.random() < 0.5 else rnd.randrange(size) for _ in range(8)] for _ in range(3)]
    want["decode"] = [[ids, t.decode(ids, skip_special_tokens=False), t.decode(ids, skip_special_tokens=True)] for ids in lists]
    return want


def record(case, seed):
    name, base, patch, files = case
    rnd = random.Random(f"{seed} {name}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tokenizer.json").write_text(json.dumps(BASE_FILES[base] | patch), encoding="utf-8")
        for file, content in files.items():
            Path(folder, file).write_text(json.dumps(content), encoding="utf-8")
        return {"name": name, "base": base, "patch": patch, "files": files, "want": answers(folder, rnd)}


def record_sections():
    """What the class of each case makes in place of the sections of tokenizer.json."""
    for name, base, patch, files in class_cases():
        if "tokenizer_config.json" not in files or " with names" in name or " with others" in name or " without a" in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            whole = BASE_FILES[base] | patch
            Path(folder, "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
            Path(folder, "tokenizer_config.json").write_text(json.dumps(files["tokenizer_config.json"]), encoding="utf-8")
            try:
                made = json.loads(AutoTokenizer.from_pretrained(folder).backend_tokenizer.to_str())
            except Exception:
                continue
        model = {key: value for key, value in made["model"].items() if key not in ("vocab", "merges") and value is not None and value is not False and value != ""}
        stands = all(made[key] == whole[key] for key in ("normalizer", "pre_tokenizer", "decoder"))
        yield {"name": name, "config": files["tokenizer_config.json"], "type": whole["model"]["type"], "from": whole["normalizer"], "pieces": [t for t, _ in whole["model"]["vocab"]] if whole["model"]["type"] == "Unigram" else None,
               "want": None if stands else {key: made[key] for key in ("normalizer", "pre_tokenizer", "decoder")} | {"model": model}}


def write(path, records):
    with open(path, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as z:
        for r in records:
            z.write((json.dumps(r, ensure_ascii=False) + "\n").encode())


def record_models(folder, seed, count):
    """The folders as AutoTokenizer loads them, and as PreTrainedTokenizerFast does."""
    folder = Path(folder)
    for path in [folder] if folder.joinpath("tokenizer.json").exists() else sorted(folder.iterdir()):
        if not path.joinpath("tokenizer.json").exists():
            continue
        for name, load in (("", AutoTokenizer), (" kept", PreTrainedTokenizerFast)):
            yield {"name": f"{path.parent.name}/{path.name}{name}", "want": answers(path, random.Random(f"{seed} {path.name}"), load, count)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--kinds", action="store_true")
    parser.add_argument("--texts", type=int, default=30)
    parser.add_argument("--sections")
    parser.add_argument("--models", nargs="*")
    parser.add_argument("out")
    args = parser.parse_args()
    if transformers.__version__ != WANTED:
        raise SystemExit(f"needs transformers {WANTED}, not {transformers.__version__}")
    rnd = random.Random(args.seed)
    cases = [*named_cases(), *class_cases(), *(kind_cases() if args.kinds else ()), *(random_case(rnd, n) for n in range(args.count))]
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "bases.json").write_text(json.dumps(BASE_FILES, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    records = (record(case, args.seed) for case in cases)
    # A kind whose class cannot take the vocabulary shows nothing.
    write(out / "cases.jsonl.gz", (r for r in records if not (r["name"].startswith("kind ") and "error" in r["want"])))
    if args.sections:
        write(args.sections, record_sections())
    if args.models:
        write(out / "models.jsonl.gz", (r for folder in args.models for r in record_models(folder, args.seed, args.texts)))
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
