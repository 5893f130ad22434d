"""Records what Hugging Face transformers writes for conversations, in versions 4 and 5.

    python record.py cases    # merges this version's answers into cases.json
    python record.py real TEMPLATES.json CASES.jsonl.gz
                              # merges into real.json which of the recorded renderings
                              # of real templates this version gives otherwise

Run it with transformers 4.57.6 and again with 5.24.0 (jinja2 3.1.6). The clock of the
templates stands at 2025-07-10 12:00.
"""
import datetime
import gzip
import json
import os
import sys

import transformers
import transformers.utils.chat_template_utils as utils
from tokenizers import Tokenizer, models

HERE = os.path.dirname(os.path.abspath(__file__))
MAJOR = transformers.__version__.split(".")[0]


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 7, 10, 12)


utils.datetime = Clock

EACH = "{% for m in messages %}"
CHATML = EACH + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
TRIMMED = EACH + "[{{ m.role }}] {{ m.content|trim }}</s>{% endfor %}"
KEYS = EACH + "({{ m.keys()|join(' ') }}){% endfor %}"
THOUGHT = EACH + "{{ m.thinking }}|{{ m.reasoning_content }}|{{ m.reasoning }}|{{ m.content }};{% endfor %}"
PARTS = EACH + "{% for p in m.content %}{{ p.type }}={{ p.text }};{% endfor %}</s>{% endfor %}"
USER = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"b": 1, "a": None}}}


def says(content, **more):
    return [USER, {"role": "assistant", "content": content, **more}]


# Name, template, messages, arguments of apply_chat_template.
CASES = [
    ("a content of null is not there", EACH + "{{ m.content is defined }}{{ m.content }};{% endfor %}", says(None), {}),
    ("calls of null are not there", EACH + "{{ m.tool_calls is defined }};{% endfor %}", says("a", tool_calls=None), {}),
    ("null deep in a message stays", EACH + "{{ m|tojson }}{% endfor %}", says("a", tool_calls=[{"id": None, "function": TOOL}]), {}),
    ("null in a part stays", PARTS, says([{"type": "text", "text": None}]), {}),
    ("null in a tool stays", "{{ tools|tojson }}", [USER], {"tools": [TOOL]}),
    ("a variable of null stays", "{{ x is defined }}{{ x }}", [USER], {"x": None}),
    ("a role of null is not there", KEYS, [{"role": None, "content": "a"}], {}),
    ("a message of null fields alone is empty", KEYS, [{"role": None, "content": None}], {}),
    ("a message without fields is empty", KEYS, [{}], {}),
    ("fields in the order of the file", KEYS, [{"z": 1, "content": "a", "b": 2, "role": "user"}], {}),
    ("a message without content has none", KEYS, [{"role": "user"}], {}),
    ("a message prints as it was read", EACH + "{{ m }}{% endfor %}", [{"content": "a", "name": "n", "role": "user"}], {}),
    ("reasoning is thinking", THOUGHT, says("x", reasoning="R"), {}),
    ("thinking is reasoning_content", THOUGHT, says("x", thinking="R"), {}),
    ("reasoning_content is thinking", THOUGHT, says("x", reasoning_content="R"), {}),
    ("reasoning_content goes before thinking and reasoning", THOUGHT, says("x", reasoning="A", thinking="B", reasoning_content="C"), {}),
    ("thinking goes before reasoning", THOUGHT, says("x", reasoning="A", thinking="B"), {}),
    ("thinking that is null does not count", THOUGHT, says("x", thinking=None, reasoning="A"), {}),
    ("reasoning that is null is none", THOUGHT, says("x", reasoning=None), {}),
    ("thinking that is empty counts", THOUGHT, says("x", reasoning_content="", reasoning="A"), {}),
    ("thinking that is false counts", THOUGHT, says("x", reasoning_content=False, reasoning="A"), {}),
    ("thinking of any role", THOUGHT, [{"role": "user", "content": "x", "reasoning": "R"}], {}),
    ("thinking that is no text", THOUGHT, says("x", reasoning=[{"a": 1}]), {}),
    ("thinking comes first of the fields", KEYS, says("x", reasoning="R", name="n"), {}),
    ("thinking that is there comes first too", KEYS, [{"role": "a", "thinking": "B", "content": "x", "reasoning_content": "C"}], {}),
    ("reasoning_content keeps its place", KEYS, [{"reasoning_content": "C", "role": "a", "content": "x"}], {}),
    ("no tools are none", "{{ tools is none }}", [USER], {}),
    ("an empty list of tools is a list", "{{ tools is none }}{{ tools|length }}", [USER], {"tools": []}),
    ("tools that are null are none", "{{ tools is none }}", [USER], {"tools": None}),
    ("documents", "{{ documents is none }}{% for d in documents %}{{ d.title }}{% endfor %}", [USER], {"documents": [{"title": "T", "text": "x"}]}),
    ("no documents are none", "{{ documents is none }}", [USER], {}),
    ("a switch for thinking", "{{ enable_thinking is defined and not enable_thinking }}", [USER], {"enable_thinking": False}),
    ("the date", "{{ strftime_now('%d %b %Y %H:%M') }}", [USER], {}),
    ("the token that begins", "{{ bos_token }}{{ eos_token is defined }}", [USER], {}),
    ("a variable goes before the token that begins", "{{ bos_token }}", [USER], {"bos_token": "B"}),
    ("further special tokens", "{{ additional_special_tokens is defined }}", [USER], {}),
    ("the last message goes on", CHATML, says("Yes, and"), {"continue_final_message": True}),
    ("the last message goes on after its space", CHATML, says("Yes, and "), {"continue_final_message": True}),
    ("the last message goes on without the space that the template trims", TRIMMED, says(" Yes, and \n"), {"continue_final_message": True}),
    ("the last message goes on where the template trims nothing of it", TRIMMED, says("Yes, and"), {"continue_final_message": True}),
    ("the last message of the user goes on", CHATML, [USER], {"continue_final_message": True}),
    ("the last part of a message goes on", PARTS, [{"role": "a", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}, {"type": "image"}]}], {"continue_final_message": True}),
    ("a message of pictures cannot go on", PARTS, [{"role": "a", "content": [{"type": "image"}]}], {"continue_final_message": True}),
    ("a message without content cannot go on", CHATML, [{"role": "assistant"}], {"continue_final_message": True}),
    ("a content of null cannot go on", CHATML, says(None), {"continue_final_message": True}),
    ("a content that is a number cannot go on", CHATML, says(7), {"continue_final_message": True}),
    ("a message that the template leaves out cannot go on", "{{ messages[0].content }}", says("Yes"), {"continue_final_message": True}),
    ("a message that the template changes cannot go on", EACH + "{{ m.content|upper }}{% endfor %}", says("Yes"), {"continue_final_message": True}),
    ("a message that the template cuts cannot go on", EACH + "{{ m.content[:9] }}{% endfor %}", says("Yes, and on"), {"continue_final_message": True}),
    ("a template that uses no content cannot go on", EACH + "{{ m.role }}{% endfor %}", says("Yes"), {"continue_final_message": True}),
    ("a message that is empty goes on", CHATML, says(""), {"continue_final_message": True}),
    ("the mark in the text itself", CHATML, says("CONTINUE_FINAL_MESSAGE_TAG and"), {"continue_final_message": True}),
    ("a message that goes on and an answer exclude each other", CHATML, says("a"), {"continue_final_message": True, "add_generation_prompt": True}),
    ("thinking goes on", EACH + "<think>{{ m.thinking }}</think>{{ m.content }}{% endfor %}", [{"role": "a", "content": "", "reasoning": "so "}], {"continue_final_message": "reasoning"}),
    ("thinking by its first name goes on", EACH + "<think>{{ m.reasoning_content }}</think>{% endfor %}", [{"role": "a", "content": "c", "thinking": "so"}], {"continue_final_message": "reasoning_content"}),
    ("thinking that is not there cannot go on", EACH + "{{ m.thinking }}{{ m.content }}{% endfor %}", says("x"), {"continue_final_message": "thinking"}),
    ("thinking that the template does not use cannot go on", CHATML, says("x", reasoning="R"), {"continue_final_message": "reasoning"}),
    ("an answer is prompted for", CHATML, [USER], {"add_generation_prompt": True}),
]


