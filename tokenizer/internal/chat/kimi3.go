package chat

import "strings"

// kimi3 is the format of Kimi K3: elements whose tags are marks around a name and
// attributes.
var kimi3 = &format{
	name:     "kimi-k3",
	marks:    []string{"<|open|>", "<|close|>", "<|sep|>"},
	suits:    contains("<|open|>", "<|close|>", "<|sep|>"),
	opens:    kimi3Readers.opens(),
	always:   true,
	ends:     ">",
	thinking: []thinking{{open: kimi3Open("think"), end: kimi3Close("think")}},
	read:     kimi3Readers.read,
}

const (
	kimi3Call = `<|open|>call tool="`
	kimi3Sep  = "<|sep|>"
)

var kimi3Readers = silent(
	kimi3Open("response"), kimi3Close("response"), kimi3Open("tools"), kimi3Close("tools"), kimi3Close("message"),
).and(readKimi3, kimi3Call)

// kimi3Open returns the tag that opens an element without attributes.
func kimi3Open(name string) string { return "<|open|>" + name + "<|sep|>" }

// kimi3Close returns the tag that closes an element.
func kimi3Close(name string) string { return "<|close|>" + name + "<|sep|>" }

// kimi3Tags are the tags within a call. They say the types of the arguments.
var kimi3Tags = tags{
	nameEnd: `"`, parameter: `<|open|>argument key="`, keyEnd: `"`, endParameter: kimi3Close("argument"),
	end: kimi3Close("call"), again: words{kimi3Call},
}

// readKimi3 reads a call.
func readKimi3(in input) result {
	s := scanner{input: in}
	name, ok := s.name(kimi3Tags.nameEnd)
	if _, closed := s.upTo(kimi3Sep); !ok || !closed {
		return s.failed()
	}
	var arguments object
	for s.space(); s.word(kimi3Tags.parameter); s.space() {
		key, ok := s.name(kimi3Tags.keyEnd)
		attributes, closed := s.upTo(kimi3Sep)
		if !ok || !closed {
			return s.failed()
		}
		value, ok := kimi3Tags.value(&s, func(key string) bool { return in.opens(name, key, &arguments) })
		if !ok {
			return s.failed()
		}
		if strings.Contains(attributes, `type="string"`) {
			arguments.set(key, quoted(value))
		} else {
			arguments.set(key, in.tools.value(name, key, value))
		}
	}
	return kimi3Tags.finish(s, Call{Name: strings.TrimPrefix(name, "functions."), Arguments: arguments.json()})
}
