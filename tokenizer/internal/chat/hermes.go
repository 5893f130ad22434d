package chat

import "strings"

// hermes is the format of Hermes, Qwen and SmolLM3: a tag around an object, or
// around one tag for each parameter.
var hermes = &format{
	name:  "hermes",
	marks: []string{"<tool_call>", "</tool_call>"},
	suits: naming("<tool_call>"),
	opens: words{"<tool_call>", openFunction},
	loose: &loose{opens: words{"{"}, end: endHermes},
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
	if word := s.anyOf("```json", "```", openFunction); word == openFunction {
		return readFunction(in.behind(s.at)).after(s.at)
	}
	if s.short {
		return s.failed()
	}
	r := in.objects(s.at)
	if r.is != isCall {
		return r
	}
	return in.closing(r, endHermes)
}

// objects reads the calls that are objects from a place on: one of them, a list, or one
// behind the other.
func (in input) objects(at int) result {
	all := readCalls(in.behind(at), endHermes).after(at)
	for all.is == isCall {
		s := scanner{input: in, at: all.n}
		s.space()
		s.word(",")
		s.space()
		if s.at == len(s.text) && !s.final {
			return result{}
		}
		if s.at == len(s.text) || s.text[s.at] != '{' {
			break
		}
		next := readCalls(in.behind(s.at), endHermes).after(s.at)
		if next.is == notCall {
			break
		}
		next.calls = append(all.calls, next.calls...)
		all = next
	}
	return all
}

// strays are what models write between a call and its closing tag: brackets too many
// and the end of a program's text.
const strays = spaces + "}]`"

// closing adds to a call the tag that follows it. A model may write other text in its
// place, but as long as nothing comes the tag still may.
func (in input) closing(r result, tag string) result {
	rest := strings.TrimLeft(in.text[r.n:], strays)
	if strings.HasPrefix(rest, tag) {
		r.n = len(in.text) - len(rest) + len(tag)
		return r
	}
	if strings.HasPrefix(tag, rest) {
		switch {
		case !in.final:
			return result{}
		case rest != "": // the answer was cut in the tag
			r.n = len(in.text)
		}
		return r
	}
	if n := space(in.text[r.n:]); r.n+n < len(in.text) {
		r.n += n // the white space before text in the tag's place belongs to the call
	}
	return r
}
