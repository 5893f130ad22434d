package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
)

// list is n texts with commas between them, made of a format with the number of each.
func list(n int, format string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strings.ReplaceAll(format, "%", fmt.Sprint(i))
	}
	return strings.Join(parts, ",")
}

// nested is n texts of open around a text.
func nested(n int, open, inside, end string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
}

// hostile are schemas that would take much of a compiler without bounds.
var hostile = map[string]string{
	"deep":          nested(400, `{"items":`, `{}`, `}`),
	"too deep":      nested(5000, `{"items":`, `{}`, `}`),
	"deep not":      nested(400, `{"not":`, `{"type":"string"}`, `}`),
	"deep objects":  nested(150, `{"not":{"properties":{"a":`, `{}`, `}}}`),
	"loop":          `{"$ref":"#"}`,
	"loop of two":   `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}`,
	"loop by names": `{"propertyNames":{"$ref":"#"}}`,
	"never ends":    `{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`,
	"chain of refs": fmt.Sprintf(`{"$ref":"#/$defs/0","$defs":{%s,"3000":{}}}`, refs(3000)),
	"product":       fmt.Sprintf(`{"allOf":[%s]}`, list(30, `{"anyOf":[{"required":["a%"]},{"required":["b%"]},{"properties":{"c%":{"type":"string"}}}]}`)),
	"product of arrays": fmt.Sprintf(`{"allOf":[%s]}`,
		list(30, `{"anyOf":[{"minItems":%},{"contains":{"const":%}},{"items":{"const":%}}]}`)),
	"one of many":     fmt.Sprintf(`{"oneOf":[%s]}`, list(60, `{"properties":{"a%":{"type":"string"},"b%":{"type":"string"}}}`)),
	"patterns":        fmt.Sprintf(`{"patternProperties":{%s}}`, list(40, `"a.{%}b":{"minimum":%}`)),
	"names":           fmt.Sprintf(`{"dependentRequired":{%s}}`, list(60, `"a%":["b%"]`)),
	"unevaluated":     fmt.Sprintf(`{"anyOf":[%s],"unevaluatedProperties":false}`, list(30, `{"properties":{"a%":{}}}`)),
	"long bounds":     `{"minItems":1000000000}`,
	"long strings":    `{"minLength":1000000000}`,
	"many members":    `{"minProperties":1,"maxProperties":1000000000}`,
	"huge number":     `{"minimum":1e400}`,
	"huger number":    `{"minimum":1e9999}`,
	"hugest number":   `{"minimum":1e999999999999}`,
	"huge constant":   `{"enum":[1e9999,1e9998,1e9997,-1e-9999]}`,
	"prime":           `{"multipleOf":0.123456789}`,
	"primes":          `{"allOf":[{"multipleOf":9973},{"multipleOf":9967},{"multipleOf":9949}]}`,
	"pattern":         `{"pattern":"^((a{1,300}){1,300}){1,300}$"}`,
	"patterns meet":   fmt.Sprintf(`{"allOf":[%s]}`, list(12, `{"pattern":"(a|b).{1%}(a|b)"}`)),
	"pattern not":     fmt.Sprintf(`{"not":{"anyOf":[%s]}}`, list(12, `{"pattern":"a.{1%}(b|c).*a.{9}$"}`)),
	"deep pattern":    fmt.Sprintf(`{"pattern":%q}`, nested(100000, "(", "a", ")")),
	"many properties": fmt.Sprintf(`{"properties":{%s}}`, list(20000, `"p%":{}`)),
	"many constants":  fmt.Sprintf(`{"enum":[%s]}`, list(50000, `"constant %"`)),
	"unique":          fmt.Sprintf(`{"items":{"enum":[%s]},"uniqueItems":true}`, list(60, `%`)),
	"contains":        fmt.Sprintf(`{"allOf":[%s]}`, list(20, `{"contains":{"const":%},"minContains":100,"maxContains":200}`)),
	"contains more":   `{"allOf":[{"contains":{"const":1},"minContains":3000},{"contains":{"const":2},"maxContains":3000}]}`,
	"long pointer":    fmt.Sprintf(`{"$ref":"#%s"}`, strings.Repeat("/a", 100000)),
	"no address":      `{"$ref":"http://[::1"}`,
	"all at once":     `{"not":{"oneOf":[{"$ref":"#/$defs/a"},{"not":{"$ref":"#/$defs/a"}}]},"$defs":{"a":{"properties":{"x":{"$ref":"#"},"y":{"not":{"$ref":"#"}}},"items":{"not":{"$ref":"#"}}}}}`,
}

func refs(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(`"%d":{"$ref":"#/$defs/%d"}`, i, i+1)
	}
	return strings.Join(parts, ",")
}

func TestHostileSchemasEndInTypedErrors(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			p, err := schema.Compile([]byte(text), schema.Options{})
			if _, typed := errors.AsType[*schema.Error](err); err != nil && !typed && !errors.Is(err, rules.ErrNothing) {
				t.Errorf("the error %v is of type %T", err, err)
			}
			if (p == nil) == (err == nil) {
				t.Errorf("there is a program: %v, and an error: %v", p != nil, err)
			}
			t.Logf("%.300v", err)
		})
	}
}
