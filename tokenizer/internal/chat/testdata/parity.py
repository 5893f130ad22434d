"""Compares the command with transformers on templates of any number:

    python parity.py COREML FOLDER...

COREML is the command; each FOLDER has chat templates, *.jinja. Each template is given
conversations with null fields, each name of thinking and further variables, by
`coreml tokenize --stdio` and by the transformers that Python has, 4 or 5.
"""
import datetime
import glob
import json
import os
import subprocess
import sys

import transformers
import transformers.utils.chat_template_utils as utils

MAJOR = int(transformers.__version__.split(".")[0])


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 7, 10, 12)


utils.datetime = Clock

TOOL = {"type": "function", "function": {"name": "f", "description": "F", "parameters": {"type": "object", "properties": {"x": {"type": "string", "description": "X"}}, "required": ["x"]}}}
CALL = {"id": "call12345", "type": "function", "function": {"name": "f", "arguments": {"x": "1"}}}
USER = {"role": "user", "content": "Hi"}


def turn(**fields):
    return [USER, {"role": "assistant", **fields}, {"role": "user", "content": "And?", "name": None}]


def called(**fields):
    return [USER, {"role": "assistant", "tool_calls": [CALL], **fields}, {"role": "tool", "name": "f", "tool_call_id": "call12345", "content": "2"}]


INPUTS = {
    "plain": {"messages": turn(content="A")},
    "null": {"messages": turn(content="A", tool_calls=None, reasoning_content=None, thinking=None, function_call=None, refusal=None)},
    "null content": {"messages": called(content=None), "tools": [TOOL]},
    "content last": {"messages": [{"content": "A", "role": "user"}]},
    "no content": {"messages": called(), "tools": [TOOL]},
    "reasoning": {"messages": turn(content="A", reasoning="R")},
    "thinking": {"messages": turn(content="A", thinking="R")},
    "reasoning_content": {"messages": turn(content="A", reasoning_content="R")},
    "all three": {"messages": turn(content="A", reasoning_content="R", thinking="S", reasoning="T")},
    "reasoning of a call": {"messages": called(content="", reasoning="R"), "tools": [TOOL]},
    "empty tools": {"messages": [USER], "tools": []},
    "variables": {"messages": [USER], "enable_thinking": False, "thinking": True, "documents": [{"title": "T", "text": "D"}], "reasoning_effort": "low", "date_string": "1 May 2025"},
}
BASE = {"tools": None, "documents": None, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"}


def reference(template, given):
    given = dict(given)
    messages = given.pop("messages")
    if MAJOR >= 5:
        messages = utils._normalize_chat_messages(messages)
    return utils.render_jinja_template([messages], chat_template=template, **given)[0][0]


def main(coreml, *folders):
    cases, lines = [], []
    for path in sorted(p for f in folders for p in glob.glob(os.path.join(f, "**", "*.jinja"), recursive=True)):
        template = open(path, encoding="utf-8").read()
        for name, given in INPUTS.items():
            given = {**BASE, **given}
            cases.append((path, name, template, given))
            lines.append(json.dumps({"template": template, "input": given, "now": "2025-07-10T12:00:00Z", "transformers": min(MAJOR, 5)}))
    out = subprocess.run([coreml, "tokenize", "--stdio"], input="\n".join(lines), capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(out) == len(cases), (len(out), len(cases))
    wrong = 0
    for (path, name, template, given), line in zip(cases, out):
        got = json.loads(line)
        try:
            want = reference(template, given)
        except Exception as e:
            want = None
            reason = f"{type(e).__name__}: {e}"
        if (want is None) != ("error" in got) or want is not None and got.get("text") != want:
            wrong += 1
            print(path, name, "\n  got ", repr(got)[:400], "\n  want", repr(want)[:400] if want is not None else reason)
    print(len(cases), "renderings,", wrong, "differ from transformers", transformers.__version__)


main(*sys.argv[1:])
