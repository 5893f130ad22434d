"""Takes the schemas of suite.jsonl out of the data of the JSON-Schema-Test-Suite
(https://github.com/json-schema-org/JSON-Schema-Test-Suite, MIT licence), a schema a line with
its keyword, its description and its instances:

    python suite.py cases.jsonl ../suite.jsonl

For each keyword it keeps the first schema and the shortest of the others.
"""

import json
import sys


def main(source: str, target: str) -> None:
    kept: dict[str, list[str]] = {}
    with open(source, encoding="utf-8") as lines:
        for line in lines:
            kept.setdefault(json.loads(line)["keyword"], []).append(line)
    with open(target, "w", encoding="utf-8") as out:
        for lines in kept.values():
            first, rest = lines[0], sorted(lines[1:], key=len)[:1]
            out.writelines([first, *rest])


main(*sys.argv[1:])
