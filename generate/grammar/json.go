package grammar

import "github.com/gocoreml/coreml/generate/grammar/internal/rules"

// jsonSpace is how much white space may stand at one place in JSON: a model that may
// write any amount may never write anything else.
const jsonSpace = 20

// JSON returns the grammar of any JSON value (RFC 8259) without white space around it.
// Within it as many as 20 characters of white space may stand at one place.
func JSON() (*Grammar, error) {
	b := rules.NewBuilder(rules.Limits{})
	is := func(chars ...rune) rules.Expr {
		set := make([]rules.Range, len(chars))
		for k, c := range chars {
			set[k] = rules.Range{Lo: c, Hi: c}
		}
		return b.Class(set...)
	}
	digit := b.Class(rules.Range{Lo: '0', Hi: '9'})
	hex := b.Class(rules.Range{Lo: '0', Hi: '9'}, rules.Range{Lo: 'a', Hi: 'f'}, rules.Range{Lo: 'A', Hi: 'F'})
	plain := b.Class(rules.Range{Lo: ' ', Hi: '!'}, rules.Range{Lo: '#', Hi: '['}, rules.Range{Lo: ']', Hi: 0x10FFFF})
	escape := b.Concat(is('\\'), b.Or(is('"', '\\', '/', 'b', 'f', 'n', 'r', 't'), b.Concat(is('u'), b.Repeat(hex, 4, 4))))
	text := b.Concat(is('"'), b.Repeat(b.Or(plain, escape), 0, -1), is('"'))
	number := b.Concat(
		b.Repeat(is('-'), 0, 1),
		b.Or(is('0'), b.Concat(b.Class(rules.Range{Lo: '1', Hi: '9'}), b.Repeat(digit, 0, -1))),
		b.Repeat(b.Concat(is('.'), b.Repeat(digit, 1, -1)), 0, 1),
		b.Repeat(b.Concat(is('e', 'E'), b.Repeat(is('+', '-'), 0, 1), b.Repeat(digit, 1, -1)), 0, 1),
	)
	space := b.Repeat(is(' ', '\t', '\n', '\r'), 0, jsonSpace)
	list := func(open, item, end rules.Expr) rules.Expr {
		return b.Concat(open, space, b.Or(b.Empty(), b.Concat(item, space,
			b.Repeat(b.Concat(is(','), space, item, space), 0, -1))), end)
	}
	value := b.Rule("value")
	member := b.Concat(text, space, is(':'), space, value)
	b.Define("value", b.Or(text, number, b.Bytes("true"), b.Bytes("false"), b.Bytes("null"),
		list(is('['), value, is(']')), list(is('{'), member, is('}'))))
	return build(b, value, "json")
}
