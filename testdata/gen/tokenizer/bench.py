"""Encode one text collection with Hugging Face's encode_batch_fast and with this
module, in turn, and print the CPU seconds of both.

    python bench.py COREML_BENCH DOCS DIR...

DOCS is a JSON list of texts. COREML_BENCH is `go test -c` of package tokenizer,
whose BenchmarkFolder encodes with one goroutine.
"""
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer  # noqa: E402


def reference(folder, docs, rounds=3):
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        tokenizer.encode_batch_fast(docs, add_special_tokens=False)
        best = min(best, time.process_time() - start)
    return best


def ours(binary, docs, folder):
    env = dict(os.environ, COREML_BENCH_TOKENIZER=os.path.abspath(folder), COREML_BENCH_DOCS=os.path.abspath(docs), GOMAXPROCS="1")
    out = subprocess.run([binary, "-test.run", "^$", "-test.bench", "^BenchmarkFolder$", "-test.benchtime", "3x", "-test.count", "3"],
                         env=env, check=True, capture_output=True, text=True).stdout
    return min(float(m) for m in re.findall(r"([\d.]+) cpu-s/op", out))


def main():
    binary, path, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
    docs = json.loads(Path(path).read_text())
    size = sum(len(d.encode()) for d in docs) / 1e6
    print(f"{len(docs)} texts, {size:.2f} MB; MB per CPU second, the best of three")
    for folder in folders:
        a, b = reference(folder, docs), ours(binary, path, folder)
        print(f"{Path(folder).name:24} reference {size / a:7.2f}   ours {size / b:7.2f}   {a / b:6.1f} times")


if __name__ == "__main__":
    main()
