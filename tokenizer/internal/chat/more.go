package chat

import "encoding/json"

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

// iquest is the format of IQuest: the pairs of tags of GLM in one of its own.
var iquest = &format{
	name:  "iquest",
	marks: []string{"<iquest_tool_call>", "</iquest_tool_call>"},
	suits: contains("<iquest_tool_call>"),
	opens: words{"<iquest_tool_call>"},
	ends:  ">",
	read:  argKeysOf("", "", "iquest_tool_call").read,
}

// dots is the format of dots: elements with the names in attributes, or an object.
var dots = &format{
	name:  "dots",
	marks: []string{"<dots_function_call>", "</dots_function_call>"},
	suits: contains("<dots_function_call>"),
	opens: dotsReaders.opens(),
	ends:  ">}",
	read:  dotsReaders.read,
}

var dotsReaders = silent("</dots_function_call>").
	and(unlessAny(words{"{", "["}, skip, jsonSeries("</dots_function_call>")), "<dots_function_call>").
	and(minimaxTags.read, minimaxTags.open)

// inkling is the format of Inkling: a message with a name, a mark and an object.
var inkling = &format{
	name:  "inkling",
	marks: []string{inklingCall, "<|message_model|>", "<|end_message|>"},
	suits: contains(inklingCall),
	opens: words{inklingCall},
	ends:  "}>",
	read:  jsonSeriesOf("<|end_message|>", inklingOf),
}

const inklingCall = "<|content_invoke_tool_json|>"

// inklingOf reads a call with the name that Inkling gives to the arguments.
func inklingOf(raw json.RawMessage) (Call, bool) {
	var f struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"args"`
	}
	if json.Unmarshal(raw, &f) != nil || f.Arguments == nil {
		return callOf(raw)
	}
	arguments, ok := argumentsOf(f.Arguments)
	return Call{Name: f.Name, Arguments: arguments}, ok && f.Name != ""
}

// hyperclova is the format of HyperCLOVA X: the name of a role that calls, and a list.
var hyperclova = &format{
	name:  "hyperclova",
	suits: contains("-> tool/function_call"),
	opens: words{"-> tool/function_call"},
	ends:  "]",
	read:  jsonSeries(""),
}

// glm4 is the format of GLM 4: a line with the name, and an object.
var glm4 = &format{
	name:  "glm4",
	suits: contains("[gMASK]", "可用工具"),
	bare:  true,
	ends:  "}",
	read:  named{}.readLine,
}

// bareJSON is the format of models that answer with an object or a list and nothing
// around it, or a fence.
var bareJSON = &format{
	name: "json",
	suits: func(template string) bool {
		return containsAny("tools", "functions")(template) && containsAny(`"arguments`, `"parameters`, "tool_calls")(template)
	},
	opens: words{"<tool_call>", "[TOOL_CALLS]", openFunction},
	bare:  true,
	ends:  "]}`>",
	read: readers{
		"": readBareJSON, "[TOOL_CALLS]": readMistral, "<tool_call>": readHermes, openFunction: readHermes,
	}.read,
}

// readBareJSON reads calls that begin with a bracket or a fence.
func readBareJSON(in input) result {
	return unlessAny(words{"{", "[", "```"}, func(input) result { return reject(1) }, jsonSeries(""))(in)
}
