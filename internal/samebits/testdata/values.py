"""Writes values.txt: functions of numbers to 400 digits, rounded to a float64."""
import random

from mpmath import mp, mpf
import mpmath

mp.dps = 400
random.seed(1)
functions = {
    "Exp": (mpmath.exp, -745, 709), "Exp2": (lambda x: mpf(2) ** x, -1074, 1023), "Expm1": (mpmath.expm1, -40, 40),
    "Log": (mpmath.log, 0, 1e6), "Log1p": (mpmath.log1p, -1, 10), "Sin": (mpmath.sin, -1e3, 1e3), "Cos": (mpmath.cos, -1e3, 1e3),
    "Tan": (mpmath.tan, -100, 100), "Asin": (mpmath.asin, -1, 1), "Acos": (mpmath.acos, -1, 1), "Atan": (mpmath.atan, -20, 20),
    "Sinh": (mpmath.sinh, -710, 710), "Cosh": (mpmath.cosh, -710, 710), "Tanh": (mpmath.tanh, -25, 25),
    "Asinh": (mpmath.asinh, -100, 100), "Acosh": (mpmath.acosh, 1, 100), "Atanh": (mpmath.atanh, -1, 1),
    "Erf": (mpmath.erf, -7, 7), "Erfc": (mpmath.erfc, -6, 25),
}
with open("values.txt", "w") as out:
    for name, (f, lo, hi) in functions.items():
        for k in range(60):
            x = random.uniform(lo, hi)
            if k % 3 == 1:  # near 0 or 1
                x = random.uniform(-1, 1) * 2.0 ** -random.randrange(40)
                if name == "Acosh" or name == "Log":
                    x = 1 + abs(x)
            if k % 20 == 7 and name in ("Sin", "Cos", "Tan"):
                x = random.uniform(1, 2) * 2.0 ** random.randrange(20, 1023)
            out.write(f"{name} {float(x).hex()} {float(f(mpf(x))).hex()}\n")
