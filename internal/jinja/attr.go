package jinja

import (
	"slices"
	"strings"
)

// mutators are the methods that would change a value. Templates run in a sandbox
// that does not allow them. The lists are those of jinja2's
// ImmutableSandboxedEnvironment. A template that appends to a list fails there, and
// in every inference server that uses it; it must not go through here and give
// another answer.
var mutators = map[string][]string{
	"list": {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"},
	"dict": {"clear", "pop", "popitem", "setdefault", "update"},
}

// getAttr is v.name: an attribute, or else an item. So a mapping with the key items
// still has its method: message.items() works whatever a message contains, and
// message['items'] is how to read the key.
//
// In jinja2 this is Environment.getattr of jinja2 as SandboxedEnvironment overrides
// it: getattr first, then obj[name].
func (in *interp) getAttr(v Value, id string) (Value, error) {
	if u, ok := v.(*undefined); ok {
		// Only one level may be missing: a.b.c fails where a.b is undefined, which
		// is what the filter default cannot mend either.
		return nil, u.err()
	}
	if a, ok, err := in.attribute(v, id); ok || err != nil {
		return a, err
	}
	if d, ok := v.(*Dict); ok {
		item, ok, err := in.get(d, id)
		if err != nil || ok {
			return item, err
		}
	}
	return &undefined{msg: missing(v, id)}, nil
}

// missing is the message about a member that a value does not have. The wording is
// jinja2's, since users search for it.
func missing(v Value, id string) string {
	return "'" + objectName(v) + "' has no attribute '" + brief(id) + "'"
}

// getItem is v[key]: an item, or else an attribute. What is not there is no error
// but undefined, out of bounds too: jinja2 catches Python's KeyError and IndexError
// here.
//
// In jinja2 this is SandboxedEnvironment.getitem: obj[key] first, then an attribute
// where the key is a text.
func (in *interp) getItem(v, key Value) (Value, error) {
	switch v := v.(type) {
	case *undefined:
		return nil, v.err()
	case *Dict:
		item, ok, err := in.get(v, key)
		if err != nil || ok {
			return item, err
		}
	case *List:
		if i, ok := toInt(key); ok {
			// Negative numbers count from the end, once: -4 of three items is out of
			// bounds.
			if i < 0 {
				i += int64(len(v.Items))
			}
			if i >= 0 && i < int64(len(v.Items)) {
				return v.Items[i], nil
			}
		}
	// An index of text counts characters, and gives a text of one.
	case string:
		if c, ok, err := in.runeAtIndex(v, key); ok || err != nil {
			return c, err
		}
	// Without going over the range.
	case rangeValue:
		if i, ok := toInt(key); ok {
			if i < 0 {
				i += v.count
			}
			if i >= 0 && i < v.count {
				return v.start + i*v.step, nil
			}
		}
	}
	// A text in brackets reaches attributes too, so that m['role'] and m.role are
	// the same for an object that is no mapping.
	if m, ok := v.(markup); ok {
		if c, ok, err := in.runeAtIndex(string(m), key); ok || err != nil {
			return markup(c), err
		}
	}
	if id, ok := textOf(key); ok {
		if a, ok, err := in.attribute(v, id); ok || err != nil {
			return a, err
		}
		return &undefined{msg: missing(v, id)}, nil
	}
	text, err := in.repr(key)
	return &undefined{msg: objectName(v) + " has no element " + brief(text)}, err
}

// runeAtIndex returns the character at an index, if it is one.
func (in *interp) runeAtIndex(s string, key Value) (string, bool, error) {
	i, ok := toInt(key)
	if !ok {
		return "", false, nil
	}
	return in.runeAt(s, i)
}

// attribute returns an attribute that a value has in Python. The names with two
// underscores lead to the classes and globals of Python, which is how templates
// break out of a sandbox there. Here nothing is behind them, but a template that
// asks for one is to fail alike.
//
// The sandbox decides in is_safe_attribute, and for methods that change a value in
// modifies_known_mutable. The name is paid for, since a template can make one of
// many megabytes.
func (in *interp) attribute(v Value, id string) (Value, bool, error) {
	if err := in.touch(len(id)); err != nil {
		return nil, false, err
	}
	if strings.HasPrefix(id, "__") {
		return unsafe(v, id), true, nil
	}
	switch v := v.(type) {
	case string:
		if f, ok := textMethods[id]; ok {
			return method(id, v, f), true, nil
		}
	case markup:
		if f, ok := markupMethod(id); ok {
			return method(id, v, f), true, nil
		}
	case *Dict:
		if f, ok := dictMethods[id]; ok {
			return method(id, v, f), true, nil
		}
		if slices.Contains(mutators["dict"], id) {
			return unsafe(v, id), true, nil
		}
	case *List:
		// Groups are named tuples in jinja2, so both group.list and unpacking work.
		if v.group && (id == "grouper" || id == "list") {
			return v.Items[intOf(id == "list")], true, nil
		}
		if f, ok := listMethods[id]; ok && !(v.tuple && id == "copy") {
			return method(id, v, f), true, nil
		}
		if !v.tuple && slices.Contains(mutators["list"], id) {
			return unsafe(v, id), true, nil
		}
	case bool, int64, float64:
		return in.numberAttribute(v, id)
	case rangeValue:
		return v.attribute(id)
	// Of the classes that are globals only one has a method that templates use.
	case *function:
		if v.name == "dict" && id == "fromkeys" {
			return &function{id, func(in *interp, a *args) (Value, error) { return in.fromKeys(a) }}, true, nil
		}
	// A namespace has no methods, so every name is free for a variable. They are
	// attributes, unlike the keys of a mapping: one that begins with an underscore can
	// be set, and the sandbox lets nobody read it.
	case *namespace:
		item, ok, err := in.get(v.vars, id)
		if err == nil && ok && strings.HasPrefix(id, "_") {
			return unsafe(v, id), true, nil
		}
		if err != nil || ok {
			return item, ok, err
		}
	// Its attributes are worked out when they are read: see loop.attr.
	case *loop:
		a, err := v.attr(id)
		return a, true, err
	case *macro:
		a, ok := v.attr(id)
		return a, ok, in.charge(itemBytes * len(v.def.params))
	}
	return nil, false, nil
}

// unsafe is what the sandbox gives for a member that it does not allow. It is an
// undefined value, as in jinja2: reading it is allowed, so that `x.append is
// defined` can be asked, and only using it fails.
func unsafe(v Value, id string) Value {
	return &undefined{
		msg:  "access to attribute '" + brief(id) + "' of '" + typeName(v) + "' object is unsafe.",
		kind: SecurityError,
	}
}

// method binds a method to its value. It is bound when it is read, not when it is
// called: {% set up = s.upper %} works in Python too.
func method[T any](id string, v T, f func(in *interp, v T, a *args) (Value, error)) Value {
	return &function{id, func(in *interp, a *args) (Value, error) { return f(in, v, a) }}
}

// ownDictMethods take the same time for any mapping, and pay for a long key.
var ownDictMethods = []string{"get", "items", "keys", "values"}

var dictMethods = metered(map[string]func(in *interp, d *Dict, a *args) (Value, error){
	"get": func(in *interp, d *Dict, a *args) (Value, error) {
		b, err := a.bind("get", 1, "key", "default")
		if err != nil {
			return nil, err
		}
		if err := in.payKey(b.vals[0]); err != nil {
			return nil, err
		}
		if _, ok := hashKey(b.vals[0]); !ok {
			return nil, fail(TypeError, "unhashable type: '%s'", typeName(b.vals[0]))
		}
		v, ok, err := in.get(d, b.vals[0])
		if err != nil || ok {
			return v, err
		}
		return b.vals[1], nil
	},
	"items":  dictView("items"),
	"keys":   dictView("keys"),
	"values": dictView("values"),
	"copy": func(in *interp, d *Dict, a *args) (Value, error) {
		if _, err := a.bind("copy", 0); err != nil {
			return nil, err
		}
		return in.copyDict(d)
	},
	"fromkeys": func(in *interp, _ *Dict, a *args) (Value, error) { return in.fromKeys(a) },
}, ownDictMethods...)

// fromKeys is dict.fromkeys: a mapping of these keys that all have one value.
func (in *interp) fromKeys(a *args) (Value, error) {
	if len(a.named) > 0 {
		return nil, fail(TypeError, "dict.fromkeys() takes no keyword arguments")
	}
	if n := len(a.pos); n < 1 || n > 2 {
		what, bound := "at least 1 argument", "at most 2 arguments"
		if n > 2 {
			what = bound
		}
		return nil, fail(TypeError, "fromkeys expected %s, got %d", what, n)
	}
	keys, err := in.iterate(a.pos[0])
	if err != nil {
		return nil, err
	}
	var value Value
	if len(a.pos) == 2 {
		value = a.pos[1]
	}
	d := NewDict()
	for _, key := range keys {
		if err := in.set(d, key, value); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// A view shows the mapping itself and copies nothing until something goes over it.
func dictView(kind string) func(in *interp, d *Dict, a *args) (Value, error) {
	return func(_ *interp, d *Dict, a *args) (Value, error) {
		_, err := a.bind(kind, 0)
		return &view{kind, d}, err
	}
}

var listMethods = metered(map[string]func(in *interp, l *List, a *args) (Value, error){
	"index": listIndex,
	"count": func(in *interp, l *List, a *args) (Value, error) {
		b, err := a.bind("count", 1, "value")
		if err != nil {
			return nil, err
		}
		n := int64(0)
		for _, item := range l.Items {
			eq, err := in.equal(item, b.vals[0])
			if err != nil {
				return nil, err
			}
			n += intOf(eq)
		}
		return n, nil
	},
	"copy": func(in *interp, l *List, a *args) (Value, error) {
		if _, err := a.bind("copy", 0); err != nil {
			return nil, err
		}
		items, err := in.copyItems(l.Items)
		return &List{Items: items, tuple: l.tuple}, err
	},
})

// listIndex looks from one place on and up to another. They may be negative, and may
// not be none as those of texts.
func listIndex(in *interp, l *List, a *args) (Value, error) {
	if len(a.named) > 0 {
		return nil, fail(TypeError, "%s.index() takes no keyword arguments", typeName(l))
	}
	b, err := a.bind("index", 1, "value", "start", "stop")
	if err != nil {
		return nil, err
	}
	size := int64(len(l.Items))
	bounds := [2]int64{0, size}
	for i := range bounds {
		if !b.isSet[i+1] {
			continue
		}
		at, ok := sliceIndex(b.vals[i+1])
		if !ok {
			return nil, fail(TypeError, "slice indices must be integers or have an __index__ method")
		}
		if at < 0 {
			at = max(at+size, 0)
		}
		bounds[i] = min(at, size)
	}
	for i := bounds[0]; i < bounds[1]; i++ {
		if eq, err := in.equal(l.Items[i], b.vals[0]); err != nil || eq {
			return i, err
		}
	}
	if l.tuple {
		return nil, fail(ValueError, "tuple.index(x): x not in tuple")
	}
	text, err := in.repr(b.vals[0])
	if err != nil {
		return nil, err
	}
	return nil, fail(ValueError, "%s is not in list", text)
}
