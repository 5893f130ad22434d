package grammar

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/gocoreml/coreml/generate/grammar/internal/gotype"
	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
)

// SchemaError says which keyword of a JSON schema cannot be used, where it stands and
// why.
type SchemaError struct {
	// Keyword is the name of the keyword, such as "uniqueItems"; empty where the schema
	// as a whole is meant.
	Keyword string
	// Pointer is the JSON pointer of the schema object that has the keyword; empty for
	// the root.
	Pointer string
	// Reason says what is wrong and what may be done.
	Reason string
	// Unsupported tells a schema outside of the subset that is compiled, or too large
	// to be, from one that is no schema.
	Unsupported bool
}

// Error implements error.
func (e *SchemaError) Error() string { return (*schema.Error)(e).Error() }

// SchemaOptions say how [JSONSchema] reads a schema. nil is the zero value.
type SchemaOptions struct {
	// Narrow compiles some keywords that no automaton decides by allowing less than
	// they do, where they are refused otherwise: what a model writes is valid all the
	// same, and not every valid value can be written. uniqueItems allows one item
	// where its values are not listed, and minProperties is met by members whose names
	// the schema mentions.
	Narrow bool
}

// JSONSchema returns the grammar of the JSON values that a schema allows, each in its
// canonical form, see [Grammar.Canonical]. The schema is one of draft 2020-12, or of an
// earlier one that its $schema names; without a name the earlier spellings are read too.
// What is not supported is refused by a [*SchemaError] and never ignored: docs/schema.md
// of the repository lists it. A schema that allows no value is [ErrNothing].
func JSONSchema(text []byte, opts *SchemaOptions) (*Grammar, error) {
	if opts == nil {
		opts = &SchemaOptions{}
	}
	p, err := schema.Compile(text, schema.Options{Narrow: opts.Narrow})
	if err != nil {
		return nil, fmt.Errorf("schema: %w", public(err))
	}
	return &Grammar{program: p, kind: "schema", text: len(text), writer: sync.OnceValues(func() (*schema.Writer, error) {
		return schema.NewWriter(text, schema.Options{Narrow: opts.Narrow})
	})}, nil
}

// SchemaOf returns the JSON schema of a Go type: of the values that encoding/json reads
// into it without an error. Members are those of encoding/json, in the order of the
// fields; those without omitempty or omitzero are required, and no others are allowed. A
// pointer allows null. Two tags say more:
//
//	Name  string   `json:"name" description:"in full" jsonschema:"minLength=1,maxLength=40"`
//	Color string   `json:"color" jsonschema:"enum=red,enum=green"`
//	Sizes []string `json:"sizes" jsonschema:"enum=S,enum=M,maxItems=2"`
//
// jsonschema may have title, description, pattern, format, enum, minimum, maximum,
// exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, minItems, maxItems,
// minProperties and maxProperties; a comma in a value is written \\, and a tag without
// any of them is a description. A type with a method JSONSchema() string has the schema
// that it returns, which a type with an UnmarshalJSON of its own needs.
func SchemaOf(t reflect.Type) ([]byte, error) {
	text, err := gotype.Schema(t)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return text, nil
}

// valueDepth is how deep the arrays and objects of a value may lie in each other.
const valueDepth = 1_000

// Canonical returns the form of a JSON value in which the grammar of a schema has it:
//
//   - between values ", " and behind names ": ", and no other space;
//   - numbers without an exponent and without a zero that carries nothing, so that 1.0
//     and 10e-1 are 1, and -0 is 0;
//   - in strings the escapes \" \\ \b \f \n \r \t, for other control characters \u00xx
//     with small letters, and every other character as it is;
//   - of the members of an object first those whose names the schema mentions at that
//     place, in the order in which it does, and then the others in their own order.
//
// A name is mentioned by properties, required, dependentRequired and const or enum with
// an object: first by the schema itself, then by those of its $ref, allOf, anyOf, oneOf,
// not, if, then, else and dependentSchemas, in this order.
//
// A value that the schema does not allow has a canonical form that [Grammar.Match] does
// not accept. For a grammar that was not made of a schema the members stay in their
// order. Its error is that of a text that is no JSON.
func (g *Grammar) Canonical(value []byte) ([]byte, error) {
	if g == nil || g.writer == nil {
		v, err := jsonvalue.Parse(value, valueDepth, jsonvalue.LastWins)
		if err != nil {
			return nil, err
		}
		return jsonvalue.Append(nil, v), nil
	}
	w, err := g.writer()
	if err != nil {
		return nil, err // the schema was compiled before
	}
	return w.Canonical(value)
}

// ofTypes are the grammars that [Of] has made, by type.
var ofTypes sync.Map

// made is a grammar or why there is none.
type made struct {
	g   *Grammar
	err error
}

// Of returns the grammar of the JSON values that encoding/json reads into a T, by the
// schema that [SchemaOf] writes. It is compiled once for each type.
func Of[T any]() (*Grammar, error) {
	t := reflect.TypeFor[T]()
	if known, ok := ofTypes.Load(t); ok {
		m, _ := known.(made)
		return m.g, m.err
	}
	var m made
	text, err := SchemaOf(t)
	if err == nil {
		m.g, err = JSONSchema(text, nil)
	}
	m.err = err
	known, _ := ofTypes.LoadOrStore(t, m)
	m, _ = known.(made)
	return m.g, m.err
}
