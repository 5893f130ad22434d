"""Writes random templates and what Jinja makes of them.

    python -m venv venv && venv/bin/pip install jinja2==3.1.6
    venv/bin/python internal/jinja/testdata/expressions.py --seed 1 --count 6000 out.jsonl
    COREML_EXPRESSIONS=$PWD/out.jsonl go test -run TestRandomExpressions ./internal/jinja

The templates are of expressions and small statements over values of every kind: half of
them call functions with values that they are meant for, the other half with any. The
environment is that of record.py.
"""

import argparse
import json
import random
import signal

from record import environment

VARS = {
    "s": "Hello, World", "t": "  two words\nand a line  ", "e": "", "u": "Ünïcode ß ǅ ﬁ", "h": "<b>a & 'b' \"c\"</b>", "k": "a,b,,c", "num": "-12", "hex": "0x1F",
    "p": "%s is %d", "f": "{} and {0!r:>4}", "i": 7, "n": -3, "z": 0, "big": 123456789012, "x": 2.5, "y": -0.0, "w": 1e16, "b": True, "c": False, "o": None,
    "l": [3, 1, 2], "ll": [[1, 2], [3], []], "m": ["b", "A", "c", "a"], "v": [], "g": [1, "a", None, 2.5, True],
    "d": {"a": 1, "b": "x", "items": [1]}, "dd": {"x": {"y": {"z": 1}}, "l": [1, {"q": 2}]}, "q": {},
    "r": [{"role": "user", "content": "hi", "n": 2}, {"role": "assistant", "content": None, "n": 1}, {"role": "tool", "content": "<x>"}],
}
TEXTS = ["s", "t", "e", "u", "h", "k", "num", "hex", "p", "f", "'a'", "'aB c'", "'ß'", "'x' * 3", "'<'|safe", "h|e", "'1'", "'%5.2f|%-4s|%x'", "'ΑΣ'", "'a\\tb\\n'", "'ab'|upper", "s[1:]"]
NUMBERS = ["i", "n", "z", "big", "x", "y", "w", "b", "c", "1", "0", "-1", "2", "3.7", "1e3", "10", "255", "0.1", "i // 2", "x * 2"]
LISTS = ["l", "ll", "m", "v", "g", "r", "[1, 2, 3]", "(1, 'a')", "()", "range(5)", "range(1, 9, 3)", "'abc'|list", "[u, s]", "l|map('string')|list", "[none, 1]", "[['a', 1], ['b', 2]]", "m|sort"]
DICTS = ["d", "dd", "q", "{'a': 1, 'c': [1]}", "{1: 'x', 'y': none}", "dict(a=1)", "r[0]", "{'b': 2, 'A': 1}"]
OTHERS = ["o", "nosuch", "d.nosuch", "d.items()", "d.keys()", "d.values()", "l|map('abs')", "m|select", "ns", "namespace(a=1)", "mac", "range", "s.upper", "cycler(1, 2)", "joiner('-')", "'<'|safe", "loop", "self", "dict"]
ANY = [TEXTS, NUMBERS, LISTS, DICTS, OTHERS]

