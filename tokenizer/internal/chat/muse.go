package chat

import "strings"

// muse is the format of Muse Glimmer: messages whose headers name a recipient, and for
// functions elements with the names in attributes.
var muse = &format{
	name:     "muse",
	marks:    []string{"<|start|>", harmonyBody, "<|eom|>", "<|eot|>"},
	suits:    contains("<atem:function_calls>"),
	opens:    museReaders.opens(),
	always:   true,
	bare:     true,
	ends:     ">",
	thinking: []thinking{museThinking},
	read:     museReaders.and(readMuse, "").read,
}

var museThinking = thinking{open: "assistant to=self" + harmonyBody, end: "<|eom|>", before: []string{"<|eot|>"}}

var museTags = invokes("atem:invoke", "atem:parameter")

var museReaders = silent("<|eom|>", "<|eot|>", "<atem:function_calls>", "</atem:function_calls>").
	and(readMuse, "<|start|>").and(museTags.read, museTags.open)

// readMuse takes a header, behind which there is thinking where the model speaks to
// itself.
func readMuse(in input) result {
	s := scanner{input: in}
	if in.mark == "" && !s.word("to=") && !s.word(harmonyBody) {
		return s.failed()
	}
	s.at = 0
	header, ok := s.upTo(harmonyBody)
	if !ok {
		return s.failed()
	}
	r := taken(s.at)
	if strings.HasSuffix(strings.TrimSpace(header), "to=self") {
		r.thinking = &museThinking
	}
	return r
}
