package jinja_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
)

// clock is the time that the recorded renderings saw.
func clock() time.Time { return time.Date(2025, 7, 10, 12, 0, 0, 0, time.UTC) }

func TestRecordedRenderingsOfRealTemplatesAreExact(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skipf("needs COREML_FIXTURES, which is not set")
	}
	dir := filepath.Join(fixtures, "..", "tokenizers", "chat")
	data, err := os.ReadFile(filepath.Join(dir, "templates.json"))
	if err != nil {
		t.Skipf("SKIPPED: %s: %v", t.Name(), err)
	}
	var list []struct{ Template string }
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	templates := make([]*jinja.Template, len(list))
	for i, l := range list {
		if templates[i], err = jinja.Parse(t.Context(), l.Template); err != nil {
			t.Errorf("template %d: %v", i, err)
		}
	}
	file, err := os.Open(filepath.Join(dir, "dev.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	pass, total, messages := 0, 0, 0
	for lines.Scan() {
		var r struct {
			Tpl      int
			Name     string
			Case     string
			Input    json.RawMessage
			Out      *string
			Err, Msg string
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		total++
		if templates[r.Tpl] == nil {
			continue
		}
		vars, err := jinja.FromJSON(t.Context(), r.Input)
		if err != nil {
			t.Fatal(err)
		}
		out, err := templates[r.Tpl].Render(t.Context(), vars.(*jinja.Dict), &jinja.Options{Now: clock})
		var e *jinja.Error
		switch {
		case r.Out == nil && err == nil:
			t.Errorf("%s/%s: rendered, want %s: %s", r.Name, r.Case, r.Err, r.Msg)
		case r.Out == nil:
			pass++
			if errors.As(err, &e) && e.Kind == r.Err && e.Msg == r.Msg {
				messages++
			} else {
				t.Logf("%s/%s: message %v, the reference says %s: %s", r.Name, r.Case, err, r.Err, r.Msg)
			}
		case err != nil:
			t.Errorf("%s/%s: %v", r.Name, r.Case, err)
		case out != *r.Out:
			t.Errorf("%s/%s:\n got %q\nwant %q", r.Name, r.Case, out, *r.Out)
		default:
			pass++
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d renderings are right, %d error messages are those of the reference", pass, total, messages)
}
