"""Write random patterns with what Oniguruma finds by them, in the form that
random_test.go of package pattern reads.

    python patterns.py [--seed N] [--count N] OUT.jsonl

A line is [pattern, text, pieces], the matches in brackets. Left out are patterns that
Oniguruma refuses.
"""
import argparse
import json
import random

from tokenizers import Regex, pre_tokenizers

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--count", type=int, default=400)
parser.add_argument("out")
options = parser.parse_args()
rnd = random.Random(options.seed)

LITERALS = [
    "s", "S", "ss", "\u00df", "\u1e9e", "\u017f", "k", "K", "\ufb01", "fi", "f", "i", "a", "\ufb00", "\ufb03", "ffi",
    "st", "\ufb06", "t", "\u0130", "i\u0307", "\u0149", "\u02bcn", "\u0390", "\u1fb3", "\u03b1\u03b9", "\u03c3",
    "\u03c2", "\u03a3", "\u00b5", "\u00e9", "\u00c9", "1", " ", "b", "ab", "\\x{df}", "\\u0073", "\\x73", "x",
    "\u01c6", "\\.", ".",
]
SETS = [
    "\\p{L}", "\\p{^L}", "\\P{L}", "\\p{Lu}", "\\p{Ll}", "\\s", "\\S", "\\d", "\\w", "\\W", "\\h", "\\H", "\\R",
    "\\p{N}", "[[:alpha:]]", "[[:space:]]", "[[:^alpha:]]", "[[:print:]]", "[[:graph:]]", "[[:blank:]]", "[[:word:]]",
    "[[:ascii:]]", "[[:punct:]]", "[[:upper:]]", "[[:lower:]]", "[[:cntrl:]]", "[[:xdigit:]]", "[[:alnum:]]",
    "[[:digit:]]", "[a&&b]", "[a-z&&[^s]]", "[\u00df]", "[\u00dfa]", "[^\u00df]", "[\ufb01-\ufb06]", "[^a-z]",
    "[a-z]", "[k-s]", "[\\p{Lu}\u00df]", "[[\u00df]&&[^a]]", "[^[:alpha:]]", "[[:^space:]a]", "[\\d\\-x]", "[ab-]",
    "[]a]", "[a-c&&b-d]", "[^s]", "[\u017f]", "[K]", "[\u00df-\u00ef]", "[\\x{fb00}-\\x{fb06}s]",
]
QUANTIFIERS = [
    "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{,2}", "{2,}", "{1,2}?", "{2}?", "{1,2}+",
    "{,}",
]
TEXTS = [
    "s", "S", "ss", "SS", "\u00df", "\u1e9e", "\u017f", "k", "K", "K", "\ufb01", "fi", "FI", "f", "i", "I", "a", "A",
    "\ufb00", "\ufb03", "ffi", "\ufb05", "\ufb06", "st", "\u0130", "i\u0307", "\u0149", "\u02bcn", "\u0390", "\u1fb3",
    "\u03b1\u03b9", "\u03c3", "\u03c2", "\u00b5", "\u03bc", "\u00e9", "\u00c9", "1", " ", "b", "x", "\n", "\r\n",
    "\u00a0", "\u00b2", "\u01c5", "-", ".", "\t", "ab",
]
GROUPS = ["(?:%s)", "(%s)", "(?>%s)", "(?=%s)", "(?!%s)", "(?i:%s)", "(?-i:%s)", "(?<=%s)", "(?<!%s)", "(?m:%s)"]


def atom(depth):
    kind = rnd.random()
    if kind < 0.5 or kind >= 0.75 and depth == 0:
        return rnd.choice(LITERALS)
    if kind < 0.75:
        return rnd.choice(SETS)
    return rnd.choice(GROUPS) % alternatives(depth - 1)


def sequence(depth):
    out = ""
    for _ in range(rnd.randint(1, 3)):
        part = atom(depth)
        if rnd.random() < 0.25 and not part.startswith(("(?=", "(?!", "(?<")):
            part += rnd.choice(QUANTIFIERS)
        out += part
    return out


def alternatives(depth):
    return "|".join(sequence(depth) for _ in range(1 if rnd.random() < 0.7 else 2))


def pattern():
    fold = "(?i)" if rnd.random() < 0.7 else ""
    edge = rnd.choice(["^", "\\b", "\\A"]) if rnd.random() < 0.05 else ""
    return edge + fold + alternatives(2)


def pieces(expr, text):
    found = []
    for invert, form in ((False, "%s"), (True, "[%s]")):
        parts = pre_tokenizers.Split(expr, "removed", invert).pre_tokenize_str(text)
        found += [(places, form % part) for part, places in parts]
    return [part for _, part in sorted(found)]


def main():
    count = 0
    with open(options.out, "w", encoding="utf-8") as f:
        while count < options.count:
            expr, text = pattern(), "".join(rnd.choice(TEXTS) for _ in range(rnd.randint(1, 8)))
            try:
                found = pieces(Regex(expr), text)
            except Exception:
                continue
            if not any(part.startswith("[") and part.endswith("]") for part in found) and rnd.random() < 0.6:
                continue
            count += 1
            f.write(json.dumps([expr, text, found], ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
