"""Collect chat templates from archives of packages.

    python collect.py OUT.json ARCHIVE...

An ARCHIVE may also be one file. Every string that looks like a chat template is one: whole files of Jinja, strings in
JSON, constants in Python. OUT is a list of pairs, the place and the text, each text
once.
"""
import ast
import json
import re
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

LARGEST = 8 << 20


def members(path):
    """The names and contents of an archive's files."""
    if path.name.endswith((".tar.gz", ".tgz")):
        with tarfile.open(path) as archive:
            for m in archive:
                if m.isfile() and m.size < LARGEST:
                    yield m.name, archive.extractfile(m).read()
    elif path.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(path) as archive:
            for m in archive.infolist():
                if m.file_size < LARGEST:
                    yield m.filename, archive.read(m)
    elif path.exists():
        yield path.name, path.read_bytes()


def strings(value):
    """The strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for v in value.values() if isinstance(value, dict) else value:
            yield from strings(v)


def candidates(name, data):
    if b"{%" not in data:
        return
    text = data.decode("utf-8", "replace")
    suffix = Path(name).suffix
    try:
        if suffix in (".jinja", ".jinja2", ".j2"):
            yield text
        elif suffix == ".json":
            yield from strings(json.loads(text))
        elif suffix == ".py":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # escapes that are none, in others' files
                tree = ast.parse(text)
            yield from (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    except (ValueError, SyntaxError, RecursionError):
        return  # a file that is broken, or broken on purpose


def is_template(text):
    return 40 < len(text) < 200_000 and "{%" in text and re.search(r"\bmessages?\b", text) is not None


def main():
    out, found = sys.argv[1], {}
    for path in map(Path, sys.argv[2:]):
        before = len(found)
        for name, data in members(path):
            for text in candidates(name, data):
                if is_template(text):
                    found.setdefault(text, f"{path.name}:{name}")
        print(f"{path.name}: {len(found) - before} new templates")
    Path(out).write_text(json.dumps([[place, text] for text, place in found.items()]))
    print(f"{len(found)} templates")


if __name__ == "__main__":
    main()
