"""Encode and decode texts with Hugging Face's tokenizers and with this module, in
turn, and print the CPU seconds of both; then what loading takes.

    python bench.py COREML_BENCH DOCS DIR...

DOCS is a JSON list of texts; a second list, made here, has the same length and
hardly a word twice, which leaves the caches of both nothing to do. COREML_BENCH
is `go test -c` of package tokenizer, whose BenchmarkFolder uses one goroutine.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer  # noqa: E402

ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sh sk sl sp st str t th tr v w wh y z".split()
VOWELS = "a e i o u ai ea ee ie oa oo ou".split()
CODAS = "b ck d ft g l ld ll m mp n nd ng nt p r rd rm rt s sh ss st t tch th x".split() + [""] * 8


def unrepeated(size):
    """Texts of about size bytes in all whose words are new."""
    rnd = random.Random(5)
    docs, doc, length, total, seen = [], [], 0, 0, set()
    while total < size:
        word = "".join(rnd.choice(ONSETS) + rnd.choice(VOWELS) + rnd.choice(CODAS) for _ in range(rnd.choice((1, 2, 2, 3, 3))))
        if rnd.random() < 0.06:
            word = str(rnd.randrange(10 ** rnd.randint(1, 6)))
        elif word in seen:
            continue
        seen.add(word)
        if rnd.random() < 0.12:
            word = word.capitalize()
        word += rnd.choice(("",) * 9 + (",", ".", ";", ")", "?", "\n"))
        doc.append(word)
        length += len(word) + 1
        if length > 2700:
            docs.append(" ".join(doc))
            total += length
            doc, length = [], 0
    return docs


def best_of(rounds, f):
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        f()
        best = min(best, time.process_time() - start)
    return best


def reference(folder, docs):
    """The CPU seconds to encode the texts and to decode the ids."""
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encode = best_of(3, lambda: tokenizer.encode_batch_fast(docs, add_special_tokens=False))
    ids = [e.ids for e in tokenizer.encode_batch_fast(docs, add_special_tokens=False)]
    decode = best_of(3, lambda: [tokenizer.decode(i, skip_special_tokens=False) for i in ids])
    return encode, decode


def ours(binary, docs, folder, part):
    env = dict(os.environ, COREML_BENCH_TOKENIZER=os.path.abspath(folder), COREML_BENCH_DOCS=os.path.abspath(docs), GOMAXPROCS="1")
    out = subprocess.run([binary, "-test.run", "^$", "-test.bench", "^BenchmarkFolder$/" + part, "-test.benchtime", "400ms", "-test.count", "2"],
                         env=env, check=True, capture_output=True, text=True).stdout
    found = {}
    for name, rest in re.findall(r"^BenchmarkFolder/(\w+)\S*(.*)$", out, re.M):
        for value, unit in re.findall(r"([\d.e+-]+) (cpu-s/op|live-MB)", rest):
            key = name if unit == "cpu-s/op" else unit
            found[key] = min(found.get(key, float("inf")), float(value))
    return found


def main():
    binary, path, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
    docs = json.loads(Path(path).read_text())
    with tempfile.TemporaryDirectory() as tmp:
        other = Path(tmp) / "unrepeated.json"
        fresh = unrepeated(sum(len(d.encode()) for d in docs))
        other.write_text(json.dumps(fresh))
        print("MB per CPU second, reference and ours (how many times as fast); CPU seconds and MB on the heap to load")
        print(f"{'':18}{'encode':^24}{'encode, no word twice':^24}{'decode':^24}load")
        for folder in folders:
            line = f"{Path(folder).name:18}"
            for texts, file, part in ((docs, path, "(encode|decode|load)"), (fresh, other, "encode")):
                size = sum(len(d.encode()) for d in texts) / 1e6
                encode, decode = reference(folder, texts)
                mine = ours(binary, file, folder, part)
                cell = lambda theirs, own: f"{size / theirs:6.2f} {size / own:6.1f} ({theirs / own:4.1f})".center(24)
                line += cell(encode, mine["encode"])
                if "decode" in mine:
                    tail = cell(decode, mine["decode"]) + f"{mine['load']:.2f} s {mine['live-MB']:.0f} MB"
            print(line + tail, flush=True)


if __name__ == "__main__":
    main()
