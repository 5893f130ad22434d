package jinja

import (
	"fmt"
	"math/big"
	"unicode"
	"unicode/utf8"
)

// str is Python's str(). It differs from repr in text only, which is written as
// it is, and in what is undefined, which writes nothing.
//
// str is what an expression in a template writes, and the filters that take any
// value as text.
func (in *interp) str(v Value) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case markup:
		return string(v), nil
	case *undefined:
		return "", nil
	case nil, bool, int64, float64:
		return simpleText(v), nil
	case *big.Int:
		if err := in.payBig(v); err != nil {
			return "", err
		}
		return simpleText(v), nil
	}
	return in.repr(v)
}

// repr is Python's repr(). This is what a list or a mapping looks like in a
// prompt when a template forgets tojson: single quotes, None and True. Models
// were trained on those prompts too, so they have to be right to the byte.
func (in *interp) repr(v Value) (string, error) {
	b := builder{in: in}
	if err := in.appendRepr(&b, v, 0); err != nil {
		return "", err
	}
	return b.text()
}

// appendRepr writes a value into b. Each value in it costs a step, however often it
// is there: a list that holds another twice, which holds another twice, has no
// bound but the budget.
func (in *interp) appendRepr(b *builder, v Value, depth int) error {
	// Values cannot contain themselves, as nothing in a template changes one,
	// but they can be nested by a loop.
	if depth > maxNesting {
		return fail(LimitError, "a value is nested too deeply")
	}
	if err := in.spend(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case *undefined:
		return b.write("Undefined")
	case nil, bool, int64, float64, *big.Int:
		text, err := in.str(v)
		if err != nil {
			return err
		}
		return b.write(text)
	case string:
		return in.quote(b, v)
	case markup:
		if err := b.write("Markup("); err != nil {
			return err
		}
		if err := in.quote(b, string(v)); err != nil {
			return err
		}
		return b.write(")")
	case *List:
		return in.reprItems(b, v.Items, v.tuple, depth)
	case *Dict:
		return in.reprDict(b, v, depth)
	case *namespace:
		if err := b.write("<Namespace "); err != nil {
			return err
		}
		if err := in.reprDict(b, v.vars, depth); err != nil {
			return err
		}
		return b.write(">")
	case *view:
		items, err := in.viewItems(v)
		if err != nil {
			return err
		}
		if err := b.write("dict_" + v.kind + "("); err != nil {
			return err
		}
		if err := in.reprItems(b, items, false, depth); err != nil {
			return err
		}
		return b.write(")")
	case rangeValue:
		step := ""
		if v.step != 1 {
			step = fmt.Sprintf(", %d", v.step)
		}
		return b.write(fmt.Sprintf("range(%d, %d%s)", v.start, v.stop, step))
	case *macro:
		return b.write("<Macro " + v.def.label("anonymous") + ">")
	case *function:
		if class := classNames[v.name]; class != "" {
			return b.write(class)
		}
		return b.write("<function " + v.name + ">")
	}
	// Python adds the address in memory, which no prompt should have.
	return b.write("<" + typeName(v) + " object>")
}

// classNames are what the globals look like that are classes in Python, and the one
// that stands for the template.
var classNames = map[string]string{
	"dict": "<class 'dict'>", "namespace": "<class 'jinja2.utils.Namespace'>", "joiner": "<class 'jinja2.utils.Joiner'>",
	"cycler": "<class 'jinja2.utils.Cycler'>", "self": "<TemplateReference None>",
}

// reprItems writes a list or a tuple. A tuple of one item has a comma, without
// which it would be read as brackets around a value.
func (in *interp) reprItems(b *builder, items []Value, tuple bool, depth int) error {
	open, end := "[", "]"
	if tuple {
		open, end = "(", ")"
		if len(items) == 1 {
			end = ",)"
		}
	}
	if err := b.write(open); err != nil {
		return err
	}
	for i, item := range items {
		if i > 0 {
			if err := b.write(", "); err != nil {
				return err
			}
		}
		if err := in.appendRepr(b, item, depth+1); err != nil {
			return err
		}
	}
	return b.write(end)
}

