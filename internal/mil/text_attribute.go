package mil

import "github.com/gocoreml/coreml/internal/dtype"

// maxLiteral bounds how deeply the brackets of what is passed over are nested.
const maxLiteral = 64

// eachAttribute reads the attributes in brackets behind a program, a function or an
// operation, where there are any: read reads the value of each.
func (p *textParser) eachAttribute(read func(key string) error) error {
	if p.tok.kind != '[' {
		return nil
	}
	seen := map[string]bool{}
	return p.listed('[', ']', func() error {
		start := p.tok.start
		key, err := p.name()
		if err != nil {
			return err
		}
		if seen[key] {
			return p.at(start, bad(ErrDuplicate, "attribute %s", Plain(key)))
		}
		seen[key] = true
		if err := p.skip('='); err != nil {
			return err
		}
		return read(key)
	})
}

// passOver reads a value that nobody asks for.
func (p *textParser) passOver() error {
	if _, err := p.readType(0); err != nil {
		return err
	}
	if err := p.skip('('); err != nil {
		return err
	}
	return p.balanced(')')
}

// closingOf is the bracket that ends what another begins, textEnd for what is none.
func closingOf(open textKind) textKind {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	}
	return textEnd
}

// balanced goes past what stands before the bracket that ends it, and past that.
func (p *textParser) balanced(closing textKind) error {
	stack := []textKind{closing}
	for len(stack) > 0 {
		switch kind := p.tok.kind; kind {
		case textEnd:
			return p.expected(kindName(stack[len(stack)-1]))
		case '(', '[', '{':
			if len(stack) == maxLiteral {
				return p.wrong(ErrText, "brackets are nested more than %d deep", maxLiteral)
			}
			stack = append(stack, closingOf(kind))
		case ')', ']', '}':
			if kind != stack[len(stack)-1] {
				return p.expected(kindName(stack[len(stack)-1]))
			}
			stack = stack[:len(stack)-1]
		}
		if err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// programAttributes reads the attributes of a program: strings and dictionaries of
// strings, as stringAttributes keeps them. Others are passed over.
func (p *textParser) programAttributes(out map[string]string) error {
	return p.eachAttribute(func(key string) error {
		t, err := p.readType(0)
		if err != nil {
			return err
		}
		if err := p.skip('('); err != nil {
			return err
		}
		switch {
		case t.Kind == Tensor && p.tok.kind == textString:
			if out[key], err = p.string(); err != nil {
				return err
			}
			return p.skip(')')
		case t.Kind == Dictionary && t.DType == dtype.String && p.tok.kind == '{':
			if err := p.stringPairs(key, out); err != nil {
				return err
			}
			return p.skip(')')
		}
		return p.balanced(')')
	})
}

// stringPairs reads the entries of a dictionary that are two strings.
func (p *textParser) stringPairs(name string, out map[string]string) error {
	return p.listed('{', '}', func() error {
		if err := p.skip('{'); err != nil {
			return err
		}
		if p.tok.kind != textString {
			return p.balanced('}')
		}
		key, err := p.string()
		if err != nil {
			return err
		}
		if err := p.skip(','); err != nil {
			return err
		}
		if p.tok.kind != textString {
			return p.balanced('}')
		}
		if out[name+"."+key], err = p.string(); err != nil {
			return err
		}
		return p.skip('}')
	})
}
