"""Compares the words of kernels_arm64.s with what llvm-mc makes of the
instructions beside them: python3 check_a64.py, in this directory.
"""
import re
import subprocess
import sys

source = open("../kernels_arm64.s").read()
pairs = sorted({(text, int(word, 16)) for word, text in re.findall(r"WORD \$0x([0-9a-f]{8}) // (.*)", source)})
run = subprocess.run(["llvm-mc", "-triple=aarch64", "-mattr=+neon,+dotprod", "-show-encoding"],
                     input="\n".join(t for t, _ in pairs) + "\n", capture_output=True, text=True)
if run.returncode:
    sys.exit(run.stderr)
made = [sum(int(b, 16) << 8 * i for i, b in enumerate(e.split(","))) for e in re.findall(r"encoding: \[(.*?)\]", run.stdout)]
if not pairs or len(made) != len(pairs):
    sys.exit(f"{len(pairs)} instructions, {len(made)} encodings")
wrong = [f"{text}: {word:08x}, want {want:08x}" for (text, word), want in zip(pairs, made) if word != want]
print("\n".join(wrong) or f"{len(pairs)} encodings are right")
sys.exit(bool(wrong))
