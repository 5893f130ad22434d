package chat

import "strings"

// harmony is the format of gpt-oss: messages with a header each, which names a channel
// and, for calls, whom it is for.
var harmony = &format{
	name:     "harmony",
	marks:    append(harmonyReaders.opens(), harmonyBody, "<|constrain|>"),
	suits:    contains("<|channel|>", harmonyBody),
	opens:    harmonyReaders.opens(),
	always:   true,
	bare:     true,
	ends:     "}>",
	thinking: []thinking{harmonyThinking},
	read:     harmonyReaders.and(readBareHarmony, "").read,
}

// harmonyBody ends a header.
const harmonyBody = "<|message|>"

var harmonyThinking = thinking{
	open: "<|channel|>analysis" + harmonyBody, end: "<|end|>", before: []string{"<|call|>", "<|return|>"},
}

var harmonyReaders = silent("<|end|>", "<|call|>", "<|return|>").and(readHarmony, "<|start|>", "<|channel|>")

// readBareHarmony reads a message at the beginning of an answer, where the prompt has
// begun its header.
func readBareHarmony(in input) result {
	s := scanner{input: in}
	if !s.word("to=") {
		return s.failed()
	}
	return readHarmony(in)
}

// readHarmony reads a header, and the call behind one that is for a function. What is
// behind others is text, or thinking.
func readHarmony(in input) result {
	s := scanner{input: in}
	header, ok := s.upTo(harmonyBody)
	if !ok {
		return s.failed()
	}
	if strings.Contains(header, "<|end|>") {
		return reject(s.at)
	}
	if name := recipient(header); name != "" {
		return s.harmonyCall(name)
	}
	r := taken(s.at)
	if channel := header[strings.LastIndex(header, ">")+1:]; strings.HasPrefix(strings.TrimSpace(channel), "analysis") {
		r.thinking = &harmonyThinking
	}
	return r
}

// recipient returns the function that a message is for, empty for none.
func recipient(header string) string {
	role, _, _ := strings.Cut(header, " ")
	_, name, found := strings.Cut(header, "to=")
	if i := strings.IndexAny(name, " <\n\t"); i >= 0 {
		name = name[:i]
	}
	if !found || name == "assistant" || name == "user" || name == "all" || strings.HasPrefix(role, "functions.") {
		return ""
	}
	return strings.TrimPrefix(name, "functions.")
}

// harmonyCall reads the arguments of a call and its end.
func (s *scanner) harmonyCall(name string) result {
	at := s.at
	if s.space(); s.word("<|call|>") || s.word("<|end|>") { // there are none
		return taken(s.at, Call{Name: name, Arguments: []byte("{}")})
	}
	if s.short {
		return s.failed()
	}
	return named{end: "<|call|>"}.read(s.input, name, "", at)
}
