"""Chat completions and completions through the openai package of PyPI."""
import json

import openai
import pydantic

from suite import *

client = openai.OpenAI(base_url=BASE_URL + "/v1", api_key=API_KEY, max_retries=0, timeout=60)
root = client.with_options(base_url=BASE_URL)  # for routes without /v1


def chat(**fields):
    fields = {"model": MODEL, "messages": USER, "temperature": 0, "max_tokens": 40} | fields
    return client.chat.completions.create(**fields)


def text_of(stream):
    return "".join(c.choices[0].delta.content or "" for c in stream if c.choices)


@check(1, "the models are listed and found by name")
def models():
    assert MODEL in [m.id for m in client.models.list()], "the model is not in the list"
    m = client.models.retrieve(MODEL)
    equal((m.id, m.object), (MODEL, "model"))


@check(1, "a whole answer")
def whole():
    r = chat()
    equal((r.object, r.model), ("chat.completion", MODEL))
    choice = r.choices[0]
    equal((choice.index, choice.message.role, choice.finish_reason), (0, "assistant", "length"))
    assert choice.message.content.strip() and r.id and r.created > 1_600_000_000
    equal(r.usage.completion_tokens, 40)
    equal(r.usage.total_tokens, r.usage.prompt_tokens + r.usage.completion_tokens)
    assert r.usage.prompt_tokens_details.cached_tokens >= 0


@check(1, "an answer that the model ends")
def ended():
    r = chat(max_tokens=400)
    equal(r.choices[0].finish_reason, "stop")
    assert r.usage.completion_tokens < 400


@check(1, "max_completion_tokens means the same as max_tokens")
def max_completion_tokens():
    r = chat(max_tokens=openai.omit, max_completion_tokens=7)
    equal(r.usage.completion_tokens, 7)


@check(1, "a stream gives the text of the whole answer")
def stream():
    equal(text_of(chat(stream=True)), chat().choices[0].message.content)


@check(1, "a stream gives usage where it is asked for")
def usage():
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    equal(chunks[-1].choices, [])
    equal(chunks[-1].usage.completion_tokens, 40)
    assert all(c.usage is None for c in chunks[:-1])
    assert all(c.usage is None for c in chat(stream=True))


@check(5, "the first chunk has the role, the last the reason, all the same id")
def order():
    chunks = list(chat(stream=True))
    equal(chunks[0].choices[0].delta.role, "assistant")
    reasons = [c.choices[0].finish_reason for c in chunks if c.choices]
    equal((reasons[-1], set(reasons[:-1])), ("length", {None}))
    equal({(c.id, c.object, c.model, c.created) for c in chunks}, {(chunks[0].id, "chat.completion.chunk", MODEL, chunks[0].created)})


@check(1, "the same seed gives the same answer, another seed another")
def seed():
    texts = [chat(temperature=1.0, seed=s).choices[0].message.content for s in (7, 7, 8)]
    equal(texts[0], texts[1])
    assert texts[0] != texts[2], "two seeds gave one text"


@check(1, "several answers, whole and streamed")
def several():
    r = chat(n=3, temperature=1.0, seed=5)
    equal([c.index for c in r.choices], [0, 1, 2])
    texts = [c.message.content for c in r.choices]
    equal(len(set(texts)), 3)
    streamed = ["", "", ""]
    for c in chat(n=3, temperature=1.0, seed=5, stream=True):
        for choice in c.choices:
            streamed[choice.index] += choice.delta.content or ""
    equal(streamed, texts)


