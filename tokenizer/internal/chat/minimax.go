package chat

import "strings"

// minimax is the format of MiniMax M2: elements with the names in attributes.
var minimax = &format{
	name:  "minimax",
	marks: []string{"<minimax:tool_call>", "</minimax:tool_call>", "<think>", "</think>"},
	suits: contains("<minimax:tool_call>"),
	opens: minimaxReaders.opens(),
	ends:  ">",
	read:  minimaxReaders.read,
}

var minimaxReaders = silent("<minimax:tool_call>", "</minimax:tool_call>").and(minimaxTags.read, minimaxTags.open)

var minimaxTags = invokes("invoke", "parameter")

// minimaxM1 is the format of MiniMax M1: objects in a tag, one to a line.
var minimaxM1 = &format{
	name:  "minimax-m1",
	marks: []string{"<tool_calls>", "</tool_calls>"},
	suits: contains("<tool_calls>", "<end_of_sentence>"),
	opens: words{"<tool_calls>"},
	ends:  ">",
	read:  jsonSeries("</tool_calls>"),
}

// minimaxM3 is the format of MiniMax M3: elements with the names of arguments, each
// behind a mark, and elements in them for values that are objects and lists.
var minimaxM3 = &format{
	name:     "minimax-m3",
	marks:    []string{m3Mark, "<mm:think>", "</mm:think>"},
	suits:    contains(m3Mark),
	opens:    m3Readers.opens(),
	always:   true,
	ends:     ">",
	thinking: []thinking{{open: "<mm:think>", end: "</mm:think>"}},
	read:     m3Readers.read,
}

const m3Mark = "]<]minimax[>["

var m3Readers = silent("</mm:think>", m3Mark+"<tool_call>", m3Mark+"</tool_call>").and(readM3, m3Mark+`<invoke name="`)

// readM3 reads a call.
func readM3(in input) result {
	const close = m3Mark + "</invoke>"
	s := scanner{input: in}
	name, ok := s.name(`"`)
	if !ok {
		return s.failed()
	}
	if _, ok := s.upTo(">"); !ok {
		return s.failed()
	}
	end := strings.Index(in.text[s.at:], close)
	if end < 0 {
		return in.more()
	}
	end += s.at
	tree := m3Tree{text: in.text[s.at:end], schema: in.tools.arguments(name)}
	all, ok := tree.elements()
	if !ok || tree.text != "" {
		return reject(end)
	}
	arguments := m3Object(all)
	return taken(end+len(close), Call{Name: name, Arguments: arguments.json()})
}
