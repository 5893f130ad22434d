"""The Responses API through the openai package of PyPI."""
import json

import openai

from openai_chat import chat, client
from suite import *

TOOL = {"type": "function", "name": "weather", "parameters": WEATHER, "strict": True}


def respond(**fields):
    fields = {"model": MODEL, "input": "Tell me a story.", "temperature": 0, "max_output_tokens": 40} | fields
    return client.responses.create(**fields)


@check(1, "responses: a whole answer is that of a chat")
def whole():
    r = respond()
    equal((r.object, r.model, r.status), ("response", MODEL, "incomplete"))
    equal(r.incomplete_details.reason, "max_output_tokens")
    equal(r.output_text, chat().choices[0].message.content)
    equal((r.usage.output_tokens, r.usage.total_tokens), (40, 40 + r.usage.input_tokens))
    equal(respond(max_output_tokens=400).status, "completed")


@check(1, "responses: instructions and items as input")
def items():
    said = [{"role": "user", "content": [{"type": "input_text", "text": "Tell me a story."}]}]
    r = respond(instructions="You tell stories.", input=said)
    want = chat(messages=[{"role": "system", "content": "You tell stories."}] + USER).choices[0].message.content
    equal(r.output_text, want)
    assert respond(input=said + r.output + [{"role": "user", "content": "Go on."}], max_output_tokens=5).output_text


@check(5, "responses: the events of a stream, in order")
def events():
    stream = list(respond(stream=True))
    kinds = [e.type for e in stream]
    equal(kinds[:4], ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"])
    equal(kinds[-4:], ["response.output_text.done", "response.content_part.done", "response.output_item.done", "response.incomplete"])
    equal([e.sequence_number for e in stream], list(range(len(stream))))
    text = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
    equal(text, respond().output_text)
    equal(stream[-1].response.output_text, text)


@check(1, "responses: the client's own reader of streams")
def reader():
    with client.responses.stream(model=MODEL, input="Tell me a story.", temperature=0, max_output_tokens=400) as stream:
        for _ in stream:
            pass
        equal(stream.get_final_response().output_text, respond(max_output_tokens=400).output_text)


@check(1, "responses: a call of a tool, and what it returned")
def tool():
    r = respond(tools=[TOOL], tool_choice="required", max_output_tokens=200)
    (call,) = [item for item in r.output if item.type == "function_call"]
    equal(call.name, "weather")
    assert call.call_id and json.loads(call.arguments)["city"] in ("Seville", "Oslo")
    back = [{"role": "user", "content": "Warm?"}, call, {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    assert respond(input=back, max_output_tokens=10).output_text


@check(1, "responses: a call of a tool, streamed")
def tool_streamed():
    stream = list(respond(tools=[TOOL], tool_choice={"type": "function", "name": "weather"}, max_output_tokens=200, stream=True))
    pieces = "".join(e.delta for e in stream if e.type == "response.function_call_arguments.delta")
    (done,) = [e for e in stream if e.type == "response.function_call_arguments.done"]
    equal(done.arguments, pieces)
    assert json.loads(pieces)["city"] in ("Seville", "Oslo")
    equal(stream[-1].type, "response.completed")


@check(1, "responses: an answer by a schema")
def schema():
    form = {"format": {"type": "json_schema", "name": "weather", "strict": True, "schema": WEATHER}}
    assert json.loads(respond(text=form, max_output_tokens=100).output_text)["city"] in ("Seville", "Oslo")


@check(2, "responses: errors are typed")
def errors():
    raises(openai.NotFoundError, lambda: respond(model="no-such-model"), 404)
    for fields, param in (({"temperature": -1}, "temperature"), ({"input": 7}, "input"), ({"max_output_tokens": "x"}, "max_output_tokens")):
        error = raises(openai.BadRequestError, lambda: respond(**fields), 400)
        equal(error.param, param)
