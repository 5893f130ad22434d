"""Random components with random parameters, for components.py --wild."""
import base64
import gzip
from pathlib import Path

STRINGS = ["a", " ", "▁", "l", "ll", "é", "e\u0301", "  ", "'", "``", "\n", "x", "👍", "日", "-", "Ġ", ".", "aa", "\u0301", "\u200b"]
REGEXES = [r"\s+", r"\s", r" {2,}", r"[^\w\s]", r"\p{L}+", r"\p{N}{1,3}", r"(?i:abc|ll)", r"x*", r"^", r"$", r"\b", r"\B", r"(?=a)", r"(?<=l)", r"a|b|", r"[aeiou]+", r"\p{Lu}",
           r"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", r"\s*[\r\n]+", r"[\p{Han}\p{Hiragana}]", r"\d", r"[^\r\n\p{L}\p{N}]?\p{L}+", r"(?<!\S)a", r"\S+", r".", r"l(?!l)", r"[[:alpha:]]+", r"[[:punct:]]",
           r"(a)|(b)", r"\h", r"\x41|\x{e9}", r"\W+", r"(?:ab?)++", r"[^a-z]", r"\p{M}", r"\A.", r".\z"]
CONTENT = ["", "", " ", "▁", "a", "é", "xyz", "👍", "e\u0301", "  "]
PIECES = ["Hello", "hello", " ", "  ", "world", "é", "e\u0301", "\u0130", "ß", "日本語", "テキスト", "한국어", "\u1100\u1161", "👍🏽", "👨\u200d👩", "\n", "\t", "\r\n", "12", "345", "½", "ﬁ", "４２", ".", ",", "'s", "don't", "a", "aa", "aaa", "ll",
          "▁", "▁▁", "_", "|", "x", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u0301", "\u0323", "[A]", "<s>", "</s>", "``", "-", "ABC", "abc", "Ġ", "\x00", "\x7f", "\u00ad", "\ufffd", "<0x41>", "नमस्ते", "مرحبا", "Ω", "ǅ", "l", "the", "\U0001d400", "\u0c4d\u0c15"]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
MODEL = Path(__file__).resolve().parents[3] / "tokenizer/testdata/pieces/unigram-table.model.gz"


def chars_map():
    """The table of replacements in a SentencePiece model of this project."""
    data = gzip.decompress(MODEL.read_bytes())

    def fields(data):
        at = 0

        def varint():
            nonlocal at
            v = shift = 0
            while True:
                b = data[at]
                at += 1
                v |= (b & 127) << shift
                shift += 7
                if b < 128:
                    return v

        while at < len(data):
            key = varint()
            if key & 7 == 2:
                n = varint()
                yield key >> 3, data[at : at + n]
                at += n
            elif key & 7 == 5:
                at += 4
            else:
                varint()

    for number, body in fields(data):
        if number == 3:
            for number, value in fields(body):
                if number == 2:
                    return base64.b64encode(value).decode()


TABLE = chars_map()


class Wild:
    def __init__(self, rnd, chars):
        self.r = rnd
        self.chars = chars

    def flag(self):
        return self.r.random() < 0.5

    def text(self):
        r = self.r
        out = [r.choice(PIECES) if r.random() < 0.8 else r.choice(self.chars) for _ in range(r.randint(0, 14))]
        return r.choice(["", "", " "]).join(out)

    def pattern(self):
        if self.flag():
            return {"String": self.r.choice(STRINGS)}
        return {"Regex": self.r.choice(REGEXES)}

    def normalizer(self, depth=0):
        r = self.r
        kind = r.choice(["Sequence", "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Nmt", "Prepend", "Replace", "Replace", "Replace", "BertNormalizer", "ByteLevel", "Precompiled"])
        out = {"type": kind}
        if kind == "Sequence":
            if depth > 1:
                return {"type": "NFC"}
            out["normalizers"] = [self.normalizer(depth + 1) for _ in range(r.randint(0, 4))]
        elif kind == "Strip":
            out.update(strip_left=self.flag(), strip_right=self.flag())
        elif kind == "Prepend":
            out["prepend"] = r.choice(CONTENT)
        elif kind == "Replace":
            out.update(pattern=self.pattern(), content=r.choice(CONTENT))
        elif kind == "BertNormalizer":
            out.update(clean_text=self.flag(), handle_chinese_chars=self.flag(), strip_accents=r.choice([None, True, False]), lowercase=self.flag())
        elif kind == "Precompiled":
            out["precompiled_charsmap"] = TABLE
        if kind in ("Strip", "BertNormalizer", "Replace", "Prepend", "Sequence") and r.random() < 0.1:
            del out["type"]
        return out

    def pre_tokenizer(self, depth=0):
        r = self.r
        kind = r.choice(["Sequence", "Sequence", "ByteLevel", "ByteLevel", "Metaspace", "Metaspace", "Split", "Split", "Digits", "Punctuation", "CharDelimiterSplit", "FixedLength", "WhitespaceSplit", "Whitespace", "BertPreTokenizer", "UnicodeScripts"])
        out = {"type": kind}
        if kind == "Sequence":
            if depth > 1:
                return {"type": "Whitespace"}
            out["pretokenizers"] = [self.pre_tokenizer(depth + 1) for _ in range(r.randint(0, 3))]
        elif kind == "ByteLevel":
            out.update(add_prefix_space=self.flag(), trim_offsets=self.flag(), use_regex=self.flag())
        elif kind == "Metaspace":
            out.update(replacement=r.choice(["▁", "▁", "_", " ", "a"]), prepend_scheme=r.choice(["always", "first", "never"]), split=self.flag())
        elif kind == "Split":
            out.update(pattern=self.pattern(), behavior=r.choice(BEHAVIORS), invert=self.flag())
        elif kind == "Digits":
            out["individual_digits"] = self.flag()
        elif kind == "Punctuation" and self.flag():
            out["behavior"] = r.choice(BEHAVIORS)
        elif kind == "CharDelimiterSplit":
            out["delimiter"] = r.choice(["|", " ", "a", "é"])
        elif kind == "FixedLength":
            out["length"] = r.randint(1, 7)
        return out

    def decoder(self, depth=0):
        r = self.r
        kind = r.choice(["Sequence", "Sequence", "ByteLevel", "ByteFallback", "Fuse", "Metaspace", "BPEDecoder", "WordPiece", "Strip", "Replace", "CTC"])
        out = {"type": kind}
        if kind == "Sequence":
            if depth > 1:
                return {"type": "Fuse"}
            out["decoders"] = [self.decoder(depth + 1) for _ in range(r.randint(0, 4))]
        elif kind == "ByteLevel":
            out.update(add_prefix_space=self.flag(), trim_offsets=self.flag(), use_regex=self.flag())
        elif kind == "Metaspace":
            out.update(replacement=r.choice(["▁", "_", " "]), prepend_scheme=r.choice(["always", "first", "never"]), split=self.flag())
        elif kind == "BPEDecoder":
            out["suffix"] = r.choice(["</w>", "e", "", "é"])
        elif kind == "WordPiece":
            out.update(prefix=r.choice(["##", "", "a"]), cleanup=self.flag())
        elif kind == "Strip":
            out.update(content=r.choice([" ", "▁", "a", "é"]), start=r.randint(0, 2), stop=r.randint(0, 2))
        elif kind == "Replace":
            out.update(pattern=self.pattern(), content=r.choice(CONTENT))
        elif kind == "CTC":
            out.update(pad_token=r.choice(["<pad>", "a", "l"]), word_delimiter_token=r.choice(["|", "Ġ", " "]), cleanup=self.flag())
        if kind in ("BPEDecoder", "WordPiece", "Strip", "Replace", "CTC") and r.random() < 0.1:
            del out["type"]
        return out

    def processor(self, depth=0):
        r = self.r
        kind = r.choice(["Sequence", "ByteLevel", "TemplateProcessing", "TemplateProcessing", "BertProcessing", "RobertaProcessing"])
        out = {"type": kind}
        special = {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2, 3], "tokens": ["</s>", "x"]}}
        item = lambda names: {"Sequence": {"id": r.choice(names), "type_id": r.randint(0, 3)}} if self.flag() else {"SpecialToken": {"id": r.choice(list(special)), "type_id": r.randint(0, 3)}}
        text = lambda name: {"Sequence": {"id": name, "type_id": r.randint(0, 2)}}
        if kind == "Sequence":
            if depth > 0:
                return {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
            out["processors"] = [self.processor(depth + 1) for _ in range(r.randint(0, 3))]
        elif kind == "ByteLevel":
            out.update(add_prefix_space=self.flag(), trim_offsets=self.flag(), use_regex=self.flag())
        elif kind == "TemplateProcessing":
            some = lambda: [item(["A"]) for _ in range(r.randint(0, 2))]
            out.update(single=some() + [text("A")] + some(), pair=some() + [text("A")] + some() + [text("B")] + some(), special_tokens=special)
        elif kind == "BertProcessing":
            out.update(sep=["[SEP]", 5], cls=["[CLS]", 4])
        else:
            out.update(sep=["</s>", 2], cls=["<s>", 1], trim_offsets=self.flag(), add_prefix_space=self.flag())
        return out

    def words(self):
        r = self.r
        out = ["<unk>", "<s>", "</s>", "[PAD]"] + ["<0x%02X>" % b for b in range(256) if self.bytes_whole or b % 3]
        out += [c for c in self.chars if r.random() < 0.6] + [c for p in PIECES for c in p if r.random() < 0.8]
        out += r.sample(PIECES, 25)
        return list(dict.fromkeys(out))

    def model(self):
        r = self.r
        self.bytes_whole = r.random() < 0.8
        words = self.words()
        kind = r.choice(["BPE", "BPE", "BPE", "Unigram", "WordPiece", "WordLevel"])
        out = {"type": kind}
        if kind == "BPE":
            prefix, suffix = r.choice([None] * 4 + ["##"]), r.choice([None] * 4 + ["</w>"])
            alphabet = [c for c in words if len(c) == 1]
            if r.random() < 0.5:
                alphabet += [chr(c) for c in list(range(33, 127)) + list(range(161, 173)) + list(range(174, 324))]
            if prefix:
                alphabet += [prefix + c for c in alphabet if r.random() < 0.7]
            if suffix:
                alphabet += [c + suffix for c in alphabet if r.random() < 0.5]
            vocab = list(dict.fromkeys(words + alphabet))
            known, merges = set(vocab), []
            pool = [w for w in vocab if len(w) < 6 and not w.startswith("<0x")]
            often = [w for w in pool if w in "aleoh ▁_Ġtwrd" or w in ("##l", "##a", "a</w>", "ll", "aa")] * 3 + pool
            for _ in range(r.randint(0, 200)):
                a, b = r.choice(often), r.choice(often)
                rest = b[len(prefix):] if prefix and b.startswith(prefix) else (b[len(prefix):] if prefix else b)
                joint = a + rest
                if prefix and not b.startswith(prefix) or not joint:
                    continue
                if joint not in known:
                    known.add(joint)
                    vocab.append(joint)
                merges.append([a, b])
                often.append(joint)
            if self.flag():
                merges = [" ".join(m) for m in merges if " " not in "".join(m)]
            out.update(dropout=None, unk_token=r.choice([None, "<unk>", "<unk>", "missing"]), continuing_subword_prefix=prefix, end_of_word_suffix=suffix, fuse_unk=self.flag(),
                       byte_fallback=self.flag(), ignore_merges=self.flag(), vocab={w: i for i, w in enumerate(vocab)}, merges=merges)
        elif kind == "Unigram":
            out.update(unk_id=r.choice([0, 0, 0, 1, None]), byte_fallback=self.flag(), vocab=[[w, round(-r.random() * 10, r.choice([1, 6, 15]))] for w in words])
        elif kind == "WordPiece":
            prefix = r.choice(["##", "##", "", "@"])
            vocab = list(dict.fromkeys(words + [prefix + w for w in words if r.random() < 0.6]))
            out.update(unk_token=r.choice(["<unk>", "<unk>", "[UNK]"]), continuing_subword_prefix=prefix, max_input_chars_per_word=r.choice([100, 5, 12]), vocab={w: i for i, w in enumerate(vocab)})
        else:
            out.update(unk_token=r.choice(["<unk>", "<unk>", "[UNK]"]), vocab={w: i for i, w in enumerate(words)})
        if r.random() < 0.1:
            del out["type"]
        return out

    def added(self):
        r = self.r
        contents = r.sample(PIECES + ["Hello World", " x", "x ", "é\u0323", "\u0301\u0301", "<new>", "\u200d", "wor", "AA", "   "], r.randint(0, 5))
        return [dict(id=0, content=c, single_word=r.random() < 0.2, lstrip=r.random() < 0.3, rstrip=r.random() < 0.3, normalized=self.flag(), special=self.flag()) for c in contents]

    def tokenizer(self):
        r = self.r
        some = lambda f, p: f() if r.random() < p else None
        truncation = {"direction": r.choice(["Left", "Right"]), "max_length": r.randint(14, 24), "strategy": r.choice(["LongestFirst", "OnlyFirst", "OnlySecond"]), "stride": r.randint(0, 4)}
        padding = {"strategy": r.choice(["BatchLongest", {"Fixed": r.randint(0, 20)}]), "direction": r.choice(["Left", "Right"]), "pad_to_multiple_of": r.choice([None, 4, 8]), "pad_id": 7, "pad_type_id": 1, "pad_token": "[PAD]"}
        return dict(n=some(self.normalizer, 0.8), p=some(self.pre_tokenizer, 0.8), r=some(self.processor, 0.7), d=some(self.decoder, 0.8), m=self.model(), a=self.added(),
                    trunc=truncation if r.random() < 0.3 else None, pad=padding if r.random() < 0.3 else None)
