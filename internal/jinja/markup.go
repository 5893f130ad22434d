package jinja

import "slices"

// markup is text that is safe to stand in HTML: markupsafe's Markup, a kind of str. The
// filters safe and escape make it, and what is put to it is escaped. Chat templates
// escape nothing by themselves, so most never meet it.
//
// Whatever does not care takes it for text, and so does most of this package: the
// tables of filters and tests hand plain text to all that are not listed here.
type markup string

// textOf returns the text of a string, marked or not.
func textOf(v Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case markup:
		return string(v), true
	}
	return "", false
}

// plainValue returns a value without the mark.
func plainValue(v Value) Value {
	if m, ok := v.(markup); ok {
		return string(m)
	}
	return v
}

func isMarkup(v Value) bool { _, ok := v.(markup); return ok }

// escape is markupsafe.escape: what is marked stays as it is, and all else is written
// as text first.
func (in *interp) escape(v Value) (markup, error) {
	if m, ok := v.(markup); ok {
		return m, nil
	}
	s, err := in.str(v)
	if err == nil {
		s, err = in.mapText(s, escapeHTML)
	}
	return markup(s), err
}

// marked gives a text the mark, and the texts of a list.
func marked(v Value, err error) (Value, error) {
	switch v := v.(type) {
	case string:
		return markup(v), err
	case *List:
		for i, item := range v.Items {
			v.Items[i] = plainMark(item)
		}
	}
	return v, err
}

// plainMark marks a text.
func plainMark(v Value) Value {
	if s, ok := v.(string); ok {
		return markup(s)
	}
	return v
}

// unmark takes the marks off the arguments of a call, which belong to it alone.
func (a *args) unmark() {
	for _, list := range [2][]Value{a.pos, a.named} {
		for i, v := range list {
			if m, ok := v.(markup); ok {
				list[i] = string(m)
			}
		}
	}
}

// keepingFilters give marked text for marked text: in jinja2 they are methods of the
// text that they are handed.
var keepingFilters = []string{"upper", "lower", "capitalize", "center", "trim", "reverse", "indent"}

// markingFilters look at marks themselves, or hand on values that may have one.
var markingFilters = []string{
	"e", "escape", "forceescape", "safe", "string", "format", "truncate", "join", "replace", "xmlattr", "tojson", "pprint",
	"default", "d", "attr", "map", "select", "reject", "selectattr", "rejectattr", "first", "last", "min", "max", "sort", "sum",
	"dictsort", "groupby", "unique", "batch", "slice", "list", "items", "random", "striptags", "urlize",
}

// marksByFilter says of a filter what it does with marks. It is made from the lists, so
// that a call looks once.
var marksByFilter = func() map[string]markPolicy {
	m := map[string]markPolicy{}
	for _, id := range keepingFilters {
		m[id] = keepsMarks
	}
	for _, id := range markingFilters {
		m[id] = readsMarks
	}
	return m
}()

type markPolicy uint8

const (
	dropsMarks markPolicy = iota
	keepsMarks
	readsMarks
)

// applyFilter runs a filter with what it knows of marks.
func (in *interp) applyFilter(id string, f filterFunc, v Value, a *args) (Value, error) {
	policy := marksByFilter[id]
	if policy == readsMarks {
		return f(in, v, a)
	}
	mark := policy == keepsMarks && isMarkup(v)
	a.unmark()
	out, err := f(in, plainValue(v), a)
	if mark {
		return marked(out, err)
	}
	return out, err
}

// markupOp applies an operator where one of the operands is marked; ok is false for
// those that text does not have.
func (in *interp) markupOp(op string, a, b Value) (v Value, ok bool, err error) {
	_, textA := textOf(a)
	_, textB := textOf(b)
	switch {
	case op == "+" && textA && textB:
		x, err := in.escape(a)
		if err != nil {
			return nil, true, err
		}
		y, err := in.escape(b)
		if err != nil {
			return nil, true, err
		}
		sum, err := in.concat(string(x), string(y))
		return markup(sum), true, err
	case op == "+":
		return nil, true, fail(TypeError, "unsupported operand type(s) for +: '%s' and '%s'", typeName(a), typeName(b))
	case op == "*":
		v, err = marked(in.arith(op, plainValue(a), plainValue(b)))
		return v, true, err
	case op == "%" && isMarkup(a):
		s, _ := textOf(a)
		s, err = in.percent(s, b, true)
		return markup(s), true, err
	case op == "%" && textA:
		s, _ := textOf(a)
		s, err = in.percent(s, b, false)
		return s, true, err
	}
	return nil, false, nil
}

