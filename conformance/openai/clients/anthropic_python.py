"""The suite of the anthropic package of PyPI: python anthropic_python.py [PART-OF-A-NAME]."""
import json
import warnings

import anthropic

import suite
from suite import *

# The client warns that models think more cheaply in other ways; this one is not theirs.
warnings.simplefilter("ignore")

client = anthropic.Anthropic(base_url=BASE_URL, api_key=API_KEY, max_retries=0, timeout=60)

TOOL = {"name": "weather", "description": "Tells the weather.", "input_schema": WEATHER}


def asked(**fields):
    """The arguments of a request. The client has no names for sampling any more."""
    fields = {"model": MODEL, "messages": USER, "temperature": 0, "max_tokens": 40} | fields
    extra = {name: fields.pop(name) for name in ("temperature", "top_k", "top_p") if name in fields}
    return fields | {"extra_body": extra | fields.get("extra_body", {})}


def message(**fields):
    return client.messages.create(**asked(**fields))


def streamed(**fields):
    return client.messages.stream(**asked(**fields))


def text_of(r):
    return "".join(b.text for b in r.content if b.type == "text")


def prompt_of(r):
    """The number of tokens of a prompt, be they read from a cache or not."""
    return r.usage.input_tokens + r.usage.cache_read_input_tokens + r.usage.cache_creation_input_tokens


@check(1, "a whole answer")
def whole():
    r = message()
    equal((r.type, r.role, r.model, r.stop_reason, r.stop_sequence), ("message", "assistant", MODEL, "max_tokens", None))
    equal([b.type for b in r.content], ["text"])
    equal(r.usage.output_tokens, 40)
    assert r.id and r.usage.input_tokens > 0 and r.usage.cache_read_input_tokens >= 0
    equal(message(max_tokens=400).stop_reason, "end_turn")


@check(12, "the text is that of a chat completion")
def same_text():
    r = client.post("/v1/chat/completions", cast_to=object, body={"model": MODEL, "messages": USER, "temperature": 0, "max_tokens": 40})
    equal(text_of(message()), r["choices"][0]["message"]["content"])


@check(5, "the events of a stream, in order")
def events():
    stream = list(message(stream=True))
    kinds = [e.type for e in stream]
    equal(kinds[:2], ["message_start", "content_block_start"])
    equal(set(kinds[2:-3]), {"content_block_delta"})
    equal(kinds[-3:], ["content_block_stop", "message_delta", "message_stop"])
    start, delta = stream[0].message, stream[-2]
    equal((start.role, start.content, start.stop_reason, start.model), ("assistant", [], None, MODEL))
    assert start.usage.input_tokens > 0
    equal((delta.delta.stop_reason, delta.usage.output_tokens), ("max_tokens", 40))
    equal("".join(e.delta.text for e in stream[2:-3]), text_of(message()))


@check(1, "the client's own reader of streams")
def reader():
    with streamed(max_tokens=400) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    equal((text_of(final), final.stop_reason), (text, "end_turn"))
    equal(text, text_of(message(max_tokens=400)))


@check(6, "a stop sequence ends the answer, is named and does not leak")
def stop():
    text = text_of(message())
    for at in range(5, 30, 4):
        word = text[at : at + 7]
        r = message(stop_sequences=["no such text", word])
        equal((r.stop_reason, r.stop_sequence, text_of(r)), ("stop_sequence", word, text[: text.index(word)]))
        stream = list(message(stop_sequences=[word], stream=True))
        equal((stream[-2].delta.stop_reason, stream[-2].delta.stop_sequence), ("stop_sequence", word))


@check(1, "the system prompt, as text and in blocks")
def system():
    r = message(system="You tell stories.")
    blocks = [{"type": "text", "text": "You tell stories.", "cache_control": {"type": "ephemeral"}}]
    equal(prompt_of(r), prompt_of(message(system=blocks)))
    assert prompt_of(r) > prompt_of(message())


@check(1, "content in blocks, turns, and an answer that goes on")
def turns():
    r = message()
    more = USER + [{"role": "assistant", "content": r.content}, {"role": "user", "content": [{"type": "text", "text": "Go on."}]}]
    assert text_of(message(messages=more, max_tokens=10))
    begun = " ".join(text_of(r).split(" ")[:6])
    went_on = message(messages=USER + [{"role": "assistant", "content": begun}])
    assert (begun + text_of(went_on)).startswith(text_of(r)), text_of(went_on)


@check(1, "top_k and top_p")
def sampling():
    likeliest = text_of(message())
    equal(text_of(message(temperature=1.0, top_k=1)), likeliest)
    equal(text_of(message(temperature=1.0, top_p=0.0001)), likeliest)


@check(4, "characters of several bytes come whole")
def characters():
    wanted = "🎉日本語とemoji👩‍🚀é"
    with streamed(max_tokens=200, extra_body={"choice": [wanted]}) as stream:
        pieces = list(stream.text_stream)
    equal("".join(pieces), wanted)
    assert not any("�" in p for p in pieces)


@check(1, "a call of a tool that is wanted, and what it returned")
def tool():
    for choice in ({"type": "any"}, {"type": "tool", "name": "weather"}):
        r = message(tools=[TOOL], tool_choice=choice, max_tokens=200)
        equal(r.stop_reason, "tool_use")
        (use,) = [b for b in r.content if b.type == "tool_use"]
        equal(use.name, "weather")
        assert use.id and use.input["city"] in ("Seville", "Oslo")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "sunny"}]}
    messages = USER + [{"role": "assistant", "content": r.content}, {"role": "user", "content": [result]}]
    assert text_of(message(messages=messages, tools=[TOOL], tool_choice={"type": "none"}, max_tokens=10))
    result |= {"content": "no such city", "is_error": True}
    assert text_of(message(messages=messages, tools=[TOOL], tool_choice={"type": "none"}, max_tokens=10))


