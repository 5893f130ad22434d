"""Compare `coreml tokenize --stdio` with Jinja on random chat templates, made of
the constructs that the families of models use.

    python templates.py [--seed N] [--count N] COREML

What the reference renders has to come out the same; what it refuses has to be an
error.
"""
import argparse
import json
import random
import signal
import subprocess
import sys
import time

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=int(time.time()))
parser.add_argument("--count", type=int, default=2000)
parser.add_argument("coreml")
args = parser.parse_args()


class Generation(Extension):
    """The tag that marks what the assistant writes; here it only renders."""

    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(lineno)

    def _render(self, caller):
        return caller()


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = refuse

WORDS = ["a", "", " x ", "Hello World", "<think>so</think>yes", "é日本", "a\nb\n", "it's", '"q"', "1", "3.5", "user", "<|im_end|>", "A,B,,C", "%s", "{}", "tool_call", "İß", "  two  spaces  ", "\\n", "&<>'"]
KEYS = ["role", "content", "name", "arguments", "type", "function", "tool_calls", "text", "id"]
NAMES = ["messages", "tools", "x", "s", "n", "f", "b", "d", "l", "none", "nothing", "ns.a", "ns.b", "message", "bos_token", "loop.index", "loop.first", "loop.last", "loop.index0", "loop.length", "loop.previtem", "loop.nextitem", "messages[0]", "messages[-1].content", "messages[0]['role']", "tools[0].function.name", "d.k", "d['z']", "l[1]", "l[-1]", "s[0]"]
FILTERS = ["trim", "upper", "lower", "length", "count", "first", "last", "list", "string", "int", "float", "tojson", "join", "join(', ')", "join('-', attribute='role')", "default('D')", "default('D', true)", "d", "replace('a', 'b')", "replace('l', '', 1)", "title", "capitalize",
           "items", "sort", "sort(reverse=true)", "sort(attribute='role')", "reverse", "unique", "map('upper')", "map(attribute='content')", "map(attribute='role', default='?')", "select", "reject", "select('string')", "rejectattr('content')", "selectattr('role', 'equalto', 'user')",
           "selectattr('role', '==', 'user')", "selectattr('tool_calls', 'defined')", "rejectattr('role', 'in', ['user'])", "select('in', [1, 2])", "abs", "round", "round(1)", "round(1, 'floor')", "sum", "max", "min", "batch(2)", "batch(3, 'f')", "slice(2)", "indent", "indent(2)", "indent(2, true)", "indent(width=3, first=false)",
           "escape", "e", "safe", "wordcount", "center(9)", "truncate(5)", "tojson(indent=2)", "tojson(ensure_ascii=true)", "tojson(indent=4, sort_keys=true)", "tojson(separators=(',', ':'))", "dictsort", "dictsort(by='value')", "groupby('role')", "format(1)", "striptags", "urlencode", "wordwrap(5)", "filesizeformat", "pprint", "xmlattr",
           "map('tojson')", "map('length')", "map('default', 'q')", "map('trim')", "map('int')", "attr('role')", "random", "forceescape", "list | length", "string | length", "selectattr('role') | list", "map(attribute='function.name')", "map('first')"]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "true", "false", "mapping", "iterable", "sequence", "callable", "odd", "even", "lower", "upper", "in ['a', 'user']", "equalto('user')", "eq(1)", "ne 1", "gt(1)", "ge(2)", "lt 3", "le(1)", "divisibleby(2)", "divisibleby 3", "sameas(none)", "escaped", "filter('x')", "test('odd')", "greaterthan(1)"]
METHODS = ["strip()", "lstrip()", "rstrip()", "strip('a')", "upper()", "lower()", "title()", "capitalize()", "split()", "split(',')", "split(',', 1)", "split('</think>')[-1]", "rsplit(' ', 1)", "splitlines()", "startswith('<')", "startswith(('a', 'H'))", "endswith('d')", "replace('a', 'zz')", "replace('a', 'z', 1)", "find('o')", "rfind('o')", "index('l')", "count('l')",
           "join(['x', 'y'])", "join(l)", "isdigit()", "isalpha()", "isupper()", "islower()", "isspace()", "isalnum()", "zfill(6)", "center(11, '*')", "ljust(8)", "rjust(8, '.')", "partition(' ')", "rpartition('o')", "swapcase()", "casefold()", "expandtabs(4)", "removeprefix('He')", "removesuffix('ld')", "format(1, 2)", "format('q', k=3)", "encode()",
           "items()", "keys()", "values()", "get('role')", "get('q', 'dflt')", "get('q')", "items() | list", "append(1)", "pop()", "copy()", "update({})", "index(1)", "count(1)", "keys() | list", "title() | trim", "isdecimal()", "isnumeric()", "isidentifier()", "istitle()", "translate({})", "lstrip('\\n').rstrip()", "split('\\n')", "format_map(d)", "maketrans({})", "bit_length()", "is_integer()", "real", "__class__", "length", "nothing"]
OPS = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">", "<=", ">=", "and", "or", "in", "not in"]


