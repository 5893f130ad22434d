package tensor_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// T is short for what every case is about.
type T = tensor.Tensor

// namedCase is what one operation does with small tensors. like is the same in Python,
// where x, y and z are NumPy's arrays and T makes one a tensor of PyTorch: want is what
// it gives, and testdata/gen/named_cases.py asks for it again.
type namedCase struct {
	of   string // the operation
	name string // what it does, so that of and name are a sentence
	in   []string
	do   func(x, y, z *T) *T
	like string
	want string
	ulps float64 // units in the last place that may be between them
}

// allNamed are the cases of the files cases_*_test.go.
func allNamed() []namedCase {
	return slices.Concat(arithmeticCases, functionCases, reductionCases, choiceCases, shapeCases)
}

func TestEachOperationDoesWhatItsCaseSays(t *testing.T) {
	for _, c := range allNamed() {
		t.Run(c.of+" "+c.name, func(t *testing.T) {
			in := make([]*T, 3)
			for i, text := range c.in {
				in[i] = read(t, text)
			}
			want := read(t, c.want)
			got := c.do(in[0], in[1], in[2])
			tellCase(t, c, written(t, got))
			check := func(how string, got *T) {
				if got.Err() != nil || got.DType() != want.DType() || !slices.Equal(got.Shape(), want.Shape()) {
					t.Fatalf("%s: got %v, want %v", how, got, want)
				}
				if same := written(t, got) == written(t, want); !same && (c.ulps == 0 || differ(t, got, want, c.ulps) >= 0) {
					t.Errorf("%s: got %s, want %s", how, written(t, got), c.want)
				}
			}
			check("as they are", got)
			for i := range c.in {
				in[i] = disguise(in[i])
			}
			check("in another order of memory", c.do(in[0], in[1], in[2]))
		})
	}
}

// tellCase tells a case to the script that asks NumPy and PyTorch.
func tellCase(t *testing.T, c namedCase, got string) {
	t.Helper()
	told, err := json.Marshal(map[string]any{"in": c.in, "like": c.like, "want": got, "ulps": c.ulps})
	if err != nil {
		t.Fatal(err)
	}
	t.Attr("case", string(told))
}

// read makes a tensor of a text such as "float32[2 2]: 1 2 3 NaN".
func read(t *testing.T, text string) *T {
	t.Helper()
	head, elements, _ := strings.Cut(text, ":")
	name, dims, _ := strings.Cut(strings.TrimSuffix(head, "]"), "[")
	var shape []int
	for d := range strings.FieldsSeq(dims) {
		shape = append(shape, number(t, d, strconv.Atoi))
	}
	at := slices.IndexFunc(numpyTypes, func(d tensor.DType) bool { return d.String() == name })
	if at < 0 {
		t.Fatalf("%q has no type", text)
	}
	dtype := numpyTypes[at]
	var x *T
	switch fields := strings.Fields(elements); {
	case dtype == tensor.Bool:
		x = tensor.FromSlice(each(t, fields, strconv.ParseBool), shape...)
	case dtype.IsFloat():
		x = tensor.FromSlice(each(t, fields, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }), shape...)
	default:
		x = tensor.FromSlice(each(t, fields, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }), shape...)
	}
	if x = x.To(dtype); x.Err() != nil {
		t.Fatalf("%q: %v", text, x.Err())
	}
	return x
}

func number[N any](t *testing.T, s string, f func(string) (N, error)) N {
	t.Helper()
	n, err := f(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func each[N any](t *testing.T, fields []string, f func(string) (N, error)) []N {
	t.Helper()
	out := make([]N, len(fields))
	for i, s := range fields {
		out[i] = number(t, s, f)
	}
	return out
}

// written is the text that read makes the tensor of.
func written(t *testing.T, x *T) string {
	t.Helper()
	if x.Err() != nil {
		return x.Err().Error()
	}
	var elements []string
	switch {
	case x.DType() == tensor.Float64:
		for _, v := range values[float64](t, x) {
			elements = append(elements, strconv.FormatFloat(v, 'g', -1, 64))
		}
	case x.DType().IsFloat():
		for _, v := range values[float32](t, x) {
			elements = append(elements, strconv.FormatFloat(float64(v), 'g', -1, 32))
		}
	case x.DType() == tensor.Bool:
		for _, v := range values[bool](t, x) {
			elements = append(elements, strconv.FormatBool(v))
		}
	default:
		for _, v := range values[int64](t, x) {
			elements = append(elements, strconv.FormatInt(v, 10))
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%v%v: %s", x.DType(), x.Shape(), strings.Join(elements, " ")))
}

func topValues(v, _ *T) *T { return v }
func topPlaces(_, i *T) *T { return i }

// elsewhere are the operations without a case: they give several tensors, random ones,
// the memory of others, or none.
var elsewhere = []string{
	"Split", "SplitEven", "Unstack", "RandomUniform", "RandomNormal", "Sample", "Wrap", "FromBytes", "Failed",
}

// TestEachOperationHasACase keeps the cases complete: what returns a tensor says what
// it does.
func TestEachOperationHasACase(t *testing.T) {
	told := slices.Clone(elsewhere)
	for _, c := range allNamed() {
		told = append(told, c.of)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && !strings.HasSuffix(name, "_test.go") && f.Name.IsExported() && givesTensor(f) && !slices.Contains(told, f.Name.Name) {
				t.Errorf("no case says what %s does", f.Name.Name)
			}
		}
	}
}

// givesTensor reports whether the first result of a function is a *Tensor.
func givesTensor(f *ast.FuncDecl) bool {
	if f.Type.Results == nil {
		return false
	}
	star, ok := f.Type.Results.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := star.X.(*ast.Ident)
	return ok && name.Name == "Tensor"
}

func TestNoTwoCasesHaveOneName(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allNamed() {
		if name := c.of + " " + c.name; seen[name] {
			t.Errorf("%s is there twice", name)
		} else {
			seen[name] = true
		}
	}
}
