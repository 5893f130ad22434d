package mil

import (
	"slices"
	"strings"
)

// readOp reads an operation. Its results are entered into the scope last: neither it nor
// a block inside of it can use them.
func (p *textParser) readOp() (*Op, error) {
	if err := p.spend(opSize); err != nil {
		return nil, err
	}
	op := &Op{}
	start := p.tok.start
	p.ops = append(p.ops, placedOp{op, start})
	if err := p.results(op); err != nil {
		return nil, err
	}
	place := p.tok.start
	var err error
	if op.Type, err = p.name(); err != nil {
		return nil, err
	}
	if op.Type == "" {
		return nil, p.at(place, bad(ErrStructure, "operation without a type"))
	}
	if op.Opset, err = p.ownOpset(place, op); err != nil {
		return nil, err
	}
	if op.Inputs, err = p.arguments(); err != nil {
		return nil, err
	}
	val, err := p.opAttributes(op)
	if err != nil {
		return nil, err
	}
	if err := p.sortInputs(place, op); err != nil {
		return nil, err
	}
	if err := p.blocks(op); err != nil {
		return nil, err
	}
	if op.Type == "const" {
		if err := p.constant(place, op, val); err != nil {
			return nil, err
		}
	}
	for _, v := range op.Outputs {
		if err := p.define(start, v); err != nil {
			return nil, err
		}
	}
	return op, p.skip(';')
}

// results reads what an operation gives, where it gives something: the types and names
// before the equals sign. A name of a type that a parenthesis follows is an operator's.
func (p *textParser) results(op *Op) error {
	if !p.isType() {
		return nil
	}
	after := p.lexer
	if err := after.next(); err != nil {
		return err
	}
	if after.tok.kind == '(' {
		return nil
	}
	for {
		v, err := p.declaration()
		if err != nil {
			return err
		}
		v.Producer = op
		op.Outputs = append(op.Outputs, v)
		if more, err := p.got(','); err != nil || !more {
			if err == nil {
				err = p.skip('=')
			}
			return err
		}
	}
}

// ownOpset reads the operator set behind an operator's name; empty where it is the
// function's. What is taken for the operator may be a type that nobody knows.
func (p *textParser) ownOpset(place int, op *Op) (string, error) {
	after := p.lexer
	if p.tok.kind == '<' {
		if err := after.next(); err != nil {
			return "", err
		}
	}
	if len(op.Outputs) == 0 && (p.tok.kind == textName || after.isType()) {
		return "", p.at(place, bad(ErrType, "%s is no type", Plain(op.Type)))
	}
	if p.tok.kind != '<' {
		return "", nil
	}
	set, err := p.operatorSet()
	if set == p.opset {
		set = ""
	}
	return set, err
}

// arguments reads the operands in parentheses.
func (p *textParser) arguments() (list []Argument, err error) {
	err = p.listed('(', ')', func() error {
		if err := p.spend(argSize); err != nil {
			return err
		}
		var a Argument
		start := p.tok.start
		if a.Name, err = p.name(); err != nil {
			return err
		}
		if a.Name == "" {
			return p.at(start, bad(ErrStructure, "operand without a name"))
		}
		if err := p.skip('='); err != nil {
			return err
		}
		if p.tok.kind != '(' {
			v, err := p.operand(a.Name)
			a.Values = []*Value{v}
			list = append(list, a)
			return err
		}
		err := p.listed('(', ')', func() error {
			v, err := p.operand(a.Name)
			a.Values = append(a.Values, v)
			return err
		})
		list = append(list, a)
		return err
	})
	return list, err
}

// operand reads a value in its place, or the name of one. A type's name is a value's where
// nothing follows that a type could have.
func (p *textParser) operand(name string) (*Value, error) {
	if p.isType() {
		after := p.lexer
		if err := after.next(); err != nil {
			return nil, err
		}
		if after.tok.kind == '(' || after.tok.kind == '<' {
			return p.inline()
		}
	}
	return p.use("operand " + Plain(name))
}

// inline makes a value without a name of one that stands in its place.
func (p *textParser) inline() (*Value, error) {
	if err := p.spend(valueSize + constSize); err != nil {
		return nil, err
	}
	t, c, err := p.readValue()
	return &Value{Type: t, Const: c}, err
}

// opAttributes reads the attributes of an operation: its name, the value of a const, and
// the operands of a constexpr operator. What else there is has no meaning for a
// computation.
func (p *textParser) opAttributes(op *Op) (val *Value, err error) {
	if len(op.Outputs) > 0 {
		op.Name = op.Outputs[0].Name
	}
	err = p.eachAttribute(func(key string) error {
		switch {
		case key == "name":
			v, err := p.inline()
			if err != nil {
				return err
			}
			if name, err := v.Const.Text(); err == nil {
				op.Name = name
			}
		case key == "val" && op.Type == "const":
			val, err = p.inline()
		case strings.HasPrefix(op.Type, "constexpr_"):
			v, err := p.inline()
			if err != nil {
				return err
			}
			op.Inputs = append(op.Inputs, Argument{Name: key, Values: []*Value{v}})
			return p.spend(argSize)
		default:
			return p.passOver()
		}
		return err
	})
	return val, err
}

// sortInputs puts the operands in the order of their names, of which each is there once.
func (p *textParser) sortInputs(place int, op *Op) error {
	sortArguments(op.Inputs)
	for i := 1; i < len(op.Inputs); i++ {
		if op.Inputs[i].Name == op.Inputs[i-1].Name {
			return p.at(place, bad(ErrDuplicate, "operand %s", Plain(op.Inputs[i].Name)))
		}
	}
	return nil
}

// blocks reads the nested blocks of control flow.
func (p *textParser) blocks(op *Op) error {
	for p.tok.kind == '(' {
		if err := p.spend(opSize); err != nil {
			return err
		}
		b := &Block{}
		var err error
		if b.Inputs, err = p.parameters(); err != nil {
			return err
		}
		if err := p.body(b); err != nil {
			return err
		}
		for _, v := range b.Inputs {
			delete(p.scope, v.Name)
		}
		op.Blocks = append(op.Blocks, b)
	}
	return nil
}

// constant gives the result of a const its value, which is the attribute val or an
// operand of that name.
func (p *textParser) constant(place int, op *Op, val *Value) error {
	if len(op.Outputs) != 1 {
		return p.at(place, bad(ErrStructure, "const has %d outputs", len(op.Outputs)))
	}
	if val == nil {
		val = op.Input("val")
	}
	if val == nil || val.Const == nil {
		return p.at(place, bad(ErrConst, "const has no val"))
	}
	op.Inputs = nil
	op.Outputs[0].Const = val.Const
	return nil
}

// textOpset is the name of an operator set in a text.
func textOpset(set string) string {
	for name, s := range textOpsets {
		if s == set {
			return name
		}
	}
	return nameText(set)
}

// nameText is a name as the text has it: an identifier as it is, and anything else as a
// string. So is the name of an operator that a type has too.
func nameText(s string) string {
	if s == "" || isDigit(s[0]) || slices.ContainsFunc([]byte(s), func(c byte) bool { return !isWord(c) }) {
		return stringText(s)
	}
	return s
}
