"""Ask Hugging Face tokenizers for the classes of Unicode's extended grapheme clusters.

    python graphemes.py graphemes.json     (then: go run gen.go graphemes.json)
    python graphemes.py --digests

The normalizer Precompiled looks a cluster of less than six bytes up as a whole, and the
characters of a longer one each. With a table that has every first byte, what it makes of
a text counts its clusters, and a few texts around a character tell its class. What
cannot be seen in this way makes no difference to the normalizer. Regional indicators are
such a class, and on the left Hangul of four bytes.

With --digests it prints those that the tests of package normalizer have.
"""
import hashlib
import itertools
import json
import struct
import sys

from tokenizers import normalizers

ACUTE, ZWJ, COPYRIGHT = "\u0300", "\u200d", "\u00a9"
KA, VIRAMA = "\u0915", "\u094d"
CHARS = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]


def everything():
    """A table in which every byte that begins a character leads to an X."""
    units = [0] * 768
    units[0] = 256 << 10  # the root: its children are in the second block
    for byte in range(1, 256):
        units[256 + byte] = byte | 1 << 8 | 768 << 10  # its end is in the third block
        units[512 + byte] = 1 << 31
    return struct.pack("<I", 4 * len(units)) + struct.pack("<768I", *units) + b"X\0"


COUNTING = normalizers.Precompiled(everything())


def count(text):
    """The texts that are looked up for a text."""
    return len(COUNTING.normalize_str(text))


def hangul(c):
    def joined(a, b):
        return count(a + b + ACUTE) == 3
    if len(c.encode()) < 3 or not (joined("\u1100", c) or joined("\u1161", c) or joined(c, "\u11a8")):
        return None
    v, t = joined(c, "\u1161"), joined(c, "\u11a8")
    if len(c.encode()) == 4:
        return ("V" if v else "T") if t else None
    if joined(c, "\u1100"):
        return "L"
    if joined("\u1100", c):
        return ("V" if joined("\u1161", c) else "LV") if v and t else "LVT" if t else None
    return "T" if t else None


def joining(c):
    """The class of a character that belongs to what is before it."""
    if c == ZWJ:
        return "ZWJ"
    extends = count(KA + VIRAMA + c + KA + ACUTE) == 5
    if count(COPYRIGHT + c + ZWJ + COPYRIGHT + ACUTE) == 4:
        assert not extends, hex(ord(c))
        return "SpacingMark"
    if count(KA + c + KA + ACUTE) == 4:
        return "Linker"
    return "ConjunctExtend" if extends else "Extend"


def grapheme_class(c):
    if c in "\r\n":
        return {"\r": "CR", "\n": "LF"}[c]
    if count("a" + c) == 1:
        return joining(c)
    if count(c + ACUTE + ACUTE) == 2:
        return "Control"
    if count(c + "a") == 1:
        return "Prepend"
    if count(COPYRIGHT + ZWJ + c) == 3:
        return "Pictographic"
    if count(c + VIRAMA + KA + ACUTE) == 4:
        return "Consonant"
    return hangul(c)


def classes():
    ranges = {}
    for c in CHARS:
        name, i = grapheme_class(c), ord(c)
        if 0x1F1E6 <= i <= 0x1F1FF:
            name = "RegionalIndicator"
        if name is None:
            continue
        parts = ranges.setdefault(name, [])
        if parts and parts[-1][1] == i - 1:
            parts[-1][1] = i
        else:
            parts.append([i, i])
    ranges["Control"].insert(0, [0, 0])  # which ends a text of the table
    return ranges


def mixed():
    """Characters of all classes in all orders."""
    some = ["a", "\r", "\n", "\x01", "\u0301", "\u0488", "\u1cf4", "\u094d", "\u200d", "\u0903", "\u0600", "\U000110bd", "\u1100", "\u1161",
            "\u11a8", "\uac00", "\uac01", "\u00a9", "\u231a", "\U0001f600", "\U0001f3fd", "\U0001f1e6", "\u0915", "\U00011305", "\u0e33", "\u20e3"]
    for n in (1, 2, 3, 4):
        for text in itertools.product(some, repeat=n):
            yield "".join(text)


def digest(texts):
    """What the texts are counted to. The test makes the same digest."""
    h = hashlib.sha256()
    for text in texts:
        h.update(bytes([count(text)]))
    return h.hexdigest()[:16]


def main():
    if sys.argv[1:] == ["--digests"]:
        for before, after in (("a", ""), ("", "a"), ("", "\u0301"), ("", "\u0301\u0301"), ("\u0600", ""), ("\u1100", "\u0301"), ("\u1161", "\u0301"),
                              ("\u11a8", "\u0301"), ("\u0915\u094d", "\u0301"), ("\u00a9\u200d", "\u0301"), ("\u00a9", "\u200d\u00a9\u0301"),
                              ("\u0915", "\u0915\u0301"), ("\u0915\u094d", "\u0915\u0301"), ("\U0001f1e6", "\u0301")):
            # The planes of ideographs and of private use have no class but the last of
            # all, which the first two of these texts show.
            chars = CHARS if "a" in before + after else [c for c in CHARS if c < "\U00020000" or "\U000e0000" <= c < "\U000e1000"]
            print(ascii(before), ascii(after), digest(before + c + after for c in chars))
        print("mixed", digest(mixed()))
        return
    with open(sys.argv[1], "w", encoding="ascii") as f:
        json.dump({"graphemes": classes()}, f)


if __name__ == "__main__":
    main()
