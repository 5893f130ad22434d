package chat

// bareJSON is the format of models that answer with an object or a list and nothing
// around it, or a fence.
var bareJSON = &format{
	name: "json",
	suits: func(template string) bool {
		return containsAny("tools", "functions")(template) && containsAny(`"arguments`, `"parameters`, "tool_calls")(template)
	},
	opens: words{"<tool_call>", "[TOOL_CALLS]", openFunction},
	loose: &loose{opens: words{"{", "["}, told: true},
	bare:  true,
	ends:  "]}`>",
	read: readers{
		"": known(readBareJSON), "[TOOL_CALLS]": readMistral, "<tool_call>": readHermes, openFunction: readHermes,
	}.read,
}

// readBareJSON reads calls that begin with a bracket or a fence.
func readBareJSON(in input) result {
	return unlessAny(words{"{", "[", "```"}, func(input) result { return reject(1) }, jsonSeries(""))(in)
}
