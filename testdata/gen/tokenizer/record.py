"""Answer the recorded texts of the tokenizer's testdata anew.

    python record.py [--write]

Reads variants.jsonl.gz and the golden files of storyteller and, with COREML_FIXTURES,
smollm2, asks the installed tokenizers for the same texts and ids, and prints each
answer that is another one. With --write the files are written. The texts of
components.jsonl.gz are made anew by components.py --wild 12.
"""
import argparse
import gzip
import json
import os
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

TESTDATA = Path(__file__).resolve().parents[3] / "tokenizer" / "testdata"


def byte_offsets(text, offsets):
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [at[i] for pair in offsets for i in pair]


def stream(tok, ids, skip, before):
    """The chunks of a stream; where the reference failed or fails, what was recorded."""
    decoder, out = DecodeStream(skip_special_tokens=skip), []
    for i, old in zip(ids, before):
        try:
            out.append(decoder.step(tok, i))
        except Exception:
            return out + before[len(out):]
    return out


def answer(tok, r):
    """A record with what the reference answers now for what it has."""
    new = dict(r)
    if "d" in r:
        for key, skip in (("a", True), ("b", False)):
            new[key] = tok.decode(r["d"], skip_special_tokens=skip)
        for key, skip in (("st", False), ("st_skip", True)):
            if key in r:
                new[key] = stream(tok, r["d"], skip, r[key])
        return new
    text = r["t"]
    plain, whole = tok.encode(text, add_special_tokens=False), tok.encode(text)
    new["ids"] = plain.ids
    if "off" in r:
        new["off"] = byte_offsets(text, plain.offsets)
    if "ids_sp" in r:
        new["ids_sp"] = whole.ids
    elif "sp" in r and r["sp"] and isinstance(r["sp"][0], list):
        before, after = r["sp"]
        if before + plain.ids + after != whole.ids:
            new["sp"], new["ids_sp"] = None, whole.ids
    elif "sp" in r:
        new["sp"] = whole.ids
    decoded = tok.decode(plain.ids)
    new["dec"] = True if decoded == text else decoded
    if "dec_sp" in r:
        new["dec_sp"] = tok.decode(whole.ids, skip_special_tokens=False)
    if "st" in r:
        new["st"] = stream(tok, plain.ids, False, r["st"])
    return new


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def save(path, records):
    with open(path, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as f:
        for r in records:
            f.write(json.dumps(r, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def differences(old, new):
    return [(k, old.get(k), new[k]) for k in new if old.get(k) != new[k]]


def golden(name, folder, write):
    """One file of records, each a text or ids."""
    tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
    path = TESTDATA / f"{name}.jsonl.gz"
    old = lines(path)
    new = [answer(tok, r) for r in old]
    report(name, [(a, b) for a, b in zip(old, new)])
    if write and old != new:
        save(path, new)


def variants(write):
    """Tokenizers made of that of the storyteller, each with its records."""
    base = json.loads((TESTDATA / "storyteller" / "tokenizer.json").read_text())
    path = TESTDATA / "variants.jsonl.gz"
    old = lines(path)
    new = []
    for v in old:
        file = {**base, **v["sections"]}
        if v["model"] is not None:
            file["model"] = v["model"]
        tok = Tokenizer.from_str(json.dumps(file))
        new.append({**v, "cases": [answer(tok, r) for r in v["cases"]]})
    report("variants", [pair for a, b in zip(old, new) for pair in zip(a["cases"], b["cases"])])
    if write and old != new:
        save(path, new)


def report(name, pairs):
    changed = [(a, d) for a, b in pairs if (d := differences(a, b))]
    print(f"{name}: {len(pairs)} records, {len(changed)} other answers of tokenizers {tokenizers.__version__}")
    for a, found in changed:
        for key, was, now in found:
            print(f"  {key} of {a.get('t', a.get('d'))!r}\n    was {was!r}\n    is  {now!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    golden("storyteller", TESTDATA / "storyteller", args.write)
    fixtures = os.environ.get("COREML_FIXTURES")
    if fixtures:
        golden("smollm2", Path(fixtures) / "smollm2", args.write)
    variants(args.write)


if __name__ == "__main__":
    main()
