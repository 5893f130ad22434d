"""Writes kernels_arm64.s and kernels_arm64.go: the NEON kernels.

Run it in this directory with Python 3: python3 neon.py
Lower-case lines are vector instructions in the syntax of Arm's manual, which
a64.py encodes; all others are Go's assembler, destination last. Register x5 of
the one is R5 of the other.
"""
import math
import struct

from a64 import encode

exec(open("common.py").read())
move = "MOVD"


def E(*code):
    for c in code:
        if c[0].islower() and not c.endswith(":"):
            lines.append(f"\tWORD $0x{encode(c):08x} // {c}")
        else:
            lines.append(c if c.endswith(":") else "\t" + c)


def f32(f):
    return struct.unpack("<f", struct.pack("<f", f))[0]


def const(name, words):
    """A read-only run of 32-bit words."""
    data[name] = [w & 0xFFFFFFFF for w in words]
    return f"$·{name}<>(SB)"


def func(name, doc, params, ret=None):
    """Starts a function; returns the frame offsets of its parameters."""
    at, size = frame_of(params, ret)
    groups = []
    for p, t in params:
        if groups and groups[-1][1] == t:
            groups[-1][0].append(p)
        else:
            groups.append(([p], t))
    begin(name, doc, ", ".join(f"{', '.join(p)} {t}" for p, t in groups), ret, 0, size)
    return at


def splat(at, param, r):
    """Fills v r with a float32 parameter."""
    E(f"FMOVS {at[param]}, F{r}", f"dup v{r}.4s, v{r}.s[0]")


def zero(*regs):
    for r in regs:
        E(f"movi v{r}.4s, #0")


def constants(name, first, values, address="R25"):
    """Fills v first and the following with one float each."""
    E(f"MOVD {const(name, [bits(v) if isinstance(v, float) else v for v in values])}, {address}")
    for i in range(len(values)):
        E(f"ld1r {{v{first + i}.4s}}, [x{address[1:]}], #4")


for part in ("dense", "matmul", "quant", "lut", "fast"):
    exec(open(f"neon_{part}.py").read())

write("neon.py", "kernels_arm64")
