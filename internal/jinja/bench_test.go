package jinja_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

// recorded returns real templates and conversations for them: the recorded
// renderings that the tests compare with.
func recorded(b *testing.B) (texts []string, tpls []*jinja.Template, cases []recordedCase) {
	b.Helper()
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		b.Skipf("SKIPPED: %s needs COREML_FIXTURES, which is not set", b.Name())
	}
	dir := filepath.Join(fixtures, "..", "tokenizers", "chat")
	data, err := os.ReadFile(filepath.Join(dir, "templates.json"))
	if err != nil {
		b.Skipf("SKIPPED: %s: %v", b.Name(), err)
	}
	var list []struct{ Template string }
	if err := json.Unmarshal(data, &list); err != nil {
		b.Fatal(err)
	}
	for _, l := range list {
		tpl, err := jinja.Parse(b.Context(), l.Template)
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, l.Template)
		tpls = append(tpls, tpl)
	}
	file, err := os.Open(filepath.Join(dir, "dev.jsonl.gz"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r struct {
			Tpl   int
			Input json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			b.Fatal(err)
		}
		v, err := jinja.FromJSON(b.Context(), r.Input)
		if err != nil {
			b.Fatal(err)
		}
		vars, _ := v.(*jinja.Dict)
		cases = append(cases, recordedCase{r.Tpl, vars})
	}
	return texts, tpls, cases
}

type recordedCase struct {
	tpl  int
	vars *jinja.Dict
}

// BenchmarkRecordedRenderings renders all recorded conversations once.
func BenchmarkRecordedRenderings(b *testing.B) {
	_, tpls, cases := recorded(b)
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range cases {
			_, _ = tpls[c.tpl].Render(b.Context(), c.vars, &jinja.Options{Now: clock})
		}
	}
}

// BenchmarkParse parses all recorded templates once.
func BenchmarkParse(b *testing.B) {
	texts, _, _ := recorded(b)
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			if _, err := jinja.Parse(b.Context(), text); err != nil {
				b.Fatal(err)
			}
		}
	}
}
