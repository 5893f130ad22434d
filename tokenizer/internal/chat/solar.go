package chat

import "strings"

// solar is the format of Solar Open: marks before the id, the name and the arguments of
// each call.
var solar = &format{
	name:     "solar",
	marks:    append(solarReaders.opens(), solarName, solarArguments, "<|tool_call:end|>", "<|think|>"),
	suits:    contains("<|tool_call:begin|>"),
	opens:    solarReaders.opens(),
	always:   true,
	ends:     "|>}",
	thinking: []thinking{{open: "<|think|>", end: "<|end|>"}},
	read:     solarReaders.read,
}

const (
	solarName      = "<|tool_call:name|>"
	solarArguments = "<|tool_call:args|>"
)

var solarReaders = silent("<|tool_calls|>", "<|calls|>", "<|content|>", "<|end|>").
	and(skipLine("assistant"), "<|begin|>").and(readSolar, "<|tool_call:begin|>")

// readSolar reads id<|tool_call:name|>f<|tool_call:args|>{…}<|tool_call:end|>.
func readSolar(in input) result {
	s := scanner{input: in}
	header, ok := s.upTo(solarArguments)
	if !ok {
		return s.failed()
	}
	id, name, _ := strings.Cut(header, solarName)
	return named{end: "<|tool_call:end|>"}.read(in, strings.TrimSpace(name), strings.TrimSpace(id), s.at)
}
