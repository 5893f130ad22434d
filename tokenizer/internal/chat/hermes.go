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

// endHermes ends a call.
const endHermes = "</tool_call>"

// readHermes reads a call up to </tool_call>. The object of a call may have that text
// in a string, so where there is an object, its own end comes first.
func readHermes(in input) result {
	if in.mark == openFunction {
		return readFunction(in)
	}
	at := space(in.text)
	rest := in.text[at:]
	switch {
	case rest == "" || len(rest) < len(openFunction) && strings.HasPrefix(openFunction, rest):
		return in.more()
	case strings.HasPrefix(rest, openFunction):
		at += len(openFunction)
		return readFunction(in.behind(at)).after(at)
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
