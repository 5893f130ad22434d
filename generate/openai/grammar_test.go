package openai_test

import (
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// What is asked for again is not compiled again, whatever field or interface names it.
func TestGrammarsAreKeptFromOneRequestToTheNext(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const schema = `{"enum":["yes","no"]}`
	for _, body := range []string{
		`"schema":` + schema, `"guided_regex":"yes|no"`, `"guided_grammar":"root ::= \"yes\" | \"no\""`, `"choice":["yes","no"]`, `"response_format":{"type":"json_object"}`,
	} {
		var r any
		s.post(completionsPath, `{"model":"story","prompt":"Once","max_tokens":30,`+body+`}`, &r)
	}
	for kind, text := range map[string]string{
		"schema": schema, "regex": "yes|no", "grammar": `root ::= "yes" | "no"`, "choice": `["yes","no"]`,
	} {
		if !s.handler.KeepsGrammar(kind, text) {
			t.Errorf("a %s is not kept", kind)
		}
	}
	if !s.handler.KeepsGrammar("schema", `{"type":"object"}`) {
		t.Error("the objects are not kept")
	}
	if s.handler.KeepsGrammar("schema", "yes|no") {
		t.Error("kinds are not told apart")
	}
	s.refused(completionsPath, `{"model":"story","prompt":"Once","schema":{"enum":[]}}`)
	if s.handler.KeepsGrammar("schema", `{"enum":[]}`) {
		t.Error("a schema without a value is kept")
	}
}