// reprDict writes a mapping, in the order of its keys.
func (in *interp) reprDict(b *builder, d *Dict, depth int) error {
	if err := b.write("{"); err != nil {
		return err
	}
	for i, k := range d.keys {
		if i > 0 {
			if err := b.write(", "); err != nil {
				return err
			}
		}
		if err := in.appendRepr(b, k, depth+1); err != nil {
			return err
		}
		if err := b.write(": "); err != nil {
			return err
		}
		if err := in.appendRepr(b, d.vals[i], depth+1); err != nil {
			return err
		}
	}
	return b.write("}")
}

// escaped writes s with escape for the characters that are not written as they
// are. Runs of plain characters are written as one.
func (in *interp) escaped(b *builder, s string, plain func(rune) bool, escape func(buf []byte, r rune) []byte) error {
	var buf [64]byte
	var failed error
	err := in.pieces(s, func(piece string) bool {
		from := 0
		for i := 0; i < len(piece); {
			r, n := rune(piece[i]), 1
			if r >= utf8.RuneSelf {
				r, n = utf8.DecodeRuneInString(piece[i:])
			}
			// What is not UTF-8 is written as the character for that.
			if plain(r) && (r != utf8.RuneError || n > 1) {
				i += n
				continue
			}
			if failed = b.write(piece[from:i]); failed != nil {
				return false
			}
			i += n
			from = i
			if failed = b.write(string(escape(buf[:0], r))); failed != nil {
				return false
			}
		}
		failed = b.write(piece[from:])
		return failed == nil
	})
	if err != nil {
		return err
	}
	return failed
}

const hexDigits = "0123456789abcdef"

// appendHex appends a backslash, a letter, and so many hexadecimal digits of r.
func appendHex(buf []byte, letter byte, digits int, r rune) []byte {
	buf = append(buf, '\\', letter)
	for digits--; digits >= 0; digits-- {
		buf = append(buf, hexDigits[r>>(4*digits)&15])
	}
	return buf
}

// appendEscape appends the shortest escape of a character by its number.
func appendEscape(buf []byte, r rune) []byte {
	switch {
	case r <= 0xff:
		return appendHex(buf, 'x', 2, r)
	case r <= 0xffff:
		return appendHex(buf, 'u', 4, r)
	}
	return appendHex(buf, 'U', 8, r)
}

// quote appends a string as Python's repr writes it. Python prefers single
// quotes and takes double ones only for a text that has single and no double
// quotes in it. What unicode.IsPrint holds for is nearly what str.isprintable
// holds for; both follow the Unicode categories, of versions that may differ.
//
// unicode_repr of CPython.
func (in *interp) quote(b *builder, s string) error {
	q := '\''
	single, err := in.index(s, "'", false)
	if err != nil {
		return err
	}
	if single >= 0 {
		double, err := in.index(s, `"`, false)
		if err != nil {
			return err
		}
		if double < 0 {
			q = '"'
		}
	}
	if err := b.write(string(q)); err != nil {
		return err
	}
	plain := func(r rune) bool {
		if r < 0x7f {
			return r >= ' ' && r != q && r != '\\'
		}
		return r > 0x7f && unicode.IsPrint(r)
	}
	err = in.escaped(b, s, plain, func(buf []byte, r rune) []byte {
		switch {
		case r == q || r == '\\':
			return append(buf, '\\', byte(r))
		case r == '\n':
			return append(buf, `\n`...)
		case r == '\r':
			return append(buf, `\r`...)
		case r == '\t':
			return append(buf, `\t`...)
		// A byte that is not UTF-8: Python's text could not hold it.
		case r == utf8.RuneError:
			return utf8.AppendRune(buf, r)
		}
		return appendEscape(buf, r)
	})
	if err != nil {
		return err
	}
	return b.write(string(q))
}
