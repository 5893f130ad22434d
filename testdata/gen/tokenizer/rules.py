"""Ask Hugging Face tokenizers and SentencePiece about the rules that the tests of
tokenizer/internal state, and tell where they differ.

    export COREML_TOKENIZER_RULES=$(mktemp -d)
    go test -count=1 ./tokenizer/internal/...     # writes the rules there
    python rules.py "$COREML_TOKENIZER_RULES"

The expected values in those tests are the answers of tokenizers 0.23.3 and
sentencepiece 0.2.3 to this program.
"""
import base64
import json
import sys
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer

BARE = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": None, "post_processor": None, "decoder": None}


def byte_places(text, offsets):
    """Offsets in characters, as Python has them, in bytes."""
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[min(a, len(text))], at[min(b, len(text))]] for a, b in offsets]


def whole(text, offsets):
    """Places in bytes, as far as the characters that they are in reach."""
    starts = [i for i, b in enumerate(text.encode()) if b & 0xC0 != 0x80] + [len(text.encode())]
    return [[max(i for i in starts if i <= a), min(i for i in starts if i >= b)] for a, b in offsets]


def model(rule):
    """The tokens of a piece, with the places in it."""
    rule["offsets"] = whole(rule["text"], rule["offsets"] or [])
    tok = Tokenizer.from_str(json.dumps(BARE | {"model": rule["spec"]}))
    e = tok.encode(rule["text"])
    return {"want": " ".join(e.tokens), "ids": e.ids, "offsets": byte_places(rule["text"], e.offsets)}


def added(rule):
    """A text with the added tokens in it in brackets."""
    tokens = [{"id": i + 1, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False} | t
              for i, t in enumerate(rule["tokens"])]
    words = {"type": "WordLevel", "unk_token": "\0", "vocab": {"\0": 0}}
    tok = Tokenizer.from_str(json.dumps(BARE | {"model": words, "added_tokens": tokens}))
    e = tok.encode(rule["text"])
    return {"want": "".join(
        f"[{rule['text'][a:b]}]" if i else rule["text"][a:b] for i, (a, b) in zip(e.ids, e.offsets))}


def decoder(rule):
    """The text of tokens."""
    words = {"type": "WordLevel", "unk_token": "\0", "vocab": {"\0": 0}}
    tok = Tokenizer.from_str(json.dumps(BARE | {"model": words, "decoder": rule["spec"]}))
    return {"want": tok.decoder.decode(rule["tokens"])}


def score(rule):
    """The number that the reference reads for the text of a score."""
    spec = '{"type":"Unigram","unk_id":0,"vocab":[["?",%s]]}' % rule["text"]
    back = json.loads(Tokenizer.from_str(json.dumps(BARE)[:-1] + ', "model": ' + spec + "}").to_str())
    return {"want": back["model"]["vocab"][0][1]}


def piece(rule):
    """The pieces of a text and the text of pieces, as SentencePiece has them."""
    proto = base64.b64decode(rule["proto"])
    sp = sentencepiece.SentencePieceProcessor(model_proto=proto)
    if "ids" in rule and "text" not in rule:
        return {"want": sp.decode(rule["ids"])}
    got = sp.encode(rule["text"], return_type="proto")
    return {"want": " ".join(p.piece for p in got.pieces), "ids": [p.id for p in got.pieces]}


def text(rule):
    """A text as SentencePiece rewrites it."""
    proto = base64.b64decode(rule["proto"])
    return {"want": sentencepiece.SentencePieceProcessor(model_proto=proto).normalize(rule["text"])}


KINDS = {"text": text, "model": model, "added": added, "decoder": decoder, "score": score, "piece": piece}
count = wrong = 0
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    for rule in json.loads(path.read_text()):
        count += 1
        try:
            answer = KINDS[rule["kind"]](rule)
        except Exception as e:
            answer = {"want": f"{type(e).__name__}: {e}"}
        for key, value in answer.items():
            if key in rule and (rule[key] or value) and rule[key] != value:
                wrong += 1
                print(f"{path.stem}/{rule['name']}: {key} is {rule[key]!r}, the reference has {value!r}")
print(f"{count} rules, {wrong} differ")
sys.exit(wrong > 0)
