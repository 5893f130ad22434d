"""Ask the references for the answers that the named cases of the tokenizer's rooms
expect. The cases stand in Go, where they are read; each tells what it is by an
attribute of its test:

    go test -count=1 -json ./tokenizer/internal/... | python cases.py

Needs tokenizers and jinja2. Prints the cases that the reference answers in another
way, and fails where there is one.
"""
import json
import sys
from datetime import datetime

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers


def byte_places(text, offsets):
    """Places in characters as places in bytes."""
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[a], at[b]] for a, b in offsets]


def pipeline(normalizer=None, pre_tokenizer=None):
    """A tokenizer of these parts that has one token for everything."""
    model = {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}
    return Tokenizer.from_str(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": None, "model": model}))


EACH = {"type": "Split", "pattern": {"Regex": "(?m:.)"}, "behavior": "Isolated", "invert": False}


def normalizer(c):
    """What a normalizer makes of a text, and where each character of that comes from."""
    t = pipeline(c["spec"], EACH)
    places = byte_places(c["text"], t.encode(c["text"]).offsets)
    want = t.normalizer.normalize_str(c["text"]) if t.normalizer else c["text"]
    return {"want": want, "places": " ".join("%d-%d" % (a, b) for a, b in places)}


def pretokenizer(c):
    """The pieces of a text and their places."""
    pieces = pipeline(None, c["spec"]).pre_tokenizer.pre_tokenize_str(c["text"])
    places = byte_places(c["text"], [p[1] for p in pieces])
    return {"want": [p[0] for p in pieces], "places": " ".join("%d-%d" % (a, b) for a, b in places)}


def pattern(c):
    """The matches of a pattern in brackets, and what lies between them. The reference
    has no place for a match of nothing here."""
    expr, found = Regex(c["expr"]), []
    for invert, form in ((False, "%s"), (True, "[%s]")):
        pieces = pre_tokenizers.Split(expr, "removed", invert).pre_tokenize_str(c["text"])
        found += [(places, form % piece) for piece, places in pieces]
    return {"want": [piece for _, piece in sorted(found)]}


def refused(c):
    """Whether the reference has the pattern at all: where it has, what this project
    refuses is a construct that it leaves out."""
    try:
        Regex(c["expr"])
    except Exception:
        return {"known": False}
    return {"known": True}


def replace(c):
    """What takes the place of the matches of a pattern."""
    return {"want": normalizers.Replace(Regex(c["expr"]), c["content"]).normalize_str(c["text"])}


def members(c):
    """Which of some characters a pattern of one character matches."""
    expr = pre_tokenizers.Split(Regex(c["expr"]), "removed", True)
    return {"want": [ch for ch in c["text"] if expr.pre_tokenize_str(ch)]}


def string(c):
    """A string of JSON, with U+FFFD for halves of surrogate pairs, which no text can
    have."""
    try:
        text = json.loads(c["json"])
    except ValueError:
        return {"want": None}
    return {"want": "".join("\ufffd" if 0xD800 <= ord(ch) < 0xE000 else ch for ch in text)}


def valid(c):
    """Whether a text is JSON."""
    try:
        json.loads(c["json"])
    except (ValueError, RecursionError):
        return {"want": False}
    return {"want": True}


def lossy(c):
    """Bytes as a text with a U+FFFD for each part of a character."""
    return {"want": bytes.fromhex(c["hex"]).decode("utf-8", "replace")}


def template(c):
    """A conversation as a chat template writes it, in the environment of the
    transformers library."""
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    env.filters["tojson"] = lambda x, indent=None: json.dumps(x, ensure_ascii=False, indent=indent)
    env.globals["strftime_now"] = lambda form: datetime(2026, 3, 1, 12, 30).strftime(form)
    return {"want": env.from_string(c["template"]).render(**c["variables"])}


ANSWERS = {f.__name__: f for f in (normalizer, pretokenizer, pattern, refused, replace, members, string, valid, lossy, template)}


def cases(lines):
    """The attributes that the tests tell."""
    for line in lines:
        event = json.loads(line)
        if event["Action"] == "attr" and event["Key"] in ANSWERS:
            yield event["Key"], event["Test"], json.loads(event["Value"])


def main():
    count, wrong = 0, 0
    for kind, test, case in cases(sys.stdin):
        count += 1
        for key, answer in ANSWERS[kind](case).items():
            if key in case and case[key] != answer:
                wrong += 1
                print(f"{test}: {key} is {answer!r} in the reference, not {case[key]!r}: {case}")
    print(f"{count} cases, {wrong} answers differ")
    return wrong > 0 or count == 0


if __name__ == "__main__":
    sys.exit(main())
