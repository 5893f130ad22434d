package generate_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// tinyRoot holds the packages that testdata/gen/make_families.py makes, and one
// tokenizer for all of them.
var tinyRoot = filepath.Join("..", "testdata", "families")

// tinyFamilies returns these packages with PyTorch's answers.
func tinyFamilies(t *testing.T) []familyPackage {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(tinyRoot, "*", "tokens.json"))
	if len(files) < 6 {
		t.Fatalf("%d packages lie in %s", len(files), tinyRoot)
	}
	var list []familyPackage
	for _, file := range files {
		list = append(list, tinyFamily(t, filepath.Base(filepath.Dir(file))))
	}
	return list
}

func tinyFamily(t *testing.T, name string) familyPackage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(tinyRoot, name, "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Model string
		Cases []record
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return familyPackage{name: name, records: file.Cases, open: func(t *testing.T, c generate.Config) *generate.Generator {
		t.Helper()
		c.Tokenizer, c.Model = filepath.Join(tinyRoot, "tokenizer"), &coreml.Config{Arithmetic: coreml.ArithmeticFaithful}
		g, err := generate.Open(t.Context(), filepath.Join(tinyRoot, name, file.Model), &c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
		return g
	}}
}

// TestTinyFamiliesBehaveAsTheFirst tries on packages of this repository what
// TestEveryFamilyBehavesAsTheFirst tries on others.
func TestTinyFamiliesBehaveAsTheFirst(t *testing.T) {
	for _, p := range tinyFamilies(t) {
		t.Run(p.name, func(t *testing.T) {
			for _, b := range familyBehaviours {
				t.Run(b.name, func(t *testing.T) { b.try(t, p) })
			}
		})
	}
}

// TestFunctionsAreChosenByThePromptsLength counts the predictions that a prompt takes: a
// few, where the functions for many tokens are used.
func TestFunctionsAreChosenByThePromptsLength(t *testing.T) {
	p := tinyFamily(t, "lengths")
	g := p.open(t, generate.Config{})
	d := g.Driver()
	if s := d.Stages[0]; s.Function != "length_1" || s.Prefill != "length_16" || !slices.Equal(s.Prefills, []string{"length_4"}) {
		t.Fatalf("the functions are %q, %q and %q", s.Function, s.Prefill, s.Prefills)
	}
	// Of 1, 4 and 16 places: the shortest that has room, and 16 as long as it has not.
	for _, c := range []struct{ tokens, chunk, calls int }{
		{1, -1, 1}, {3, -1, 1}, {4, -1, 1}, {5, -1, 1}, {16, -1, 1}, {21, -1, 2}, {37, -1, 3}, {16, 4, 4}, {5, 4, 2}, {3, 1, 3},
	} {
		g := p.open(t, generate.Config{PrefillChunk: c.chunk})
		i := slices.IndexFunc(p.records, func(r record) bool { return len(r.IDs) == c.tokens })
		s := sequenceOf(t, g)
		if _, err := s.Append(t.Context(), p.records[i].IDs); err != nil {
			t.Fatal(err)
		}
		if s.Calls() != c.calls {
			t.Errorf("%d tokens in pieces of %d took %d predictions, want %d", c.tokens, c.chunk, s.Calls(), c.calls)
		}
	}
}

// TestFunctionsOfLengthsCanBeNamed reads them in any order, and refuses what cannot be
// chosen between.
func TestFunctionsOfLengthsCanBeNamed(t *testing.T) {
	p := tinyFamily(t, "lengths")
	driver := func(text string) *generate.Driver {
		d, err := generate.ReadDriver(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, text := range []string{
		`{"stages": [{"function": "length_1", "prefills": ["length_16", "length_4"]}]}`,
		`{"stages": [{"function": "length_1", "prefill": "length_4", "prefills": ["length_16"]}]}`,
	} {
		g := p.open(t, generate.Config{Driver: driver(text)})
		if s := g.Driver().Stages[0]; s.Prefill != "length_16" || !slices.Equal(s.Prefills, []string{"length_4"}) {
			t.Errorf("%s gave %+v", text, s)
		}
		wantAnswer(t, sequenceOf(t, g), &p.records[len(p.records)-1])
	}
	for text, field := range map[string]string{
		`{"stages": [{"function": "length_1", "prefill": "length_16", "prefills": ["length_16"]}]}`: "stages.0.prefills",
		`{"stages": [{"function": "length_1", "prefills": ["length_8"]}]}`:                          "stages.0.function",
		`{"stages": [{"function": "length_1", "prefills": [""]}]}`:                                  "stages.0.prefills.0",
	} {
		_, err := generate.Open(t.Context(), filepath.Join(tinyRoot, "lengths", "model.mlpackage"),
			&generate.Config{Tokenizer: filepath.Join(tinyRoot, "tokenizer"), Driver: driver(text)})
		wantDriverError(t, err, field, "")
	}
}

// TestTablesAreComparedWithTheirHeaders has drivers that say another table than the
// .npy file.
func TestTablesAreComparedWithTheirHeaders(t *testing.T) {
	for change, reason := range map[string]string{
		`"float16"`:                     "is a table [64 32] of float32",
		`"float32", "rows": 32`:         "is a table [64 32]",
		`"float32", "rows": 64, "x": 1`: "no such field",
	} {
		rows := `"rows": 64`
		if strings.Contains(change, "rows") {
			rows = `"padded": false`
		}
		d, err := generate.ReadDriver(strings.NewReader(`{"stages": [{"package": "chunk_0.mlpackage", "inputs": {"inputs_embeds": {"role": "embeddings", "file": "embeddings.npy", "width": 32, ` +
			rows + `, "type": ` + change + `}}}, {"package": "lm_head.mlpackage", "inputs": {"temperature": {"role": "constant", "value": 1}}}]}`))
		if err == nil {
			_, err = generate.Open(t.Context(), filepath.Join(tinyRoot, "lengths-embeds"), &generate.Config{Tokenizer: filepath.Join(tinyRoot, "tokenizer"), Driver: d})
		}
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s gave %v", change, err)
		}
	}
}

// TestBatchesOfAnyNumberOfTexts answers prompts of packages whose number of texts is
// open.
func TestBatchesOfAnyNumberOfTexts(t *testing.T) {
	for _, name := range []string{"batch-range", "batch-enumerated"} {
		t.Run(name, func(t *testing.T) {
			p := tinyFamily(t, name)
			g := p.open(t, generate.Config{MaxStates: 1})
			for n := 1; n <= len(p.records); n++ {
				var prompts []generate.Prompt
				for _, r := range p.records[:n] {
					prompts = append(prompts, generate.Prompt{Tokens: r.IDs})
				}
				i, calls := 0, 0
				for got, err := range g.Batch(t.Context(), slices.Values(prompts), &generate.Options{MaxTokens: 9, IgnoreEnd: true, Sampling: &generate.Sampling{}}) {
					sure := min(p.records[i].sure(leastMargin), 9)
					if err != nil || len(got.Tokens) < sure || !slices.Equal(got.Tokens[:sure], p.records[i].Greedy[:sure]) {
						t.Errorf("of %d prompts number %d gave %v, %v; want %v", n, i, got.Tokens, err, p.records[i].Greedy[:sure])
					}
					calls = max(calls, got.Stats.PrefillCalls)
					i++
				}
				if i != n {
					t.Errorf("%d answers for %d prompts", i, n)
				}
			}
		})
	}
}

// TestRowsOfAPackageAreGivenOn has answers that end at different times, in a package
// that runs.
func TestRowsOfAPackageAreGivenOn(t *testing.T) {
	for _, name := range []string{"batch-range", "batch-enumerated"} {
		t.Run(name, func(t *testing.T) {
			p := tinyFamily(t, name)
			g := p.open(t, generate.Config{MaxStates: 1})
			opts := &generate.Options{MaxTokens: 12, Sampling: &generate.Sampling{}}
			var prompts []generate.Prompt
			for i := range 9 {
				r := p.records[i%len(p.records)]
				prompts = append(prompts, generate.Prompt{Tokens: r.IDs})
				if i%3 == 1 {
					opts.EndTokens = append(opts.EndTokens, r.Greedy[i%4])
				}
			}
			i := 0
			for got, err := range g.Batch(t.Context(), slices.Values(prompts), opts) {
				want, alone := generate.Collect(g.StreamTokens(t.Context(), prompts[i].Tokens, opts))
				if err != nil || alone != nil || !slices.Equal(got.Tokens, want.Tokens) || got.Finish != want.Finish {
					t.Errorf("prompt %d gave %v, %v, %v; by itself %v, %v, %v", i, got.Tokens, got.Finish, err, want.Tokens, want.Finish, alone)
				}
				i++
			}
			if i != len(prompts) {
				t.Errorf("%d answers for %d prompts", i, len(prompts))
			}
		})
	}
}

// TestTablesOfEveryForm has the rows of an .npy file of float32 as float16, with a header
// and without.
func TestTablesOfEveryForm(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(tinyRoot, "lengths-embeds"))); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "embeddings.npy"))
	if err != nil {
		t.Fatal(err)
	}
	const rows, width = 64, 32
	table, err := tensor.FromBytes(tensor.Float32, data[len(data)-rows*width*4:], rows, width).To(tensor.Float16).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	header := []byte("\x93NUMPY\x01\x00\x76\x00{'descr': '<f2', 'fortran_order': False, 'shape': (64, 32), }")
	header = append(header, bytes.Repeat([]byte(" "), 128-len(header))...)
	p := tinyFamily(t, "lengths-embeds")
	for name, content := range map[string][]byte{"table.bin": table, "table.npy": append(header, table...)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		driver, err := generate.ReadDriver(strings.NewReader(`{"stages": [{"package": "chunk_0.mlpackage", "inputs": {"inputs_embeds": {"role": "embeddings", "file": "` + name +
			`", "type": "float16", "rows": 64, "width": 32}}}, {"package": "lm_head.mlpackage", "inputs": {"temperature": {"role": "constant", "value": 1}}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		g, err := generate.Open(t.Context(), dir, &generate.Config{
			Tokenizer: filepath.Join(tinyRoot, "tokenizer"), Driver: driver, Model: &coreml.Config{Arithmetic: coreml.ArithmeticFaithful},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, sequenceOf(t, g), &p.records[2])
		t.Cleanup(func() { g.Close() })
	}
}
