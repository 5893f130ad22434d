package schema

import (
	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// bound is one of the four bounds of a number.
type bound struct {
	keyword   string
	low       bool
	exclusive bool
}

var bounds = []bound{
	{"minimum", true, false},
	{"exclusiveMinimum", true, true},
	{"maximum", false, false},
	{"exclusiveMaximum", false, true},
}

func (c *compiler) readNumber(n *node) (*set, error) {
	s := c.everything()
	for _, b := range bounds {
		v := n.get(b.keyword)
		if v == nil {
			continue
		}
		c.at.keyword = b.keyword
		if v.Kind == jsonvalue.Bool && b.exclusive && n.draft == draft4 {
			continue // it says how to read minimum or maximum
		}
		if v.Kind != jsonvalue.Number {
			return nil, n.invalid(b.keyword, "must be a number")
		}
		if _, err := c.number(v.Num); err != nil {
			return nil, err
		}
		exclusive := b.exclusive
		if n.draft == draft4 && !exclusive {
			flag := n.get(map[bool]string{true: "exclusiveMinimum", false: "exclusiveMaximum"}[b.low])
			exclusive = flag != nil && flag.Kind == jsonvalue.Bool && flag.Bool
		}
		language := c.atMost(v.Num, exclusive)
		if b.low {
			language = c.atLeast(v.Num, exclusive)
		}
		s.num = c.common(s.num, language, c.anyNumber)
	}
	if v := n.get("multipleOf"); v != nil {
		c.at.keyword = "multipleOf"
		if v.Kind != jsonvalue.Number || v.Num.Neg || v.Num.Digits == "" {
			return nil, n.invalid("multipleOf", "must be a number above 0")
		}
		m, ok := newMultiples(v.Num)
		if !ok {
			return nil, n.unsupported("multipleOf", "needs an automaton of more than %d states: use a divisor with fewer digits", maxModulus)
		}
		s.num = c.common(s.num, c.b.And(c.anyNumber, rules.OfAutomaton(c.b, m)), c.anyNumber)
	}
	return s, nil
}

func (c *compiler) readString(n *node) (*set, error) {
	s := c.everything()
	low, err := n.count("minLength", 0)
	if err != nil {
		return nil, err
	}
	high, err := n.count("maxLength", unlimited)
	if err != nil {
		return nil, err
	}
	if low > 0 || high != unlimited {
		s.str = c.length(low, high)
	}
	for _, keyword := range []string{"pattern", "format"} {
		v := n.get(keyword)
		if v == nil {
			continue
		}
		c.at.keyword = keyword
		if v.Kind != jsonvalue.String {
			return nil, n.invalid(keyword, "must be a string")
		}
		read := c.pattern
		if keyword == "format" {
			read = c.format
		}
		language, err := read(v.Str)
		if err != nil {
			return nil, err
		}
		s.str = c.common(s.str, language, c.anyString)
	}
	return s, nil
}

// length is the language of the strings of low to high characters.
func (c *compiler) length(low, high int) rules.Expr {
	if high != unlimited && low > high {
		return c.b.Nothing()
	}
	return c.b.Repeat(c.character, low, high)
}
