//go:build linux

package attacks_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar"
)

// many is a list of n parts, in each of which % is its number.
func many(n int, part string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strings.ReplaceAll(part, "%", fmt.Sprint(i))
	}
	return strings.Join(parts, ",")
}

// largeSchemas would take a compiler without bounds hours and the memory.
var largeSchemas = map[string]string{
	"alternatives": `{"allOf":[` + many(40, `{"anyOf":[{"required":["a%"]},{"required":["b%"]},{"properties":{"c%":{"type":"null"}}}]}`) + `]}`,
	"branches":     `{"oneOf":[` + many(200, `{"properties":{"a%":{"type":"string"},"b%":{"type":"string"}}}`) + `]}`,
	"conditions":   `{"allOf":[` + many(30, `{"if":{"properties":{"a%":{"const":1}}},"then":{"required":["b%"]},"else":{"required":["c%"]}}`) + `]}`,
	"patterns":     `{"patternProperties":{` + many(60, `"a.{%}b":{"minimum":%}`) + `}}`,
	"common":       `{"allOf":[` + many(12, `{"pattern":"(a|b).{1%}(a|b)"}`) + `]}`,
	"repetition":   `{"pattern":"^((a{1,300}){1,300}){1,300}$"}`,
	"properties":   `{"properties":{` + many(50000, `"p%":{}`) + `}}`,
	"constants":    `{"enum":[` + many(100000, `"constant %"`) + `]}`,
	"nested":       strings.Repeat(`{"not":{"properties":{"a":`, 160) + `{}` + strings.Repeat(`}}}`, 160),
	"deep":         strings.Repeat(`{"items":`, 100000) + `{}` + strings.Repeat(`}`, 100000),
	"references":   `{"$ref":"#/$defs/0","$defs":{` + many(20000, `"%":{"$ref":"#/$defs/1%"}`) + `}}`,
	"itself":       `{"allOf":[{"$ref":"#"}]}`,
	"numbers":      `{"enum":[` + many(1000, `1e9999`) + `],"minimum":1e9999,"multipleOf":1e-9999}`,
	"members":      `{"minProperties":1,"maxProperties":5000,"properties":{` + many(300, `"p%":{}`) + `}}`,
}

// schemaFiles are hostile schemas: each is compiled or refused by a typed error.
func schemaFiles() []*attack {
	var list []*attack
	for name, text := range largeSchemas {
		list = append(list, &attack{
			name: "schema/" + name,
			prepare: func(t *testing.T, dir string) {
				t.Helper()
				write(t, filepath.Join(dir, "schema.json"), []byte(text))
			},
			inside: func(_ context.Context, dir string) error {
				text, err := os.ReadFile(filepath.Join(dir, "schema.json"))
				if err != nil {
					return err
				}
				g, err := grammar.JSONSchema(text, nil)
				if err == nil {
					g.Match(`{"a":[1]}`)
					return nil
				}
				if _, ok := errors.AsType[*grammar.SchemaError](err); ok || errors.Is(err, grammar.ErrNothing) {
					return nil
				}
				return fmt.Errorf("the error is of type %T: %w", err, err)
			},
		})
	}
	return list
}