@check(1, "log-probabilities, whole and streamed")
def logprobs():
    r = chat(logprobs=True, top_logprobs=3)
    content = r.choices[0].logprobs.content
    equal(b"".join(bytes(t.bytes) for t in content), r.choices[0].message.content.encode())
    for t in content:
        assert t.logprob <= 0, t
        equal(len(t.top_logprobs), 3)
        equal(t.top_logprobs[0].token, t.token)  # temperature 0: the likeliest
        assert t.top_logprobs[0].logprob >= t.top_logprobs[1].logprob >= t.top_logprobs[2].logprob
    streamed = [t for c in chat(logprobs=True, top_logprobs=3, stream=True) if c.choices and c.choices[0].logprobs for t in c.choices[0].logprobs.content]
    equal([t.token for t in streamed], [t.token for t in content])
    assert chat().choices[0].logprobs is None


@check(1, "log-probabilities without alternatives")
def logprobs_alone():
    for t in chat(logprobs=True, max_tokens=5).choices[0].logprobs.content:
        equal(t.top_logprobs, [])


@check(6, "a stop string ends the answer and does not leak")
def stop():
    text = chat().choices[0].message.content
    for at in range(5, 30, 4):
        word = text[at : at + 7]
        r = chat(stop=word).choices[0]
        equal((r.message.content, r.finish_reason), (text[: text.index(word)], "stop"))
        equal(text_of(chat(stop=["no such text", word], stream=True)), text[: text.index(word)])


@check(4, "characters of several bytes come whole")
def characters():
    wanted = "🎉日本語とemoji👩‍🚀é"
    pieces = [c.choices[0].delta.content or "" for c in chat(stream=True, max_tokens=200, extra_body={"choice": [wanted]}) if c.choices]
    equal("".join(pieces), wanted)
    assert not any("�" in p for p in pieces)


def tools(**fields):
    function = {"name": "weather", "description": "Tells the weather.", "parameters": WEATHER}
    clock = {"name": "clock", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}}
    fields = {"tools": [{"type": "function", "function": f} for f in (function, clock)], "max_tokens": 200} | fields
    return chat(**fields)


@check(1, "a call of a tool that is named")
def tool_named():
    r = tools(tool_choice={"type": "function", "function": {"name": "weather"}})
    equal(r.choices[0].finish_reason, "tool_calls")
    (call,) = r.choices[0].message.tool_calls
    equal((call.type, call.function.name), ("function", "weather"))
    assert call.id and json.loads(call.function.arguments)["city"] in ("Seville", "Oslo")


@check(1, "a call that is required, streamed")
def tool_streamed():
    with client.chat.completions.stream(
        model=MODEL, messages=USER, temperature=0, max_tokens=200, tool_choice="required",
        tools=[{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}],
    ) as events:
        r = events.get_final_completion()
    equal(r.choices[0].finish_reason, "tool_calls")
    (call,) = r.choices[0].message.tool_calls
    equal((call.type, call.function.name), ("function", "weather"))
    assert call.id and json.loads(call.function.arguments)["city"] in ("Seville", "Oslo")


@check(1, "no call where tool_choice is none")
def tool_none():
    r = tools(tool_choice="none").choices[0]
    assert r.message.content and not r.message.tool_calls
    assert r.finish_reason in ("stop", "length")


@check(1, "what a tool returned goes back")
def tool_result():
    call = tools(tool_choice="required").choices[0].message
    messages = USER + [call, {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "sunny"}]
    assert tools(messages=messages, max_tokens=20, tool_choice="none").choices[0].message.content


@check(1, "an answer by a schema, read by the client")
def schema():
    class Weather(pydantic.BaseModel):
        city: str = pydantic.Field(max_length=12)
        degrees: int = pydantic.Field(ge=-50, le=60)
        dry: bool

    r = client.chat.completions.parse(model=MODEL, messages=USER, temperature=0, max_tokens=200, response_format=Weather)
    assert isinstance(r.choices[0].message.parsed, Weather)
    assert isinstance(json.loads(chat(max_tokens=300, response_format={"type": "json_object"}).choices[0].message.content), dict)


