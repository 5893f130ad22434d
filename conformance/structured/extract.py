"""Takes the JSON schemas out of wheels: extract.py WHEELS DIR."""

import io
import json
import pathlib
import pickle
import sqlite3
import sys
import tempfile
import zipfile


class Stub:
    """Stands for every class that a pickle names: none of its code runs."""

    def __init__(self, *args, **kwargs):
        self.args = args

    def __setstate__(self, state):
        self.args = state

    def __call__(self, *args, **kwargs):
        return Stub(*args)


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        return type(name, (Stub,), {})


def body(value, depth=0):
    """The JSON text in what a cache of responses keeps, None for none."""
    if isinstance(value, bytes):
        return value if value.lstrip()[:1] == b"{" else None
    if isinstance(value, Stub):
        value = value.args
    if isinstance(value, dict):
        value = list(value.values())
    if depth > 5 or not isinstance(value, (list, tuple)):
        return None
    return next((found for v in value if (found := body(v, depth + 1))), None)


def schemas(wheel):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                yield name, archive.read(name)
            if name.endswith(".sqlite"):
                with tempfile.NamedTemporaryFile(suffix=".sqlite") as file:
                    file.write(archive.read(name))
                    file.flush()
                    rows = sqlite3.connect(file.name).execute("select key, value from responses order by key")
                    for key, value in rows:
                        if text := body(Reader(io.BytesIO(value)).load()):
                            yield key, text


def main(wheels, target):
    for wheel in sorted(pathlib.Path(wheels).glob("*.whl")):
        for name, text in schemas(wheel):
            try:
                schema = json.loads(text)
            except ValueError:
                continue
            if isinstance(schema, dict) and {"$schema", "properties", "$ref"} & schema.keys():
                name = wheel.name.split("-")[0] + "-" + name.replace("/", "-").removesuffix(".json")
                (pathlib.Path(target) / f"{name}.json").write_text(json.dumps(schema), encoding="utf-8")


main(*sys.argv[1:])
