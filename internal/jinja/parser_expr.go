package jinja

import (
	"slices"
)

// tuple parses an expression, or several with commas between them. In a for the
// conditional expression is left to the loop, and stop is a word that ends it;
// parenthesized allows an empty tuple. Without brackets a tuple is allowed
// where jinja2 allows one: in an output, a set, a for and an if.
//
// In jinja2 this is Parser.parse_tuple.
func (p *parser) tuple(conditional, parenthesized bool, stop string) (expr, error) {
	at := p.peek().pos
	var items []expr
	commas := false
	for {
		t := p.peek()
		end := t.kind == tokVarEnd || t.kind == tokBlockEnd || p.isOp(")") || stop != "" && p.isName(stop)
		if end {
			break
		}
		e, err := p.expression(conditional)
		if err != nil {
			return nil, err
		}
		items = append(items, e)
		if !p.skipOp(",") {
			break
		}
		commas = true
	}
	// One expression without a comma is itself and no tuple; nothing at all is
	// the empty tuple, where that is allowed.
	if !commas {
		if len(items) == 1 {
			return items[0], nil
		}
		if !parenthesized {
			return nil, p.fail("expected an expression, got '%s'", p.peek().text)
		}
	}
	return &listExpr{at, items, true}, nil
}

// The rules bind ever tighter from here down: if, or, and, not, comparison,
// sum, join, product, power, sign. They are those of jinja2, which differ from
// Python's in two places: ~ stands between sum and product, and powers group to
// the left.
func (p *parser) expression(conditional bool) (expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	named := len(p.unknown)
	left, err := p.or()
	if !conditional {
		return left, err
	}
	for err == nil && p.isName("if") {
		c := &condExpr{pos: p.next().pos, then: left}
		if c.test, err = p.or(); err != nil {
			return nil, err
		}
		if p.skipName("else") {
			c.otherwise, err = p.expression(true)
		}
		left = c
		// What stands in a conditional expression may never be reached.
		p.unknown = p.unknown[:named]
	}
	return left, err
}

// or and and group to the left; not binds looser than a comparison, so that
// `not a in b` asks for what its reader expects.
func (p *parser) or() (expr, error) {
	left, err := p.and()
	for err == nil && p.isName("or") {
		n := &logicExpr{pos: p.next().pos, left: left}
		n.right, err = p.and()
		left = n
	}
	return left, err
}

// and is or for the operator that binds tighter.
func (p *parser) and() (expr, error) {
	left, err := p.not()
	for err == nil && p.isName("and") {
		n := &logicExpr{pos: p.next().pos, and: true, left: left}
		n.right, err = p.not()
		left = n
	}
	return left, err
}

// not parses any number of nots. Each counts as a level, for it is a call here and
// a node in the tree.
func (p *parser) not() (expr, error) {
	if !p.isName("not") {
		return p.compare()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	n := &notExpr{pos: p.next().pos}
	var err error
	n.operand, err = p.not()
	return n, err
}

// comparisons are the operators that compare, beside those that are words.
var comparisons = []string{"==", "!=", "<", "<=", ">", ">="}

// compare parses a chain. Tests with is do not belong to it: they are read with
// the filters, and so bind tighter than all operators.
//
// In jinja2 this is Parser.parse_compare. `not in` is the only operator of two
// words.
func (p *parser) compare() (expr, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	c := &compareExpr{pos: p.peek().pos, left: left}
	for {
		op := ""
		t := p.peek()
		switch {
		case t.kind == tokOp && slices.Contains(comparisons, t.text):
			op = t.text
			p.at++
		case p.skipName("in"):
			op = "in"
		case p.isName("not") && p.tokens[min(p.at+1, len(p.tokens)-1)].text == "in":
			op = "not in"
			p.at += 2
		default:
			if len(c.ops) == 0 {
				return left, nil
			}
			return c, nil
		}
		right, err := p.sum()
		if err != nil {
			return nil, err
		}
		c.ops = append(c.ops, comparison{op, right})
	}
}

// binary parses a chain of operators that group to the left.
func (p *parser) binary(operand func() (expr, error), ops ...string) (expr, error) {
	left, err := operand()
	for err == nil {
		op := ""
		for _, o := range ops {
			if p.isOp(o) {
				op = o
			}
		}
		if op == "" {
			break
		}
		n := &binaryExpr{pos: p.next().pos, op: op, left: left}
		n.right, err = operand()
		left = n
	}
	return left, err
}

// sum and product are the levels of the two kinds of arithmetic, each from the
// left.
func (p *parser) sum() (expr, error) { return p.binary(p.concat, "+", "-") }

func (p *parser) product() (expr, error) { return p.binary(p.power, "*", "/", "//", "%") }

// power parses powers, whose operands take filters: -3|abs is the filter of -3
// here, and in jinja2.
func (p *parser) power() (expr, error) {
	return p.binary(func() (expr, error) { return p.unary(true) }, "**")
}

// concat collects the parts of a chain of ~ in one node.
//
// In jinja2 this is Parser.parse_concat, which stands between parse_math1 and
// parse_math2.
func (p *parser) concat() (expr, error) {
	first, err := p.product()
	if err != nil || !p.isOp("~") {
		return first, err
	}
	n := &concatExpr{pos: p.peek().pos, parts: []expr{first}}
	for p.skipOp("~") {
		part, err := p.product()
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, part)
	}
	n.escaping = concatEscaping(p.escaping, n.parts)
	return n, nil
}

// unary parses a sign and its operand. Filters are read behind the outermost
// sign only.
//
// In jinja2 this is Parser.parse_unary, which calls itself with with_filter=False
// behind a sign. So -1|abs is the filter of -1, and - 1|abs too.
func (p *parser) unary(filters bool) (expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var e expr
	var err error
	if p.isOp("-") || p.isOp("+") {
		t := p.next()
		n := &unaryExpr{pos: t.pos, op: t.text}
		n.operand, err = p.unary(false)
		e = n
	} else {
		e, err = p.primary()
	}
	if err == nil {
		e, err = p.postfix(e)
	}
	if err == nil && filters {
		e, err = p.filters(e, false)
	}
	return e, err
}
