package chat

import (
	"bytes"
	"slices"
	"strings"
)

// loose is how a format reads calls that no mark opens and that other text is before.
// Models leave marks out, but they also speak of calls, and show them. So all that is
// read has to be of functions that the prompt named, with arguments, and nothing but the
// closing mark may follow, or the end of the answer.
type loose struct {
	// opens are the brackets that calls begin with: "{" and "[".
	opens words
	// end is the mark that closes a call, empty for none.
	end string
	// told says that text may be before calls that only the end of the answer closes.
	// Otherwise they have to follow another call.
	told bool
	// python says that a list may be one of calls of Python.
	python bool
}

// chained is the mark of loose calls that follow others.
const chained = ""

// finds reports whether to look for loose calls in an answer. Where the functions are
// not known, it takes the closing mark and another call before.
func (f *loose) finds(tools *Tools, chain bool) bool {
	return f != nil && (tools.any() || chain && f.end != "")
}

// read reads calls up to the closing mark or the end of the answer.
func (f *loose) read(in input) result {
	var calls []Call
	for s := (scanner{input: in}); ; {
		r := f.item(in.behind(s.at)).after(s.at)
		if r.is != isCall {
			return r
		}
		if !in.tools.know(r.calls) {
			return reject(r.n)
		}
		calls = append(calls, r.calls...)
		s.at = r.n
		s.space()
		switch {
		case (in.tools.any() || in.mark == chained) && s.word(f.end):
			return taken(s.at, calls...)
		case s.short && !s.final:
			return result{}
		case s.at == len(s.text) && s.final && in.tools.any() && (f.told || in.mark == chained):
			return taken(s.at, calls...)
		case s.at == len(s.text) && !s.final:
			return result{}
		case s.at < len(s.text) && strings.IndexByte(",;", s.text[s.at]) >= 0:
			s.at++
			s.space()
		}
		if s.at == len(s.text) && !s.final {
			return result{}
		}
		if s.at == len(s.text) || !slices.Contains(f.opens, s.text[s.at:s.at+1]) {
			return reject(min(s.at+1, len(s.text)))
		}
	}
}

// item reads a call or a list of calls.
func (f *loose) item(in input) result {
	if in.text == "" {
		return in.more()
	}
	at := 1 + space(in.text[1:])
	switch {
	case at == len(in.text):
		return in.more()
	case in.text[0] == '[' && in.text[at] != '{':
		if !f.python {
			return reject(at)
		}
		return readPython(in)
	case in.text[0] == '[':
		at++
	}
	return f.objects(in, at)
}

// keys are what the object of a call may begin with.
var looseKeys = words{`"name"`, `"function"`, `"type"`, `"id"`, `"arguments"`, `"parameters"`, `"args"`}

// objects reads a call that is an object, or a list of them. Most objects that are none
// show that in their first key, which stands at a place of the text.
func (f *loose) objects(in input, at int) result {
	at += space(in.text[at:])
	if at == len(in.text) {
		return in.more()
	}
	switch word, maybe := looseKeys.here(in.text[at:], in.final); {
	case maybe:
		return result{}
	case word == "":
		return reject(at + 1)
	}
	raw, n, is := readJSON(in.text, "", in.final)
	if is != isCall {
		return result{is: is, n: n}
	}
	calls, ok := callsOf(raw)
	hasArguments := slices.ContainsFunc(looseKeys[4:], func(key string) bool { return bytes.Contains(raw, []byte(key)) })
	if !ok || !hasArguments {
		return reject(n)
	}
	return taken(n, calls...)
}

// looseLists are objects, and lists of them or of calls of Python.
var looseLists = &loose{opens: words{"{", "["}, told: true, python: true}

// openLoose opens a call that no mark opens and that text is before.
func (p *Parser) openLoose(bracket string) bool {
	f := p.format.loose
	if f == nil || !slices.Contains(f.opens, bracket) {
		return false
	}
	mark := bracket
	if p.chain {
		mark = chained
	}
	p.enter(0, mark)
	p.read = f.read
	return true
}
