package structured

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/internal/testutil"
)

// bound is a schema with its grammar and its validator.
type bound struct {
	name    string
	grammar *grammar.Grammar
	valid   *jsonschema.Schema
}

// own are schemas as programs give them to models.
var own = map[string]string{
	"person": `{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":20},"age":{"type":"integer","minimum":0,"maximum":120},
		"email":{"type":"string","format":"email"}},"required":["name","age"],"additionalProperties":false}`,
	"tagged": `{"type":"array","minItems":1,"maxItems":3,"items":{"oneOf":[
		{"type":"object","properties":{"kind":{"const":"circle"},"radius":{"type":"number","exclusiveMinimum":0}},"required":["kind","radius"],"additionalProperties":false},
		{"type":"object","properties":{"kind":{"const":"box"},"sides":{"type":"array","items":{"type":"integer","multipleOf":5},"minItems":2,"maxItems":2}},"required":["kind","sides"],"additionalProperties":false}]}}`,
	"tree": `{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"value":{"type":"string","pattern":"^[a-z]{1,8}$"},
		"kids":{"type":"array","maxItems":2,"items":{"$ref":"#/$defs/node"}}},"required":["value"],"additionalProperties":false}}}`,
	"event": `{"type":"object","properties":{"when":{"type":"string","format":"date-time"},"tags":{"type":"array","uniqueItems":true,"items":{"enum":["a","b","c"]}},
		"note":{"anyOf":[{"type":"string","maxLength":30},{"type":"null"}]}},"required":["when","tags","note"],"additionalProperties":false}`,
	"anything": `{}`,
}

// pattern is a pattern of ECMA-262, which the validator has no engine for.
type pattern struct{ re *regexp2.Regexp }

func (p pattern) MatchString(s string) bool {
	ok, err := p.re.MatchString(s)
	return err == nil && ok
}

func (p pattern) String() string { return p.re.String() }

func ecma(s string) (jsonschema.Regexp, error) {
	re, err := regexp2.Compile(s, regexp2.ECMAScript)
	return pattern{re}, err
}

// validator returns the validator of a schema, which asserts formats too.
func validator(text []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(ecma)
	c.AssertFormat()
	if err := c.AddResource("file:///schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("file:///schema.json")
}

// bind makes the grammar and the validator of a schema; nil where the grammar is refused
// by a keyword's name, or the validator, which reads the schema's references too, has no
// answer.
func bind(t *testing.T, name string, text []byte, narrow bool) *bound {
	t.Helper()
	g, err := grammar.JSONSchema(text, &grammar.SchemaOptions{Narrow: narrow})
	refused, ok := errors.AsType[*grammar.SchemaError](err)
	switch {
	case ok && refused.Unsupported && refused.Keyword != "", errors.Is(err, grammar.ErrNothing):
		return nil
	case err != nil:
		t.Logf("%s: %v", name, err)
		return nil
	}
	v, err := validator(text)
	if err != nil {
		t.Logf("%s: the validator: %v", name, err)
		return nil
	}
	return &bound{name, g, v}
}

// schemas are all schemas that there are.
func schemas(t *testing.T) (list []*bound) {
	t.Helper()
	add := func(name string, text []byte, narrow bool) bool {
		b := bind(t, name, text, narrow)
		if b != nil {
			list = append(list, b)
		}
		return b != nil
	}
	for name, text := range own {
		if !add(name, []byte(text), false) {
			t.Errorf("%s is refused", name)
		}
	}
	if fixtures := os.Getenv("COREML_FIXTURES"); fixtures != "" {
		for i, text := range suite(t, filepath.Join(fixtures, "..", "jsonschema", "cases.jsonl")) {
			add(filepath.Join("suite", string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10))), text, false)
		}
	}
	real, compiled := 0, 0
	if dir := os.Getenv("COREML_STRUCTURED_SCHEMAS"); dir != "" {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no schemas in %s: %v", dir, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(text) > 200<<10 {
				continue
			}
			if real++; add(strings.TrimSuffix(filepath.Base(file), ".json"), text, true) {
				compiled++
			}
		}
	}
	t.Logf("%d schemas; of %d real ones %d are compiled", len(list), real, compiled)
	return list
}

// suite reads the schemas of the JSON-Schema-Test-Suite.
func suite(t *testing.T, file string) (list [][]byte) {
	t.Helper()
	testutil.EachLine(t, file, func(line []byte) {
		var c struct{ Schema json.RawMessage }
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c.Schema)
	})
	return list
}
