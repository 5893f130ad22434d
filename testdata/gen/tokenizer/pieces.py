"""Train small SentencePiece models of every kind and record what PyPI
sentencepiece 0.2.3 answers for them, in the form that piece_test.go reads.

    python pieces.py [--seed N] [--texts N] [--all] OUT

Writes OUT/NAME.model.gz and OUT/NAME.jsonl.gz. --all adds models with the large
tables of normalization, which are not committed.
"""
import argparse
import gzip
import io
import json
import random
from pathlib import Path

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=7)
parser.add_argument("--texts", type=int, default=60)
parser.add_argument("--all", action="store_true")
parser.add_argument("out", type=Path)
args = parser.parse_args()
rnd = random.Random(args.seed)
root = Path(__file__).resolve().parents[3]

prose = [line for name in ("README.md", "RATIONALE.md", "CHANGELOG.md", "CONTRIBUTING.md")
         for line in (root / name).read_text().splitlines() if line.strip()]
prose += ["日本語のテキストを読みます。", "한국어 텍스트를 읽습니다.", "Ελληνικά και Русский текст", "naïve façade Straße İstanbul",
          "the quick brown fox jumps over the lazy dog 12345 times", "x = y + 1;  // two  spaces", "😀 👍🏽 emoji"] * 4

NASTY = ["", " ", "   ", "a", " a", "a ", "  a  b  ", "Hello, World!", "▁", "▁▁x ▁ y▁", "<s>", "</s>", "<unk>", "<0x41>", "<pad>", "[SEP] x<sep>y",
         "foo bar foo", "foobar", "foo  bar", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ａｂｃ ４２ ﬁ ½ ㌔ ™", "e\u0301 \u1e69 \u0130 \uac00 \u1100\u1161", "\u00a0nbsp\u3000wide\u200bzw\ufeffbom\u00ad",
         "\t\n\r\n x\ny\t", "\x00\x01\x7f\x85", "\ufffd", "日本語テキスト漢字", "👨\u200d👩\u200d👧🇩🇪👍🏽", "نص عربي עברית", "the the the THE", "tokenizer.tokenizer", "12345 1 2 3", "żółć ЖЗ ЪЫ",
         "x" * 300, "the " * 60, "한국어" * 30, "𐐀𝕳 \U0010ffff", "½½½", "▁the▁the", "e\u0301" * 20, "<sep><sep> <sep>", "ab<sep", "THING thing", "<|x|> <|x|><|x|>"]
POOL = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x2000, 0x2070), (0x2580, 0x2583), (0x3040, 0x3100), (0x4E00, 0x4E80),
        (0xAC00, 0xAC60), (0xFB00, 0xFB10), (0xFF00, 0xFFF0), (0x1F600, 0x1F650), (0x1D400, 0x1D440), (0x20, 0x21)]
WORDS = " ".join(prose).split() + ["<sep>", "foo bar", "<s>", "▁", "<|x|>", "  ", "\u3000", "ﬁ", "½"]


def sample():
    out = []
    for _ in range(rnd.randint(1, 16)):
        if rnd.random() < 0.6:
            out.append(rnd.choice(WORDS))
        else:
            out.append("".join(chr(rnd.randrange(*rnd.choice(POOL))) for _ in range(rnd.randint(1, 6))))
        out.append(rnd.choice([" ", " ", "  ", "", "", "\n"]))
    return "".join(out)


def byte_offsets(sp, proto, words):
    """The offsets in bytes. All bytes of a character, or of a word where the
    model knows only words, have the place that sentencepiece gives the last."""
    spans = [[p.begin, p.end] for p in proto.pieces]
    value = [int(p.piece[3:5], 16) if sp.is_byte(p.id) else -1 for p in proto.pieces] + [-1]
    for i in range(len(spans) - 2, -1, -1):
        if value[i] < 0 or value[i + 1] < 0:
            continue
        inside = value[i + 1 : i + 4] != [0xE2, 0x96, 0x81] if words else value[i + 1] & 0xC0 == 0x80
        if inside:
            spans[i] = list(spans[i + 1])
    return [x for s in spans for x in s]


def unused(proto, every=9):
    """Makes some pieces unused, some scores equal and some characters no piece."""
    seen = 0
    for p in proto.pieces:
        if p.type != pb.ModelProto.SentencePiece.NORMAL:
            continue
        seen += 1
        if seen % every == 0 and len(p.piece) > 1:
            p.type = pb.ModelProto.SentencePiece.UNUSED