@check(1, "a call of a tool, streamed")
def tool_streamed():
    with streamed(max_tokens=200, tools=[TOOL], tool_choice={"type": "any"}) as stream:
        kinds = [(e.type, e.delta.type) for e in stream if e.type == "content_block_delta"]
        final = stream.get_final_message()
    equal(set(kinds), {("content_block_delta", "input_json_delta")})
    (use,) = final.content
    equal((use.type, final.stop_reason), ("tool_use", "tool_use"))
    assert use.input["city"] in ("Seville", "Oslo")


@check(1, "an answer by a schema")
def schema():
    r = message(max_tokens=100, output_config={"format": {"type": "json_schema", "schema": WEATHER}})
    assert json.loads(text_of(r))["city"] in ("Seville", "Oslo")


@check(1, "thinking is a block of its own, whole and streamed")
def thinking():
    fields = {"thinking": {"type": "enabled", "budget_tokens": 8}, "max_tokens": 60}
    r = message(**fields)
    equal([b.type for b in r.content], ["thinking", "text"])
    assert r.content[0].thinking and "</think>" not in r.content[0].thinking + r.content[1].text
    with streamed(**fields) as stream:
        final = stream.get_final_message()
    equal([b.type for b in final.content], ["thinking", "text"])
    equal((final.content[0].thinking, final.content[1].text), (r.content[0].thinking, r.content[1].text))
    equal([b.type for b in message(thinking={"type": "disabled"}).content], ["text"])
    back = USER + [{"role": "assistant", "content": r.content}, {"role": "user", "content": "Go on."}]
    assert text_of(message(messages=back, max_tokens=10))


@check(1, "tokens are counted as an answer counts them")
def count():
    for fields in ({}, {"system": "You tell stories."}, {"tools": [TOOL]}):
        n = client.messages.count_tokens(model=MODEL, messages=USER, **fields).input_tokens
        equal(n, prompt_of(message(max_tokens=1, **fields)))


@check(1, "a conversation that goes on is not read again")
def cached():
    asked = [{"role": "user", "content": "A story of three cats."}]
    first = message(messages=asked)
    usage = message(messages=asked + [{"role": "assistant", "content": first.content}, {"role": "user", "content": "Go on."}]).usage
    assert usage.cache_read_input_tokens >= prompt_of(first), usage


@check(2, "errors have Anthropic's form and types")
def errors():
    def body(error, kind):
        equal((error.body["type"], error.body["error"]["type"]), ("error", kind))
        assert error.body["error"]["message"]

    body(raises(anthropic.NotFoundError, lambda: message(model="no-such-model"), 404), "not_found_error")
    for fields, name in (
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": anthropic.omit}, "max_tokens"),
        ({"temperature": -1}, "temperature"),
        ({"top_k": "many"}, "top_k"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}, "messages"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"stop_sequences": [""]}, "stop_sequences"),
    ):
        fields = {"model": MODEL, "messages": USER, "max_tokens": 5} | fields
        fields = {k: v for k, v in fields.items() if v is not anthropic.omit}
        error = raises(anthropic.BadRequestError, lambda: client.post("/v1/messages", cast_to=object, body=fields), 400)
        body(error, "invalid_request_error")
        assert name in error.body["error"]["message"], f"{name} is not named: {error}"
    if API_KEY != "none":
        body(raises(anthropic.AuthenticationError, lambda: client.with_options(api_key="wrong").messages.create(model=MODEL, messages=USER, max_tokens=1), 401), "authentication_error")
    body(raises(anthropic.BadRequestError, lambda: message(messages=[{"role": "user", "content": "story " * 4000}]), 400), "invalid_request_error")
    body(raises(anthropic.APIStatusError, lambda: message(messages=[{"role": "user", "content": "a" * (17 << 20)}]), 413), "request_too_large")


def occupied():
    """An endless answer that has a state."""
    return occupy(lambda: message(stream=True, **ENDLESS), lambda e: e.type == "content_block_delta")


@check(3, "closing a stream ends its answer")
def closing():
    for _ in range(2 * (PARALLEL or 4) + 1):
        stream = occupied()
        next(iter(stream))
        stream.close()
    assert text_of(message(max_tokens=3))


@check(8, "one request too many is a RateLimitError")
def queue():
    if not PARALLEL or not QUEUE:
        raise Skip("PARALLEL and QUEUE are not known")
    streams = [occupied() for _ in range(PARALLEL)]
    short = {"model": MODEL, "messages": USER, "max_tokens": 3}
    patient = client.with_options(max_retries=20)
    waiting = [background(lambda: patient.messages.create(**short)) for _ in range(QUEUE + 1)]
    errors = []

    def refused():
        try:
            client.with_options(timeout=1).messages.create(**short)
        except (anthropic.RateLimitError, anthropic.APITimeoutError) as error:
            errors.append(error)
        return isinstance(errors[-1], anthropic.RateLimitError)

    until(refused)
    equal(errors[-1].body["error"]["type"], "rate_limit_error")
    assert int(errors[-1].response.headers["retry-after"]) >= 1
    for stream in streams:
        stream.close()
    for box in waiting:
        assert text_of(result_of(box))


suite.main(f"anthropic-python {anthropic.__version__}")
