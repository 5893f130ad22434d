package chat

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Tools are the functions that a prompt named, with the types of their arguments. A nil
// one knows nothing.
type Tools struct{ functions map[string]schema }

// schema is an object of JSON Schema: the root, in which references point, and the part
// of it that speaks of one value.
type schema struct{ root, part map[string]any }

// NewTools reads the tools of a prompt, each the object of a function or one with it
// under "function". What cannot be read is left out.
func NewTools(tools []any) *Tools {
	t := &Tools{functions: map[string]schema{}}
	for _, tool := range tools {
		data, err := json.Marshal(tool)
		if err != nil {
			continue
		}
		var f function
		if json.Unmarshal(data, &f) != nil || f.Function != nil && json.Unmarshal(f.Function, &f) != nil {
			continue
		}
		t.functions[f.Name] = f.schema()
	}
	return t
}

// function is what a tool says of a function.
type function struct {
	Name       string          `json:"name"`
	Function   json.RawMessage `json:"function"`
	Parameters json.RawMessage `json:"parameters"`
	// The names that Anthropic's interface and the Model Context Protocol have for it.
	InputSchema json.RawMessage `json:"input_schema"`
	InputObject json.RawMessage `json:"inputSchema"`
}

// schema returns that of the arguments. One that is no object, such as the list that
// PHP writes for an empty one, says nothing of them, and the function is still known.
func (f *function) schema() schema {
	for _, raw := range []json.RawMessage{f.Parameters, f.InputSchema, f.InputObject} {
		var part map[string]any
		if json.Unmarshal(raw, &part) == nil && part != nil {
			return schema{root: part, part: part}
		}
	}
	return schema{}
}

// any reports whether it is known which functions a prompt named.
func (t *Tools) any() bool { return t != nil && len(t.functions) > 0 }

// know reports whether a prompt named the functions of some calls, true also where it is
// not known which it named.
func (t *Tools) know(calls []Call) bool {
	if !t.any() {
		return true
	}
	return !slices.ContainsFunc(calls, func(c Call) bool { _, ok := t.functions[c.Name]; return !ok })
}

// has reports whether a function has an argument; known is false where that cannot be
// said.
func (t *Tools) has(function, key string) (yes, known bool) {
	if t == nil {
		return false, false
	}
	f := t.functions[function]
	properties, known := f.part["properties"].(map[string]any)
	_, yes = properties[key]
	return yes, known
}

// arguments returns the schema of the arguments of a function.
func (t *Tools) arguments(function string) schema {
	if t == nil {
		return schema{}
	}
	return t.functions[function]
}

// argument returns the schema of an argument of a function.
func (t *Tools) argument(function, key string) schema { return t.arguments(function).member(key) }

// member returns the schema of a member of an object.
func (s schema) member(key string) schema {
	all := s.alternatives()
	named := s.anyOf(all, func(one schema) any {
		properties, _ := one.part["properties"].(map[string]any)
		return properties[key]
	})
	if named.part != nil {
		return named
	}
	return s.anyOf(all, func(one schema) any { return one.part["additionalProperties"] })
}

// element returns the schema of the elements of a list.
func (s schema) element() schema {
	return s.anyOf(s.alternatives(), func(one schema) any { return one.part["items"] })
}

// alternatives returns the parts of a schema that speak of the same value: itself, and
// those that it is a union of, as an object that may be null is.
func (s schema) alternatives() []schema {
	all := []schema{s.resolve()}
	for i := 0; i < len(all); i++ {
		for _, key := range []string{"anyOf", "oneOf", "allOf"} {
			list, _ := all[i].part[key].([]any)
			for _, part := range list[:min(len(list), maxSchemas-len(all))] {
				all = append(all, s.of(part).resolve())
			}
		}
	}
	return all
}

