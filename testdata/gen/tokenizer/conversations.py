"""The conversations that every chat template renders in wild_templates.py: what
APIs send (fields of null, thinking by its three names, parts, calls as text) and
what a template may ask for beyond messages."""
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a place <now> & \"later\".",
    "parameters": {"type": "object", "properties": {
        "place": {"type": "string", "description": "Such as Zürich"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        "days": {"type": ["integer", "null"], "minimum": 1}}, "required": ["place"]},
    "return": {"type": "number"}}}
CLOCK = {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}, "required": []}}}
TOOLS = [WEATHER, CLOCK]


def user(text):
    return {"role": "user", "content": text}


def call(arguments, id="call00001", name="get_weather"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(text, id="call00001", name="get_weather"):
    return {"role": "tool", "name": name, "tool_call_id": id, "content": text}


DICT = {"place": "Zürich", "days": 3, "unit": None, "nested": {"b": [1, 2.5, True], "a": "x\"y"}}
TEXT = '{"place": "Zürich", "days": 3}'
SYSTEM = {"role": "system", "content": " You help.\n"}


def case(name, *messages, tools=None, prompt=True, final=False, **extra):
    return dict(name=name, messages=list(messages), tools=tools, add_generation_prompt=prompt and not final, continue_final_message=final, extra=extra)


def thinking(**fields):
    """Two turns, of which both answers have these fields."""
    return [user("Hi"), {"role": "assistant", "content": "Yes.", **fields}, user("And?"), {"role": "assistant", "content": "No.", **fields}]


CASES = [
    case("a question", user("Hello, World!")),
    case("a question without a prompt for the answer", user("Hello"), prompt=False),
    case("system and question", SYSTEM, user("  Hi <b>&amp;</b> 'you' \"me\"\n")),
    case("several turns", SYSTEM, user("Hi"), {"role": "assistant", "content": "Hello\n"}, user("日本 é 👍")),
    case("a finished conversation", user("Hi"), {"role": "assistant", "content": "<think>\nso\n</think>\n\nHello"}, prompt=False),
    case("fields of null", {"role": "user", "content": "Hi", "name": None, "tool_calls": None},
         {"role": "assistant", "content": "Yes", "tool_calls": None, "function_call": None, "reasoning_content": None, "refusal": None, "audio": None}, user("And?")),
    case("a call with content of null", user("Weather?"), {"role": "assistant", "content": None, "tool_calls": [call(DICT)]}, result("22"), tools=TOOLS),
    case("a call as the last message", user("Weather?"), {"role": "assistant", "content": None, "tool_calls": [call(DICT)]}, tools=TOOLS, prompt=False),
    case("a call without content", user("Weather?"), {"role": "assistant", "tool_calls": [call(DICT)]}, result('{"t": 22}'), tools=TOOLS),
    case("a call with arguments as text", user("Weather?"), {"role": "assistant", "content": "", "tool_calls": [call(TEXT)]}, result("22"), tools=TOOLS),
    case("a call, its result, the answer and more", SYSTEM, user("Weather?"), {"role": "assistant", "content": "Let me see.", "tool_calls": [call(DICT)]}, result("22"),
         {"role": "assistant", "content": "22 degrees"}, user("Thanks"), tools=TOOLS),
    case("two calls at once", user("Weather?"), {"role": "assistant", "content": None, "tool_calls": [call({"place": "A"}), call({}, "call00002", "now")]},
         result("22"), result("noon", "call00002", "now"), tools=TOOLS),
    case("tools without a call", SYSTEM, user("Hi"), tools=[WEATHER]),
    case("a list of no tools", user("Hi"), tools=[]),
    case("reasoning", *thinking(reasoning="I think."), prompt=False),
    case("thinking", *thinking(thinking="I think."), prompt=False),
    case("reasoning_content", *thinking(reasoning_content="I think."), prompt=False),
    case("two of them that differ", *thinking(thinking="one", reasoning="two"), prompt=False),
    case("all three", *thinking(reasoning="one", reasoning_content="two", thinking="three"), user("On")),
    case("empty reasoning", *thinking(reasoning_content=""), user("On")),
    case("reasoning as a list", *thinking(reasoning=[{"type": "text", "text": "I think."}]), prompt=False),
    case("reasoning before a call", user("Weather?"), {"role": "assistant", "reasoning": "I look.", "content": None, "tool_calls": [call(DICT)]}, result("22"), tools=TOOLS),
    case("content in parts", {"role": "user", "content": [{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]}),
    case("an image and text", {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}),
    case("an image's address of null", {"role": "user", "content": [{"type": "image_url", "image_url": None}, {"type": "text", "text": "What?"}]}),
    case("parts of system and answer", {"role": "system", "content": [{"type": "text", "text": "Be kind"}]}, user("Hi"),
         {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]}, user("On")),
    case("enable_thinking true", user("Hi"), enable_thinking=True, thinking=True),
    case("enable_thinking false", user("Hi"), enable_thinking=False, thinking=False),
    case("reasoning effort", SYSTEM, user("Hi"), reasoning_effort="high", thinking_budget=100, model_identity="You are M."),
    case("documents", user("Hi"), documents=[{"title": "T", "text": "Text", "doc_id": 1}, {"title": "U", "text": "More"}]),
    case("a date and other variables", SYSTEM, user("Hi"), date_string="1 May 2026", custom_tools=[WEATHER], builtin_tools=["code_interpreter"], tools_in_user_message=False,
         xml_tools=["<tool/>"], add_vision_id=True, keep_cot=True, safety_mode="NONE", controls={"length": "short"}),
    case("variables of null", SYSTEM, user("Hi"), documents=None, enable_thinking=None, custom_tools=None),
    case("tokens by the caller", user("Hi"), bos_token="<B>", eos_token="<E>"),
    case("the answer goes on", user("Hi"), {"role": "assistant", "content": "Hello, I "}, final=True),
    case("the answer goes on after thinking", user("Hi"), {"role": "assistant", "reasoning_content": "Hm", "content": "Hello, I"}, final=True),
    case("the answer of null goes on", user("Hi"), {"role": "assistant", "content": None}, final=True),
    case("a developer's message", {"role": "developer", "content": "Be brief"}, user("Hi")),
    case("two questions in a row", user("Hi"), user("Hello?")),
    case("an unknown role", user("Hi"), {"role": "critic", "content": "No"}),
    case("a message without content", {"role": "user"}),
    case("a number as content", {"role": "user", "content": 3.0}),
    case("unknown fields in their order", {"z": 1, "role": "user", "a": [None, {"q": None}], "content": "Hi", "name": "Ann"}),
]
# Not here: no messages at all. transformers refuses that before it asks the template;
# here the template decides.
