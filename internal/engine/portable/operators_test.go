package portable

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var updatePages = flag.Bool("update", false, "write docs/operators.md anew")

// operatorNotes say what is worth knowing of an operator before a model is
// converted for the portable engine.
var operatorNotes = map[string]string{
	"classify":                     "gives the outputs of a classifier: the label and the probabilities",
	"conv_quantized":               "linear quantization in 8 bits",
	"cond":                         "runs one of two blocks",
	"while_loop":                   "at most 16,777,216 iterations",
	"const":                        "a constant: it is never executed",
	"gather":                       "negative indices up to iOS16, and constant ones from iOS17; an index outside is an error",
	"gather_along_axis":            "as gather",
	"gather_nd":                    "as gather",
	"scatter":                      "negative indices up to iOS16; from iOS17 an index outside changes nothing, or is an error where validate_indices asks for it",
	"gru":                          "reset_after and input_bias from iOS18",
	"list_scatter":                 "the list is copied",
	"list_write":                   "the list is copied",
	"local_response_norm":          "neighbouring channels, as the definition says",
	"random_bernoulli":             "with a seed the same numbers in every prediction; not those of Core ML",
	"random_categorical":           "with a seed the same numbers in every prediction; not those of Core ML",
	"random_normal":                "with a seed the same numbers in every prediction; not those of Core ML",
	"random_uniform":               "with a seed the same numbers in every prediction; not those of Core ML",
	"read_state":                   "shows the state's memory without a copy where no later write would show",
	"reshape":                      "0 copies a dimension: counted from the right from iOS17",
	"scaled_dot_product_attention": "a fully masked row is NaN, as the definition says",
	"topk":                         "of equal elements the one that comes first",
	"write_state":                  "in place where the state is updated in part",
	"crop_resize":                  "boxes for all images up to iOS16, with an image each from iOS17",
	"non_maximum_suppression":      "score_threshold up to iOS16; boxes along the last dimension from iOS17",
}

// operatorsPage renders docs/operators.md.
func operatorsPage(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/opsets.json")
	if err != nil {
		t.Fatal(err)
	}
	var opsets map[string][]string
	if err := json.Unmarshal(raw, &opsets); err != nil {
		t.Fatal(err)
	}
	names, have := make([]string, 0, len(opsets)), 0
	for name := range opsets {
		names = append(names, name)
		if known(name) {
			have++
		}
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("# Operators of the portable engine\n\n")
	fmt.Fprintf(&b, "The portable engine runs %d of the %d operators of ML Programs, in every opset that has them. A package with another\n", have, len(names))
	b.WriteString("one is refused when it is loaded; the error names it. *Defined* are the opsets in which an operator appeared or changed.\n\n")
	b.WriteString("This page is written by a test from the engine's own table: `go test ./internal/engine/portable -run TableOfOperators -update`.\n\n")
	b.WriteString("| operator | defined | notes |\n|---|---|---|\n")
	for _, name := range names {
		note := operatorNotes[name]
		if !known(name) {
			note = "**not supported**"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, strings.Join(opsets[name], ", "), note)
	}
	for name := range table {
		if opsets[name] == nil {
			t.Errorf("operator %s is in no opset", name)
		}
	}
	for name := range operatorNotes {
		if opsets[name] == nil {
			t.Errorf("there is a note on %s, which is no operator", name)
		}
	}
	return b.String()
}

func TestTheTableOfOperatorsIsUpToDate(t *testing.T) {
	const path = "../../../docs/operators.md"
	want := operatorsPage(t)
	if *updatePages {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s differs from the engine's table: run this test with -update", path)
	}
}
