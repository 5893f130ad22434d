package chat

// lfm2 is the format of LFM2 and of MiniCPM 3 and 4: Python between marks, or objects.
var lfm2 = &format{
	name:     "lfm2",
	marks:    []string{"<|tool_call_start|>", "<|tool_call_end|>", "<think>", "</think>", "<|thought_start|>", "<|thought_end|>"},
	suits:    containsAny("<|tool_call_start|>", "<|tool_list_start|>", `"List of tools: ["`),
	opens:    words{"<|tool_call_start|>"},
	ends:     ")]>",
	thinking: thinkingToo(thinking{open: "<|thought_start|>", end: "<|thought_end|>"}),
	read:     pythonOrJSON("<|tool_call_end|>"),
}

// olmo3 is the format of Olmo 3: Python in a tag, one call to a line.
var olmo3 = &format{
	name:  "olmo3",
	marks: []string{"<function_calls>", "</function_calls>"},
	suits: contains("<function_calls>"),
	opens: olmoReaders.opens(),
	ends:  ")>",
	read:  olmoReaders.read,
}

var olmoReaders = readers{}.and(minimaxTags.read, minimaxTags.open).and(skip, "</function_calls>").
	and(unlessAny(words{"<"}, pythonSeries("</function_calls>"), skip), "<function_calls>")

// gemma3 is the format of Gemma 3: Python in a fence.
var gemma3 = &format{
	name:  "gemma3",
	suits: containsAny("tool_code"),
	opens: words{"```tool_code", "```python", "```json"},
	ends:  "`)",
	bare:  true,
	read: readers{
		"": pythonList(""), "```tool_code": fencedPython,
		"```python": fencedPython, "```json": fencedJSON,
	}.read,
}

// smollm is the format of SmolLM3: objects in a tag, or Python in another.
var smollm = &format{
	name:  "smollm",
	marks: []string{"<tool_call>", "</tool_call>", "<code>", "</code>", "<think>", "</think>"},
	suits: containsAny("SmolLM", "python_tools"),
	opens: words{"<tool_call>", "<code>", openFunction},
	ends:  ">)",
	read: readers{
		"<tool_call>": readHermes, openFunction: readHermes, "<code>": pythonSeries("</code>"),
	}.read,
}

// pythonic is the format of models that answer with a list of Python's calls, such as
// Llama 4 and ToolACE.
var pythonic = &format{
	name:  "pythonic",
	marks: []string{"<|python_start|>", "<|python_end|>", "<|python_tag|>"},
	suits: containsAny("[func_name1(", "[func1(", "func_name1(params_name1"),
	opens: words{"<|python_start|>", "<|python_tag|>", openFunction, "<tool_call>"},
	bare:  true,
	ends:  "])}>",
	read: readers{
		"": pythonList(""), "<|python_start|>": pythonList("<|python_end|>"), "<|python_tag|>": pythonList(""),
		openFunction: readHermes, openHermes: readHermes,
	}.read,
}

// pythonOrJSON returns the reader of calls that are Python or objects, up to a mark.
func pythonOrJSON(end string) reader {
	python, objects := pythonSeries(end), jsonSeries(end)
	return func(in input) result {
		return firstOf(python(in), func() result { return objects(in) })
	}
}

// pythonList returns pythonOrJSON for calls that begin with a bracket or a fence: a text
// may begin with what looks like a call.
func pythonList(end string) reader {
	return unlessAny(words{"{", "[", "```"}, func(input) result { return reject(1) }, pythonOrJSON(end))
}
