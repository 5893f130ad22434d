package chat

import "encoding/json"

// inkling is the format of Inkling: messages that begin with what they are, a thought, a
// text, or behind the name of a function an object.
var inkling = &format{
	name:     "inkling",
	marks:    append(inklingReaders.opens(), "<|content_thinking|>"),
	suits:    contains(inklingCall),
	opens:    inklingReaders.opens(),
	always:   true,
	bare:     true,
	ends:     "}>",
	thinking: []thinking{{open: "<|content_thinking|>", end: inklingEnd, before: []string{"<|message_model|>"}}},
	read:     inklingReaders.and(inklingHeader(reject), "").read,
}

const (
	inklingCall = "<|content_invoke_tool_json|>"
	inklingEnd  = "<|end_message|>"
)

var inklingReaders = silent("<|content_text|>", inklingEnd, "<|content_model_end_sampling|>").
	and(readInkling, inklingCall).and(inklingHeader(taken0), "<|message_model|>")

var readInkling = jsonSeriesOf(inklingEnd, inklingOf)

// taken0 takes nothing but the mark.
func taken0(int) result { return taken(0) }

// inklingHeader returns the reader of a name and the call behind it. What a message is
// without one, other says.
func inklingHeader(other func(n int) result) reader {
	return func(in input) result {
		s := scanner{input: in}
		name, _ := s.bareWord()
		switch {
		case name != "" && s.word(inklingCall):
			return readInkling(in.behind(s.at)).after(s.at)
		case s.short && !s.final:
			return result{}
		}
		return other(len(name))
	}
}

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