T, N, L, D, A = "T", "N", "L", "D", "A"  # kinds of arguments; A is any
POOLS = {T: TEXTS, N: NUMBERS, L: LISTS, D: DICTS}
# Filters: what they are meant for, and lists of arguments. Those that doc.go says are not
# there are left out.
FILTERS = [
    ("abs", N, ["", ""]), ("attr", A, ["('upper')", "('a')", "('role')", "('__class__')"]), ("batch", L, ["(2)|list", "(3, 0)|list", "(2, fill_with='x')|list"]), ("capitalize", T, [""]),
    ("center", T, ["(9)", "(3)", "(width=20)", "()"]), ("default", A, ["('x')", "('x', true)", "(default_value=1, boolean=true)", ""]), ("d", A, ["(1)"]),
    ("dictsort", D, ["", "(true)", "(by='value')", "(reverse=true)", "(false, 'value', true)"]), ("escape", T, [""]), ("e", A, [""]), ("first", L, [""]),
    ("float", A, ["", "(1.5)", "('x')"]), ("forceescape", T, [""]), ("format", T, ["(1, 2)", "('a', 3)", "(1)", "()", "(a=1)"]), ("groupby", L, ["('role')|list", "('n', default=0)|list", "(0)|list", "('role')|map('first')|list"]),
    ("indent", T, ["", "(2)", "(2, true)", "('> ', first=true)", "(4, blank=true)"]), ("int", A, ["", "(5)", "(base=16)", "(0, 16)", "(default=-1)"]), ("items", D, ["|list"]), ("join", L, ["", "(',')", "('-', attribute='role')", "(d='<')"]),
    ("last", L, [""]), ("length", L, [""]), ("count", T, [""]), ("list", A, [""]), ("lower", T, [""]), ("map", L, ["('upper')|list", "(attribute='role')|list", "('default', 'x')|list", "(attribute='content', default='-')|list", "('int')|list", "('abs')|join", "(attribute=0)|list", "('length')|list"]),
    ("max", L, ["", "(true)", "(attribute='n')"]), ("min", L, ["", "(case_sensitive=true)", "(attribute='n')"]), ("reject", L, ["|list", "('odd')|list", "('none')|list", "('equalto', 1)|list"]),
    ("rejectattr", L, ["('n')|list", "('role', 'eq', 'user')|list"]), ("replace", T, ["('a', 'b')", "('', '-')", "('l', '', 1)", "('<', '>')"]), ("reverse", L, ["|list", ""]), ("round", N, ["", "(1)", "(2, 'floor')", "(method='ceil')", "(-1)"]),
    ("safe", T, [""]), ("select", L, ["|list", "('string')|list", "('gt', 1)|list", "('in', [1, 'a'])|list"]), ("selectattr", L, ["('role', 'in', ['user'])|list", "('n', 'defined')|list", "('content')|list", "('role')|first"]),
    ("slice", L, ["(2)|list", "(2, 'x')|list"]), ("sort", L, ["", "(reverse=true)", "(case_sensitive=true)", "(attribute='role')", "(true, true)", "(attribute='n,role')"]), ("string", A, [""]), ("striptags", T, [""]),
    ("sum", L, ["", "(start=10)", "(attribute='n')", "('n')"]), ("title", T, [""]), ("tojson", A, ["", "(indent=2)", "(ensure_ascii=true)", "(sort_keys=true)", "(separators=(',', ':'))"]), ("trim", T, ["", "('H')", "(chars=' H')"]),
    ("truncate", T, ["(5)", "(5, true)", "(5, end='..')", "(5, true, '', 0)", "(8, leeway=2)", "()"]), ("unique", L, ["|list", "(true)|list", "(attribute='role')|list"]), ("upper", T, [""]), ("urlencode", T, [""]), 
    ("wordcount", T, [""]), ("xmlattr", D, ["", "(false)"]), 
]
TESTS = [
    "boolean", "callable", "defined", "divisibleby(2)", "divisibleby 3", "eq(1)", "equalto('a')", "escaped", "even", "false", "filter", "float", "ge(2)", "gt(1)", "in([1, 'a'])", "in('abc')", "in(d)", "integer", "iterable", "le(1)",
    "lower", "lt('b')", "mapping", "ne(none)", "none", "number", "odd", "sameas(none)", "sameas true", "sequence", "string", "test", "true", "undefined", "upper", "greaterthan(0)", "== 1", "!= 'a'",
]
METHODS = {
    T: ["capitalize()", "casefold()", "center(9, '*')", "count('l')", "count('')", "endswith('d')", "endswith(('d', 'c'))", "expandtabs()", "expandtabs(3)", "find('o')", "find('l', -5)", "format(1, 2)", "format_map({'a': 1})", "format(a=1)", "index('o')", "isalnum()", "isalpha()", "isascii()",
        "isdecimal()", "isdigit()", "isidentifier()", "islower()", "isnumeric()", "isprintable()", "isspace()", "istitle()", "isupper()", "join(['x', 'y'])", "join(m)", "ljust(9)", "lower()", "lstrip()", "lstrip('H ')", "partition(',')", "removeprefix('He')", "removesuffix('ld')", "replace('l', 'L')",
        "replace('l', 'L', 1)", "rfind('o')", "rindex('o')", "rjust(12, '.')", "rpartition(' ')", "rsplit(',', 1)", "rsplit()", "rstrip()", "split()", "split(',')", "split(',', 1)", "split(maxsplit=1)", "split(sep=' ')", "splitlines()", "splitlines(true)", "startswith('He')", "startswith('l', 2)", "strip()", "strip('Hd')",
        "swapcase()", "title()", "translate({97: 'b'})", "upper()", "zfill(8)", "unescape()", "striptags()"],
    L: ["index(1)", "count(1)", "copy()", "append(1)", "index('a', 1)", "pop()"],
    D: ["get('a')", "get('nosuch', 5)", "items()|list", "keys()|list", "values()|list", "copy()", "a", "nosuch", "items", "update({})", "fromkeys(['a'])", "get(none)"],
    N: ["real", "imag", "is_integer()", "bit_length()", "numerator", "hex()", "conjugate()", "as_integer_ratio()", "denominator"],
}
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in"]
SLICES = ["[0]", "[-1]", "[9]", "[1:]", "[:-1]", "[::2]", "[::-1]", "[1:3]", "['a']", "['role']", "[none]", "[true]", "[0:0]", "[-2:]", "['upper']", "[1.0]", "[0][0]", ".0", "[5:1:-2]", "['__class__']", "._x"]


