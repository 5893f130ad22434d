"""What the suites of the Python clients share.

A check is a function; it passes unless it raises. Each prints one line,

    PASS 3 openai-python: closing a stream ends the answer

with the number of the point it belongs to, as README.md lists them, and behind a tab what
went wrong or why it was skipped; the last line has the counts. The exit status is 1 where one failed.
"""
import os
import sys
import threading
import time
import traceback

BASE_URL = os.environ["BASE_URL"]  # without /v1
API_KEY = os.environ.get("API_KEY") or "none"
MODEL = os.environ["MODEL"]
EMBEDDER = os.environ.get("EMBEDDER", "")  # a model that gives vectors
ROUTER = bool(os.environ.get("ROUTER"))  # BASE_URL is a router's
PARALLEL = int(os.environ.get("PARALLEL", "0"))  # 0: not known
QUEUE = int(os.environ.get("QUEUE", "0"))

# What an answer needs that goes on until it is stopped.
ENDLESS = {"max_tokens": 1_000_000, "extra_body": {"ignore_end": True, "overflow": "slide"}}

USER = [{"role": "user", "content": "Tell me a story."}]

WEATHER = {
    "type": "object",
    "properties": {"city": {"enum": ["Seville", "Oslo"]}},
    "required": ["city"],
    "additionalProperties": False,
}

checks = []


class Skip(Exception):
    """A check that does not apply, with the reason."""


def check(point, name):
    def add(function):
        checks.append((point, name, function))
        return function

    return add


def equal(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def raises(kind, call, status=None):
    """Calls, and returns the error, which has to be of a kind."""
    try:
        call()
    except kind as error:
        if status is not None:
            equal(error.status_code, status)
        return error
    raise AssertionError(f"nothing was raised, want {kind.__name__}")


def occupy(stream, begun):
    """Reads the endless answer of stream() until an event is begun(), such as one that has
    text, so that the answer has a state for certain, and returns it."""
    answer = stream()
    for event in answer:
        if begun(event):
            return answer
    raise AssertionError("the answer ended before its first text")


def until(wanted, seconds=30):
    """Waits for what comes sooner or later."""
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def background(call):
    """Calls in a thread; the result has the thread, and what came or was raised."""
    box = {}

    def run():
        try:
            box["result"] = call()
        except BaseException as error:  # it is what the check looks at
            box["error"] = error

    box["thread"] = threading.Thread(target=run, daemon=True)
    box["thread"].start()
    return box


def result_of(box):
    """Waits for what background() has called."""
    box["thread"].join(60)
    if "error" in box:
        raise box["error"]
    return box["result"]


def main(client):
    counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    for point, name, function in checks:
        if only not in name:
            continue
        verdict, detail = "PASS", ""
        try:
            function()
        except Skip as reason:
            verdict, detail = "SKIP", str(reason)
        except Exception as error:
            verdict, detail = "FAIL", " ".join(f"{type(error).__name__}: {error}".split())
            traceback.print_exc(limit=-2)
        counts[verdict] += 1
        print(f"{verdict} {point} {client}: {name}" + (f"\t{detail[:600]}" if detail else ""), flush=True)
    print(f"{client}: {counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped", flush=True)
    sys.exit(1 if counts["FAIL"] or not counts["PASS"] else 0)
