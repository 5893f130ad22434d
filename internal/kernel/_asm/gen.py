"""Writes kernels_amd64.s and kernels_amd64.go: the AVX2 kernels.

Run it in this directory with Python 3: python3 gen.py
Operands are in the order of Go's assembler, destination last.
"""
import math
import re

exec(open("common.py").read())


def fconst(name, f):
    return const(name, [bits(f)])


def ret():
    E("VZEROUPPER", "RET")


def zero(*regs):
    for r in regs:
        E(f"VXORPS Y{r}, Y{r}, Y{r}")


def reduce(acc, tmp, target):
    """Sums the lanes of Y acc into target."""
    E(f"VEXTRACTF128 $1, Y{acc}, X{tmp}", f"VADDPS X{tmp}, X{acc}, X{acc}",
      f"VHADDPS X{acc}, X{acc}, X{acc}", f"VHADDPS X{acc}, X{acc}, X{acc}", f"VMOVSS X{acc}, {target}")


exec(open("dense.py").read())
exec(open("quant.py").read())
exec(open("stream.py").read())
exec(open("lut.py").read())
exec(open("fast.py").read())
exec(open("panel.py").read())
exec(open("panel8.py").read())
exec(open("matmul.py").read())

write("gen.py", "kernels_amd64")
