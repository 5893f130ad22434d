"""Ask Oniguruma, through Hugging Face tokenizers, which characters are cases of each
other, and which characters are several in another case.

    python folds.py folds.json     (then: go run gen.go folds.json)
"""
import json
import sys

from tokenizers import Regex, pre_tokenizers

CHARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def found(expr, text):
    """The matches of a pattern."""
    return [piece for piece, _ in pre_tokenizers.Split(Regex(expr), "removed", True).pre_tokenize_str(text)]


def number(c):
    return "\\x{%x}" % ord(c)


def main():
    cased = found(r"[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]", "".join(CHARS))
    text = "".join(cased)
    orbits, several = set(), []
    for c in cased:
        same = [part for part in found("(?i)" + number(c), text) if len(part) == 1]
        if len(same) > 1:
            orbits.add("".join(sorted(same)))
        fold = c.casefold()
        # Python knows the sequences; whether Oniguruma has them it says itself.
        if len(fold) > 1 and found("(?i)" + number(c), fold) == [fold]:
            several.append([ord(c)] + [ord(part) for part in fold])
    with open(sys.argv[1], "w", encoding="ascii") as f:
        json.dump({"folds": {"orbits": sorted([ord(c) for c in o] for o in orbits), "several": several}}, f)


if __name__ == "__main__":
    main()
