"""Record what chat templates write where an assistant calls tools.

    python toolcalls.py OUT DIR...

Each template of the folders (*.jinja) renders conversations whose last message calls
tools. What it writes behind the prompt is what the model is taught to write, so the
calls in it are known. OUT is gzipped JSON: the tools, the cases (name and message), and
for each template its name and, for each case, the answer, its calls and how it was
rendered. A case that a template refuses, or whose calls its text does not hold, has the
reason in the place of the answer.

Templates for the tests: PyPI's llama-cpp-python 0.3.36 (sdist, in
vendor/llama.cpp/models/templates), the chat templates in xinference 4.1.0
(model/llm/models/*.json, written one to a file) and those in vLLM's examples.
Needs transformers 5.24.
"""
import copy
import glob
import gzip
import hashlib
import json
import os
import re
import sys

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from transformers.utils.chat_template_utils import _compile_jinja_template

TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "The weather of a place.", "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "The place."}, "days": {"type": "integer", "description": "How many."},
        "precise": {"type": "boolean", "description": "With decimals."}, "ratio": {"type": "number", "description": "A share."}}, "required": ["city"]}}},
    {"type": "function", "function": {"name": "save_note", "description": "Keeps a note.", "parameters": {"type": "object", "properties": {
        "text": {"type": "string", "description": "What."}, "postcode": {"type": "string", "description": "Where."},
        "options": {"type": "object", "description": "How.", "additionalProperties": {}, "properties": {"tags": {"type": "array", "items": {"type": "string"}}, "depth": {"type": "object"}}},
        "list": {"type": "array", "description": "Numbers.", "items": {"type": "integer"}}}, "required": ["text"]}}},
]
# Command R's first templates want tools in Cohere's own form.
COHERE_TOOLS = [{"name": t["function"]["name"], "description": t["function"]["description"], "parameter_definitions": {
    k: {"type": {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict", "array": "list"}[v["type"]], "description": v["description"], "required": k in t["function"]["parameters"]["required"]}
    for k, v in t["function"]["parameters"]["properties"].items()}} for t in TOOLS]

PLAIN = ("get_weather", {"city": "Paris", "days": 3})
CASES = [  # name, calls, content, reasoning
    ("a text and a number", [PLAIN], "", ""),
    ("numbers of several kinds", [("get_weather", {"city": "São Paulo", "days": -2, "precise": True, "ratio": 0.5})], "", ""),
    ("nested values", [("save_note", {"text": "hi", "options": {"tags": ["a", "b c"], "depth": {"x": {"y": 1}}}, "list": [1, 2]})], "", ""),
    ("a text with line breaks, quotation marks and brackets", [("save_note", {"text": "line one\nhe said \"so\" & it's <b>bold</b>\n\tback\\slash {x} [y], z: 1"})], "", ""),
    ("texts that look like other values", [("save_note", {"text": "{\"a\": 1}", "postcode": "01234"})], "", ""),
    ("no arguments", [("get_weather", {})], "", ""),
    ("two calls", [("get_weather", {"city": "Paris"}), ("save_note", {"text": "Rome", "list": []})], "", ""),
    ("text before a call", [PLAIN], "Let me look.", ""),
    ("reasoning before a call", [PLAIN], "", "I think of {x}."),
    ("reasoning and text before two calls", [PLAIN, ("save_note", {"text": "Rome"})], "Let me look.", "I think so."),
]
ENDS = re.compile(r"(?:\s*(?:<\|(?:EOS|im_end|eot_id|eom_id|eot|eom|end|end_of_text|END_OF_TURN_TOKEN|endoftext|role_end|end_of_msg|call|calls|START_OF_TURN_TOKEN|eos|stop|message_sep)\|>|<(?:end_of_turn|turn\||seed:eos|end_of_sentence|SPECIAL_12|sep|｜end▁of▁sentence｜|｜hy_eos:opensource｜|/assistant|\|tool_response)>|<\|tool_response>|</s>|\[e~\[))(?:.*)$", re.S)


class Loose(SandboxedEnvironment):
    """As transformers', but values may be changed and generators written: what llama.cpp allows."""


def loose(template):
    strict = _compile_jinja_template.__wrapped__ if hasattr(_compile_jinja_template, "__wrapped__") else _compile_jinja_template
    env = strict("x").environment
    own = Loose(trim_blocks=True, lstrip_blocks=True, extensions=list(env.extensions.values()) and [type(e) for e in env.extensions.values()])
    own.filters.update(env.filters)
    dumps = env.filters["tojson"]
    own.filters["tojson"] = lambda x, *a, **k: dumps(x if isinstance(x, (str, dict, list, int, float, bool, type(None))) else list(x), *a, **k)
    own.globals.update(env.globals)
    return own.from_string(template)


def message(case, style, ids):
    _, calls, content, reasoning = case
    out = {"role": "assistant", "content": content, "tool_calls": []}
    for i, (name, arguments) in enumerate(calls):
        call = {"type": "function", "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False) if style.startswith("text") else copy.deepcopy(arguments)}}
        if ids:
            call = {"id": ["abcdefgh1", "abcdefgh2"][i] if ids == "plain" else f"functions.{name}:{i}", **call}
        out["tool_calls"].append(call)
    if reasoning:
        out["reasoning_content"] = out["reasoning"] = out["thinking"] = reasoning  # as transformers 5 does
    return out


def extra(template):
    """Variables that some templates cannot do without."""
    vars = {"datetime": "1 Jan 2026"} if "datetime" in template else {}
    if re.search(r"\+ functions\b", template):
        vars["functions"] = json.dumps([t["function"] for t in TOOLS])
    return vars


def render(compiled, template, messages, prompt):
    tools = COHERE_TOOLS if "parameter_definitions" in template and "json_to_python_type" not in template else TOOLS
    return compiled.render(messages=copy.deepcopy(messages), tools=copy.deepcopy(tools), documents=None, add_generation_prompt=prompt,
                           bos_token="", eos_token="<|EOS|>", unk_token="<unk>", pad_token="<pad>", **extra(template))


def answer(compiled, template, turn):
    """Returns the prompt and what follows it in the conversation with the turn."""
    before = [{"role": "user", "content": "Hi"}]
    whole = render(compiled, template, before + [turn], False)
    asked = render(compiled, template, before, True)
    bare = render(compiled, template, before, False)
    if whole.startswith(asked):
        return asked, whole[len(asked):]
    # Prompts that open the thinking which the history leaves out, and the like.
    shared = max(os.path.commonprefix([whole, asked]), os.path.commonprefix([whole, bare]), key=len)
    cut = shared.rfind("<")
    if cut > shared.rfind(">"):  # not within a mark
        shared = shared[:cut]
    rest = whole[len(shared):]
    opening = asked[len(bare):] if asked.startswith(bare) else ""
    for at in range(len(opening)):
        if rest.startswith(opening[at:]):
            return shared + opening[at:], rest[len(opening) - at:]
    # A history that has closed what the prompt opens last goes on from the prompt.
    if opened := re.search(r"<([\w:]+)>\s*$", asked):
        if rest.lstrip().startswith("</" + opened[1] + ">"):
            return asked, rest
    return shared, rest


def attempt(template, case):
    """Renders a case in the first way that the template takes."""
    why = ""
    ids = "kimi" if "<|tool_call_begin|>" in template else "plain"
    for engine, style in [(e, s) for e in (_compile_jinja_template, loose) for s in ("dict", "text")] + [(loose, "text, no content")]:
        turn = message(case, style, ids)
        if style == "text, no content" and not turn["content"]:
            turn["content"] = None  # which transformers 5 drops
        try:
            prompt, text = answer(engine(template), template, turn)
        except Exception as e:
            why = why or f"{type(e).__name__}: {e}"
            continue
        if case[1][0][0] not in text:
            why = "the template does not write the calls of the history"
            continue
        return prompt, text, style, "strict" if engine is _compile_jinja_template else "loose"
    return None, why, "", ""


def in_order(value, text):
    """A value with its keys in the order of the text, which some templates sort."""
    if isinstance(value, list):
        return [in_order(v, text) for v in value]
    if not isinstance(value, dict):
        return value
    places = [text.find(k) for k in value]
    keys = list(value) if places == sorted(places) else sorted(value)
    return {k: in_order(value[k], text) for k in keys}


def expected(case, text):
    """The calls that the text has to hold, None where it lacks one."""
    if any(name not in text for name, _ in case[1]):
        return None
    return [[name, in_order(arguments, text)] for name, arguments in case[1]]


def main(out, *folders):
    known, records = {}, []
    for path in sorted(p for d in folders for p in glob.glob(os.path.join(d, "*.jinja"))):
        template = open(path, encoding="utf-8").read()
        digest = hashlib.sha256(template.encode()).hexdigest()
        name = os.path.basename(path).removesuffix(".jinja")
        if digest in known:
            if name not in known[digest]["templates"]:
                known[digest]["templates"].append(name)
            continue
        known[digest] = record = {"templates": [name], "sha256": digest[:16], "cases": []}
        for case in CASES:
            prompt, text, style, engine = attempt(template, case)
            if prompt is None:
                record["cases"].append({"reason": text})
                continue
            calls = expected(case, text)
            if calls is None:
                record["cases"].append({"reason": "the template writes one call"})
                continue
            at = max(text.rfind(c[0]) for c in calls)
            end = ENDS.search(text, at)
            record["cases"].append({"answer": text[:end.start()] if end else text, "tail": prompt[-60:], "style": style, "engine": engine, "calls": calls})
        records.append(record)
    with gzip.GzipFile(out, "wb", mtime=0) as f:
        f.write(json.dumps({"tools": TOOLS, "cases": [c[0] for c in CASES], "templates": records}, ensure_ascii=False).encode())
    for r in records:
        for name, c in zip([c[0] for c in CASES], r["cases"]):
            print(r["templates"][0], "|", name, "|", c.get("style", ""), c.get("engine", ""), "|", repr(c.get("answer", "!! " + c.get("reason", ""))))


if __name__ == "__main__":
    main(*sys.argv[1:])
