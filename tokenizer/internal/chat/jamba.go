package chat

// jamba is the format of Jamba, and of others with a list of objects in the same tag.
var jamba = &format{
	name:  "jamba",
	marks: []string{"<tool_calls>", "</tool_calls>"},
	suits: contains("<tool_calls>"),
	opens: words{"<tool_calls>"},
	ends:  "]>",
	read:  unlessAny(words{"<"}, jsonSeries("</tool_calls>"), skip),
}
