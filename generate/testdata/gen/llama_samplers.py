"""Writes ../llama.json: what llama.cpp's samplers make of random logits.

They are those of the library itself, llama.cpp of November 2026 as bench/prepare.sh fetches it: LLAMA names the folder
that has its include and lib. The vocabulary is the storyteller's. Needs gcc and the package gguf; run:
LLAMA=DIR python llama_samplers.py
"""

import json
import os
import pathlib
import random
import subprocess
import tempfile

import gguf

HERE = pathlib.Path(__file__).parent
STORY = HERE.parents[2] / "examples/storyteller/model/tokenizer.json"


def vocabulary(path):
    """A file with the storyteller's vocabulary and nothing else."""
    tok = json.loads(STORY.read_text())
    vocab = dict(tok["model"]["vocab"])
    special = {t["content"]: t["id"] for t in tok.get("added_tokens", [])}
    vocab.update(special)
    tokens = sorted(vocab, key=vocab.get)
    w = gguf.GGUFWriter(path, "llama")
    for add, n in ((w.add_context_length, 512), (w.add_embedding_length, 64), (w.add_block_count, 1), (w.add_feed_forward_length, 64),
                   (w.add_head_count, 1), (w.add_vocab_size, len(tokens))):
        add(n)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types([gguf.TokenType.CONTROL if t in special else gguf.TokenType.NORMAL for t in tokens])
    w.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in tok["model"]["merges"]])
    w.add_bos_token_id(1)
    w.add_eos_token_id(0)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()
    return len(tokens)


def build(folder, llama):
    libs = sorted({"-l:" + p.name for pattern in ("libllama.*", "libggml.*", "libggml-base.so") for p in (llama / "lib").glob(pattern)})
    program = folder / "llama_samplers"
    subprocess.run(["gcc", "-O2", "-Wall", f"-I{llama}/include", str(HERE / "llama_samplers.c"), "-o", str(program), f"-L{llama}/lib",
                    f"-Wl,-rpath,{llama}/lib", *libs, "-lm"], check=True)
    return program


def logits(r, ids=None, n=40):
    """No two are alike: the library's sort leaves open which of those comes first."""
    spread, ids, seen = r.choice([0.3, 1.5, 4]), range(n) if ids is None else ids, set()
    while len(seen) < len(ids):
        seen.add(round(r.gauss(0, spread), 3))
    return list(zip(ids, r.sample(sorted(seen), len(ids))))


def cases(r, size):
    for _ in range(25):
        yield {"sampler": "sigma", "n": r.choice([0.5, 1.0, 1.5, 3.0]), "ids": [], "steps": [logits(r)]}
    for _ in range(25):
        yield {"sampler": "xtc", "probability": 1.0, "threshold": r.choice([0.02, 0.05, 0.1, 0.3, 0.5]), "ids": [], "steps": [logits(r)]}
    for i in range(8):
        yield {"sampler": "mirostat", "tau": r.choice([1.0, 3.0, 5.0]), "eta": r.choice([0.1, 0.5]), "seed": i + 1, "ids": [],
               "steps": [logits(r, n=60) for _ in range(12)]}
    for _ in range(25):
        ids = [r.randrange(12) for _ in range(r.randint(0, 30))]
        yield {"sampler": "penalties", "repeat": r.choice([1.0, 1.2, 0.8]), "frequency": r.choice([0.0, 0.5, -0.3, 1.0]),
               "presence": r.choice([0.1, 0.7, -1.0, 0.0]), "ids": ids, "steps": [logits(r, n=16)]}
    for i in range(120):
        few = r.choice([2, 3, 6])
        alphabet = r.sample(range(66, size), few) if i % 3 else [r.randrange(2, 66) for _ in range(few)]
        ids = [r.choice(alphabet) for _ in range(r.randint(1, 60))]
        if i % 2:  # a long repetition
            ids += ids[-r.randint(1, len(ids)):] * r.randint(1, 3)
        text = "\n", ":", "\"", "*", " the", "He said", ", and", "e", "ing", "d the"
        breakers = r.sample(text, r.randint(0, 4))
        if i % 4 == 3:  # breakers that are there
            ids.insert(r.randrange(len(ids)), r.randrange(2, size))
        yield {"sampler": "dry", "multiplier": r.choice([0.8, 0.3, 2.0]), "base": r.choice([1.75, 1.2, 1.0, 3.0]), "allowed": r.choice([1, 2, 4]),
               "last": r.choice([len(ids) + 5, 20, 64]), "breakers": breakers, "ids": ids, "steps": [logits(r, ids=sorted(set(ids)))]}


NUMBERS = {"sigma": ["n"], "xtc": ["probability", "threshold"], "mirostat": ["tau", "eta", "seed"],
           "penalties": ["last", "repeat", "frequency", "presence"], "dry": ["multiplier", "base", "allowed", "last"]}


def main():
    llama = pathlib.Path(os.environ["LLAMA"]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program, model = build(folder, llama), folder / "vocabulary.gguf"
        size = vocabulary(model)
        all_cases = list(cases(random.Random(3), size))
        lines = []
        for c in all_cases:
            c.setdefault("last", max(len(c["ids"]), 1))
            words = [c["sampler"], *(c[k] for k in NUMBERS[c["sampler"]])]
            if c["sampler"] == "dry":
                words += [len(c["breakers"]), *(b.encode().hex() for b in c["breakers"])]
            words += [len(c["ids"]), *c["ids"], len(c["steps"])]
            for s in c["steps"]:
                words += [len(s), *(v for pair in s for v in pair)]
            lines.append(" ".join(map(str, words)))
        out = subprocess.run([program, model], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
    rows = iter(out)
    for c in all_cases:
        c["left"] = []
        for _ in c["steps"]:
            left, chosen = next(rows).split("|")
            left = [x.split(":") for x in left.split()]
            c["left"].append({"chosen": int(chosen), "ids": [int(i) for i, _, _ in left],
                              "logits": [float(x) if x != "-inf" else -1e38 for _, x, _ in left], "probs": [float(p) for _, _, p in left]})
    assert next(rows, None) is None
    (HERE.parent / "llama.json").write_text(json.dumps(all_cases, separators=(",", ":")).replace('},{"sampler"', '},\n{"sampler"') + "\n")
    print(len(all_cases), "cases")


main()
