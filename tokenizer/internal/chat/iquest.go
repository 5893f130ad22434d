package chat

// iquest is the format of IQuest: the pairs of tags of GLM in one of its own.
var iquest = &format{
	name:  "iquest",
	marks: []string{"<iquest_tool_call>", "</iquest_tool_call>"},
	suits: contains("<iquest_tool_call>"),
	opens: words{"<iquest_tool_call>"},
	ends:  ">",
	read:  argKeysOf("", "", "iquest_tool_call").read,
}