def ties(proto):
    for i, p in enumerate(proto.pieces):
        if p.type == pb.ModelProto.SentencePiece.NORMAL:
            p.score = -float(i // 7)


def missing(proto):
    keep = [p for i, p in enumerate(proto.pieces) if not (len(p.piece) == 1 and p.type == pb.ModelProto.SentencePiece.NORMAL and ord(p.piece) % 5 == 0)]
    copy = [pb.ModelProto.SentencePiece.FromString(p.SerializeToString()) for p in keep]
    del proto.pieces[:]
    proto.pieces.extend(copy)


def plain_spaces(proto):
    proto.normalizer_spec.escape_whitespaces = False
    for p in proto.pieces:
        p.piece = p.piece.replace("▁", " ")


def denormal(proto):
    proto.denormalizer_spec.CopyFrom(proto.normalizer_spec)
    proto.denormalizer_spec.add_dummy_prefix = False
    proto.denormalizer_spec.remove_extra_whitespaces = False
    proto.denormalizer_spec.escape_whitespaces = False


def rules(tmp):
    """A small table of replacements, with one rule inside another."""
    table = {"A": "a", "B": "b", "T": "t", "ﬁ": "fi", "½": "1/2", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\u00ad": "", "e\u0301": "é", "e\u0301\u0323": "ẹ́", "ab": "X Y", "４": "4", "２": "2", "日本": "Japan "}
    path = tmp / "rules.tsv"
    path.write_text("".join(" ".join(f"{ord(c):X}" for c in k) + "\t" + " ".join(f"{ord(c):X}" for c in v) + "\n" for k, v in table.items()))
    return str(path)


own = rules(args.out if args.out.exists() else args.out.mkdir(parents=True) or args.out)
table = dict(normalization_rule_tsv=own)
llama = dict(model_type="bpe", normalization_rule_name="identity", byte_fallback=True, remove_extra_whitespaces=False)
user = dict(user_defined_symbols=["<sep>", "foo bar", "▁▁", "<|x|>", "ab", "bc"], control_symbols=["<ctl>", "[SEP]"])
MODELS = {
    "bpe-bytes": dict(llama, vocab_size=520, split_digits=True, **user),
    "bpe-table": dict(table, model_type="bpe", vocab_size=340, **user),
    "bpe-plain": dict(model_type="bpe", vocab_size=330, normalization_rule_name="identity"),
    "bpe-phrases": dict(llama, vocab_size=560, split_by_whitespace=False, add_dummy_prefix=False, allow_whitespace_only_pieces=True),
    "bpe-ties": dict(llama, vocab_size=520, patch=ties),
    "bpe-missing": dict(llama, vocab_size=520, patch=missing),
    "bpe-unused": dict(llama, vocab_size=520, patch=unused),
    "bpe-suffix": dict(table, model_type="bpe", vocab_size=340, treat_whitespace_as_suffix=True),
    "unigram-bytes": dict(model_type="unigram", vocab_size=520, byte_fallback=True, normalization_rule_name="identity", **user),
    "unigram-table": dict(table, model_type="unigram", vocab_size=340, pad_id=3, **user),
    "unigram-phrases": dict(model_type="unigram", vocab_size=320, split_by_whitespace=False, normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True),
    "unigram-suffix": dict(table, model_type="unigram", vocab_size=340, treat_whitespace_as_suffix=True),
    "unigram-ties": dict(model_type="unigram", vocab_size=320, normalization_rule_name="identity", patch=ties),
    "unigram-unused": dict(model_type="unigram", vocab_size=520, byte_fallback=True, normalization_rule_name="identity", patch=unused),
    "unigram-spaces": dict(model_type="unigram", vocab_size=320, normalization_rule_name="identity", patch=plain_spaces),
    "unigram-undo": dict(table, model_type="unigram", vocab_size=340, unk_surface="<?>", patch=denormal),
    "char": dict(table, model_type="char", vocab_size=200, hard_vocab_limit=False, **user),
    "word": dict(model_type="word", vocab_size=300, hard_vocab_limit=False, normalization_rule_name="identity"),
    "word-bytes": dict(model_type="word", vocab_size=600, hard_vocab_limit=False, byte_fallback=True, normalization_rule_name="identity"),
}
LARGE = {
    "nfkc-unigram": dict(model_type="unigram", vocab_size=1000, normalization_rule_name="nmt_nfkc", **user),
    "nfkc-bpe": dict(model_type="bpe", vocab_size=1000, normalization_rule_name="nmt_nfkc", byte_fallback=True),
    "nfkc-cf": dict(model_type="unigram", vocab_size=1000, normalization_rule_name="nmt_nfkc_cf", **user),
    "bpe-large": dict(llama, vocab_size=3000, hard_vocab_limit=False),
    "unigram-large": dict(model_type="unigram", vocab_size=2000, hard_vocab_limit=False, normalization_rule_name="nfkc"),
}
if args.all:
    MODELS.update(LARGE)
for name, options in MODELS.items():
    options = dict(options)
    patch = options.pop("patch", None)
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter(prose), model_writer=model, minloglevel=2, num_threads=1, **options)
    proto = pb.ModelProto.FromString(model.getvalue())
    proto.trainer_spec.ClearField("input")
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    if patch:
        patch(proto)
    data = proto.SerializeToString()
    sp = spm.SentencePieceProcessor(model_proto=data)
    (args.out / f"{name}.model.gz").write_bytes(gzip.compress(data, mtime=0))
    lines = []
    for text in NASTY + [sample() for _ in range(args.texts)]:
        ids = sp.encode(text)
        got = sp.encode(text, out_type="proto")
        lines.append(dict(t=text, ids=ids, tokens=[p.piece for p in got.pieces], off=byte_offsets(sp, got, options["model_type"] == "word"), dec=sp.decode(ids)))
    for _ in range(args.texts):
        ids = [rnd.randrange(sp.vocab_size()) for _ in range(rnd.randint(1, 12))]
        if rnd.random() < 0.5:
            ids += [rnd.randrange(min(300, sp.vocab_size())) for _ in range(6)]
        lines.append(dict(d=ids, dec=sp.decode(ids)))
    with gzip.GzipFile(args.out / f"{name}.jsonl.gz", "wb", mtime=0) as f:
        for line in lines:
            f.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
(args.out / "rules.tsv").unlink()
