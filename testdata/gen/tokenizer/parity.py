"""Compare `coreml tokenize --stdio` with Hugging Face tokenizers on fresh strings.

    python parity.py COREML DIR...

Every DIR holds a tokenizer.json. The seed is printed; --seed repeats a run.
"""
import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

SHOWN = 20  # differences of a tokenizer that are printed
WORDS = """the of and don't I'm WE'LL naïve Straße ǅungla İstanbul 12345 3.14 1,000,000 foo_bar x=y; {"a": [1]} http://a.b/c?d=e
 日本語 テキスト ーひ 한국어 각 中文 العربية שלום हिन्दी ไทย Ελληνικά Русский 👍🏽 👨‍👩‍👧 🇩🇪 e\u0301\u0323 \u1e69 ﬁ ² ½ ４２ \u200b \ufeff \u00a0 \u3000""".split()
GAPS = [" ", " ", " ", "  ", "\n", "\r\n", "\n\n", "\t", "", "   \n ", "\u2003"]
BLOCKS = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0x900, 0xE00), (0x1100, 0x1200), (0x1E00, 0x2100),
          (0x2100, 0x2C00), (0x3000, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0x10000), (0x10000, 0x11000),
          (0x1D000, 0x1F700), (0x20000, 0x20100), (0, 0xD800), (0xE000, 0x110000)]


def sample(rnd, added):
    """A string of words, random code points and added tokens."""
    out = []
    for _ in range(rnd.randint(1, 24)):
        kind = rnd.random()
        if kind < 0.5:
            out.append(rnd.choice(WORDS))
        elif kind < 0.6 and added:
            out.append(rnd.choice(added))
        else:
            block = rnd.choice(BLOCKS)
            out.append("".join(chr(rnd.randrange(*block)) for _ in range(rnd.randint(1, 6))))
        out.append(rnd.choice(GAPS))
    text = "".join(out)
    return "".join(c for c in text if not 0xD800 <= ord(c) < 0xE000)


def byte_offsets(text, offsets):
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[min(a, len(text))], at[min(b, len(text))]] for a, b in offsets]


def stream(reference, ids, skip):
    """The chunks of the reference, up to where it fails."""
    decoder, out = DecodeStream(skip_special_tokens=skip), []
    for i in ids:
        try:
            out.append(decoder.step(reference, i))
        except Exception:
            break
    return out


def ask(process, request):
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def compare(binary, folder, seed, count):
    """Without the files beside it, tokenizer.json is what the tokenizers library makes of it."""
    with tempfile.TemporaryDirectory() as alone:
        shutil.copy(Path(folder) / "tokenizer.json", alone)
        return compare_alone(binary, folder, alone, seed, count)


def compare_alone(binary, folder, alone, seed, count):
    reference = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    reference.no_truncation()
    reference.no_padding()
    added = [t.content for t in reference.get_added_tokens_decoder().values()][:200]
    rnd = random.Random(f"{seed} {Path(folder).name}")
    process = subprocess.Popen([binary, "tokenize", "--stdio", "--tokenizer", alone], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    checks, wrong = 0, []

    def check(what, text, got, want):
        nonlocal checks
        checks += 1
        if got != want:
            wrong.append((what, text, got, want))

    size = reference.get_vocab_size()
    for _ in range(count):
        text = sample(rnd, added)
        want = reference.encode(text, add_special_tokens=False)
        special = reference.encode(text)
        got = ask(process, {"text": text})
        check("ids", text, got.get("ids"), want.ids)
        check("ids_special", text, got.get("ids_special"), special.ids)
        check("offsets", text, got.get("offsets"), byte_offsets(text, want.offsets))
        check("pieces", text, got.get("pieces"), want.tokens)
        noise = [rnd.randrange(size) for _ in range(rnd.randint(1, 12))]
        for ids in (special.ids, noise):
            for skip in (False, True):
                got = ask(process, {"ids": ids, "skip_special": skip})
                check("text", ids, got.get("text"), reference.decode(ids, skip_special_tokens=skip))
                chunks = stream(reference, ids, skip)
                check("stream", ids, (got.get("stream") or [])[:len(chunks)], chunks)
    process.stdin.close()
    process.wait()
    print(f"{Path(folder).name}: {checks - len(wrong)} of {checks}")
    for what, text, got, want in wrong[:SHOWN]:
        print(f"  {what} of {text!r}\n    got  {got}\n    want {want}")
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("binary")
    parser.add_argument("folders", nargs="+")
    args = parser.parse_args()
    print(f"tokenizers {tokenizers.__version__}, seed {args.seed}")
    results = [compare(args.binary, folder, args.seed, args.count) for folder in args.folders]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
