package chat

import (
	"bytes"
	"encoding/json"
)

// The formats here are a mark, calls that are JSON, and a mark.

// nemotron is the format of Nemotron before version 3.
var nemotron = &format{
	name:  "nemotron",
	marks: []string{"<TOOLCALL>", "</TOOLCALL>", "<think>", "</think>"},
	suits: contains("<TOOLCALL>"),
	opens: words{"<TOOLCALL>"},
	ends:  "]>",
	read:  jsonSeries("</TOOLCALL>"),
}

// apriel is the format of Apriel, which thinks from the beginning of its answers on.
var apriel = &format{
	name:  "apriel",
	marks: []string{"<tool_calls>", "</tool_calls>", "[BEGIN FINAL RESPONSE]", "[END FINAL RESPONSE]", "<thinking>", "</thinking>"},
	suits: containsAny("[BEGIN FINAL RESPONSE]", "<thinking>"),
	opens: aprielReaders.opens(),
	ends:  "]>",
	thinking: []thinking{
		{open: "Here are my reasoning steps:", end: "[BEGIN FINAL RESPONSE]"}, {open: "<thinking>", end: "</thinking>"},
	},
	read: aprielReaders.read,
}

var aprielReaders = silent("[BEGIN FINAL RESPONSE]", "[END FINAL RESPONSE]").and(jsonSeries("</tool_calls>"), "<tool_calls>")

// jamba is the format of Jamba, and of others with a list of objects in the same tag.
var jamba = &format{
	name:  "jamba",
	marks: []string{"<tool_calls>", "</tool_calls>"},
	suits: contains("<tool_calls>"),
	opens: words{"<tool_calls>"},
	ends:  "]>",
	read:  unlessAny(words{"<"}, jsonSeries("</tool_calls>"), skip),
}

// pangu is the format of openPangu.
var pangu = &format{
	name:     "pangu",
	marks:    []string{"[unused11]", "[unused12]", "[unused16]", "[unused17]"},
	suits:    contains("[unused11]"),
	opens:    words{"[unused11]"},
	ends:     "]",
	thinking: []thinking{{open: "[unused16]", end: "[unused17]"}},
	read:     jsonSeries("[unused12]"),
}

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

// apertus is the format of Apertus: a list of objects, each with a name for its key.
var apertus = &format{
	name:     "apertus",
	marks:    []string{"<|tools_prefix|>", "<|tools_suffix|>", "<|inner_prefix|>", "<|inner_suffix|>"},
	suits:    contains("<|tools_prefix|>"),
	opens:    words{"<|tools_prefix|>"},
	ends:     "]>",
	thinking: []thinking{{open: "<|inner_prefix|>", end: "<|inner_suffix|>"}},
	read:     jsonSeriesOf("<|tools_suffix|>", apertusCall),
}

// apertusCall reads a call that is an object with one key, the name.
func apertusCall(raw json.RawMessage) (Call, bool) {
	if call, ok := callOf(raw); ok {
		return call, true
	}
	var f map[string]json.RawMessage
	if json.Unmarshal(raw, &f) != nil || len(f) != 1 {
		return Call{}, false
	}
	for name, arguments := range f {
		raw, ok := argumentsOf(bytes.TrimSpace(arguments))
		return Call{Name: name, Arguments: raw}, ok && name != ""
	}
	return Call{}, false
}
