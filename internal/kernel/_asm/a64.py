"""Encodes the vector instructions of AArch64 that the NEON kernels use.

Go's assembler knows few of them. encode takes one line in the syntax of the
architecture's manual ("fmla v0.4s, v1.4s, v2.s[3]") and returns its word; the
fields are those of the Arm Architecture Reference Manual, section C4.1.
"""
import re

SIZE = {"b": 0, "h": 1, "s": 2, "d": 3}
ARR = {"8b": (0, 0), "16b": (1, 0), "4h": (0, 1), "8h": (1, 1), "2s": (0, 2), "4s": (1, 2), "2d": (1, 3)}

# name: U, opcode; the size comes from the arrangement.
SAME_INT = {"add": (0, 0b10000), "sub": (1, 0b10000), "addp": (0, 0b10111), "ushl": (1, 0b01000)}
# name: U, size, opcode
SAME = {
    "and": (0, 0, 0b00011), "bic": (0, 1, 0b00011), "orr": (0, 2, 0b00011), "eor": (1, 0, 0b00011),
    "bsl": (1, 1, 0b00011), "bit": (1, 2, 0b00011), "bif": (1, 3, 0b00011),
    "fadd": (0, 0, 0b11010), "fsub": (0, 2, 0b11010), "fmul": (1, 0, 0b11011), "fdiv": (1, 0, 0b11111),
    "fmla": (0, 0, 0b11001), "fmls": (0, 2, 0b11001), "fmax": (0, 0, 0b11110), "fmin": (0, 2, 0b11110),
    "faddp": (1, 0, 0b11010), "fmaxp": (1, 0, 0b11110), "fcmgt": (1, 2, 0b11100), "fcmeq": (0, 0, 0b11100),
}
# name: U, size or None for that of the source, opcode
MISC = {
    "scvtf": (0, 0, 0b11101), "fcvtns": (0, 0, 0b11010), "frintn": (0, 0, 0b11000), "fabs": (0, 2, 0b01111),
    "fneg": (1, 2, 0b01111), "sadalp": (0, None, 0b00110), "saddlp": (0, None, 0b00010),
}
NARROW = {"fcvtn": (0, 0, 0b10110), "xtn": (0, None, 0b10010), "sqxtn": (0, None, 0b10100)}
SHIFT = {"sshr": (0, 0b00000), "ushr": (1, 0b00000), "shl": (0, 0b01010), "sshll": (0, 0b10100), "ushll": (1, 0b10100), "scvtf": (0, 0b11100)}
PERMUTE = {"uzp1": 1, "trn1": 2, "zip1": 3, "uzp2": 5, "trn2": 6, "zip2": 7}
ELEMENT = {"fmla": 0x0F801000, "fmls": 0x0F805000, "fmul": 0x0F809000, "sdot": 0x0F80E000}
# name and register: word, scale of the offset
MEMORY = {
    "ldrq": (0x3DC00000, 16), "strq": (0x3D800000, 16), "ldrd": (0xFD400000, 8), "strd": (0xFD000000, 8),
    "ldrs": (0xBD400000, 4), "strs": (0xBD000000, 4), "ldrh": (0x7D400000, 2), "ldrb": (0x3D400000, 1),
}
POST = {
    "ldrq": 0x3CC00400, "strq": 0x3C800400, "ldrd": 0xFC400400, "strd": 0xFC000400, "ldrs": 0xBC400400,
    "strs": 0xBC000400, "ldrh": 0x7C400400, "ldrb": 0x3C400400,
}
PAIR = {"ldp": 0xAD400000, "stp": 0xAD000000}
PAIRPOST = {"ldp": 0xACC00000, "stp": 0xAC800000}


def reg(s):
    m = re.fullmatch(r"[vxqdshbw](\d+)(?:\.(\w+))?(?:\[(\d+)\])?", s)
    if not m:
        raise ValueError(f"register {s!r}")
    return int(m[1]), m[2], None if m[3] is None else int(m[3])


def imm(s, low, high):
    n = int(s.lstrip("#"), 0)
    if not low <= n <= high:
        raise ValueError(f"immediate {n} is outside [{low}, {high}]")
    return n


def memory(name, ops):
    """A load or store of one register: [xn], [xn, #offset] or [xn], #step."""
    kind = name + ops[0][0]
    rt = reg(ops[0])[0]
    if len(ops) == 3 and ops[1].endswith("]"):
        return POST[kind] | (imm(ops[2], -256, 255) & 0x1FF) << 12 | reg(ops[1][1:-1])[0] << 5 | rt
    word, scale = MEMORY[kind]
    off = imm(ops[2].rstrip("]"), 0, 4095 * scale) if len(ops) == 3 else 0
    if off % scale:
        raise ValueError(f"offset {off}")
    return word | off // scale << 10 | reg(ops[1].strip("[]"))[0] << 5 | rt


