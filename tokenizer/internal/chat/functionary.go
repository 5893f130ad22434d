package chat

import "strings"

// functionary is the format of functionary v3.2: messages that begin with whom they are
// for and a line break. The prompt has begun the first one.
var functionary = &format{
	name:   "functionary",
	suits:  contains(">>>all"),
	opens:  words{">>>"},
	always: true,
	bare:   true,
	ends:   "}\n",
	read:   known(readFunctionary),
}

// bareWord passes a text that can be the name of a function, up to what cannot.
func (s *scanner) bareWord() (string, bool) {
	rest := s.text[s.at:min(len(s.text), s.at+maxName)]
	n := strings.IndexAny(rest, noName)
	if n < 0 {
		s.short = len(rest) < maxName
		return "", false
	}
	s.at += n
	return rest[:n], true
}

// readFunctionary reads whom a message is for, and the object behind the name of a
// function.
func readFunctionary(in input) result {
	if rest, found := strings.CutPrefix(in.text, "all\n"); found {
		return taken(len(in.text) - len(rest))
	}
	return named{}.readLine(in)
}

// functionary2 is the format of functionary v2: marks before whom a message is for and
// before what it says.
var functionary2 = &format{
	name:   "functionary-v2",
	marks:  append(functionary2Readers.opens(), "<|content|>", "<|stop|>"),
	suits:  contains("<|recipient|>", "<|content|>"),
	opens:  functionary2Readers.opens(),
	always: true,
	bare:   true,
	ends:   "}\n>",
	read:   functionary2Readers.and(readRecipient, "").read,
}

var functionary2Readers = readers{"<|from|>": skipLine("assistant"), "<|recipient|>": readRecipient, "<|stop|>": skip}

// readRecipient reads whom a message is for, and the object behind the name of a
// function.
func readRecipient(in input) result {
	s := scanner{input: in}
	name, ok := s.bareWord()
	if !ok || name == "" {
		return s.failed()
	}
	if s.space(); !s.word("<|content|>") {
		return s.failed()
	}
	if name == "all" {
		return taken(s.at)
	}
	return named{}.read(in, name, "", s.at)
}
