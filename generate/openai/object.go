package openai

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// object is a JSON object of a request, whose fields are read one by one. The first that is
// wrong is kept: what is read after it does not matter. A field that is null is absent.
type object struct {
	path   string // where it stands, "" for the request itself
	fields map[string]json.RawMessage
	err    *apiError
}

// parseObject reads an object, whose text is valid JSON.
func parseObject(data []byte, path string) (*object, error) {
	o := &object{path: path}
	if kindOfJSON(data) != "an object" {
		if path == "" {
			return nil, badJSON("it is %s", kindOfJSON(data))
		}
		return nil, badField(path, "is %s, want an object", kindOfJSON(data))
	}
	if err := json.Unmarshal(data, &o.fields); err != nil {
		return nil, badJSON("%v", err)
	}
	for name, value := range o.fields {
		if string(bytes.TrimSpace(value)) == "null" {
			delete(o.fields, name)
		}
	}
	return o, nil
}

// kindOfJSON says what a value is.
func kindOfJSON(data []byte) string {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return "nothing"
	}
	switch c := data[0]; {
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == '"':
		return "a string"
	case c == 't', c == 'f':
		return "true or false"
	case c == 'n':
		return "null"
	}
	return "a number"
}

// at returns the place of a field.
func (o *object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// fail notes what is wrong.
func (o *object) fail(err *apiError) {
	if o.err == nil {
		o.err = err
	}
}

// bad notes what is wrong with a field.
func (o *object) bad(name, format string, args ...any) {
	o.fail(badField(o.at(name), format, args...))
}

// has reports whether a field is there.
func (o *object) has(name string) bool { return o.fields[name] != nil }

// raw returns the text of a field, nil where it is absent.
func (o *object) raw(name string) json.RawMessage { return o.fields[name] }

// value reads a field into v, which has the type that is wanted.
func (o *object) value(name, want string, v any) bool {
	raw := o.fields[name]
	if raw == nil {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		o.bad(name, "is %s, want %s", kindOfJSON(raw), want)
		return false
	}
	return true
}

// text reads a string, "" where it is absent.
func (o *object) text(name string) (s string) {
	o.value(name, "a string", &s)
	return s
}

// flag reads true or false.
func (o *object) flag(name string) (b bool) {
	o.value(name, "true or false", &b)
	return b
}

// number reads a number and reports whether it is there.
func (o *object) number(name string) (float64, bool) {
	raw := o.fields[name]
	if raw == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64)
	if kindOfJSON(raw) != "a number" || err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		o.bad(name, "is %s, want a number", quoteJSON(raw))
		return 0, false
	}
	return v, true
}

// integer reads a whole number between bounds and reports whether it is there.
func (o *object) integer(name string, least, most int) (int, bool) {
	raw := o.fields[name]
	if raw == nil {
		return 0, false
	}
	n, ok := wholeNumber(raw)
	switch {
	case !ok:
		o.bad(name, "is %s, want a whole number", quoteJSON(raw))
		return 0, false
	case n < int64(least) || n > int64(most):
		o.bad(name, "is %d, want %d to %d", n, least, most)
		return 0, false
	}
	return int(n), true
}

// wholeNumber reads a number without a fraction. Some clients write 5 as 5.0.
func wholeNumber(raw []byte) (int64, bool) {
	text := string(bytes.TrimSpace(raw))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	if kindOfJSON(raw) != "a number" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, false
	}
	return int64(v), true
}

// quoteJSON shows a value of a request in an error.
func quoteJSON(raw []byte) string {
	switch kind := kindOfJSON(raw); kind {
	case "an object", "a list":
		return kind
	}
	if len(raw) > maxShown {
		return kindOfJSON(raw)
	}
	return strings.TrimSpace(string(raw))
}

// list returns the elements of a list, nil where the field is absent.
func (o *object) list(name string, most int) []json.RawMessage {
	raw := o.fields[name]
	if raw == nil {
		return nil
	}
	var list []json.RawMessage
	if !o.value(name, "a list", &list) {
		return nil
	}
	if len(list) > most {
		o.bad(name, "has %d elements, want %d at most", len(list), most)
		return nil
	}
	if list == nil {
		list = []json.RawMessage{}
	}
	return list
}

// texts reads a string, or a list of some.
func (o *object) texts(name string, most int) []string {
	if raw := o.fields[name]; raw == nil || kindOfJSON(raw) == "a string" {
		if raw == nil {
			return nil
		}
		return []string{o.text(name)}
	}
	var out []string
	for k, raw := range o.list(name, most) {
		var s string
		if json.Unmarshal(raw, &s) != nil || kindOfJSON(raw) != "a string" {
			o.fail(badField(element(o.at(name), k), "is %s, want a string", kindOfJSON(raw)))
			return nil
		}
		out = append(out, s)
	}
	return out
}

// ids reads a list of token ids.
func (o *object) ids(name string, most int) []int {
	var out []int
	for k, raw := range o.list(name, most) {
		n, ok := wholeNumber(raw)
		if !ok || n < 0 || n > math.MaxInt32 {
			o.fail(badField(element(o.at(name), k), "is %s, want a token id", quoteJSON(raw)))
			return nil
		}
		out = append(out, int(n))
	}
	return out
}

// object reads an object, nil where it is absent.
func (o *object) object(name string) *object {
	raw := o.fields[name]
	if raw == nil {
		return nil
	}
	inner, err := parseObject(raw, o.at(name))
	if err != nil {
		o.fail(errorOf(err))
		return nil
	}
	return inner
}

// join takes over what is wrong with an object in this one.
func (o *object) join(inner *object) {
	if inner != nil && inner.err != nil {
		o.fail(inner.err)
	}
}

// refuse refuses fields that cannot be honoured, unless they say what holds anyway.
func (o *object) refuse(why string, names ...string) {
	for _, name := range names {
		raw := bytes.TrimSpace(o.fields[name])
		switch string(raw) {
		case "", "false", "0", "[]", "{}", `""`:
			continue
		}
		o.fail(unsupported(o.at(name), "%s", why))
	}
}

// failed returns what is wrong, nil for nothing.
func (o *object) failed() error {
	if o.err == nil {
		return nil
	}
	return o.err
}

// element returns the place of an element of a list.
func element(path string, k int) string { return path + "[" + strconv.Itoa(k) + "]" }
