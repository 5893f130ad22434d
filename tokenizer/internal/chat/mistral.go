package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
)

// mistral is the format of Mistral's models: a mark, and a list of calls or a name
// with its arguments.
var mistral = &format{
	name:  "mistral",
	marks: []string{"[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"},
	suits: naming("[TOOL_CALLS]"),
	open:  behind("[TOOL_CALLS]"),
	read:  readMistral,
}

// readMistral reads a list of calls, which models up to version 7 of Mistral's
// tokenizers write, or a name with its arguments, which those from version 11 on do.
func readMistral(p *Parser) ([]Call, int, progress) {
	at := p.solid.solid(p, p.base)
	switch {
	case at == none:
		return nil, 0, needMore
	case p.text(at, at+1)[0] == '[':
		return readList(p, at)
	}
	return readNamed(p)
}

// readList reads a list of calls, which is one only if all its elements are calls.
func readList(p *Parser, at int) ([]Call, int, progress) {
	_, end := p.object(at)
	if end <= 0 {
		return nil, 0, unended(end)
	}
	p.looked += end - at
	var list []json.RawMessage
	if json.Unmarshal(p.text(at, end), &list) != nil || len(list) == 0 {
		return nil, 0, notCall
	}
	var calls []Call
	for _, raw := range list {
		call, ok := callOf(raw)
		if !ok {
			return nil, 0, notCall
		}
		calls = append(calls, call)
	}
	return calls, end, isCall
}

// readNamed reads name[CALL_ID]id[ARGS]{…}, of which both marks may be missing: the
// name ends at the object.
func readNamed(p *Parser) ([]Call, int, progress) {
	brace := p.name.brace.word(p, p.base, "{")
	if brace == none {
		return nil, 0, needMore
	}
	b, end := p.object(brace)
	if end <= 0 {
		return nil, 0, unended(end)
	}
	if !p.name.fits(p, brace) || !b.valid(p, brace, end) {
		return nil, 0, notCall
	}
	head, _, _ := strings.Cut(string(p.text(p.base, brace)), "[ARGS]")
	name, id, _ := strings.Cut(head, "[CALL_ID]")
	call := Call{ID: strings.TrimSpace(id), Name: strings.TrimSpace(name), Arguments: bytes.Clone(p.text(brace, end))}
	return []Call{call}, end, isCall
}

// name finds the name before an object. Many marks can share one.
type name struct{ brace, args, id, start, space, more seeker }

// fits reports whether one word is between the mark and an object, or the marks before
// that.
func (n *name) fits(p *Parser, brace int) bool {
	end := brace
	for _, at := range []int{n.args.word(p, p.base, "[ARGS]"), n.id.word(p, p.base, "[CALL_ID]")} {
		if at != none {
			end = min(end, at)
		}
	}
	start := n.start.next(p, p.base, notSpace, 0)
	if start >= end { // the brace is no space, so that there is one
		return false
	}
	space := n.space.next(p, start, func(text []byte) int { return bytes.IndexAny(text, " \n") }, 0)
	return space == none || space >= end || n.more.next(p, space, notSpace, 0) >= end
}

// notSpace finds what is not white space of any kind.
func notSpace(text []byte) int {
	return bytes.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
}

// valid reports whether the object between two places is JSON. What is wrong inside it
// is wrong for all objects around that.
func (b *brackets) valid(p *Parser, at, end int) bool {
	if at < b.wrong && b.wrong < end {
		return false
	}
	p.looked += end - at
	var raw json.RawMessage
	err := json.Unmarshal(p.text(at, end), &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		b.wrong = at + int(syntax.Offset) - 1
	}
	return err == nil
}
