"""Ask NumPy and PyTorch for the results that the named cases of package tensor expect.
The cases stand in Go, where they are read; each tells what it is by an attribute of its
test:

    go test -count=1 -json ./tensor | python tensor/testdata/gen/named_cases.py

Prints the cases that they answer in another way, and fails where there is one.
"""

import json
import sys
import warnings

import numpy as np
import torch

warnings.simplefilter("ignore")
T = lambda a: torch.from_numpy(np.ascontiguousarray(a))


def read(text):
    """An array of a text such as "float32[2 2]: 1 2 3 NaN"."""
    head, _, elements = text.partition(":")
    name, _, dims = head.rstrip("]").partition("[")
    shape = tuple(int(d) for d in dims.split())
    dtype = np.dtype(name)
    if dtype == np.bool_:
        return np.array([e == "true" for e in elements.split()], dtype).reshape(shape)
    make = float if dtype.kind == "f" else int
    wide = np.array([make(e) for e in elements.split()], np.float64 if dtype.kind == "f" else np.int64)
    return wide.astype(dtype).reshape(shape)


def write(a):
    """The text that read makes the array of. Halfs are written as float32."""
    def one(v):
        if a.dtype == np.bool_:
            return str(bool(v)).lower()
        if a.dtype.kind != "f":
            return str(int(v))
        if np.isnan(v):
            return "NaN"
        if np.isinf(v):
            return "+Inf" if v > 0 else "-Inf"
        text = str(np.float32(v) if a.dtype == np.float16 else v)
        return text[:-2] if text.endswith(".0") else text
    shape = " ".join(str(d) for d in a.shape)
    return f"{a.dtype.name}[{shape}]: {' '.join(one(v) for v in a.ravel())}".strip()


def answer(case):
    """What the expression of a case gives."""
    names = dict(zip("xyz", (read(text) for text in case["in"] or ())), np=np, torch=torch, T=T)
    out = eval(case["like"], names)  # noqa: S307: the expressions are this project's own
    return out.numpy() if isinstance(out, torch.Tensor) else np.asarray(out)


def agree(got, want, ulps):
    if got.dtype != want.dtype or got.shape != want.shape:
        return False
    if want.dtype.kind != "f":
        return np.array_equal(got, want)
    if ulps == 0:
        return write(got) == write(want)
    with np.errstate(all="ignore"):
        near = np.abs(got.astype(np.float64) - want) <= ulps * np.spacing(np.abs(want)).astype(np.float64)
    return bool(np.all(near | (got == want) | np.isnan(got) & np.isnan(want)))


def cases(lines):
    for line in lines:
        event = json.loads(line)
        if event["Action"] == "attr" and event["Key"] == "case":
            yield event["Test"], json.loads(event["Value"])


def main():
    count, wrong = 0, 0
    for test, case in cases(sys.stdin):
        count += 1
        want = answer(case)
        if not agree(read(case["want"]), want, case["ulps"]):
            wrong += 1
            print(f"{test}: {case['like']} is {write(want)}, not {case['want']}")
    print(f"{count} cases, {wrong} answers differ")
    return wrong > 0 or count == 0


if __name__ == "__main__":
    sys.exit(main())
