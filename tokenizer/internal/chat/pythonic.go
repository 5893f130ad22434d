package chat

// pythonic is the format of models that answer with a list of Python's calls, such as
// Llama 4 and ToolACE.
var pythonic = &format{
	name:  "pythonic",
	marks: []string{"<|python_start|>", "<|python_end|>", "<|python_tag|>"},
	suits: containsAny("[func_name1(", "[func1(", "func_name1(params_name1"),
	opens: words{"<|python_start|>", "<|python_tag|>", openFunction, "<tool_call>"},
	loose: looseLists,
	bare:  true,
	ends:  "])}>",
	read: readers{
		"": known(pythonList("")), "<|python_start|>": pythonList("<|python_end|>"), "<|python_tag|>": pythonList(""),
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