def tokenizer():
    inner = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tok = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>")
    tok.add_special_tokens({("additional_special_tokens" if MAJOR == "4" else "extra_special_tokens"): ["<a>"]})
    return tok


def answer(f):
    try:
        return {"out": f()}
    except Exception as e:
        return {"err": type(e).__name__}


def record_cases():
    path = os.path.join(HERE, "cases.json")
    known = {}
    if os.path.exists(path):
        known = {c["name"]: c for c in json.load(open(path))}
    tok, out = tokenizer(), []
    for name, template, messages, args in CASES:
        case = {"name": name, "template": template, "messages": messages, "args": args}
        for version in ("4", "5"):
            if version in known.get(name, {}):
                case[version] = known[name][version]
        case[MAJOR] = answer(lambda: tok.apply_chat_template(messages, chat_template=template, tokenize=False, **args))
        out.append(case)
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]\n")


def render(messages, template, args):
    """What apply_chat_template does around a template; version 4 fails for an empty
    conversation by mistake (IndexError), which is no rule of its own."""
    if MAJOR == "5" and not messages:
        tokenizer().apply_chat_template(messages, chat_template=template, tokenize=False)
    return utils.render_jinja_template([messages], chat_template=template, **args)[0][0]


def record_real(templates, cases):
    """The recorded renderings have their input as all that a template sees, so "plain"
    does too. Otherwise it becomes the arguments of transformers, with which tools that
    are not there are None."""
    path = os.path.join(HERE, "real.json")
    out = json.load(open(path)) if os.path.exists(path) else {}
    out.update({MAJOR: {}, "plain": {} if MAJOR == "5" else out.get("plain", {})})
    templates = [t["template"] for t in json.load(open(templates))]
    for i, line in enumerate(gzip.open(cases, "rt")):
        case = json.loads(line)
        template, args = templates[case["tpl"]], dict(case["input"])
        messages = args.pop("messages")
        if MAJOR == "5":
            messages = utils._normalize_chat_messages(messages)
        answers = {MAJOR: answer(lambda: render(messages, template, args))}
        if MAJOR == "5":
            args["messages"] = utils._alias_reasoning_fields(messages)
            answers["plain"] = answer(lambda: utils._compile_jinja_template(template).render(**args))
        for kind, got in answers.items():
            if got.get("out") != case.get("out"):
                out[kind][i] = got
    with open(path, "w") as f:
        json.dump(out, f, indent=1, sort_keys=True)
        f.write("\n")


if sys.argv[1] == "cases":
    record_cases()
else:
    record_real(*sys.argv[2:])
