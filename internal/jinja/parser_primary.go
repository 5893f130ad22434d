package jinja

import (
	"math/big"
	"strconv"
	"strings"
)

// primary parses what stands by itself. True, False and None count in both
// spellings; the names varargs, kwargs and caller are noted for the macro
// around. Strings that stand one behind another are one.
//
// In jinja2 this is Parser.parse_primary, with the names in both spellings since
// jinja2 2.
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
		return p.adjacentStrings(t), nil
	case tokInt:
		return wholeNumber(t)
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

// adjacentStrings joins the strings that follow one another, as Python does.
func (p *parser) adjacentStrings(t token) expr {
	if p.peek().kind != tokString {
		return &constant{t.pos, t.text}
	}
	var b strings.Builder
	b.WriteString(t.text)
	for p.peek().kind == tokString {
		b.WriteString(p.next().text)
	}
	return &constant{t.pos, b.String()}
}

// wholeNumber reads digits with a prefix such as 0x and with underscores. What is
// longer than 64 bits is kept as it is, to be written and compared.
func wholeNumber(t token) (expr, error) {
	digits := strings.ReplaceAll(t.text, "_", "")
	// Reading the digits takes the square of their number.
	if len(digits) > maxNumber {
		return nil, t.pos.at(fail(LimitError, "a number has more than %d digits", maxNumber))
	}
	if v, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return &constant{t.pos, v}, nil
	}
	if v, ok := new(big.Int).SetString(digits, 0); ok {
		return &constant{t.pos, v}, nil
	}
	return nil, t.pos.at(fail(SyntaxError, "bad number %s", t.text))
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
//
// In jinja2 this is Parser.parse_postfix and parse_subscript. A chain of them is a
// loop here, and the tree that it makes is deep: evaluation counts its depth.
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
	case 1:
		return items[0], nil
	}
	return &listExpr{at, items, true}, nil
}

// sliceOrIndex parses one of them: a colon anywhere makes a slice, each part of
// which may be missing.
//
// In jinja2 this is Parser.parse_subscribed.
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
