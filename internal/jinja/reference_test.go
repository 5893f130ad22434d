package jinja_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

// TestSnippetsRenderAsInTheReference checks small templates against what
// Jinja 3.1.6 gives for them in the environment for chat templates. The first
// line of the file has the variables, the others a template each with its
// output, or the exception that it raises.
func TestSnippetsRenderAsInTheReference(t *testing.T) {
	compareWithReference(t, "testdata/snippets.jsonl", false)
}

// compareWithReference renders the templates of a file; kinds says that what fails has
// to fail with the exception that is written there.
func compareWithReference(t *testing.T, path string, kinds bool) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var vars *jinja.Dict
	count, messages := 0, 0
	for lines.Scan() {
		var r struct {
			Vars     json.RawMessage
			T        string
			Out      *string
			Err, Msg string
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Vars != nil {
			v, err := jinja.FromJSON(t.Context(), r.Vars)
			if err != nil {
				t.Fatal(err)
			}
			vars, _ = v.(*jinja.Dict)
			continue
		}
		count++
		out, err := render(t, r.T, vars)
		var e *jinja.Error
		switch {
		case r.Out != nil && err != nil:
			t.Errorf("%q: %v, want %q", r.T, err, *r.Out)
		case r.Out != nil && out != *r.Out:
			t.Errorf("%q:\n got %q\nwant %q", r.T, out, *r.Out)
		case r.Out == nil && err == nil:
			t.Errorf("%q: got %q, want %s: %s", r.T, out, r.Err, r.Msg)
		case r.Out == nil && kinds && !(errors.As(err, &e) && e.Kind == r.Err):
			t.Errorf("%q: %v, want %s: %s", r.T, err, r.Err, r.Msg)
		case r.Out == nil && !(errors.As(err, &e) && e.Kind == r.Err && e.Msg == r.Msg):
			messages++
			if testing.Verbose() {
				t.Logf("%q: %v, the reference says %s: %s", r.T, err, r.Err, r.Msg)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if count < 100 {
		t.Fatalf("only %d snippets", count)
	}
	t.Logf("%d snippets, %d fail with another message", count, messages)
}

// TestRandomExpressionsGiveWhatTheReferenceGives takes templates that
// testdata/expressions.py makes of a seed, or those that are recorded. Of what fails the
// exception is compared, and its words are counted.
func TestRandomExpressionsGiveWhatTheReferenceGives(t *testing.T) {
	compareWithReference(t, cmp.Or(os.Getenv("COREML_EXPRESSIONS"), "testdata/expressions.jsonl.gz"), true)
}

func render(t *testing.T, text string, vars *jinja.Dict) (string, error) {
	t.Helper()
	tpl, err := jinja.Parse(t.Context(), text)
	if err != nil {
		return "", err
	}
	return tpl.Render(t.Context(), vars, &jinja.Options{Now: clock})
}
