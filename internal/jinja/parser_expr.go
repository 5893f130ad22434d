package jinja

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// tuple parses an expression, or several with commas between them. In a for the
// conditional expression is left to the loop, and stop is a word that ends it;
// parenthesized allows an empty tuple. Without brackets a tuple is allowed
// where jinja2 allows one: in an output, a set, a for and an if.
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

func (p *parser) and() (expr, error) {
	left, err := p.not()
	for err == nil && p.isName("and") {
		n := &logicExpr{pos: p.next().pos, and: true, left: left}
		n.right, err = p.not()
		left = n
	}
	return left, err
}

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
	return n, nil
}

// unary parses a sign and its operand. Filters are read behind the outermost
// sign only.
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

// primary parses what stands by itself. True, False and None count in both
// spellings; the names varargs, kwargs and caller are noted for the macro
// around. Strings that stand one behind another are one.
func (p *parser) primary() (expr, error) {
	t := p.peek()
	p.next()
	switch t.kind {
	case tokName:
		switch t.text {
		case "true", "True":
			return &constant{t.pos, true}, nil
		case "false", "False":
			return &constant{t.pos, false}, nil
		case "none", "None":
			return &constant{t.pos, nil}, nil
		case "varargs":
			p.varargs = true
		case "kwargs":
			p.kwargs = true
		case "caller":
			p.caller = true
		}
		return &name{t.pos, t.text}, nil
	case tokString:
		text := t.text
		if p.peek().kind == tokString {
			var b strings.Builder
			b.WriteString(text)
			for p.peek().kind == tokString {
				b.WriteString(p.next().text)
			}
			text = b.String()
		}
		return &constant{t.pos, text}, nil
	case tokInt:
		digits := strings.ReplaceAll(t.text, "_", "")
		// Reading the digits takes the square of their number.
		if len(digits) > maxNumber {
			return nil, t.pos.at(fail(LimitError, "a number has more than %d digits", maxNumber))
		}
		v, err := strconv.ParseInt(digits, 0, 64)
		if err != nil {
			if big, ok := new(big.Int).SetString(digits, 0); ok {
				return &constant{t.pos, big}, nil
			}
			return nil, t.pos.at(fail(SyntaxError, "bad number %s", t.text))
		}
		return &constant{t.pos, v}, nil
	case tokFloat:
		v, err := strconv.ParseFloat(strings.ReplaceAll(t.text, "_", ""), 64)
		if err != nil && v == 0 {
			return nil, t.pos.at(fail(SyntaxError, "bad number %s", t.text))
		}
		return &constant{t.pos, v}, nil
	// Brackets begin a value; any other operator here lacks its left side.
	case tokOp:
		switch t.text {
		case "(":
			e, err := p.tuple(true, true, "")
			if err != nil {
				return nil, err
			}
			return e, p.expectOp(")")
		case "[":
			return p.list(t.pos)
		case "{":
			return p.dict(t.pos)
		}
	}
	p.at = max(p.at-1, 0)
	return nil, p.unexpected()
}

// list and dict parse what stands in brackets; a comma before the closing one
// is allowed.
func (p *parser) list(at pos) (expr, error) {
	n := &listExpr{pos: at}
	for !p.skipOp("]") {
		if len(n.items) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
			if p.skipOp("]") {
				break
			}
		}
		e, err := p.expression(true)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, e)
	}
	return n, nil
}

// dict keeps the order of the keys. They may be any expressions: a name without
// quotes is a variable, as in Python.
func (p *parser) dict(at pos) (expr, error) {
	n := &dictExpr{pos: at}
	for !p.skipOp("}") {
		if len(n.keys) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
			if p.skipOp("}") {
				break
			}
		}
		key, err := p.expression(true)
		if err != nil {
			return nil, err
		}
		if err := p.expectOp(":"); err != nil {
			return nil, err
		}
		value, err := p.expression(true)
		if err != nil {
			return nil, err
		}
		n.keys = append(n.keys, key)
		n.values = append(n.values, value)
	}
	return n, nil
}

// postfix parses attributes, subscripts and calls. A number behind a dot reads
// an item: a.0 is a[0].
func (p *parser) postfix(e expr) (expr, error) {
	for {
		t := p.peek()
		if t.kind != tokOp {
			return e, nil
		}
		switch t.text {
		case ".":
			p.at++
			attr := p.next()
			switch attr.kind {
			case tokName:
				e = &attrExpr{t.pos, e, attr.text}
			case tokInt:
				i, err := strconv.ParseInt(attr.text, 10, 64)
				if err != nil {
					return nil, attr.pos.at(fail(SyntaxError, "bad index %s", attr.text))
				}
				e = &itemExpr{t.pos, e, &constant{attr.pos, i}}
			default:
				return nil, attr.pos.at(fail(SyntaxError, "expected name or number"))
			}
		case "[":
			p.at++
			key, err := p.subscript()
			if err != nil {
				return nil, err
			}
			e = &itemExpr{t.pos, e, key}
		case "(":
			args, err := p.arguments()
			if err != nil {
				return nil, err
			}
			e = &callExpr{t.pos, e, args}
		default:
			return e, nil
		}
	}
}

// subscript parses what stands between brackets. Several subscripts with commas
// are a tuple, which can be the key of a mapping.
func (p *parser) subscript() (expr, error) {
	at := p.peek().pos
	var items []expr
	for !p.skipOp("]") {
		if len(items) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		e, err := p.sliceOrIndex()
		if err != nil {
			return nil, err
		}
		items = append(items, e)
	}
	switch len(items) {
	case 0:
		return nil, at.at(fail(SyntaxError, "expected an expression, got ']'"))
	case 1:
		return items[0], nil
	}
	return &listExpr{at, items, true}, nil
}

