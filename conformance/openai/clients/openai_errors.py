"""Errors, limits and what happens to an answer that nobody reads any more."""
import openai

from openai_chat import chat, client
from suite import *


def body_of(error, param=None, code=None):
    """Checks the object of an error as the client has read it."""
    assert error.body["message"] and error.body["type"], error.body
    if param is not None:
        equal(error.body["param"], param)
        equal(error.param, param)
    if code is not None:
        equal(error.body["code"], code)


@check(2, "a wrong key is an AuthenticationError")
def wrong_key():
    if API_KEY == "none":
        raise Skip("the server wants no key")
    error = raises(openai.AuthenticationError, lambda: client.with_options(api_key="wrong").models.list(), 401)
    body_of(error, code="invalid_api_key")


@check(2, "a model that is not there is a NotFoundError")
def unknown_model():
    for call in (lambda: chat(model="no-such-model"), lambda: client.models.retrieve("no-such-model"), lambda: chat(model="../../etc/passwd")):
        body_of(raises(openai.NotFoundError, call, 404), code="model_not_found")


def read_by_the_server():
    if ROUTER:
        raise Skip("the router reads requests itself, and refuses some in its own words")


@check(2, "a field that cannot be honoured is named")
def bad_fields():
    read_by_the_server()
    for fields, param in (
        ({"temperature": -1}, "temperature"),
        ({"n": 100000}, "n"),
        ({"top_p": 7}, "top_p"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"messages": []}, "messages"),
        ({"messages": "a story"}, "messages"),
        ({"stop": 7}, "stop"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_tokens": -3}, "max_tokens"),
        ({"response_format": {"type": "yaml"}}, "response_format"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"extra_body": {"min_p": 3}}, "min_p"),
    ):
        try:
            error = raises(openai.BadRequestError, lambda: chat(**fields), 400)
        except AssertionError as none:
            raise AssertionError(f"{fields}: {none}")
        assert (error.param or "").startswith(param), f"{fields}: param is {error.param!r}: {error}"
        body_of(error)


@check(2, "fields that nobody knows do no harm")
def unknown_fields():
    equal(chat(extra_body={"no_such_field": {"a": [1]}}, user="me", metadata={"a": "b"}).choices[0].message.content, chat().choices[0].message.content)


@check(2, "bodies that are no JSON, or too large")
def bad_bodies():
    read_by_the_server()
    import urllib.error, urllib.request

    def post(data):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {API_KEY}"}
        try:
            with urllib.request.urlopen(urllib.request.Request(BASE_URL + "/v1/chat/completions", data, headers)) as r:
                return r.status
        except urllib.error.HTTPError as error:
            return error.code

    equal([post(b"{"), post(b"[]"), post(b'{"model":"\xff"}')], [400, 400, 400])
    raises(openai.APIStatusError, lambda: chat(messages=[{"role": "user", "content": "a" * (17 << 20)}]), 413)


@check(2, "a prompt beyond the context is a BadRequestError")
def context():
    error = raises(openai.BadRequestError, lambda: chat(messages=[{"role": "user", "content": "story " * 4000}]), 400)
    body_of(error, code="context_length_exceeded")


def occupied():
    """An endless answer that has a state."""
    return occupy(lambda: chat(stream=True, **ENDLESS), lambda c: c.choices and c.choices[0].delta.content)


@check(1, "a conversation that goes on is not read again, with and without a session")
def cached():
    for header in ({}, {"x-session-id": "conformance-cached"}):
        first = chat(messages=[{"role": "user", "content": f"A story of {len(header)} cats."}], extra_headers=header)
        messages = [{"role": "user", "content": f"A story of {len(header)} cats."}, first.choices[0].message, {"role": "user", "content": "Go on."}]
        usage = chat(messages=messages, extra_headers=header).usage
        # All of the first turn but what the template writes otherwise behind it.
        assert usage.prompt_tokens_details.cached_tokens >= first.usage.prompt_tokens, usage
        equal(chat(messages=messages, extra_headers=header).choices[0].message.content, chat(messages=messages).choices[0].message.content)


@check(3, "closing a stream ends its answer")
def closing():
    # Each answer would go on for ever and the server writes only so many at once: that the
    # last request is answered says that those before it have ended.
    for _ in range(2 * (PARALLEL or 4) + 1):
        stream = occupied()
        next(iter(stream))
        stream.close()
    assert chat(max_tokens=3).choices[0].message.content


@check(3, "a client that gives up ends its answer")
def timeouts():
    slow = client.with_options(timeout=0.5)
    for _ in range((PARALLEL or 4) + 1):
        raises(openai.APITimeoutError, lambda: slow.chat.completions.create(model=MODEL, messages=USER, **ENDLESS))
    assert chat(max_tokens=3).choices[0].message.content


@check(8, "one request too many is a RateLimitError, and the client's retry succeeds")
def queue():
    if not PARALLEL or not QUEUE:
        raise Skip("PARALLEL and QUEUE are not known")
    streams = [occupied() for _ in range(PARALLEL)]
    patient = client.with_options(max_retries=20)
    short = {"model": MODEL, "messages": USER, "max_tokens": 3}
    waiting = [background(lambda: patient.chat.completions.create(**short)) for _ in range(QUEUE + 1)]
    # Some of them wait, and one is refused and comes again; one more is refused too.
    errors = []

    def refused():
        try:
            client.with_options(timeout=1).chat.completions.create(**short)
        except (openai.RateLimitError, openai.APITimeoutError) as error:
            errors.append(error)
        return isinstance(errors[-1], openai.RateLimitError)

    until(refused)
    body_of(errors[-1])
    assert int(errors[-1].response.headers["retry-after"]) >= 1
    for stream in streams:
        stream.close()
    for box in waiting:
        assert result_of(box).choices[0].message.content
