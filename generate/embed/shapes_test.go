package embed_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tokenizer"
)

const open1 = mil.Unknown

var toyTexts = []string{
	"a b c", "d", "e f g h i j k l m n", "c b a", "k l m n o p q r s t", "b c d e f", "j", "a b c d e f g h", "f e d c b", "t s r",
}

func TestEveryShapeGivesTheVectorsThatPlainGoGives(t *testing.T) {
	for name, e := range map[string]toy{
		"a fixed shape":                       {batch: 1, length: 16, mask: "attention_mask", output: "last_hidden_state"},
		"a fixed batch of four":               {batch: 4, length: 16, mask: "attention_mask", output: "last_hidden_state"},
		"an open length":                      {batch: 1, length: open1, mask: "mask", output: "x"},
		"an open batch and length":            {batch: open1, length: open1, mask: "attention_mask", half: true, output: "x"},
		"an open batch of a fixed length":     {batch: open1, length: 14, mask: "attention_mask", output: "x"},
		"types and positions":                 {batch: 2, length: 16, mask: "attention_mask", types: "token_type_ids", positions: "position_ids", output: "x"},
		"positions with one axis":             {batch: 4, length: 16, mask: "attention_mask", positions: "positions", flat: true, output: "x"},
		"channels first":                      {batch: 2, length: 16, mask: "attention_mask", form: "channels", output: "x"},
		"channels first with an open length":  {batch: 1, length: open1, mask: "attention_mask", form: "channels", output: "x"},
		"no mask and an open length":          {batch: 1, length: open1, output: "x"},
		"no mask, an open batch and length":   {batch: open1, length: open1, output: "x"},
		"no mask, but a package that pads":    {batch: 2, length: 16, pads: true, output: "x"},
		"a vector of an open length":          {batch: 1, length: open1, form: "pooled", output: "sentence_embedding"},
		"a vector with an axis of one":        {batch: 1, length: open1, form: "one", output: "embeddings"},
		"vectors of an open batch and length": {batch: open1, length: open1, form: "pooled", output: "y"},
	} {
		t.Run(name, func(t *testing.T) {
			poolings := []embed.Pooling{"mean", "cls", "last", "max", "mean-sqrt", "weighted-mean", "max+cls"}
			if e.form == "pooled" || e.form == "one" {
				poolings = []embed.Pooling{""}
			}
			for _, p := range poolings {
				checkToy(t, &e, &embed.Config{Pooling: p})
			}
		})
	}
}

// checkToy compares a toy's vectors with those that plain Go gives, each text alone
// and all of them at once.
func checkToy(t *testing.T, e *toy, cfg *embed.Config) {
	t.Helper()
	m, err := embed.Open(t.Context(), e.write(t, true), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	want := make([][]float32, len(toyTexts))
	for i, text := range toyTexts {
		enc, err := m.Tokenizer().EncodeWithOffsets(text, true)
		if err != nil {
			t.Fatal(err)
		}
		if want[i] = vectorOf(e, cfg.Pooling, enc); len(enc.IDs) > m.MaxTokens() {
			t.Fatalf("%q is too long for the test", text)
		}
	}
	got, err := m.Embed(t.Context(), toyTexts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range toyTexts {
		alone, err := m.Embed(t.Context(), toyTexts[i:i+1], nil)
		if err != nil {
			t.Fatal(err)
		}
		if !near(got[i], want[i]) || !near(alone[0], want[i]) {
			t.Errorf("%s: %q: %v and alone %v, want %v", cfg.Pooling, toyTexts[i], got[i], alone[0], want[i])
		}
	}
	if m.Dimensions() != len(want[0]) {
		t.Errorf("%d dimensions, want %d", m.Dimensions(), len(want[0]))
	}
}

// vectorOf computes the vector of a text.
func vectorOf(e *toy, how embed.Pooling, enc *tokenizer.Encoding) []float32 {
	rows := e.rowsOf(enc.IDs, enc.TypeIDs)
	var out []float32
	for part := range strings.SplitSeq(string(how), "+") {
		for _, x := range pooled(embed.Pooling(part), rows) {
			out = append(out, float32(x))
		}
	}
	return out
}

// near reports whether two vectors differ by rounding alone.
func near(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) <= 1e-5*(1+math.Abs(float64(y))) })
}

