package schema

import (
	"errors"
	"slices"
	"unicode"

	"github.com/gocoreml/coreml/generate/grammar/internal/ecma"
	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

const maxRune = unicode.MaxRune

// escaped are the characters that JSON does not take as they are.
var escaped = func() (list []rune) {
	for r := range rune(0x20) {
		list = append(list, r)
	}
	return append(list, '"', '\\')
}()

// charsOf is one character of some ranges in the canonical form of a string.
//
// Each character has one spelling, and none begins another; so operations on languages
// of characters and on those of their spellings are the same.
func (c *compiler) charsOf(ranges []rules.Range) rules.Expr {
	var plain []rules.Range
	for _, r := range ranges {
		lo := max(r.Lo, 0x20)
		for _, cut := range []rune{'"', '\\'} {
			if lo <= cut && cut <= r.Hi {
				plain = append(plain, rules.Range{Lo: lo, Hi: cut - 1})
				lo = cut + 1
			}
		}
		plain = append(plain, rules.Range{Lo: lo, Hi: r.Hi})
	}
	plain = slices.DeleteFunc(plain, func(r rules.Range) bool { return r.Lo > r.Hi })
	all := []rules.Expr{c.b.Class(plain...)}
	for _, e := range escaped {
		if slices.ContainsFunc(ranges, func(r rules.Range) bool { return r.Lo <= e && e <= r.Hi }) {
			all = append(all, c.b.Bytes(jsonvalue.Escape(e)))
		}
	}
	return c.b.Or(all...)
}

// pattern is the language of the strings in which a pattern is found. The keyword and
// the schema that have it are those of c.at.
func (c *compiler) pattern(text string) (rules.Expr, error) {
	if e, ok := c.patterns[text]; ok {
		return e, nil
	}
	e, err := c.ecma().Search(text)
	if syntax, ok := errors.AsType[*ecma.SyntaxError](err); ok {
		if syntax.Unsupported {
			return e, c.at.node.unsupported(c.at.keyword, "has the pattern %s: %s", quoted(text), syntax)
		}
		return e, c.at.node.invalid(c.at.keyword, "has the pattern %s: it has %s", quoted(text), syntax)
	}
	if err == nil {
		err = c.tooLarge()
	}
	c.patterns[text] = e
	return e, err
}