def pair(name, ops):
    a, b = reg(ops[0])[0], reg(ops[1])[0]
    post = len(ops) == 4 and ops[2].endswith("]")
    off = imm(ops[3].rstrip("]"), -1024, 1008) if len(ops) == 4 else 0
    if off % 16:
        raise ValueError(f"offset {off}")
    return (PAIRPOST if post else PAIR)[name] | (off // 16 & 127) << 15 | b << 10 | reg(ops[2].strip("[]"))[0] << 5 | a


def lane(line):
    """ld1 and ld1r, with or without a step of their own size."""
    m = re.fullmatch(r"ld1r \{v(\d+)\.4s\}, \[x(\d+)\](, #4)?", line)
    if m:
        return (0x4DDFC800 if m[3] else 0x4D40C800) | int(m[2]) << 5 | int(m[1])
    m = re.fullmatch(r"ld1 \{v(\d+)\.([bhs])\}\[(\d+)\], \[x(\d+)\](, #\d)?", line)
    size = SIZE[m[2]]
    if m[5] and int(m[5][3:]) != 1 << size:
        raise ValueError("step")
    # The index fills Q, S and the size field from the top.
    index = int(m[3]) << size
    word = (0x0DDF0000 if m[5] else 0x0D400000) | (0, 0x4000, 0x8000)[size]
    return word | (index >> 3) << 30 | (index >> 2 & 1) << 12 | (index & 3) << 10 | int(m[4]) << 5 | int(m[1])


def shift(name, q, ops):
    d, n = reg(ops[0]), reg(ops[1])
    u, op = SHIFT[name]
    long = name.endswith("ll")
    bits = 8 << ARR[n[1] if long else d[1]][1]
    v = imm(ops[2], 0, bits)
    v = bits + v if name in ("shl", "sshll", "ushll") else 2 * bits - v
    return q << 30 | u << 29 | 0x0F000400 | v << 16 | op << 11 | n[0] << 5 | d[0]


def vector(name, ops):
    d = reg(ops[0])
    base = name[:-1] if name.endswith("2") and name[:-1] in ("sshll", "ushll", "fcvtn", "fcvtl", "xtn", "sqxtn", "smull", "smlal") else name
    if name == "movi":
        q, size = ARR[d[1]]
        v = imm(ops[1], 0, 255)
        return q << 30 | 0x0F000400 | {0: 0xE, 1: 0x8, 2: 0x0}[size] << 12 | v >> 5 << 16 | (v & 31) << 5 | d[0]
    n = reg(ops[1])
    if name == "mov":
        return 0x4EA01C00 | n[0] << 16 | n[0] << 5 | d[0]
    if name == "dup":
        q, size = ARR[d[1]]
        return q << 30 | 0x0E000400 | (n[2] << size + 1 | 1 << size) << 16 | n[0] << 5 | d[0]
    if name == "fmaxv":
        return 0x6E30F800 | n[0] << 5 | d[0]
    if name == "faddp" and len(ops) == 2:
        return 0x7E30D800 | n[0] << 5 | d[0]
    if base == "fcvtl":
        return (name != base) << 30 | 0x0E217800 | n[0] << 5 | d[0]
    if base in NARROW:
        u, size, op = NARROW[base]
        size = ARR[d[1]][1] if size is None else size
        return (name != base) << 30 | u << 29 | 0x0E200800 | size << 22 | op << 12 | n[0] << 5 | d[0]
    if base in SHIFT and len(ops) == 3:
        q = ARR[d[1]][0] if base == name and not name.endswith("ll") else int(base != name)
        return shift(base, q, ops)
    if name in MISC:
        u, size, op = MISC[name]
        q, s = ARR[n[1]]
        return q << 30 | u << 29 | 0x0E200800 | (s if size is None else size) << 22 | op << 12 | n[0] << 5 | d[0]
    m = reg(ops[2])
    if base in ("smull", "smlal"):
        return (base != name) << 30 | 0x0E200000 | {"smull": 12, "smlal": 8}[base] << 12 | m[0] << 16 | n[0] << 5 | d[0]
    q, size = ARR[d[1]]
    if m[2] is not None:
        return q << 30 | ELEMENT[name] | (m[2] & 1) << 21 | m[0] << 16 | (m[2] >> 1) << 11 | n[0] << 5 | d[0]
    if name == "sdot":
        return q << 30 | 0x0E809400 | m[0] << 16 | n[0] << 5 | d[0]
    if name in PERMUTE:
        return q << 30 | 0x0E000800 | size << 22 | PERMUTE[name] << 12 | m[0] << 16 | n[0] << 5 | d[0]
    if name == "ext":
        return q << 30 | 0x2E000000 | imm(ops[3], 0, 15) << 11 | m[0] << 16 | n[0] << 5 | d[0]
    if name in SAME_INT:
        u, op = SAME_INT[name]
    else:
        u, size, op = SAME[name]
    return q << 30 | u << 29 | 0x0E200400 | size << 22 | op << 11 | m[0] << 16 | n[0] << 5 | d[0]


def encode(line):
    name, rest = line.split(" ", 1)
    if name in ("ld1r", "ld1"):
        return lane(line)
    if name == "tbl":
        m = re.fullmatch(r"tbl v(\d+)\.16b, \{v(\d+)\.16b(?:-v(\d+)\.16b)?\}, v(\d+)\.16b", line)
        count = int(m[3]) - int(m[2]) if m[3] else 0
        return 0x4E000000 | count << 13 | int(m[4]) << 16 | int(m[2]) << 5 | int(m[1])
    ops = [o.strip() for o in rest.split(",")]
    if name == "prfm":
        return 0xF8A06800 | reg(ops[2].rstrip("]"))[0] << 16 | reg(ops[1][1:])[0] << 5
    if name in PAIR:
        return pair(name, ops)
    if name in ("ldr", "str"):
        return memory(name, ops)
    return vector(name, ops)