def pool(r, kind=None):
    """A value: of a kind, or of any."""
    if kind in (None, A) or r.random() < r.wild:
        return r.choice(r.choice(ANY))
    return r.choice(POOLS[kind])


def term(r, deep, kind=None):
    """An expression that takes a step, or several."""
    if deep <= 0:
        return pool(r, kind)
    k = kind or r.choice([T, T, N, L, L, D, A])
    way = r.random()
    inner = lambda: term(r, deep - 1 - r.randrange(2), k)  # noqa: E731
    group = lambda: (lambda x: x if x.isidentifier() else f"({x})")(inner())  # noqa: E731
    if way < 0.38:
        name, want, arguments = r.choice(FILTERS)
        k = want
        value = group()
        args = r.choice(arguments)
        if r.random() < r.wild:
            args = r.choice([f"({pool(r)})", f"({pool(r)}, {pool(r)})", ""])
        return f"{value}|{name}{args}"
    if way < 0.58:
        k = r.choice([T, T, T, L, D, N])
        value = group()
        method = r.choice(METHODS[k if r.random() > r.wild / 2 else r.choice([T, L, D, N])])
        if "(" in method and r.random() < r.wild:
            method = method.split("(")[0] + r.choice([f"({pool(r)})", f"({pool(r)}, {pool(r)})"])
        return f"{value}.{method}"
    if way < 0.75:
        a, op = group(), r.choice(OPERATORS)
        if op in ("in", "not in"):
            k = r.choice([T, L, D]) if k != T else T
        elif r.random() < r.wild * 2:
            k = None
        return f"{a} {op} {group()}"
    if way < 0.86:
        return f"{group()}{r.choice(SLICES)}"
    if way < 0.93:
        return f"{group()} is {r.choice(['', '', 'not '])}{r.choice(TESTS)}"
    if way < 0.96:
        return f"{group()} if {term(r, deep - 2)} else {pool(r)}"
    if way < 0.98:
        return f"[{group()}, {group()}]"
    return f"{r.choice(['-', 'not ', '+'])}{group()}"