func TestPairsGoToARerankerWithTheirTypes(t *testing.T) {
	e := toy{batch: 2, length: 24, mask: "attention_mask", types: "token_type_ids", form: "logit", output: "score"}
	m, err := embed.Open(t.Context(), e.write(t, true), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	got, err := m.Score(t.Context(), "a b", toyTexts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range toyTexts {
		enc, err := m.Tokenizer().EncodePair("a b", text, true)
		if err != nil {
			t.Fatal(err)
		}
		logit := e.rowsOf(enc.IDs, enc.TypeIDs)[0][0]
		if want := 1 / (1 + math.Exp(-logit)); math.Abs(float64(got[i])-want) > 1e-5 {
			t.Errorf("%q: %v, want %v", text, got[i], want)
		}
	}
	if _, err := m.Embed(t.Context(), toyTexts, nil); err == nil || !strings.Contains(err.Error(), "no embeddings: output score") {
		t.Errorf("vectors of a reranker: %v", err)
	}
}

func TestADriverNamesWhatDetectionCannotKnow(t *testing.T) {
	e := toy{batch: 2, length: 16, mask: "present", positions: "where", output: "x"}
	path := e.write(t, true)
	_, err := embed.Open(t.Context(), path, &embed.Config{Pooling: "mean"})
	if want := "input present: multi-array int32 (2 x 16)"; err == nil || !strings.Contains(err.Error(), "no embeddings: "+want) {
		t.Fatalf("without a driver: %v, want %s", err, want)
	}
	d := &embed.Driver{Tokens: "input_ids", AttentionMask: "present", Positions: "where", Pooling: "mean"}
	checkToyAt(t, &e, path, &embed.Config{Driver: d}, "mean")
	// The same from a file beside the package.
	writeJSON(t, strings.TrimSuffix(path, ".mlpackage")+".driver.json", map[string]any{
		"tokens": "input_ids", "attention_mask": "present", "positions": "where", "pooling": "mean",
	})
	checkToyAt(t, &e, path, nil, "mean")
	// The pooling of the call comes before that of the file.
	checkToyAt(t, &e, path, &embed.Config{Pooling: "cls"}, "cls")
}

// checkToyAt is checkToy for a package that is there, and one text.
func checkToyAt(t *testing.T, e *toy, path string, cfg *embed.Config, how embed.Pooling) {
	t.Helper()
	m, err := embed.Open(t.Context(), path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	for _, text := range toyTexts[:3] {
		enc, err := m.Tokenizer().EncodeWithOffsets(text, true)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Embed(t.Context(), []string{text}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := vectorOf(e, how, enc); !near(got[0], want) {
			t.Errorf("%q: %v, want %v", text, got[0], want)
		}
	}
}

func TestConstantsFillInputsThatNothingElseFills(t *testing.T) {
	e := toy{batch: 1, length: 16, mask: "attention_mask", types: "style", output: "x"}
	path := e.write(t, true)
	cfg := &embed.Config{Pooling: "mean", Driver: &embed.Driver{Tokens: "input_ids", Constants: map[string]float64{"style": 0}}}
	checkToyAt(t, &e, path, cfg, "mean") // every type is 0
	for _, v := range []float64{0.5, math.NaN(), math.Inf(1), 1e30} {
		cfg.Driver.Constants["style"] = v
		if _, err := embed.Open(t.Context(), path, cfg); err == nil || !strings.Contains(err.Error(), "driver: constants: ") {
			t.Errorf("%v is taken: %v", v, err)
		}
	}
}

func TestALongStreamComesInItsOrder(t *testing.T) {
	e := toy{batch: open1, length: open1, mask: "attention_mask", output: "x"}
	m, err := embed.Open(t.Context(), e.write(t, true), &embed.Config{Pooling: "mean", Batch: 16})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	const n = 2500
	text := func(i int) string {
		return fmt.Sprint(strings.Repeat("a ", i%7), toyWords[3+i%20], " ", toyWords[3+i%19])
	}
	var asked, given int
	texts := func(yield func(string) bool) {
		for i := range n {
			asked++
			if !yield(text(i)) {
				return
			}
		}
	}
	for got, err := range m.Stream(t.Context(), texts, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if want := text(given); got.Text != want || asked-given > 1024 {
			t.Fatalf("text %d is %q, want %q; %d were asked for", given, got.Text, want, asked)
		}
		if given%100 == 0 {
			enc, err := m.Tokenizer().EncodeWithOffsets(got.Text, true)
			if err != nil {
				t.Fatal(err)
			}
			if want := vectorOf(&e, "mean", enc); !near(got.Vector, want) || got.Tokens != len(enc.IDs) || got.Truncated {
				t.Errorf("text %d: %+v, want %v", given, got, want)
			}
		}
		given++
	}
	if given != n {
		t.Errorf("%d vectors, want %d", given, n)
	}
	// A reader that has had enough ends the reading.
	asked = 0
	for range m.Stream(t.Context(), texts, nil) {
		break
	}
	if asked != 1024 {
		t.Errorf("%d texts were asked for", asked)
	}
}