// The methods of text that give marked text for marked text, and those whose second
// argument goes into it and is escaped.
var (
	keepingMethods = []string{
		"capitalize", "title", "lower", "upper", "lstrip", "rstrip", "strip", "swapcase", "zfill", "casefold", "removeprefix",
		"removesuffix", "split", "rsplit", "splitlines", "partition", "rpartition", "replace", "ljust", "rjust", "center", "expandtabs",
		"translate",
	}
	escapingMethods = []string{"replace", "ljust", "rjust", "center"}
)

// markupMethod returns a method of marked text.
func markupMethod(id string) (func(in *interp, m markup, a *args) (Value, error), bool) {
	switch id {
	case "join":
		return joinMarkup, true
	case "format":
		return func(in *interp, m markup, a *args) (Value, error) {
			return marked(in.braceFormat(string(m), a, true))
		}, true
	case "format_map":
		return func(in *interp, m markup, a *args) (Value, error) {
			named, err := mappingArgs(a)
			if err != nil {
				return nil, err
			}
			return marked(in.braceFormat(string(m), named, true))
		}, true
	case "unescape":
		return plainMarkup(id, (*interp).unescapeHTML), true
	case "striptags":
		return plainMarkup(id, (*interp).stripTags), true
	case "escape":
		return func(in *interp, _ markup, a *args) (Value, error) {
			b, err := a.bind("escape", 1, "s")
			if err != nil {
				return nil, err
			}
			return in.escape(b.vals[0])
		}, true
	}
	f, ok := textMethods[id]
	if !ok {
		return nil, false
	}
	return func(in *interp, m markup, a *args) (Value, error) {
		if slices.Contains(escapingMethods, id) && len(a.pos) > 1 {
			if _, ok := textOf(a.pos[1]); ok {
				text, err := in.escape(a.pos[1])
				if err != nil {
					return nil, err
				}
				a.pos[1] = text
			}
		}
		a.unmark()
		out, err := f(in, string(m), a)
		if slices.Contains(keepingMethods, id) {
			return marked(out, err)
		}
		return out, err
	}, true
}

// plainMarkup is a method without arguments that makes plain text of marked.
func plainMarkup(id string, f func(in *interp, s string) (string, error)) func(in *interp, m markup, a *args) (Value, error) {
	return func(in *interp, m markup, a *args) (Value, error) {
		if n := len(a.pos); n > 0 {
			return nil, fail(TypeError, "Markup.%s() takes 1 positional argument but %d were given", id, n+1)
		}
		if _, err := a.bind("Markup."+id, 0); err != nil {
			return nil, err
		}
		return f(in, string(m))
	}
}

// joinMarkup joins anything, and escapes it.
func joinMarkup(in *interp, m markup, a *args) (Value, error) {
	b, err := a.bind("join", 1, "iterable")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(b.vals[0])
	if err != nil {
		return nil, err
	}
	items, err = in.mapItems(items, func(in *interp, item Value) (Value, error) { return in.escape(item) })
	if err != nil {
		return nil, err
	}
	return marked(in.join(items, string(m)))
}

// stripTags is Markup.striptags: comments and tags are cut out, white space becomes one
// space, and entities are read last, so that &lt;b&gt; comes out as text.
func (in *interp) stripTags(s string) (string, error) {
	s, err := in.cutTags(s)
	if err != nil {
		return "", err
	}
	words, err := in.splitSpace(s, -1)
	if err != nil {
		return "", err
	}
	list, _ := words.(*List)
	if s, err = in.join(list.Items, " "); err != nil {
		return "", err
	}
	return in.unescapeHTML(s)
}