class Maker:
    def __init__(self, rnd):
        self.r = rnd
        self.macros = []

    def literal(self):
        r = self.r
        kind = r.randrange(9)
        if kind < 3:
            return json.dumps(r.choice(WORDS), ensure_ascii=False) if r.random() < 0.5 else "'" + r.choice(["a", "user", "", "x y", "role", "\\n", "%s-%s"]) + "'"
        if kind < 5:
            return str(r.choice([0, 1, 2, -1, 10, 3, 100000000000000000000]))
        if kind == 5:
            return r.choice(["1.5", "2.0", "1e3", "0.1", "1e16", "1e-7"])
        if kind == 6:
            return r.choice(["true", "false", "none", "True", "None"])
        if kind == 7:
            return "[" + ", ".join(self.expr(2) for _ in range(r.randint(0, 3))) + "]" if r.random() < 0.7 else "(" + self.expr(2) + ", " + self.expr(2) + ")"
        return "{" + ", ".join(r.choice(["'k'", "'role'", "1", "'z'"]) + ": " + self.expr(2) for _ in range(r.randint(0, 2))) + "}"

    def expr(self, depth=0):
        r = self.r
        if depth > 3:
            return r.choice(NAMES) if r.random() < 0.6 else self.literal()
        kind = r.randrange(20)
        if kind < 4:
            return r.choice(NAMES)
        if kind < 6:
            return self.literal()
        if kind < 10:
            return self.atom(depth) + " | " + r.choice(FILTERS)
        if kind < 12:
            return self.atom(depth) + "." + r.choice(METHODS)
        if kind < 15:
            return self.atom(depth) + " " + r.choice(OPS) + " " + self.atom(depth)
        if kind == 15:
            return self.atom(depth) + " is " + r.choice(["", "not "]) + r.choice(TESTS)
        if kind == 16:
            parts = [str(r.choice(["", 0, 1, 2, -1, -2, "x"])) for _ in range(r.randint(2, 3))]
            return self.atom(depth) + "[" + ":".join(parts) + "]"
        if kind == 17:
            return self.atom(depth) + " if " + self.expr(depth + 1) + r.choice([" else " + self.expr(depth + 1), ""])
        if kind == 18:
            return r.choice(["not ", "-", "+"]) + self.atom(depth)
        if self.macros and r.random() < 0.6:
            name = r.choice(self.macros)
            return name + "(" + ", ".join(self.expr(depth + 1) for _ in range(r.randint(0, 2))) + r.choice(["", ", k=1", ", b='q'"]).lstrip(", " if False else "") + ")"
        return r.choice(["range(3)", "range(1, 6, 2)", "range(n)", "dict(a=1, b=2)", "namespace(a=1).a", "cycler('a', 'b').next()", "joiner(',')()", "lipsum(n=0)", "messages | length", "loop.cycle('a', 'b')", "loop.depth", "loop.revindex", "loop.changed(s)", "x.y.z", "d.items() | list", "caller()", "varargs", "kwargs", "self", "range(-1)", "range(3)[1]", "range(4)[::2] | list"])

    def atom(self, depth):
        e = self.expr(depth + 1)
        return e if self.r.random() < 0.35 else "(" + e + ")"

    def tag(self, text):
        r = self.r
        return r.choice(["{%", "{%", "{%-", "{%+"]) + " " + text + " " + r.choice(["%}", "%}", "-%}"])

    def text(self):
        return self.r.choice(["a", " ", "\n", "\n\n", "  \n", "x\n  ", "<|im_start|>", "\t", "", "# not\n", "}}" if self.r.random() < 0.02 else "."])

    def block(self, depth=0):
        r = self.r
        out = []
        for _ in range(r.randint(1, 4 if depth < 2 else 2)):
            kind = r.randrange(17)
            if kind < 4:
                out.append(self.text())
            elif kind < 9 or depth > 2:
                out.append(r.choice(["{{ ", "{{- ", "{{"]) + self.expr() + r.choice([" }}", " -}}", "}}"]))
            elif kind < 11:
                s = self.tag("if " + self.expr()) + self.block(depth + 1)
                if r.random() < 0.4:
                    s += self.tag("elif " + self.expr()) + self.block(depth + 1)
                if r.random() < 0.5:
                    s += self.tag("else") + self.block(depth + 1)
                out.append(s + self.tag("endif"))
            elif kind < 13:
                target = r.choice(["message", "message", "m", "k, v", "x", "(a, b)"])
                source = r.choice(["messages", "messages", "tools", "l", "d.items()", "d | items", "range(3)", "messages[1:]", "messages[::-1]", "s", "d", "nothing", "l | reverse", self.expr(1)])
                s = self.tag("for " + target + " in " + source + r.choice(["", "", " if message.role == 'user'", " if " + self.expr(2), " recursive" if r.random() < 0.2 else ""]))
                s += self.block(depth + 1)
                if r.random() < 0.15:
                    s += self.tag(r.choice(["break", "continue"]))
                if r.random() < 0.3:
                    s += self.tag("else") + self.block(depth + 1)
                out.append(s + self.tag("endfor"))
            elif kind < 15:
                if r.random() < 0.25:
                    out.append(self.tag("set " + r.choice(["s", "x"]) + r.choice(["", " | trim"])) + self.block(depth + 1) + self.tag("endset"))
                else:
                    out.append(self.tag("set " + r.choice(["s", "x", "n", "ns.a", "ns.b", "l", "a, b", "q"]) + " = " + self.expr()))
            elif kind == 15:
                which = r.randrange(5)
                if which == 0:
                    name = r.choice(["m1", "m2"])
                    self.macros.append(name)
                    out.append(self.tag("macro " + name + "(" + r.choice(["", "a", "a, b='B'", "a=n, b=2"]) + ")") + self.block(depth + 1) + self.tag("endmacro"))
                elif which == 1 and self.macros:
                    out.append(self.tag("call " + r.choice(["", "(u) " if r.random() < 0.3 else ""]) + r.choice(self.macros) + "()") + self.block(depth + 1) + self.tag("endcall"))
                elif which == 2:
                    out.append(self.tag("filter " + r.choice(["upper", "trim", "indent(2)", "replace('a', 'b')"])) + self.block(depth + 1) + self.tag("endfilter"))
                elif which == 3:
                    out.append(self.tag("with " + r.choice(["", "q = 1", "q = s, r = n"])) + self.block(depth + 1) + self.tag("endwith"))
                else:
                    out.append(self.tag("generation") + self.block(depth + 1) + self.tag("endgeneration"))
            else:
                out.append(r.choice(["{# c #}", "{#- c -#}", "{{ raise_exception('no') }}", self.tag("raw") + "{{ x }}" + self.tag("endraw"), "{# c\n #}\n"]))
        return "".join(out)

    def value(self, depth=0):
        r = self.r
        kind = r.randrange(8 if depth < 2 else 6)
        if kind < 3:
            return r.choice(WORDS)
        if kind == 3:
            return r.choice([0, 1, 2, -3, 10, 255, 12345678901234567890])
        if kind == 4:
            return r.choice([0.5, 2.0, -1.25, 1e20, 1e-5, 100.0])
        if kind == 5:
            return r.choice([None, True, False])
        if kind == 6:
            return [self.value(depth + 1) for _ in range(r.randint(0, 3))]
        return {r.choice(KEYS + ["k", "z"]): self.value(depth + 1) for _ in range(r.randint(0, 3))}

    def input(self):
        r = self.r
        messages = []
        for _ in range(r.randint(0, 4)):
            m = {"role": r.choice(["user", "assistant", "system", "tool"]), "content": r.choice(WORDS) if r.random() < 0.8 else self.value()}
            if r.random() < 0.3:
                m["tool_calls"] = [{"type": "function", "function": {"name": "f", "arguments": self.value(1)}}]
            messages.append(m)
        out = dict(messages=messages, s=r.choice(WORDS), n=r.choice([0, 1, 2, 5]), f=r.choice([1.5, 2.0, 0.1]), b=r.random() < 0.5, d={"k": 1, "z": r.choice(WORDS), "a": [1]}, l=[self.value(1) for _ in range(r.randint(1, 4))] if r.random() < 0.5 else [3, 1, 2], none=None, bos_token="<s>")
        if r.random() < 0.6:
            out["tools"] = [{"type": "function", "function": {"name": "g", "parameters": {"a": self.value(1)}}}]
        if r.random() < 0.5:
            out["x"] = self.value()
        return out


