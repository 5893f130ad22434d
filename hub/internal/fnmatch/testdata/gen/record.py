"""Records what Python answers for random patterns: ../fnmatch.txt and ../filter.txt.

Run with a Python that has huggingface_hub 2.4.0:  python record.py
"""
import json
import random
import re
import warnings
from fnmatch import fnmatchcase
from pathlib import Path

from huggingface_hub.utils import filter_repo_objects

warnings.simplefilter("ignore")
here = Path(__file__).resolve().parent.parent
rng = random.Random(20261130)
LETTERS = "abcz-!]^[/.&~|_\\é😀"
PATTERN = "*?[]!-" + LETTERS


def class_like():
    return "[" + "".join(rng.choice("abcz-!]^[\\&~|é-!") for _ in range(rng.randint(0, 7))) + rng.choice(["]", "]", "]", ""])


def pattern():
    out = []
    for _ in range(rng.randint(0, 6)):
        kind = rng.random()
        if kind < 0.25:
            out.append(rng.choice(["*", "**", "?"]))
        elif kind < 0.6:
            out.append(class_like())
        else:
            out.append(rng.choice(LETTERS))
    return "".join(out)


def name_for(p):
    """A name that has a fair chance to match p."""
    out, i = [], 0
    while i < len(p):
        c = p[i]
        if c == "*":
            out.append("".join(rng.choice(LETTERS) for _ in range(rng.randint(0, 3))))
        elif c == "?":
            out.append(rng.choice(LETTERS))
        elif c == "[" and "]" in p[i + 2 :]:
            j = p.index("]", i + 2)
            out.append(rng.choice(p[i + 1 : j] + LETTERS[:4]))
            i = j
        else:
            out.append(c)
        i += 1
    if out and rng.random() < 0.2:
        out[rng.randrange(len(out))] = rng.choice(LETTERS)
    return "".join(out)


def matches(name, p):
    try:
        return fnmatchcase(name, p)
    except re.error:
        return None


with open(here / "fnmatch.txt", "w", encoding="utf-8") as f:
    for _ in range(3000):
        p = pattern()
        names = sorted({name_for(p) for _ in range(4)})
        row = [p, [[n for n in names if matches(n, p)], [n for n in names if matches(n, p) is False]]]
        assert all(matches(n, p) is not None for n in names), p
        f.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")

FILES = ["config.json", "model.mlpackage/Manifest.json", "model.mlpackage/Data/com.apple.CoreML/weights/weight.bin",
         "data/a.json", "data/sub/b.json", "a\\b.txt", ".gitattributes", "README.md", "readme.md", "weights/x[1].bin"]
PATTERNS = ["*.json", "data/", "data\\", "data/*", "*/", "[rR]*", "*.md", "[!.]*", "weights/x[[]1].bin", "*[0-9]*", "a/b.txt",
            "a\\b.txt", "", "/", "*", "**/*.json", "Data/*", "*Data/*", "?onfig.json", "model.mlpackage/*", ".*", "[", "[]", "*.bin"]
with open(here / "filter.txt", "w", encoding="utf-8") as f:
    for _ in range(300):
        allow = rng.choice([None, rng.sample(PATTERNS, rng.randint(0, 3))])
        ignore = rng.choice([None, rng.sample(PATTERNS, rng.randint(0, 3))])
        files = rng.sample(FILES, 5)
        taken = list(filter_repo_objects(files, allow_patterns=allow, ignore_patterns=ignore))
        f.write(json.dumps([allow, ignore, files, taken], ensure_ascii=False, separators=(",", ":")) + "\n")