STATEMENTS = [
    "{{% for a in {0} %}}{{{{ loop.index }}}}:{{{{ a }}}}{{{{ ',' if not loop.last }}}}{{% else %}}none{{% endfor %}}",
    "{{% for a, c in {0} %}}{{{{ a }}}}={{{{ c }}}};{{% endfor %}}",
    "{{% for a in {0} if a %}}{{{{ a }}}}{{{{ loop.previtem }}}}|{{{{ loop.nextitem }}}}{{{{ loop.changed(a) }}}}{{% endfor %}}",
    "{{% for a in {0} recursive %}}[{{{{ a }}}}{{% if a is sequence and a is not string %}}{{{{ loop(a) }}}}{{% endif %}}]{{% endfor %}}",
    "{{% set a, c = {0}, {1} %}}{{{{ a }}}}{{{{ c }}}}",
    "{{% set a = {0} %}}{{% if a %}}yes{{% elif a is none %}}none{{% else %}}no{{% endif %}}",
    "{{% set a %}}x{{{{ {0} }}}}y{{% endset %}}{{{{ a }}}}{{{{ a|upper }}}}",
    "{{% set ns.v = {0} %}}{{{{ ns.v }}}}{{{{ ns.a }}}}",
    "{{% set ns = namespace({1}) %}}{{{{ ns.a }}}}{{{{ ns['a'] }}}}{{{{ ns.x }}}}",
    "{{% set ns = namespace(_p={0}, q=1) %}}{{{{ ns._p }}}}{{% set ns._r = 2 %}}{{{{ ns._r }}}}{{{{ ns['_p'] }}}}{{{{ ns.__init__ is defined }}}}",
    "{{% macro g2(a, c={1}) %}}<{{{{ a }}}}{{{{ c }}}}{{{{ varargs }}}}{{{{ kwargs }}}}>{{% endmacro %}}{{{{ g2({0}) }}}}{{{{ g2(1, c=2) }}}}{{{{ g2(c=3) }}}}",
    "{{% macro g3() %}}({{{{ caller({0}) }}}}){{% endmacro %}}{{% call(a) g3() %}}{{{{ a }}}}{{% endcall %}}",
    "{{% with a = {0}, c = {1} %}}{{{{ a }}}}{{{{ c }}}}{{% endwith %}}",
    "{{% filter upper %}}{{{{ {0} }}}}{{% endfilter %}}",
    "{{% autoescape true %}}{{{{ {0} }}}}{{{{ {1} }}}}{{{{ h ~ {0} }}}}{{% endautoescape %}}",
    "{{% autoescape true %}}{{% set a %}}<{{{{ {0} }}}}{{% endset %}}{{{{ a }}}}{{{{ a ~ '<' }}}}{{{{ a is escaped }}}}{{% endautoescape %}}",
    "{{%- for a in {0} -%}} {{{{- a -}}}} {{%- if loop.index > 2 %}}{{% break %}}{{% endif %}}{{%- endfor -%}} x",
    "{{% for a in {0} %}}{{% if loop.first %}}{{% continue %}}{{% endif %}}{{{{ a }}}}{{{{ loop.cycle('x', 'y') }}}}{{{{ loop.revindex }}}}{{{{ loop.length }}}}{{% endfor %}}",
]
PREFIX = "{% macro mac(a=1) %}m{{ a }}{% endmacro %}{% set ns = namespace(a=1) %}"


def template(r):
    r.wild = r.choice([0, 0, 0.05, 0.25])
    deep = r.choice([1, 2, 2, 3, 3, 4])
    if r.random() < 0.3:
        return PREFIX + r.choice(STATEMENTS).format(term(r, deep - 1), term(r, 1))
    if r.random() < 0.1:
        return PREFIX + "{% autoescape true %}{{ " + term(r, deep) + " }}{% endautoescape %}"
    return PREFIX + "{{ " + term(r, deep) + " }}"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=6000)
    p.add_argument("out")
    a = p.parse_args()
    r = random.Random(a.seed)
    env = environment()

    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    with open(a.out, "w", encoding="utf-8") as f:
        f.write(json.dumps({"vars": VARS}) + "\n")
        n = 0
        while n < a.count:
            t = template(r)
            if "random" in t:
                continue
            signal.setitimer(signal.ITIMER_REAL, 2)
            try:
                case = {"t": t, "out": env.from_string(t).render(json.loads(json.dumps(VARS)))}
            except TimeoutError:
                continue
            except Exception as e:  # whatever a template can raise
                case = {"t": t, "err": type(e).__name__, "msg": str(e)}
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if " at 0x" in case.get("out", "") or "lipsum" in t:
                continue  # a place in memory
            try:
                line = json.dumps(case, ensure_ascii=False)
                line.encode()
            except UnicodeEncodeError:
                continue
            f.write(line + "\n")
            n += 1


main()
