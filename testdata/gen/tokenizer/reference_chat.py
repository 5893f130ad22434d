"""Render templates with transformers, whichever version is installed.

    python reference_chat.py TEMPLATES.json OUT.jsonl

Each line of OUT has the answers of a template to all conversations: a text, or null
where the reference fails.
"""
import contextlib
import datetime
import io
import json
import logging
import signal
import sys
import warnings

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

from conversations import CASES

NOW = datetime.datetime(2026, 3, 1, 12, 30)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


class TooLong(Exception):
    pass


def expire(*_):
    raise TooLong


def render(tok, template, c):
    """A template may take a few seconds: it can loop."""
    extra = json.loads(json.dumps(c["extra"]))
    signal.alarm(5)
    try:
        return tok.apply_chat_template(json.loads(json.dumps(c["messages"])), tools=c["tools"], chat_template=template, tokenize=False,
                                       add_generation_prompt=c["add_generation_prompt"], continue_final_message=c["continue_final_message"], **extra)
    except Exception:
        return None
    finally:
        signal.alarm(0)


def main():
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, expire)
    chat_template_utils.datetime = Clock
    tok = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0, "<s>": 1, "</s>": 2}, unk_token="<unk>")),
                                  bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    with open(sys.argv[1]) as templates, open(sys.argv[2], "w") as out:
        for _, template in json.load(templates):
            with contextlib.redirect_stdout(io.StringIO()):
                answers = [render(tok, template, c) for c in CASES]
            out.write(json.dumps(answers) + "\n")


if __name__ == "__main__":
    main()
