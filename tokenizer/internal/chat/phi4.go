package chat

// phi4 is the format of Phi-4 mini: a list of objects between marks, or behind a word.
var phi4 = &format{
	name:  "phi4",
	marks: []string{"<|tool_call|>", "<|/tool_call|>", "<think>", "</think>"},
	suits: func(template string) bool {
		return containsAny("<|/tool_call|>", "<|tool|>")(template) || contains("functools", "<|end|>")(template)
	},
	opens: words{"<|tool_call|>", "functools"},
	loose: &loose{opens: words{"{", "["}, told: true},
	bare:  true,
	join:  ',',
	ends:  "]>",
	read: readers{
		"<|tool_call|>": jsonSeries("<|/tool_call|>"), "functools": known(readFunctools), "": known(jsonSeries("")),
	}.read,
}
