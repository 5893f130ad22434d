package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeText writes a file for one test and returns its path.
func writeText(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const personSchema = `{
	"type": "object",
	"properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "minimum": 0, "maximum": 130}},
	"required": ["name", "age"],
	"additionalProperties": false
}`

func TestGrammarJudgesJSONLines(t *testing.T) {
	schema := writeText(t, "person.json", personSchema)
	const values = `{"age": 3e1, "name": "Ann </s> é 👍"}` + "\n\n" +
		`{"name":"","age":30}` + "\n" +
		`{"name":"Bob","age":131}` + "\n" +
		`{"name":"Bob","age":1.0}` + "\n" +
		`["Bob"]` + "\n"
	const want = "true\nfalse\nfalse\ntrue\nfalse\n"
	for _, flags := range [][]string{nil, {"-t", embedded}} {
		r := callWith(t, values, append([]string{"grammar", "--schema", schema}, flags...)...)
		r.want(t, exitOK, "", "the schema compiles to an automaton")
		if r.out != want {
			t.Errorf("%q: %q, want %q", flags, r.out, want)
		}
	}
}

func TestGrammarJudgesLinesAsTheyStand(t *testing.T) {
	schema := writeText(t, "person.json", personSchema)
	list := writeText(t, "list.gbnf", "root ::= \"- \" [a-z]+ (\"\\n- \" [a-z]+)*\n")
	for _, c := range []struct{ flag, value, lines, want string }{
		{"--schema=" + schema, "", `{"name": "Bob", "age": 30}` + "\n" + `{"name":"Bob","age":30}` + "\n" + `{"age": 30, "name": "Bob"}` + "\n", "true\nfalse\nfalse\n"},
		{"--regex=(yes|no)", "", "yes\nno\nmaybe\n\n", "true\ntrue\nfalse\nfalse\n"},
		{"--grammar=" + list, "", "- one\n one\n", "true\nfalse\n"},
		{"--choice=red, or so", "--choice=green", "green\nred\nred, or so\n", "true\nfalse\ntrue\n"},
	} {
		for _, tok := range []string{"", embedded} {
			args := []string{"grammar", "--verbatim", c.flag}
			if c.value != "" {
				args = append(args, c.value)
			}
			if tok != "" {
				args = append(args, "--tokenizer", tok)
			}
			r := callWith(t, c.lines, args...)
			r.want(t, exitOK, "", "compiles to an automaton")
			if r.out != c.want {
				t.Errorf("%q: %q, want %q", args, r.out, c.want)
			}
		}
	}
}

func TestGrammarNamesWhatItRefuses(t *testing.T) {
	unique := writeText(t, "unique.json", `{"items": {"uniqueItems": true}}`)
	call(t, "grammar", "--schema", unique).want(t, exitUnsupported, "", `keyword "uniqueItems" at "/items"`)
	callWith(t, "[[1]]\n[[1,1]]\n", "grammar", "--schema", unique, "--narrow").want(t, exitOK, "true\nfalse\n", "")
	wrong := writeText(t, "wrong.json", `{"type": "text"}`)
	call(t, "grammar", "--schema", wrong).want(t, exitFailure, "", `wrong.json": keyword "type" at the root of the schema is "text"`)
	never := writeText(t, "never.json", `false`)
	callWith(t, "1\n", "grammar", "--schema", never).want(t, exitOK, "false\n", "no text fits the grammar")
	callWith(t, "{\n", "grammar", "--schema", unique, "--narrow").want(t, exitFailure, "", "line 1: the JSON value is cut off")
	callWith(t, "1 2\n", "grammar", "--choice", "a").want(t, exitFailure, "", "line 1: there is more than one JSON value")
	call(t, "grammar").want(t, exitUsage, "", "there is no grammar")
	call(t, "grammar", "--regex", "a", "--choice", "b").want(t, exitUsage, "", "--regex and --choice are two grammars")
	call(t, "grammar", "--schema", "absent.json").want(t, exitFailure, "", "absent.json")
	call(t, "grammar", "--regex", "(").want(t, exitFailure, "", "regex")
	call(t, "grammar", "--choice", "a", "--tokenizer", "absent/", "--offline").want(t, exitFailure, "", "absent")
	r := call(t, "grammar", "--choice", "a", "--narrow", "--keep-components")
	r.want(t, exitOK, "", "--narrow has no effect without --schema")
	if !strings.Contains(r.err, "--keep-components has no effect without --tokenizer") {
		t.Error(r.err)
	}
}