// anyOf returns the schema that says what a part of each of some schemas says, the zero
// one where none of them has that part.
func (s schema) anyOf(all []schema, part func(schema) any) schema {
	var found []any
	for _, one := range all {
		if p, ok := part(one).(map[string]any); ok {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return s.of(nil)
	case 1:
		return s.of(found[0])
	}
	return s.of(map[string]any{"anyOf": found})
}

// maxReferences bounds a chain of references, which may be a ring.
const maxReferences = 16

// resolve follows references within the schema.
func (s schema) resolve() schema {
	for range maxReferences {
		ref, _ := s.part["$ref"].(string)
		path, ok := strings.CutPrefix(ref, "#/")
		if !ok {
			break
		}
		s.part = s.root
		for name := range strings.SplitSeq(path, "/") {
			s.part, _ = s.part[name].(map[string]any)
		}
	}
	return s
}

// types is a set of JSON's types.
type types uint8

const (
	null types = 1 << iota
	integer
	number
	boolean
	listType
	objectType
	text
	anyType = text<<1 - 1
)

// typeNames are the types by the names that schemas give them, those of Python with
// them, which are not in the standard.
var typeNames = map[string]types{
	"null": null, "None": null, "NoneType": null, "integer": integer, "int": integer, "number": number | integer, "float": number | integer,
	"boolean": boolean, "bool": boolean, "array": listType, "list": listType, "tuple": listType,
	"object": objectType, "dict": objectType, "string": text, "str": text,
}

// maxSchemas bounds the parts of a schema that are looked at for the type of a value: by
// references they may be rings in rings.
const maxSchemas = 200

// types returns the types that a value may have, 0 where the schema does not say.
func (s schema) types() types {
	looks := maxSchemas
	return s.find(&looks)
}

// find returns the types with no more looks at parts of the schema than are left.
func (s schema) find(looks *int) types {
	if s = s.resolve(); s.part == nil || *looks == 0 {
		return 0
	}
	*looks--
	found := namedTypes(s.part["type"])
	for _, key := range []string{"anyOf", "oneOf"} {
		found = both(found, s.union(key, looks))
	}
	all, _ := s.part["allOf"].([]any)
	for _, part := range all {
		found = both(found, s.of(part).find(looks))
	}
	if found == 0 {
		found = s.valueTypes()
	}
	if nullable, _ := s.part["nullable"].(bool); nullable && found != 0 {
		found |= null
	}
	return found
}

// of returns a part of the schema.
func (s schema) of(part any) schema {
	p, _ := part.(map[string]any)
	return schema{root: s.root, part: p}
}

// union returns the types of a list of alternatives, 0 where one of them does not say.
func (s schema) union(key string, looks *int) (found types) {
	list, _ := s.part[key].([]any)
	for _, part := range list {
		one := s.of(part).find(looks)
		if one == 0 {
			return 0
		}
		found |= one
	}
	return found
}

// both returns what two sets have in common, where both of them say something.
func both(a, b types) types {
	if a == 0 || b == 0 {
		return a | b
	}
	return a & b
}

// namedTypes returns the types that "type" names: one, or a list of them.
func namedTypes(v any) (found types) {
	switch v := v.(type) {
	case string:
		return typeNames[v]
	case []any:
		for _, name := range v {
			found |= namedTypes(name)
		}
	}
	return found
}

// valueTypes returns the types of the values that the schema lists, or that of what
// else it demands of a value.
func (s schema) valueTypes() (found types) {
	values, _ := s.part["enum"].([]any)
	if v, ok := s.part["const"]; ok {
		values = append(values, v)
	}
	for _, v := range values {
		raw, _ := json.Marshal(v) // came from JSON
		found |= typeOf(raw)
	}
	switch {
	case found != 0:
	case s.part["properties"] != nil:
		return objectType
	case s.part["items"] != nil:
		return listType
	}
	return found
}

// typeOf returns the type of a JSON value.
func typeOf(raw json.RawMessage) types {
	switch raw[0] {
	case '{':
		return objectType
	case '[':
		return listType
	case '"':
		return text
	case 'n':
		return null
	case 't', 'f':
		return boolean
	}
	if bytes.ContainsAny(raw, ".eE") {
		return number
	}
	return integer | number
}
