package chat

// smollm is the format of SmolLM3: objects in a tag, or Python in another.
var smollm = &format{
	name:  "smollm",
	marks: []string{"<tool_call>", "</tool_call>", "<code>", "</code>", "<think>", "</think>"},
	suits: containsAny("SmolLM", "python_tools"),
	opens: words{"<tool_call>", "<code>", openFunction},
	loose: &loose{opens: words{"{"}, end: endHermes},
	ends:  ">)",
	read: readers{
		"<tool_call>": readHermes, openFunction: readHermes, "<code>": pythonSeries("</code>"),
	}.read,
}