@check(1, "thinking comes apart from the answer")
def reasoning():
    thinking = {"chat_template_kwargs": {"enable_thinking": True}, "reasoning_budget": 8}
    message = chat(extra_body=thinking).choices[0].message
    assert message.reasoning_content and message.content
    assert "</think>" not in message.content + message.reasoning_content
    parts = {"content": "", "reasoning_content": ""}
    for c in chat(stream=True, extra_body=thinking):
        for name in parts:
            parts[name] += getattr(c.choices[0].delta, name, None) or ""
    equal(parts, {"content": message.content, "reasoning_content": message.reasoning_content})


@check(1, "sampling beyond OpenAI's goes through as extra fields")
def extra():
    free = chat(temperature=2.0, seed=1).choices[0].message.content
    likeliest = chat(temperature=2.0, seed=1, extra_body={"top_k": 1}).choices[0].message.content
    equal(likeliest, chat().choices[0].message.content)
    assert free != likeliest
    equal(chat(temperature=2.0, seed=1, extra_body={"min_p": 1.0}).choices[0].message.content, likeliest)
    assert chat(extra_body={"repetition_penalty": 5.0}).choices[0].message.content != likeliest


@check(1, "biases of tokens")
def bias():
    first = chat(logprobs=True, max_tokens=1).choices[0].message.content
    ids = root.post("/tokenize", cast_to=object, body={"model": MODEL, "content": first})["tokens"]
    assert chat(max_tokens=1, logit_bias={str(i): -100 for i in ids}).choices[0].message.content != first


@check(1, "content in parts")
def parts():
    r = chat(messages=[{"role": "user", "content": [{"type": "text", "text": "Tell me "}, {"type": "text", "text": "a story."}]}])
    equal(r.usage.prompt_tokens > 0, True)
    assert r.choices[0].message.content


@check(1, "completions: whole, streamed, with usage")
def completions():
    ask = {"model": MODEL, "prompt": "Once upon a time", "temperature": 0, "max_tokens": 20}
    r = client.completions.create(**ask)
    equal((r.object, r.choices[0].finish_reason, r.usage.completion_tokens), ("text_completion", "length", 20))
    chunks = list(client.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    equal("".join(c.choices[0].text for c in chunks if c.choices), r.choices[0].text)
    equal(chunks[-1].usage.completion_tokens, 20)
    echoed = client.completions.create(**ask, echo=True).choices[0].text
    equal(echoed, "Once upon a time" + r.choices[0].text)


@check(1, "completions: several prompts, tokens, log-probabilities")
def completions_more():
    ask = {"model": MODEL, "temperature": 0, "max_tokens": 8}
    r = client.completions.create(prompt=["Once upon a time", "The fox"], **ask)
    equal([c.index for c in r.choices], [0, 1])
    equal(r.choices[0].text, client.completions.create(prompt="Once upon a time", **ask).choices[0].text)
    ids = root.post("/tokenize", cast_to=object, body={"model": MODEL, "content": "Once upon a time", "add_special": True})["tokens"]
    equal(client.completions.create(prompt=ids, **ask).choices[0].text, r.choices[0].text)
    p = client.completions.create(prompt="Once upon a time", logprobs=2, **ask).choices[0].logprobs
    equal([len(x) for x in (p.tokens, p.token_logprobs, p.top_logprobs, p.text_offset)], [8, 8, 8, 8])
    equal("".join(p.tokens), r.choices[0].text)


@check(1, "vectors of texts")
def embeddings():
    if not EMBEDDER:
        error = raises(openai.APIStatusError, lambda: client.embeddings.create(model=MODEL, input="a"))
        assert error.status_code in (400, 404), error
        raise Skip("EMBEDDER names no model")
    r = client.embeddings.create(model=EMBEDDER, input=["a", "b"], encoding_format="float")
    equal([e.index for e in r.data], [0, 1])
    packed = client.embeddings.create(model=EMBEDDER, input="a")  # the client asks for base64
    assert max(abs(x - y) for x, y in zip(packed.data[0].embedding, r.data[0].embedding)) < 1e-6
    assert r.usage.prompt_tokens > 0
