package chat

import "strings"

// kimi is the format of Kimi K2: marks around ids, which hold the names, and objects.
var kimi = &format{
	name:     "kimi",
	marks:    append(kimiReaders.opens(), kimiArguments, endKimi, "<think>", "</think>", "◁think▷", "◁/think▷"),
	suits:    containsAny("<|tool_call_argument_begin|>", "<|tool_calls_section_begin|>"),
	opens:    kimiReaders.opens(),
	ends:     "|>}",
	thinking: thinkingToo(thinking{open: "◁think▷", end: "◁/think▷"}),
	read:     kimiReaders.read,
}

const (
	kimiArguments = "<|tool_call_argument_begin|>"
	endKimi       = "<|tool_call_end|>"
)

var kimiReaders = silent("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>").and(readKimi, "<|tool_call_begin|>")

// readKimi reads functions.name:0<|tool_call_argument_begin|>{…}<|tool_call_end|>.
func readKimi(in input) result {
	s := scanner{input: in}
	id, ok := s.upTo(kimiArguments)
	if !ok {
		return s.failed()
	}
	id = strings.TrimSpace(id)
	name := strings.TrimPrefix(id, "functions.")
	if i := strings.LastIndexByte(name, ':'); i > 0 {
		name = name[:i]
	}
	return named{end: endKimi}.read(in, name, id, s.at)
}
