package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// written writes a file of the test and returns its path.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnswersFitTheGrammarOfTheFlags(t *testing.T) {
	schema := written(t, "schema.json", `{"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 120}},
		"required": ["name", "age"], "additionalProperties": false}`)
	gbnf := written(t, "list.gbnf", "root ::= \"[\" item (\", \" item)* \"]\" # a list\nitem ::= [a-z]{1,5}\n")
	for _, c := range []struct {
		name string
		args []string
		fits func(text string) bool
	}{
		{"schema", []string{"--schema", schema}, func(s string) bool {
			var v struct {
				Name string
				Age  int
			}
			return json.Unmarshal([]byte(s), &v) == nil && v.Age >= 0 && v.Age <= 120
		}},
		{"regex", []string{"--regex", "(red|blue) [a-z]+"}, regexp.MustCompile(`^(red|blue) [a-z]+$`).MatchString},
		{"grammar", []string{"--grammar", gbnf}, regexp.MustCompile(`^\[[a-z]{1,5}(, [a-z]{1,5})*\]$`).MatchString},
		{"choice", []string{"--choice", "yes", "--choice", "no, not at all"}, regexp.MustCompile("^(yes|no, not at all)$").MatchString},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"generate", "--quiet", "--temperature", "1", "--seed", "3", "--max-tokens", "40"}, c.args...)
			r := call(t, append(args, "Once upon a time")...)
			r.want(t, exitOK, "", "")
			if text := strings.TrimSuffix(r.out, "\n"); !c.fits(text) {
				t.Errorf("%q does not fit", text)
			}
		})
	}
}

func TestAGrammarThatCannotBeIsToldOf(t *testing.T) {
	unsupported := written(t, "schema.json", `{"properties": {"a": {"uniqueItems": true}}}`)
	gbnf := written(t, "bad.gbnf", "root ::= \"a\" | nobody\n")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--schema", unsupported}, exitUnsupported, "uniqueItems"},
		{[]string{"--schema", filepath.Join(t.TempDir(), "none.json")}, exitFailure, "--schema: "},
		{[]string{"--schema", written(t, "type.json", `{"type": "x"}`)}, exitFailure, `type.json": keyword "type"`},
		{[]string{"--grammar", gbnf}, exitFailure, `rule "nobody" is not defined`},
		{[]string{"--regex", "a["}, exitFailure, "--regex: missing closing ]"},
		{[]string{"--regex", `a\b`}, exitFailure, `\b`},
		{[]string{"--regex", "(a{1000}){1000}"}, exitFailure, "regex"},
		{[]string{"--choice", "a", "--regex", "b"}, exitUsage, "two grammars"},
		{[]string{"--choice", "a", "--beams", "2"}, exitUsage, "--choice does not go with --beams"},
		{[]string{"--regex", "[a-z]{50}", "--max-tokens", "2"}, exitFailure, "it ended (length) before, and more tokens would give it room"},
	} {
		call(t, append(append([]string{"generate", "-q"}, c.args...), "Once")...).want(t, c.status, "", c.says)
	}
}

func TestRequestsHaveGrammarsOfTheirOwn(t *testing.T) {
	requests := written(t, "requests.jsonl", strings.Join([]string{
		`{"prompt": "a", "schema": {"const": [1, "x"]}}`,
		`{"prompt": "a", "choice": ["left"]}`,
		`{"prompt": "a", "regex": "[0-9]{3}", "temperature": 1}`,
		`{"prompt": "a", "grammar": "root ::= \"so\""}`,
		`{"prompt": "a", "grammar": "root ::= \"so\"", "regex": "so"}`,
	}, "\n"))
	r := call(t, "generate", "--requests", requests, "--json", "--quiet")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d answers: %s", len(lines), r.out)
	}
	for k, want := range []string{`^\[1, "x"\]$`, "^left$", "^[0-9]{3}$", "^so$", "^$"} {
		var answer struct{ Text, Error string }
		if err := json.Unmarshal([]byte(lines[k]), &answer); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(want).MatchString(answer.Text) || (answer.Error != "") != (k == 4) {
			t.Errorf("answer %d is %q, with the error %q", k, answer.Text, answer.Error)
		}
	}
}