def late(*_):
    raise TimeoutError


signal.signal(signal.SIGALRM, late)
rnd = random.Random(args.seed)
cases, wants = [], []
while len(cases) < args.count:
    m = Maker(rnd)
    template = rnd.choice(["", "{% set ns = namespace(a=1, b='B') %}", "{%- set ns = namespace(a=[]) -%}\n"]) + m.block()
    if len(template) > 1500 or any(bad in template for bad in ("random", "lipsum", "__class__", "pprint", "self", "urlencode", "xmlattr", "wordwrap", "filesizeformat", "forceescape", "**")):
        continue
    data = m.input()
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        want = dict(text=env.from_string(template).render(**json.loads(json.dumps(data))))
        if " at 0x" in want["text"] or len(want["text"]) > 20000:
            continue
    except (TimeoutError, MemoryError):
        continue
    except Exception as e:  # what it is does not matter here
        want = dict(error=repr(e))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    cases.append(json.dumps(dict(template=template, input=data)))
    wants.append(want)
out = subprocess.run([args.coreml, "tokenize", "--stdio"], input="\n".join(cases) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
bad = 0
for case, want, line in zip(cases, wants, out, strict=True):
    got = json.loads(line)
    same = got.get("text") == want["text"] if "text" in want else "error" in got
    if not same:
        bad += 1
        if bad <= 25:
            print(json.dumps(dict(template=json.loads(case)["template"], want=want, got=got), ensure_ascii=False)[:1500])
print(f"seed {args.seed}: {len(cases)} templates, {sum('text' in w for w in wants)} render, {bad} differ", file=sys.stderr)
sys.exit(bad > 0)
