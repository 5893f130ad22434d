package chat

import "strings"

// hermes is the format of Hermes, Qwen and SmolLM3: a tag around an object, or
// around one tag for each parameter.
var hermes = &format{
	name:  "hermes",
	marks: []string{"<tool_call>", "</tool_call>"},
	suits: naming("<tool_call>"),
	opens: words{"<tool_call>", openFunction},
	ends:  ">",
	read:  readHermes,
}

// The tags around a call.
const (
	openHermes = "<tool_call>"
	endHermes  = "</tool_call>"
)

// readHermes reads a call up to </tool_call>. The object of a call may have that text
// in a string, so where there is an object, its own end comes first.
func readHermes(in input) result {
	if in.mark == openFunction {
		return readFunction(in)
	}
	s := scanner{input: in}
	s.space()
	if s.word(openFunction) {
		return readFunction(in.behind(s.at)).after(s.at)
	}
	if s.short {
		return s.failed()
	}
	r := readCalls(in, endHermes)
	if r.is != isCall {
		return r
	}
	return in.closing(r, endHermes)
}

// closing adds to a call the tag that follows it. A model may write other text in its
// place, but as long as nothing comes the tag still may.
func (in input) closing(r result, tag string) result {
	at := r.n + space(in.text[r.n:])
	rest := in.text[at:]
	switch {
	case strings.HasPrefix(rest, tag):
		r.n = at + len(tag)
	case strings.HasPrefix(tag, rest) && !in.final:
		return result{}
	case rest != "":
		r.n = at
	}
	return r
}
