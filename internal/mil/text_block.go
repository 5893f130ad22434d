package mil

import "unsafe"

// parameters reads the parameters of a function or a block.
func (p *textParser) parameters() (list []*Value, err error) {
	err = p.listed('(', ')', func() error {
		start := p.tok.start
		v, err := p.declaration()
		if err != nil {
			return err
		}
		list = append(list, v)
		return p.define(start, v)
	})
	return list, err
}

// declaration reads a type and a name.
func (p *textParser) declaration() (v *Value, err error) {
	if err := p.spend(valueSize); err != nil {
		return nil, err
	}
	v = &Value{}
	if v.Type, err = p.readType(0); err != nil {
		return nil, err
	}
	v.Name, err = p.name()
	return v, err
}

// define enters a value into the scope, in which each name has one meaning.
func (p *textParser) define(place int, v *Value) error {
	if v.Name == "" {
		return p.at(place, bad(ErrStructure, "value without a name"))
	}
	if p.scope[v.Name] != nil {
		return p.at(place, bad(ErrDuplicate, "value %s", Quote(v.Name)))
	}
	p.scope[v.Name] = v
	return nil
}

// body reads the operations of a block and its results, and takes what it defines out of
// the scope again.
func (p *textParser) body(b *Block) error {
	if p.depth++; p.depth > maxTextBlocks {
		return p.wrong(ErrStructure, "blocks are nested more than %d deep", maxTextBlocks)
	}
	defer func() { p.depth-- }()
	if err := p.skip('{'); err != nil {
		return err
	}
	for p.tok.kind != '}' {
		if err := ended(p.ctx, len(p.ops)); err != nil {
			return err
		}
		op, err := p.readOp()
		if err != nil {
			return err
		}
		b.Ops = append(b.Ops, op)
	}
	if err := p.next(); err != nil {
		return err
	}
	if err := p.skip(textArrow); err != nil {
		return err
	}
	err := p.listed('(', ')', func() error {
		v, err := p.use("block output")
		b.Outputs = append(b.Outputs, v)
		return err
	})
	for _, op := range b.Ops {
		for _, v := range op.Outputs {
			delete(p.scope, v.Name)
		}
	}
	return err
}

// use reads the name of a value that is defined.
func (p *textParser) use(what string) (*Value, error) {
	start := p.tok.start
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	v := p.scope[name]
	if v == nil {
		return nil, p.at(start, bad(ErrUndefined, "%s %s", what, Quote(name)))
	}
	return v, p.spend(int(unsafe.Sizeof(v)))
}
