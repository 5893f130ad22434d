package grammar_test

import (
	"errors"
	"fmt"
	"log"
	"reflect"

	"github.com/gocoreml/coreml/generate/grammar"
)

func ExampleJSONSchema() {
	g, err := grammar.JSONSchema([]byte(`{
		"type": "object",
		"properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
		"required": ["name", "age"],
		"additionalProperties": false
	}`), nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, value := range []string{`{"age":3.0e1,"name":"Ann"}`, `{"age":-1,"name":"Ann"}`} {
		text, err := g.Canonical([]byte(value))
		fmt.Println(string(text), err, g.Match(string(text)))
	}

	_, err = grammar.JSONSchema([]byte(`{"properties": {"ids": {"uniqueItems": true}}}`), nil)
	var refused *grammar.SchemaError
	fmt.Println(errors.As(err, &refused) && refused.Unsupported, refused.Keyword, refused.Pointer)
	// Output:
	// {"name": "Ann", "age": 30} <nil> true
	// {"age": -1, "name": "Ann"} <nil> false
	// true uniqueItems /properties/ids
}

func ExampleSchemaOf() {
	type pet struct {
		Name string `json:"name" description:"what it is called"`
		Kind string `json:"kind" jsonschema:"enum=cat,enum=dog"`
		Age  uint8  `json:"age,omitempty"`
	}
	text, err := grammar.SchemaOf(reflect.TypeFor[[]pet]())
	fmt.Println(string(text), err)
	// Output:
	// {"type":"array","items":{"type":"object","properties":{"name":{"type":"string","description":"what it is called"},"kind":{"type":"string","enum":["cat","dog"]},"age":{"type":"integer","minimum":0,"maximum":255}},"required":["name","kind"],"additionalProperties":false}} <nil>
}
