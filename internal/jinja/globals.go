package jinja

import (
	"strings"
	"time"
)

// maxRange is the longest range that the sandbox of the reference allows.
const maxRange = 100000

// globals are the names that every template has. It is the outermost scope of
// every rendering and is shared by all, so nothing may set a variable in it:
// the variables of a rendering lie in a scope of their own within it. A
// variable of the caller hides a global of the same name.
var globals = &scope{vars: functions(metered(map[string]func(in *interp, _ struct{}, a *args) (Value, error){
	"range":           globalRange,
	"namespace":       globalNamespace,
	"dict":            globalDict,
	"raise_exception": globalRaise,
	"strftime_now":    globalNow,
	"joiner":          globalJoiner,
	"cycler":          globalCycler,
	"lipsum":          globalLipsum,
	"self":            globalSelf,
}))}

// functions makes values of functions. The tables have one form for functions
// with a value and without, so that metered wraps them all; the empty struct is
// the value that a global does not have.
func functions(table map[string]func(in *interp, _ struct{}, a *args) (Value, error)) map[string]Value {
	vars := make(map[string]Value, len(table))
	for id, f := range table {
		vars[id] = &function{id, func(in *interp, a *args) (Value, error) { return f(in, struct{}{}, a) }}
	}
	return vars
}

