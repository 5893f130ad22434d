package ecma

import "github.com/gocoreml/coreml/generate/grammar/internal/rules"

// Compiler makes expressions of patterns.
type Compiler struct {
	// Builder makes the expressions.
	Builder *rules.Builder
	// Char returns one character of some ranges in the spelling that the texts have.
	Char func(ranges []rules.Range) rules.Expr
	// Any is every text in that spelling.
	Any rules.Expr
}

// Search returns the texts in which a pattern is found, as JSON schema asks for it: only
// the anchors bind the pattern to the ends of a text. Its errors are [*SyntaxError].
func (c *Compiler) Search(pattern string) (rules.Expr, error) {
	e, err := parse(pattern)
	if err != nil {
		return rules.Expr{}, err
	}
	// The match begins at the start or behind it. Only the first can tell when the
	// pattern asks where it is.
	found, err := c.match(e, true, c.Any)
	if err != nil {
		return rules.Expr{}, err
	}
	if onlyAtStart(e) {
		return found, nil
	}
	if !startBound(e) {
		return c.Builder.Concat(c.Any, found), nil
	}
	later, err := c.match(e, false, c.Any)
	char := c.Char([]rules.Range{{Lo: 0, Hi: maxRune}})
	return c.Builder.Or(found, c.Builder.Concat(char, c.Any, later)), err
}

const maxRune = 0x10FFFF

// onlyAtStart reports whether a pattern begins with ^ in each of its ways.
func onlyAtStart(e expr) bool {
	switch e := e.(type) {
	case atStart:
		return true
	case sequence:
		return len(e.parts) > 0 && onlyAtStart(e.parts[0])
	case choice:
		for _, p := range e.parts {
			if !onlyAtStart(p) {
				return false
			}
		}
		return true
	}
	return false
}

// match returns the texts that begin with e and go on with rest, which is all to the end
// of the text; so can assertions about what follows be met. start says whether the
// text before is empty.
func (c *Compiler) match(e expr, start bool, rest rules.Expr) (rules.Expr, error) {
	b := c.Builder
	switch e := e.(type) {
	case class:
		return b.Concat(c.Char(e.ranges), rest), nil
	case atStart:
		if start {
			return rest, nil
		}
		return b.Nothing(), nil
	case atEnd:
		return b.And(rest, b.Empty()), nil
	case look:
		ahead, err := c.match(e.part, start, c.Any)
		if e.not {
			ahead = b.Not(ahead)
		}
		return b.And(rest, ahead), err
	case choice:
		var all []rules.Expr
		for _, p := range e.parts {
			m, err := c.match(p, start, rest)
			if err != nil {
				return rules.Expr{}, err
			}
			all = append(all, m)
		}
		return b.Or(all...), nil
	case sequence:
		return c.sequence(e.parts, start, rest)
	case repeat:
		return c.repeat(e, start, rest)
	}
	return rules.Expr{}, nil
}

func (c *Compiler) sequence(parts []expr, start bool, rest rules.Expr) (rules.Expr, error) {
	// Where each part begins has to be known before those behind it are made.
	starts := make([]bool, len(parts))
	for i, p := range parts {
		starts[i] = start
		if !start {
			continue
		}
		empty, more := widths(p)
		if more {
			start = false
		}
		if more && empty && startBound(sequence{parts[i+1:]}) {
			return rules.Expr{}, &SyntaxError{Problem: "the anchor ^ behind what can be empty is not supported", Unsupported: true}
		}
	}
	var err error
	for i := len(parts) - 1; i >= 0 && err == nil; i-- {
		rest, err = c.match(parts[i], starts[i], rest)
	}
	return rest, err
}

func (c *Compiler) repeat(e repeat, start bool, rest rules.Expr) (rules.Expr, error) {
	b := c.Builder
	if !asserts(e.part) {
		part, err := c.match(e.part, false, b.Empty())
		return b.Concat(b.Repeat(part, e.min, e.max), rest), err
	}
	// An assertion looks at what follows the repetition, so that each turn is different.
	if e.max < 0 || e.max > 1 {
		return rules.Expr{}, &SyntaxError{Problem: "an assertion in a repetition is not supported", Unsupported: true}
	}
	if e.max == 0 {
		return rest, nil
	}
	once, err := c.match(e.part, start, rest)
	if e.min == 0 {
		once = b.Or(once, rest)
	}
	return once, err
}
