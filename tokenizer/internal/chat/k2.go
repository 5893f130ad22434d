package chat

// k2 is the format of K2 Horizon: the pairs of tags of GLM with names of their own, or
// objects.
var k2 = &format{
	name:  "k2",
	marks: append(k2Readers.opens(), "<ifm|think>", "</ifm|think>"),
	suits: contains("<ifm|tool_call>"),
	opens: k2Readers.opens(),
	ends:  "}>",
	thinking: []thinking{
		{open: "<ifm|think>", end: "</ifm|think>"}, {open: "<ifm|think_fast>", end: "</ifm|think_fast>"}, {open: "<ifm|think_faster>", end: "</ifm|think_faster>"},
	},
	read: k2Readers.read,
}

var k2Readers = silent("<ifm|tool_calls>", "</ifm|tool_calls>").
	and(unlessAny(words{"{", "["}, argKeysOf("ifm|", "", "ifm|tool_call").read, jsonSeries("</ifm|tool_call>")), "<ifm|tool_call>")
