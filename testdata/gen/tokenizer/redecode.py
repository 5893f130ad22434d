"""Decode the ids of recorded tokenizers anew, with the version of Hugging Face tokenizers
that is installed. Ids, tokens and places stay as they are.

    python redecode.py FILE.jsonl.gz...
"""
import gzip
import json
import sys
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

BASE = json.loads((Path(__file__).resolve().parents[3] / "tokenizer/testdata/storyteller/tokenizer.json").read_text())


def stream(t, ids, skip):
    decoder, out = DecodeStream(skip_special_tokens=skip), []
    for i in ids:
        try:
            out.append(decoder.step(t, i))
        except Exception:
            return None  # the reference fails
    return out


def redecode(v):
    parts = {**BASE, **v["sections"]}
    if v["model"]:
        parts["model"] = v["model"]
    t, changed = Tokenizer.from_str(json.dumps(parts)), 0
    for c in v["cases"] + v.get("random", []):
        before = dict(c)
        if "d" in c:
            c["a"], c["b"] = t.decode(c["d"]), t.decode(c["d"], skip_special_tokens=False)
            for key, skip in (("st", False), ("st_skip", True)):
                if key in c:
                    c[key] = stream(t, c["d"], skip)
        elif "dec" in c:
            c["dec"] = t.decode(c["ids"])
            if before["dec"] is True and c["dec"] == c["t"]:
                c["dec"] = True
            if "dec_sp" in c:
                c["dec_sp"] = t.decode(c.get("sp", c["ids"]), skip_special_tokens=False)
        changed += c != before
    return changed


for name in sys.argv[1:]:
    with gzip.open(name, "rt", encoding="utf-8") as f:
        variants = [json.loads(line) for line in f]
    print(name, sum(redecode(v) for v in variants), "answers changed")
    with gzip.GzipFile(name, "wb", mtime=0) as f:
        for v in variants:
            f.write((json.dumps(v, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
