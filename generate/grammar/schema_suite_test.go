package grammar_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// suiteCase is a schema of the JSON-Schema-Test-Suite with its instances.
type suiteCase struct {
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
}

func suiteCases(t *testing.T, file string) (list []suiteCase) {
	t.Helper()
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

// checkSuite judges the instances of schemas by the masks of a tokenizer. It returns how
// many instances were judged and how many its tokens cannot write.
func checkSuite(t *testing.T, tok *tokenizer.Tokenizer, cases []suiteCase) (judged, unwritten int) {
	t.Helper()
	v := vocabulary(t, tok)
	for _, c := range cases {
		g, err := grammar.JSONSchema(c.Schema, nil)
		if refused, ok := errors.AsType[*grammar.SchemaError](err); ok && refused.Unsupported && refused.Keyword != "" {
			continue
		}
		if errors.Is(err, grammar.ErrNothing) {
			for _, test := range c.Tests {
				if test.Valid {
					t.Errorf("%s: %s: nothing is allowed", c.Description, test.Description)
				}
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.Description, err)
			continue
		}
		for _, test := range c.Tests {
			text, err := g.Canonical(test.Data)
			if err != nil {
				t.Errorf("%s: %s: %v", c.Description, test.Description, err)
				continue
			}
			got, err := g.Admits(t.Context(), v, string(text))
			if errors.Is(err, grammar.ErrSpelling) {
				unwritten++
				continue
			}
			if judged++; err != nil || got != test.Valid {
				t.Errorf("%s: %s: %s reads as %v, want %v (%v)", c.Description, test.Description, text, got, test.Valid, err)
			}
		}
	}
	return judged, unwritten
}

func TestSchemasByTheMasksOfTokens(t *testing.T) {
	tok, err := small()
	if err != nil {
		t.Fatal(err)
	}
	judged, unwritten := checkSuite(t, tok, suiteCases(t, filepath.Join("testdata", "suite.jsonl")))
	if unwritten > 0 || judged < 100 {
		t.Errorf("%d instances were judged, and %d could not be written", judged, unwritten)
	}
}

func TestSchemasOfTheSuiteByTheMasksOfEveryTokenizer(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("SKIPPED: COREML_FIXTURES is not set: the JSON-Schema-Test-Suite and the tokenizers lie beside that folder")
	}
	cases := suiteCases(t, filepath.Join(fixtures, "..", "jsonschema", "cases.jsonl"))
	for _, name := range []string{"mistral-v1", "qwen3", "smollm2", "t5-small", "falcon", "bert-base-uncased"} {
		t.Run(name, func(t *testing.T) {
			judged, unwritten := checkSuite(t, large(t, name), cases)
			t.Logf("%d instances judged, %d that the tokens cannot write", judged, unwritten)
		})
	}
}
