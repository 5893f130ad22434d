package chat

// apriel is the format of Apriel, which thinks from the beginning of its answers on.
var apriel = &format{
	name:   "apriel",
	marks:  []string{"<tool_calls>", "</tool_calls>", "[BEGIN FINAL RESPONSE]", "[END FINAL RESPONSE]", "<thinking>", "</thinking>"},
	suits:  containsAny("[BEGIN FINAL RESPONSE]", "<thinking>"),
	opens:  aprielReaders.opens(),
	always: true,
	ends:   "]>",
	thinking: []thinking{
		{open: "Here are my reasoning steps:", end: "[BEGIN FINAL RESPONSE]"}, {open: "<thinking>", end: "</thinking>"},
	},
	read: aprielReaders.read,
}

var aprielReaders = silent("[BEGIN FINAL RESPONSE]", "[END FINAL RESPONSE]").and(jsonSeries("</tool_calls>"), "<tool_calls>")