// sliceOrIndex parses one of them: a colon anywhere makes a slice, each part of
// which may be missing.
func (p *parser) sliceOrIndex() (expr, error) {
	s := &sliceExpr{pos: p.peek().pos}
	var err error
	if !p.isOp(":") {
		if s.start, err = p.expression(true); err != nil || !p.isOp(":") {
			return s.start, err
		}
	}
	for _, part := range []*expr{&s.stop, &s.step} {
		if !p.skipOp(":") {
			break
		}
		if p.isOp(":") || p.isOp("]") || p.isOp(",") {
			continue
		}
		if *part, err = p.expression(true); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// arguments parses the arguments of a call with its parentheses.
func (p *parser) arguments() (callArgs, error) {
	var a callArgs
	if err := p.expectOp("("); err != nil {
		return a, err
	}
	for first := true; !p.skipOp(")"); first = false {
		if !first {
			if err := p.expectOp(","); err != nil {
				return a, err
			}
			if p.skipOp(")") {
				break
			}
		}
		if err := p.argument(&a); err != nil {
			return a, err
		}
	}
	return a, nil
}

// maxNamed bounds the keyword arguments that are written in a call, because each
// is compared with those before it.
const maxNamed = 1000

// argument parses one argument. Positions come before names, and *args and
// **kwargs last; jinja2 allows names behind *args only.
func (p *parser) argument(a *callArgs) error {
	var err error
	t := p.peek()
	switch {
	case p.skipOp("*"):
		if a.dynamic != nil || a.dynNamed != nil {
			return p.fail("invalid syntax for function call expression")
		}
		a.dynamic, err = p.expression(true)
		return err
	case p.skipOp("**"):
		if a.dynNamed != nil {
			return p.fail("invalid syntax for function call expression")
		}
		a.dynNamed, err = p.expression(true)
		return err
	}
	after := p.tokens[min(p.at+1, len(p.tokens)-1)]
	if t.kind == tokName && after.kind == tokOp && after.text == "=" {
		p.at += 2
		if len(a.names) >= maxNamed {
			return t.pos.at(fail(LimitError, "a call has more than %d keyword arguments", maxNamed))
		}
		if slices.Contains(a.names, t.text) {
			return t.pos.at(fail(SyntaxError, "keyword argument repeated: %s", t.text))
		}
		value, err := p.expression(true)
		a.names = append(a.names, t.text)
		a.named = append(a.named, value)
		return err
	}
	if len(a.names) > 0 || a.dynamic != nil || a.dynNamed != nil {
		return p.fail("invalid syntax for function call expression")
	}
	value, err := p.expression(true)
	a.positional = append(a.positional, value)
	return err
}

// filters parses filters, tests and calls that follow a value. A filter block
// begins with the name of the first filter, without a bar. Calls are among them
// because a filter may return a function: x|attr('upper')().
func (p *parser) filters(e expr, block bool) (expr, error) {
	for {
		t := p.peek()
		switch {
		case block || p.isOp("|"):
			if !block {
				p.at++
			}
			block = false
			id, err := p.dottedName()
			if err != nil {
				return nil, err
			}
			p.note("filter", id, filters[id] != nil, t.pos)
			f := &filterExpr{pos: t.pos, object: e, name: id}
			if p.isOp("(") {
				if f.args, err = p.arguments(); err != nil {
					return nil, err
				}
			}
			e = f
		case e != nil && p.isName("is"):
			p.at++
			var err error
			if e, err = p.test(e, t.pos); err != nil {
				return nil, err
			}
		case e != nil && p.isOp("("):
			args, err := p.arguments()
			if err != nil {
				return nil, err
			}
			e = &callExpr{t.pos, e, args}
		default:
			return e, nil
		}
	}
}

// dottedName parses the name of a filter or a test, which may have dots in it;
// the built-in ones have none.
func (p *parser) dottedName() (string, error) {
	id, err := p.expectName()
	for err == nil && p.skipOp(".") {
		var part string
		part, err = p.expectName()
		if id += "." + part; len(id) > maxName {
			return "", p.peek().pos.at(fail(LimitError, "a name is longer than %d bytes", maxName))
		}
	}
	return id, err
}

// test parses a test behind the word is. A test takes one argument without
// brackets, as `is divisibleby 3`, unless what follows is a word that goes on
// with the expression. `is not` is the opposite of the whole test.
func (p *parser) test(e expr, at pos) (expr, error) {
	negated := p.skipName("not")
	id, err := p.dottedName()
	if err != nil {
		return nil, err
	}
	p.note("test", id, tests[id] != nil, at)
	n := &testExpr{pos: at, object: e, name: id}
	next := p.peek()
	switch {
	case p.isOp("("):
		if n.args, err = p.arguments(); err != nil {
			return nil, err
		}
	case next.kind == tokName && !p.isName("else", "or", "and") || next.kind == tokString ||
		next.kind == tokInt || next.kind == tokFloat || p.isOp("[") || p.isOp("{"):
		if p.isName("is") {
			return nil, p.fail("You cannot chain multiple tests with is")
		}
		// Only what binds tightest: x is eq 1 + 1 adds to the result of the
		// test.
		arg, err := p.primary()
		if err != nil {
			return nil, err
		}
		if arg, err = p.postfix(arg); err != nil {
			return nil, err
		}
		n.args.positional = []expr{arg}
	}
	if negated {
		return &notExpr{at, n}, nil
	}
	return n, nil
}
