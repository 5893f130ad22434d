"""Compare chat templates of published models and tools with transformers.

    python wild_templates.py RENDER VERSION TEMPLATES.json ANSWERS.jsonl

RENDER is the program of the folder render, VERSION the one of transformers (4 or 5)
that gave ANSWERS, which reference_chat.py writes. Each conversation has to give the
same text, or an error on both sides. Prints counts and each difference; fails where
there is one.
"""
import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from conversations import CASES

TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
    "added_tokens": [dict(id=i, content=t, special=True, single_word=False, lstrip=False, rstrip=False, normalized=False) for i, t in enumerate(["<unk>", "<s>", "</s>"])],
    "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2}, "unk_token": "<unk>"}}


def ours(program, version, templates):
    """The answers of this project: texts, or errors as a list of one."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tokenizer.json").write_text(json.dumps(TOKENIZER))
        Path(folder, "tokenizer_config.json").write_text(json.dumps(dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>")))
        lines = "".join(json.dumps({**c, "template": text, "transformers": version, "now": "2026-03-01T12:30:00Z"}) + "\n" for _, text in templates for c in CASES)
        out = subprocess.run([program, folder], input=lines, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True).stdout
    answers = [json.loads(line) for line in out.splitlines()]
    return [a["text"] if "text" in a else [a["error"]] for a in answers]


def around(a, b):
    """Both texts near the first place where they differ."""
    i = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return repr(a[max(0, i - 40):i + 80]), repr(b[max(0, i - 40):i + 80])


def main():
    program, version = sys.argv[1], int(sys.argv[2])
    templates = json.loads(Path(sys.argv[3]).read_text())
    want = [json.loads(line) for line in open(sys.argv[4])]
    got = iter(ours(program, version, templates))
    counts, differing = collections.Counter(), 0
    for (place, _), answers in zip(templates, want, strict=True):
        wrong = []
        for c, text in zip(CASES, answers, strict=True):
            own = next(got)
            error = own[0] if isinstance(own, list) else None
            if text is None:
                kind = "both fail" if error else "only the reference fails"
            elif error:
                kind = "only this project fails"
            else:
                kind = "same text" if own == text else "other text"
            counts[kind] += 1
            if kind not in ("both fail", "same text"):
                wrong.append((c["name"], kind, (error, "") if error else around(own, text or "")))
        if wrong:
            differing += 1
            print(place)
            for name, kind, (a, b) in wrong:
                print(f"  {name}: {kind}\n    got  {a}\n    want {b}")
    print(f"transformers {version}: {len(templates)} templates, {differing} differ; " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
    return differing > 0


if __name__ == "__main__":
    sys.exit(main())
