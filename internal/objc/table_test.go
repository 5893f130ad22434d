package objc_test

import (
	"encoding/csv"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/objc"
)

// fact is one row of the tables of testdata, by column.
type fact map[string]string

// readFacts reads a table of testdata.
func readFacts(t *testing.T, name string) []fact {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	facts := make([]fact, 0, len(rows))
	for _, row := range rows[1:] {
		m := make(fact)
		for i, column := range rows[0] {
			if i < len(row) {
				m[column] = row[i]
			}
		}
		facts = append(facts, m)
	}
	if len(facts) == 0 {
		t.Fatalf("%s has no rows", name)
	}
	return facts
}

// declared is what the table and the facts must both say of a method.
type declared struct {
	Encoding, Ownership, Block string
	ErrorOut, Escapes          bool
	MinMacOS                   string
}

// ownerships translates the facts' words for who owns a result.
var ownerships = map[string]string{
	"":                          "nothing",
	"+0 autoreleased/borrowed":  "borrowed",
	"+0":                        "borrowed",
	"+1":                        "owned",
	"+1 (caller releases)":      "owned",
	"consumes self, returns +1": "consuming",
	"returns self (+1)":         "retained",
	"debug only":                "nothing",
	"interior pointer, valid while receiver lives":        "interior",
	"interior pointer, valid while receiver lives / pool": "interior",
}

var versionDigits = regexp.MustCompile(`[0-9.]+`)

// methodFacts returns what Apple's headers declare, by "class kind selector".
func methodFacts(t *testing.T) map[string]declared {
	t.Helper()
	facts := make(map[string]declared)
	for _, name := range []string{"coreml_selectors.tsv", "foundation_selectors.tsv"} {
		for _, f := range readFacts(t, name) {
			owner, ok := ownerships[f["ownership"]]
			if !ok {
				t.Fatalf("%s: ownership %q is unknown", name, f["ownership"])
			}
			facts[f["class"]+" "+f["kind"]+" "+f["selector"]] = declared{
				Encoding: f["objc_type"], Ownership: owner, Block: f["block_arg_signatures"],
				ErrorOut: f["error_convention"] != "", Escapes: f["block_escapes"] == "escaping",
				MinMacOS: versionDigits.FindString(f["min_macos"]),
			}
		}
	}
	return facts
}

func TestEveryMethodIsDeclaredSoByApplesHeaders(t *testing.T) {
	facts := methodFacts(t)
	methods := objc.Methods()
	if len(methods) < 100 {
		t.Fatalf("the table has %d methods", len(methods))
	}
	seen := make(map[string]bool)
	for _, m := range methods {
		key := m.Class().Name() + " " + m.Kind() + " " + m.Selector()
		if seen[key] {
			t.Errorf("%s stands in the table twice", m)
		}
		seen[key] = true
		want, ok := facts[key]
		if !ok {
			t.Errorf("%s is in no header", m)
			continue
		}
		got := declared{
			Encoding: m.Encoding(), Ownership: m.Ownership().String(), Block: m.Block(),
			ErrorOut: m.ErrorOut(), Escapes: m.Escapes(),
		}
		if !m.MinMacOS().IsZero() {
			got.MinMacOS = m.MinMacOS().String()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs from the headers (-headers +table):\n%s", m, diff)
		}
	}
}

func TestOwnershipFollowsCocoasNamingRule(t *testing.T) {
	for _, m := range objc.Methods() {
		if !strings.HasPrefix(m.Encoding(), "@") {
			continue
		}
		want := "borrowed"
		switch {
		case m.Selector() == "retain":
			want = "retained"
		case inFamily(m.Selector(), "init") && m.Kind() == "-":
			want = "consuming"
		case inFamily(m.Selector(), "alloc"), inFamily(m.Selector(), "new"), inFamily(m.Selector(), "copy"), inFamily(m.Selector(), "mutableCopy"):
			want = "owned"
		}
		if got := m.Ownership().String(); got != want {
			t.Errorf("%s: the table says %s, the name %s", m, got, want)
		}
	}
}

// inFamily reports whether a selector belongs to a method family: its name is the
// family's, or goes on with another than a lower-case letter.
func inFamily(selector, family string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(selector, "_"), family)
	return ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z')
}

func TestNoMethodNeedsTheStack(t *testing.T) {
	for _, m := range objc.Methods() {
		// Receiver and selector are two of the eight words that Apple's arm64
		// convention passes in registers; behind them it packs the stack.
		if n := strings.Count(m.Selector(), ":"); n > 6 {
			t.Errorf("%s has %d arguments", m, n)
		}
	}
}

func TestEveryFunctionAndSymbolIsDeclaredSoByApplesHeaders(t *testing.T) {
	want := make(map[string]string)
	for _, f := range readFacts(t, "corevideo_functions.tsv") {
		want[f["library"]+" "+f["symbol"]] = strings.ReplaceAll(f["signature(objc-encoding style: ret|args)"], "|", "")
	}
	for _, f := range readFacts(t, "coreml_selectors.tsv") {
		if f["kind"] == "c" {
			want["CoreML "+f["selector"]] = f["objc_type"]
		}
	}
	// In Apple's documentation, but in no table, which lists what Core ML adds.
	want["Foundation NSUnderlyingErrorKey"] = "@"
	for _, f := range readFacts(t, "coreml_enums.tsv") {
		if f["enum"] == "(extern NSString*)" {
			want["CoreML "+f["constant"]] = "@"
		}
	}
	for _, f := range objc.Functions() {
		if got, ok := want[f.Library()+" "+f.Name()]; !ok || got != f.Encoding() {
			t.Errorf("%s %s: the table says %s, the headers %q", f.Library(), f.Name(), f.Encoding(), got)
		}
	}
	for _, s := range objc.Symbols() {
		if got := want[s.Library()+" "+s.Name()]; got != "@" {
			t.Errorf("%s %s: the headers say %q", s.Library(), s.Name(), got)
		}
	}
	if len(objc.Functions()) < 10 || len(objc.Symbols()) < 5 {
		t.Errorf("%d functions and %d symbols in the table", len(objc.Functions()), len(objc.Symbols()))
	}
}

func TestEveryConstantHasApplesValue(t *testing.T) {
	want := make(map[string]int64)
	for _, f := range readFacts(t, "coreml_enums.tsv") {
		if n, err := strconv.ParseInt(f["value"], 10, 64); err == nil {
			want[f["constant"]] = n
		}
	}
	for _, f := range readFacts(t, "corevideo_functions.tsv") {
		if n, err := strconv.ParseInt(f["signature(objc-encoding style: ret|args)"], 0, 64); err == nil {
			want[strings.NewReplacer("kCV", "CV", "FormatType_", "Format", "Lock_", "Lock").Replace(f["symbol"])] = n
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "table_enums.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			n++
			got, err := strconv.ParseInt(spec.Values[i].(*ast.BasicLit).Value, 0, 64)
			if w, known := want[name.Name]; err != nil || !known || got != w {
				t.Errorf("%s: got %d, the headers say %d (known: %t)", name.Name, got, w, known)
			}
		}
		return true
	})
	if n < 30 {
		t.Errorf("%d constants were compared", n)
	}
}