// globalRange makes a range that holds its ends only. Its length is bounded as
// the sandbox of jinja2 bounds it, which the loops of a template cannot get
// around by counting.
//
// In jinja2 this is safe_range of jinja2/sandbox.py, whose MAX_RANGE this is. A
// range costs nothing until something goes over it.
func globalRange(_ *interp, _ struct{}, a *args) (Value, error) {
	if len(a.named) > 0 || len(a.pos) < 1 || len(a.pos) > 3 {
		return nil, fail(TypeError, "range expected 1 to 3 arguments, got %d", len(a.pos)+len(a.named))
	}
	var n [3]int64
	for i, v := range a.pos {
		x, ok := toInt(v)
		if u, isUndefined := v.(*undefined); isUndefined {
			return nil, u.err()
		}
		if !ok {
			return nil, fail(TypeError, "'%s' object cannot be interpreted as an integer", typeName(v))
		}
		n[i] = x
	}
	start, stop, step := n[0], n[1], n[2]
	// One argument is the end, two are start and end.
	switch len(a.pos) {
	case 1:
		start, stop, step = 0, n[0], 1
	case 2:
		step = 1
	}
	if step == 0 {
		return nil, fail(ValueError, "range() arg 3 must not be zero")
	}
	// Differences of such numbers do not overflow. Python has no bound, but no
	// template counts that far.
	const far = 1 << 60
	if min(start, stop, step) < -far || max(start, stop, step) > far {
		return nil, errBig()
	}
	count := int64(0)
	if step > 0 && stop > start {
		count = (stop - start + step - 1) / step
	} else if step < 0 && stop < start {
		count = (start - stop - step - 1) / -step
	}
	if count > maxRange {
		return nil, fail(OverflowError, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	return rangeValue{start, stop, step, count}, nil
}

// globalNamespace takes what dict takes. It exists because a set inside of a
// loop is forgotten at the end of each round.
//
// In jinja2 this is utils.Namespace.
func globalNamespace(in *interp, _ struct{}, a *args) (Value, error) {
	d, err := globalDict(in, struct{}{}, a)
	if err != nil {
		return nil, err
	}
	vars, _ := d.(*Dict)
	return &namespace{vars}, in.charge(pairBytes)
}

// globalDict makes a mapping of a mapping, of pairs, and of names, in that
// order: a name takes the value of an equal key before it.
//
// It is Python's dict in jinja2/defaults.py.
func globalDict(in *interp, _ struct{}, a *args) (Value, error) {
	d := NewDict()
	if len(a.pos) > 0 {
		if u, ok := a.pos[0].(*undefined); ok {
			return nil, u.err() // where Python asks for its keys
		}
	}
	if len(a.pos) > 1 {
		return nil, fail(TypeError, "dict expected at most 1 argument, got %d", len(a.pos))
	}
	if len(a.pos) == 1 {
		if src, ok := a.pos[0].(*Dict); ok {
			var err error
			if d, err = in.copyDict(src); err != nil {
				return nil, err
			}
		} else {
			items, err := in.iterate(a.pos[0])
			if err != nil {
				return nil, err
			}
			for _, item := range items {
				if err := in.spend(1); err != nil {
					return nil, err
				}
				// A pair may be anything with two items, such as a text of two
				// characters.
				pair, err := in.iterate(item)
				if err != nil {
					return nil, err
				}
				if len(pair) != 2 {
					return nil, fail(ValueError, "dictionary update sequence element has length %d; 2 is required", len(pair))
				}
				if err := in.set(d, pair[0], pair[1]); err != nil {
					return nil, err
				}
			}
		}
	}
	for i, n := range a.names {
		if err := in.set(d, n, a.named[i]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// globalRaise is how a template refuses messages: roles that do not alternate,
// a tool that it cannot write. transformers defines it.
//
// The message ends the rendering as a TemplateError whose text is the template's
// own: callers show it quoted, since it may come from anywhere.
func globalRaise(in *interp, _ struct{}, a *args) (Value, error) {
	b, err := a.bind("raise_exception", 1, "message")
	if err != nil {
		return nil, err
	}
	text, err := in.str(b.vals[0])
	if err != nil {
		return nil, err
	}
	return nil, raised(text)
}

// globalNow is another global of transformers, for prompts that name the day.
// The clock is that of the options, so that a prompt can be made again.
func globalNow(in *interp, _ struct{}, a *args) (Value, error) {
	b, err := a.bind("strftime_now", 1, "format")
	if err != nil {
		return nil, err
	}
	format, err := b.text(0, "")
	if err != nil {
		return nil, err
	}
	return in.strftime(in.now(), format)
}

// globalJoiner returns a function that gives nothing at its first call and the
// separator at all later ones.
//
// In jinja2 this is utils.Joiner.
func globalJoiner(in *interp, _ struct{}, a *args) (Value, error) {
	if err := in.charge(3 * listBytes); err != nil {
		return nil, err
	}
	b, err := a.bind("joiner", 0, "sep")
	if err != nil {
		return nil, err
	}
	sep, err := b.text(0, ", ")
	// The state lies in the function: each call of joiner makes a new one.
	used := false
	return &function{"Joiner", func(*interp, *args) (Value, error) {
		if !used {
			used = true
			return "", nil
		}
		return sep, nil
	}}, err
}

// globalLipsum is there for templates that ask whether it is. jinja2 makes random
// text of it, so that no prompt could be made again.
func globalLipsum(_ *interp, _ struct{}, _ *args) (Value, error) {
	return nil, fail(TypeError, "lipsum makes random text and is not supported in a chat template")
}

// globalSelf stands in for the template itself, whose members are its blocks. There
// are templates that were made from a Python class and still ask self for its
// constants, which is undefined and prints nothing.
//
// In jinja2 this is runtime.TemplateReference. That of a block that there is gives
// its text there, which no chat template asks for.
func globalSelf(_ *interp, _ struct{}, _ *args) (Value, error) {
	return nil, fail(TypeError, "'TemplateReference' object is not callable")
}

// globalCycler returns an object that gives its items in turn. A namespace
// stands in for it: its members can be read like those of jinja2's class, and
// the place is kept by the functions.
//
// In jinja2 this is utils.Cycler.
func globalCycler(in *interp, _ struct{}, a *args) (Value, error) {
	// It has three members, two of them functions.
	if err := in.charge(5 * pairBytes); err != nil {
		return nil, err
	}
	if len(a.pos) == 0 {
		// Python's own RuntimeError, not the one of a template.
		return nil, fail("RuntimeError", "at least one item has to be provided")
	}
	ns := &namespace{NewDict()}
	at := 0
	set := func() { ns.vars.Set("current", a.pos[at]) }
	ns.vars.Set("next", &function{"next", func(*interp, *args) (Value, error) {
		v := a.pos[at]
		at = (at + 1) % len(a.pos)
		set()
		return v, nil
	}})
	ns.vars.Set("reset", &function{"reset", func(*interp, *args) (Value, error) {
		at = 0
		set()
		return nil, nil
	}})
	set()
	return ns, nil
}

// layouts are the directives of strftime that Go has a layout for. Go writes a
// reference time where C writes letters; the directives that have no such
// layout are in the function directive.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'e': "_2", 'm': "01",
	'y': "06", 'Y': "2006", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'f': "000000", 'p': "PM", 'j': "002",
	'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'D': "01/02/06", 'F': "2006-01-02",
	'T': "15:04:05", 'R': "15:04", 'r': "03:04:05 PM",
}

// strftime formats a time as Python does in the C locale. A time that comes
// from the local clock has no zone there, so %z and %Z are empty. A directive
// with a hyphen, such as %-d, leaves the padding out. C libraries have it and
// templates use it, although Python does not document it.
//
// Each directive writes at most a date: its text is charged by the builder.
func (in *interp) strftime(t time.Time, format string) (string, error) {
	b := builder{in: in}
	for i := 0; i < len(format); i++ {
		// What stands before a directive goes as one piece.
		n := strings.IndexByte(format[i:], '%')
		if n < 0 || i+n+1 == len(format) {
			n = len(format) - i
		}
		if n > 0 {
			if err := b.write(format[i : i+n]); err != nil {
				return "", err
			}
			i += n - 1
			continue
		}
		i++
		c := format[i]
		trim := c == '-' && i+1 < len(format)
		if trim {
			i++
			c = format[i]
		}
		text := directive(t, c)
		if trim {
			// Zero itself keeps one digit.
			if text = strings.TrimLeft(text, "0 "); text == "" {
				text = "0"
			}
		}
		// A directive takes as long as a few nodes.
		if err := in.spend(4); err != nil {
			return "", err
		}
		if err := b.write(text); err != nil {
			return "", err
		}
	}
	return b.text()
}

// directive writes one directive. An unknown one stays as it stands, as glibc
// leaves it. Weeks are counted from the first Sunday (%U) or Monday (%W) of a
// year, and by ISO 8601 (%V with the year %G).
func directive(t time.Time, c byte) string {
	pad := func(n int) string { return time.Date(2000, 1, 1, 0, n, 0, 0, time.UTC).Format("04") }
	switch c {
	case 'f':
		return t.Format(".000000")[1:]
	case 'j':
		return t.Format("002")
	case 'w':
		return string(rune('0' + int(t.Weekday())))
	case 'u':
		return string(rune('0' + (int(t.Weekday())+6)%7 + 1))
	case 'U':
		return pad((t.YearDay() + 6 - int(t.Weekday())) / 7)
	case 'W':
		return pad((t.YearDay() + 6 - (int(t.Weekday())+6)%7) / 7)
	case 'V':
		_, week := t.ISOWeek()
		return pad(week)
	case 'G':
		year, _ := t.ISOWeek()
		return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).Format("2006")
	case 'C':
		return t.Format("2006")[:2]
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '%':
		return "%"
	case 'z', 'Z':
		return ""
	}
	if layout, ok := layouts[c]; ok {
		return t.Format(layout)
	}
	return "%" + string(rune(c))
}
