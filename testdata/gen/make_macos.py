"""Makes the packages and expected answers in testdata/macos.

    python make_macos.py --out DIRECTORY [NAME...]

Each package does one thing that a program which binds Core ML can get wrong. The
answers come from numpy and not from any engine, and all values are small integers or
multiples of a power of two, so that float16 holds every result exactly on every device.
Only coremltools and numpy are needed.
"""
import argparse
import json
import os
import shutil
import tempfile

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import get_new_symbol, types
from safetensors.numpy import save_file

# States and functions came with iOS 18 (macOS 15), float16 inputs with iOS 16 (macOS 13):
# whatever can does without them, so that older systems have something to run.
STATES, HALVES = ct.target.iOS18, ct.target.iOS16
TOLERANCE = dict(max_abs_over_max=1e-3, cosine=0.99999)


def program(specs, target=STATES):
    return mb.program(input_specs=specs, opset_version=target)


def convert(prog, note, precision="fp16", inputs=None, target=STATES):
    package = ct.convert(
        prog, convert_to="mlprogram", minimum_deployment_target=target, inputs=inputs, skip_model_load=True,
        compute_precision={"fp16": ct.precision.FLOAT16, "fp32": ct.precision.FLOAT32}[precision],
    )  # fmt: skip
    package.short_description = note
    return package


class Cases:
    """Collects runs and their tensors, and writes cases.json."""

    def __init__(self):
        self.runs, self.tensors = [], {}

    def run(self, steps, state_after=None, function="main"):
        r, recorded = len(self.runs), []
        for s, (given, wanted) in enumerate(steps):
            recorded.append(dict(
                inputs={k: self.keep(f"r{r}.s{s}.in.{k}", v) for k, v in given.items()},
                outputs={k: self.keep(f"r{r}.s{s}.out.{k}", v) for k, v in wanted.items()},
            ))  # fmt: skip
        states = {k: self.keep(f"r{r}.state.{k}", v) for k, v in (state_after or {}).items()}
        self.runs.append(dict(function=function, steps=recorded, state_after=states))

    def keep(self, name, value):
        self.tensors[name] = np.ascontiguousarray(value)
        return name

    def write(self, directory, note):
        save_file(self.tensors, os.path.join(directory, "tensors.safetensors"))
        cases = dict(
            note=note, package="model.mlpackage", io_precision="fp16", tensors="tensors.safetensors",
            reference="numpy", tolerance=TOLERANCE, runs=self.runs,
        )  # fmt: skip
        with open(os.path.join(directory, "cases.json"), "w") as f:
            json.dump(cases, f, indent=1)
            f.write("\n")


def save(package, directory):
    path = os.path.join(directory, "model.mlpackage")
    shutil.rmtree(path, ignore_errors=True)
    package.save(path)


def integers(seed, shape, low=-4, high=5, dtype=np.float16):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def stateless(directory, note):
    """A linear layer in float32 beside integers: the types that need no macOS 13."""
    w, b = integers(1, (5, 4), dtype=np.float32), integers(2, (5,), dtype=np.float32)

    @program([mb.TensorSpec((2, 4), types.fp32), mb.TensorSpec((3,), types.int32)], HALVES)
    def prog(x, i):
        y = mb.relu(x=mb.linear(x=x, weight=w, bias=b), name="y")
        return y, mb.add(x=i, y=np.int32(7), name="j")

    save(convert(prog, note, "fp32", target=HALVES), directory)
    cases = Cases()
    for seed in (3, 4):
        x, i = integers(seed, (2, 4), dtype=np.float32), integers(seed, (3,), -1000000, 1000000, np.int32)
        cases.run([(dict(x=x, i=i), dict(y=np.maximum(x @ w.T + b, 0), j=i + np.int32(7)))])
    cases.write(directory, note)


def accumulator(directory, note):
    """One state that sums up what comes in."""

    @program([mb.TensorSpec((1, 4), types.fp16), mb.StateTensorSpec((1, 4), types.fp16)])
    def prog(x, acc):
        total = mb.add(x=mb.read_state(input=acc), y=x)
        total = mb.coreml_update_state(state=acc, value=total)
        return mb.mul(x=total, y=np.float16(2), name="y")

    save(convert(prog, note), directory)
    cases = Cases()
    for seed, steps in ((5, 6), (6, 1)):
        acc, recorded = np.zeros((1, 4), np.float16), []
        for s in range(steps):
            x = integers(seed * 100 + s, (1, 4))
            acc = acc + x
            recorded.append((dict(x=x), dict(y=acc * np.float16(2))))
        cases.run(recorded, dict(acc=acc))
    cases.write(directory, note)


