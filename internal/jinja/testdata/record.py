"""Records what Jinja says to the cases of cases_*_test.go.

    python -m venv venv && venv/bin/pip install jinja2==3.1.6
    venv/bin/python internal/jinja/testdata/record.py internal/jinja/cases_*_test.go

Each case in these files is a Go literal on lines of its own, with the fields of, name
and template, and with want for what the template gives, or fails and says for the
exception that ends it. The script renders the template in the environment that
transformers (utils/chat_template_utils.py) has for chat templates and writes these
last fields anew; a case without them gets them. Cases with a field differs, which
tells why this package answers otherwise, are left as they are. --check changes
nothing and reports what it would change.
"""

import datetime
import json
import re
import sys

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

NOW = datetime.datetime(2025, 7, 10, 12, 0)


class Generation(jinja2.ext.Extension):
    """{% generation %}, which marks what an assistant said: its text is its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def answer(env, template):
    """The fields that a case gets."""
    try:
        return {"want": env.from_string(template).render()}
    except Exception as e:  # whatever a template can raise
        return {"fails": type(e).__name__, "says": str(e)}


def unquote(literal):
    """A Go string: raw, or with the escapes that JSON does not have."""
    if literal.startswith("`"):
        return literal[1:-1]
    return json.loads(re.sub(r"\\x(..)", r"\\u00\1", re.sub(r"\\a", r"\\u0007", literal)), strict=False)


def quote(text):
    if "\n" not in text and ('"' in text or "\\" in text) and "`" not in text and text.isprintable():
        return "`" + text + "`"
    out = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else "\\u%04x" % ord(c) if ord(c) < 1 << 16 else "\\U%08x" % ord(c) for c in out)


STRING = r"(`[^`]*`|\"(?:[^\"\\]|\\.)*\")"
CASE = re.compile(r"^\t\{\n(\t\tof: " + STRING + ", name: " + STRING + r",\n(?:\t\t(?:[a-z]+): +(?:" + STRING + r"),\n)+)\t\},$", re.M)
FIELD = re.compile(r"^\t\t([a-z]+): +" + STRING + ",$", re.M)


def main(names):
    check = "--check" in names
    env = environment()
    count = changed = 0
    for name in names:
        if name.startswith("-"):
            continue
        text = open(name, encoding="utf-8").read()

        def renew(m):
            nonlocal count, changed
            count += 1
            fields = {k: unquote(v) for k, v in FIELD.findall(m[1])}
            if "differs" in fields:
                return m[0]
            answered = answer(env, fields["template"])
            if {k: v for k, v in fields.items() if k != "template"} == answered:
                return m[0]
            changed += 1
            print(f"{name}: {unquote(m[2])} {unquote(m[3])}\n  {fields}\n  {answered}")
            lines = [("template", fields["template"]), *answered.items()]
            width = max(len(k) for k, _ in lines) + 1
            body = "".join(f"\t\t{k + ':':{width}} {quote(v)},\n" for k, v in lines)
            return "\t{\n" + m[1].split("\n")[0] + "\n" + body + "\t},"

        new = CASE.sub(renew, text)
        if new.count("template:") != len(CASE.findall(new)):
            sys.exit(f"{name}: some cases are not written as the others")
        if new != text and not check:
            open(name, "w", encoding="utf-8").write(new)
    print(f"{count} cases, {changed} recorded anew")
    return check and changed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
