package chat

import (
	"encoding/json"
	"testing"
)

// The values are those that JSON Schema allows for the text; where several types are
// allowed, vllm's order is followed, in which a text comes last.
func TestTheSchemaDecidesTheTypeOfAnArgument(t *testing.T) {
	for _, c := range []struct{ name, schema, text, want string }{
		{"a number that is a text", `{"type": "string"}`, "12345", `"12345"`},
		{"an object that is a text", `{"type": "string"}`, `{"a": 1}`, `"{\"a\": 1}"`},
		{"white space in a text", `{"type": "string"}`, "  a\n", `"  a\n"`},
		{"null that is a text", `{"type": "string"}`, "null", `"null"`},
		{"an integer", `{"type": "integer"}`, " 7 ", `7`},
		{"no integer", `{"type": "integer"}`, "seven", `"seven"`},
		{"a number", `{"type": "number"}`, "1.50", `1.50`},
		{"a boolean of Python", `{"type": "boolean"}`, "True", `true`},
		{"a boolean in capitals", `{"type": "boolean"}`, "FALSE", `false`},
		{"a list of Python", `{"type": "array"}`, "['a', 'b',]", `["a", "b"]`},
		{"a tuple", `{"type": "array"}`, "('a', 1)", `["a", 1]`},
		{"an object of Python", `{"type": "object"}`, "{'a': None}", `{"a": null}`},
		{"a text or null, null", `{"type": ["string", "null"]}`, "null", `null`},
		{"a text or null, a text", `{"type": ["string", "null"]}`, "12", `"12"`},
		{"nullable", `{"type": "string", "nullable": true}`, "None", `null`},
		{"a text or an integer, an integer", `{"anyOf": [{"type": "string"}, {"type": "integer"}]}`, "12", `12`},
		{"a text or an integer, a number", `{"oneOf": [{"type": "string"}, {"type": "integer"}]}`, "1.5", `"1.5"`},
		{"a text or a list, quotation marks", `{"anyOf": [{"type": "string"}, {"type": "array"}]}`, `"a"`, `"\"a\""`},
		{"one of a list of texts", `{"enum": ["1", "2"]}`, "1", `"1"`},
		{"one of a list of numbers", `{"enum": [1, 2]}`, "1", `1`},
		{"one of a list of both", `{"enum": [1, "1"]}`, "1", `"1"`},
		{"a constant", `{"const": "1"}`, "1", `"1"`},
		{"a reference", `{"$ref": "#/$defs/t"}`, "1", `"1"`},
		{"a reference to itself", `{"$ref": "#/properties/x"}`, "1", `1`},
		{"a reference to nothing", `{"$ref": "#/$defs/none"}`, "1", `1`},
		{"all of several", `{"allOf": [{"type": ["string", "integer"]}, {"type": "string"}]}`, "1", `"1"`},
		{"a ring of alternatives", `{"anyOf": [{"$ref": "#/properties/x"}, {"$ref": "#/properties/x"}]}`, "1", `1`},
		{"properties without a type", `{"properties": {"a": {}}}`, "{'a': (1,)}", `{"a": [1]}`},
		{"a type of Python", `{"type": "str"}`, "1", `"1"`},
		{"a type that is unknown", `{"type": "date"}`, "1", `1`},
		{"no schema, JSON", `{}`, `[1, "a"]`, `[1, "a"]`},
		{"no schema, Python", `{}`, `None`, `null`},
		{"no schema, a text", `{}`, "a b", `"a b"`},
		{"a tag in a text", `{"type": "string"}`, "<b> & </b>", `"<b> & </b>"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool := `{"type": "function", "function": {"name": "f", "parameters": {"$defs": {"t": {"type": "string"}}, "properties": {"x": ` + c.schema + `}}}}`
			tools := NewTools([]any{json.RawMessage(tool)})
			if got := tools.value("f", "x", c.text); string(got) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestToolsComeInSeveralForms(t *testing.T) {
	type parameters struct {
		Properties map[string]any `json:"properties"`
	}
	type function struct {
		Name       string     `json:"name"`
		Parameters parameters `json:"parameters"`
	}
	f := function{"f", parameters{map[string]any{"x": map[string]string{"type": "string"}}}}
	for name, tool := range map[string]any{
		"a struct":              f,
		"a struct in an object": map[string]any{"type": "function", "function": f},
		"JSON":                  json.RawMessage(`{"name": "f", "parameters": {"properties": {"x": {"type": "string"}}}}`),
		"a schema of input":     json.RawMessage(`{"name": "f", "input_schema": {"properties": {"x": {"type": "string"}}}}`),
		"further properties":    json.RawMessage(`{"name": "f", "parameters": {"additionalProperties": {"type": "string"}}}`),
	} {
		if got := NewTools([]any{tool}).value("f", "x", "1"); string(got) != `"1"` {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for _, tool := range []any{nil, 1, "f", make(chan int), json.RawMessage(`{"function": 1}`), json.RawMessage(`{"name": "f", "parameters": [1]}`), json.RawMessage(`{`)} {
		if got := NewTools([]any{tool}).value("f", "x", "1"); string(got) != `1` {
			t.Errorf("%v: got %s", tool, got)
		}
	}
}
