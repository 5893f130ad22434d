"""Writes kernels512_amd64.s and kernels512_amd64.go: the AVX-512 kernels.

Run it in this directory with Python 3: python3 gen512.py
Operands are in the order of Go's assembler, destination last.
"""
exec(open("common.py").read())
suffix = "512"


def ret():
    E("VZEROUPPER", "RET")


def zero(*regs):
    for r in regs:
        E(f"VPXORD Z{r}, Z{r}, Z{r}")


def pair(off, ptr, reg, apart):
    """Loads two runs of 32 bytes that lie apart into Z reg."""
    E(f"VMOVDQU {off}({ptr}), Y{reg}", f"VINSERTI64X4 $1, {off + apart}({ptr}), Z{reg}, Z{reg}")


def reduce(acc, tmp, target):
    """Sums the lanes of Z acc into target; both registers are below 16."""
    E(f"VEXTRACTF64X4 $1, Z{acc}, Y{tmp}", f"VADDPS Y{tmp}, Y{acc}, Y{acc}", f"VEXTRACTF128 $1, Y{acc}, X{tmp}", f"VADDPS X{tmp}, X{acc}, X{acc}",
      f"VHADDPS X{acc}, X{acc}, X{acc}", f"VHADDPS X{acc}, X{acc}, X{acc}", f"VMOVSS X{acc}, {target}")


for part in ("fast512", "panel512", "matmul512", "stream512", "lut512"):
    exec(open(part + ".py").read())

write("gen512.py", "kernels512_amd64")
