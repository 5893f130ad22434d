package chat

// gigachat is the format of GigaChat 3: a message of a role of its own, with an object.
var gigachat = &format{
	name:   "gigachat",
	marks:  []string{"<|message_sep|>", "<|role_sep|>", "<|function_call|>"},
	suits:  containsAny("function call<|role_sep|>", "<|function_call|>", "'function call'"),
	opens:  gigachatReaders.opens(),
	always: true,
	ends:   "}",
	read:   gigachatReaders.read,
}

var gigachatReaders = silent("<|message_sep|>").and(jsonSeries(""), "function call<|role_sep|>", "<|function_call|>")