def two_states(directory, note):
    """Two states of unlike shapes, of which a step writes a slice of one."""

    @program([
        mb.TensorSpec((1, 1, 3), types.fp16), mb.TensorSpec((1,), types.int32),
        mb.StateTensorSpec((1, 8, 3), types.fp16), mb.StateTensorSpec((2,), types.fp16),
    ])  # fmt: skip
    def prog(row, at, rows, count):
        begin = mb.concat(values=[np.array([0], np.int32), at, np.array([0], np.int32)], axis=0)
        end = mb.concat(values=[np.array([1], np.int32), mb.add(x=at, y=np.int32(1)), np.array([3], np.int32)], axis=0)
        updated = mb.slice_update(x=mb.read_state(input=rows), update=row, begin=begin, end=end)
        updated = mb.coreml_update_state(state=rows, value=updated)
        n = mb.add(x=mb.read_state(input=count), y=np.float16(1))
        n = mb.coreml_update_state(state=count, value=n)
        total = mb.reduce_sum(x=updated, axes=[1], keep_dims=False)
        return mb.identity(x=total, name="total"), mb.identity(x=n, name="n")

    save(convert(prog, note), directory)
    cases = Cases()
    rows, count, recorded = np.zeros((1, 8, 3), np.float16), np.zeros((2,), np.float16), []
    for s, at in enumerate((0, 1, 7, 3, 1)):
        row = integers(700 + s, (1, 1, 3))
        rows = rows.copy()
        rows[0, at], count = row[0, 0], count + np.float16(1)
        given = dict(row=row, at=np.array([at], np.int32))
        recorded.append((given, dict(total=rows.sum(axis=1), n=count)))
    cases.run(recorded, dict(rows=rows, count=count))
    cases.write(directory, note)


def multifunction(directory, note):
    """Two functions that share a weight, one of them with a state."""
    w = integers(8, (64, 64), -1, 2)
    functions = {}

    @program([mb.TensorSpec((1, 64), types.fp16)])
    def plain(x):
        return mb.matmul(x=x, y=w, name="y")

    @program([mb.TensorSpec((1, 64), types.fp16), mb.StateTensorSpec((1, 64), types.fp16)])
    def summing(x, acc):
        total = mb.add(x=mb.read_state(input=acc), y=mb.matmul(x=x, y=w))
        return mb.identity(x=mb.coreml_update_state(state=acc, value=total), name="y")

    functions = dict(plain=plain, summing=summing)
    with tempfile.TemporaryDirectory() as scratch:
        together = ct.utils.MultiFunctionDescriptor()
        for name, prog in functions.items():
            path = os.path.join(scratch, name + ".mlpackage")
            convert(prog, note).save(path)
            together.add_function(path, src_function_name="main", target_function_name=name)
        together.default_function_name = "plain"
        path = os.path.join(directory, "model.mlpackage")
        shutil.rmtree(path, ignore_errors=True)
        ct.utils.save_multifunction(together, path)
    cases = Cases()
    xs = [integers(900 + s, (1, 64), -2, 3) for s in range(3)]
    product = [(x.astype(np.float32) @ w.astype(np.float32)).astype(np.float16) for x in xs]
    cases.run([(dict(x=xs[0]), dict(y=product[0]))], function="plain")
    acc, recorded = np.zeros((1, 64), np.float16), []
    for x, y in zip(xs, product):
        acc = acc + y
        recorded.append((dict(x=x), dict(y=acc)))
    cases.run(recorded, dict(acc=acc), function="summing")
    cases.write(directory, note)


def ranges(directory, note):
    """A dimension of 1 to 64: shapes change from call to call."""
    n = get_new_symbol()

    @program([mb.TensorSpec((1, n), types.fp16)], HALVES)
    def prog(x):
        return mb.add(x=mb.mul(x=x, y=np.float16(3)), y=np.float16(0.5), name="y")

    flexible = [ct.TensorType("x", ct.Shape((1, ct.RangeDim(1, 64, default=8))), dtype=np.float16)]
    save(convert(prog, note, inputs=flexible, target=HALVES), directory)
    cases = Cases()
    recorded = []
    for width in (8, 1, 64, 7, 8, 33):
        x = integers(1000 + width, (1, width), -100, 100)
        recorded.append((dict(x=x), dict(y=x * np.float16(3) + np.float16(0.5))))
    cases.run(recorded)
    cases.write(directory, note)


