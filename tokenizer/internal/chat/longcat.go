package chat

// longcat is the format of LongCat: an object in a tag, or pairs of tags.
var longcat = &format{
	name:     "longcat",
	marks:    []string{"<longcat_tool_call>", "</longcat_tool_call>", "<longcat_think>", "</longcat_think>"},
	suits:    contains("<longcat_tool_call>"),
	opens:    words{"<longcat_tool_call>"},
	ends:     "}>",
	thinking: thinkingToo(thinking{open: "<longcat_think>", end: "</longcat_think>"}),
	read:     unlessAny(words{"{", "["}, argKeysOf("longcat_", "", "longcat_tool_call").read, jsonSeries("</longcat_tool_call>")),
}
