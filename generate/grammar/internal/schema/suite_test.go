package schema_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
	"github.com/gocoreml/coreml/internal/testutil"
)

// suiteCase is a schema of the JSON-Schema-Test-Suite with its instances.
type suiteCase struct {
	Keyword     string          `json:"keyword"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
}

func readCases(t *testing.T, file string) []suiteCase {
	t.Helper()
	var list []suiteCase
	testutil.EachLine(t, file, func(line []byte) {
		var c suiteCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	})
	if len(list) == 0 {
		t.Fatalf("%s has no cases", file)
	}
	return list
}

// checkCase checks one schema: each instance is read in canonical form if it is valid
// and is not if it is invalid, or the schema is refused by a keyword's name.
func checkCase(t *testing.T, c *suiteCase) (refused *schema.Error) {
	t.Helper()
	p, err := schema.Compile(c.Schema, schema.Options{})
	if refused, ok := errors.AsType[*schema.Error](err); ok {
		if refused.Keyword == "" || !refused.Unsupported {
			t.Errorf("%s: refused without a keyword's name: %v", c.Description, err)
		}
		return refused
	}
	if err != nil && !errors.Is(err, rules.ErrNothing) {
		t.Errorf("%s: %v", c.Description, err)
		return nil
	}
	w, err := schema.NewWriter(c.Schema, schema.Options{})
	if err != nil {
		t.Errorf("%s: writer: %v", c.Description, err)
		return nil
	}
	for _, test := range c.Tests {
		text, err := w.Canonical(test.Data)
		if err != nil {
			t.Errorf("%s: %s: %v", c.Description, test.Description, err)
			continue
		}
		if got := p != nil && p.Match(string(text)); got != test.Valid {
			t.Errorf("%s: %s: %s reads as %v, want %v", c.Description, test.Description, text, got, test.Valid)
		}
	}
	return nil
}

func TestSuite(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("COREML_FIXTURES is not set: the schemas of the JSON-Schema-Test-Suite lie beside that folder")
	}
	file := filepath.Join(filepath.Dir(fixtures), "jsonschema", "cases.jsonl")
	honoured, refused := 0, 0
	for _, c := range readCases(t, file) {
		if err := checkCase(t, &c); err != nil {
			t.Logf("refused: %s: %v", c.Description, err)
			refused++
			continue
		}
		honoured++
	}
	t.Logf("%d schemas honoured, %d refused by name", honoured, refused)
}