def enumerated(directory, note):
    """Three shapes and no others."""
    shapes = ((1, 3), (2, 3), (4, 6))

    @program([mb.TensorSpec((get_new_symbol(), get_new_symbol()), types.fp16)], HALVES)
    def prog(x):
        return mb.sub(x=np.float16(10), y=x, name="y")

    flexible = [ct.TensorType("x", ct.EnumeratedShapes(shapes=shapes, default=shapes[1]), dtype=np.float16)]
    save(convert(prog, note, inputs=flexible, target=HALVES), directory)
    cases = Cases()
    recorded = []
    for shape in (shapes[1], shapes[0], shapes[2], shapes[0]):
        x = integers(1100 + shape[0], shape, -100, 100)
        recorded.append((dict(x=x), dict(y=np.float16(10) - x)))
    cases.run(recorded)
    cases.write(directory, note)


def padded_rows(directory, note):
    """float16 outputs whose rows a device may pad: 3 and 200 elements wide."""
    w3, w200 = integers(12, (3, 32), -1, 2), integers(13, (200, 32), -1, 2)

    @program([mb.TensorSpec((1, 5, 32), types.fp16)], HALVES)
    def prog(x):
        return mb.linear(x=x, weight=w3, name="narrow"), mb.linear(x=x, weight=w200, name="wide")

    save(convert(prog, note, target=HALVES), directory)
    cases = Cases()
    for seed in (14, 15):
        x = integers(seed, (1, 5, 32))
        wide = x.astype(np.float32)
        cases.run([(dict(x=x), dict(
            narrow=(wide @ w3.T.astype(np.float32)).astype(np.float16),
            wide=(wide @ w200.T.astype(np.float32)).astype(np.float16),
        ))])  # fmt: skip
    cases.write(directory, note)


def big_state(directory, note):
    """A state of 8 MiB in a package of a few KiB: what Close must give back."""

    @program([mb.TensorSpec((1, 1), types.fp16), mb.StateTensorSpec((1024, 4096), types.fp16)])
    def prog(x, big):
        total = mb.add(x=mb.read_state(input=big), y=x)
        total = mb.coreml_update_state(state=big, value=total)
        return mb.slice_by_size(x=total, begin=[1020, 4090], size=[4, 6], name="corner")

    save(convert(prog, note), directory)
    cases = Cases()
    recorded, total = [], 0
    for x in (1, 2, 4):
        total += x
        recorded.append((dict(x=np.array([[x]], np.float16)), dict(corner=np.full((4, 6), total, np.float16))))
    cases.run(recorded)
    cases.write(directory, note)


def slow(directory, note):
    """64 matrix products in a row: a prediction that takes a while. Powers of a permutation are exact."""
    rounds, n = 64, 128

    @program([mb.TensorSpec((n, n), types.fp16)], HALVES)
    def prog(x):
        y = x
        for _ in range(rounds - 1):
            y = mb.matmul(x=y, y=x)
        return mb.matmul(x=y, y=x, name="y")

    save(convert(prog, note, target=HALVES), directory)
    x = np.eye(n, dtype=np.float32)[np.random.default_rng(16).permutation(n)]
    y = np.linalg.matrix_power(x.astype(np.int64), rounds + 1)
    cases = Cases()
    cases.run([(dict(x=x.astype(np.float16)), dict(y=y.astype(np.float16)))])
    cases.write(directory, note)


MAKERS = {
    "stateless": (stateless, "no state: a linear layer in float32, and int32 in and out"),
    "accumulator": (accumulator, "one state, float16, that sums its input"),
    "two-states": (two_states, "two states of unlike shapes, one written a slice at a time"),
    "multifunction": (multifunction, "functions plain and summing over one weight; summing keeps a state"),
    "ranges": (ranges, "a dimension of 1 to 64"),
    "enumerated": (enumerated, "three shapes: 1 x 3, 2 x 3, 4 x 6"),
    "padded-rows": (padded_rows, "float16 outputs with rows of 3 and of 200 elements"),
    "big-state": (big_state, "a state of 8 MiB"),
    "slow": (slow, "64 matrix products in a row"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="directory that gets one directory per package")
    parser.add_argument("names", nargs="*", default=list(MAKERS), metavar="NAME")
    arguments = parser.parse_args()
    for name in arguments.names:
        directory = os.path.join(arguments.out, name)
        os.makedirs(directory, exist_ok=True)
        make, note = MAKERS[name]
        make(directory, note)
        print("made", name, flush=True)


if __name__ == "__main__":
    main()
