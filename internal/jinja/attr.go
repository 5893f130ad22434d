package jinja

import (
	"slices"
	"strings"
)

// mutators are the methods that would change a value. Templates run in a
// sandbox that does not allow them.
var mutators = map[string][]string{
	"list": {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"},
	"dict": {"clear", "pop", "popitem", "setdefault", "update"},
}

// getAttr is v.name: an attribute, or else an item.
func (in *interp) getAttr(v Value, id string) (Value, error) {
	if u, ok := v.(*undefined); ok {
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

// missing is the message about a member that a value does not have.
func missing(v Value, id string) string {
	return "'" + objectName(v) + "' has no attribute '" + brief(id) + "'"
}

// getItem is v[key]: an item, or else an attribute.
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
			if i < 0 {
				i += int64(len(v.Items))
			}
			if i >= 0 && i < int64(len(v.Items)) {
				return v.Items[i], nil
			}
		}
	case string:
		if i, ok := toInt(key); ok {
			c, ok, err := in.runeAt(v, i)
			if err != nil {
				return nil, err
			}
			if ok {
				return c, nil
			}
		}
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
	if id, ok := key.(string); ok {
		if a, ok, err := in.attribute(v, id); ok || err != nil {
			return a, err
		}
		return &undefined{msg: missing(v, id)}, nil
	}
	text, err := in.repr(key)
	return &undefined{msg: objectName(v) + " has no element " + brief(text)}, err
}

// attribute returns an attribute that a value has in Python.
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
	case *Dict:
		if f, ok := dictMethods[id]; ok {
			return method(id, v, f), true, nil
		}
		if slices.Contains(mutators["dict"], id) {
			return unsafe(v, id), true, nil
		}
	case *List:
		if v.group && (id == "grouper" || id == "list") {
			return v.Items[intOf(id == "list")], true, nil
		}
		if f, ok := listMethods[id]; ok {
			return method(id, v, f), true, nil
		}
		if !v.tuple && slices.Contains(mutators["list"], id) {
			return unsafe(v, id), true, nil
		}
	case *namespace:
		item, ok, err := in.get(v.vars, id)
		if err != nil || ok {
			return item, ok, err
		}
	case *loop:
		a, err := v.attr(id)
		return a, true, err
	case *macro:
		if id == "name" {
			return v.def.name, true, nil
		}
	}
	return nil, false, nil
}

// unsafe is what the sandbox gives for a member that it does not allow.
func unsafe(v Value, id string) Value {
	return &undefined{
		msg:  "access to attribute '" + brief(id) + "' of '" + typeName(v) + "' object is unsafe.",
		kind: SecurityError,
	}
}

// method binds a method to its value.
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
			if u, ok := b.vals[0].(*undefined); ok && u.kind == "" {
				return b.vals[1], nil
			}
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
}, ownDictMethods...)

func dictView(kind string) func(in *interp, d *Dict, a *args) (Value, error) {
	return func(_ *interp, d *Dict, a *args) (Value, error) {
		_, err := a.bind(kind, 0)
		return &view{kind, d}, err
	}
}

var listMethods = metered(map[string]func(in *interp, l *List, a *args) (Value, error){
	"index": func(in *interp, l *List, a *args) (Value, error) {
		b, err := a.bind("index", 1, "value")
		if err != nil {
			return nil, err
		}
		for i, item := range l.Items {
			if eq, err := in.equal(item, b.vals[0]); err != nil || eq {
				return int64(i), err
			}
		}
		return nil, fail(ValueError, "the value is not in the list")
	},
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
