package op_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// goldenFiles hold recorded cases; scripts of the same names in testdata/gen make
// them. What coremltools or PyTorch computes is the truth of most, a definition
// written out in NumPy that of the rest: the scripts say which.
var goldenFiles = []string{"testdata/ops.json", "testdata/layers.json"}

// goldenTensor is a tensor of a case. Infinities and NaN are strings.
type goldenTensor struct {
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
	Data  []any  `json:"data"`
	Text  string `json:"text"`
}

// goldenCase is an operation: inputs are computed, params are constants. Inputs whose
// names begin with "values" are the values of a list.
type goldenCase struct {
	Op     string                  `json:"op"`
	Opset  int                     `json:"opset"`
	Note   string                  `json:"note"`
	Inputs map[string]goldenTensor `json:"inputs"`
	Params map[string]goldenTensor `json:"params"`
	Want   []goldenTensor          `json:"want"`
}

var goldenTypes = map[string]dtype.Type{
	"fp32": dtype.Float32, "fp16": dtype.Float16, "int32": dtype.Int32, "bool": dtype.Bool,
	"int8": dtype.Int8, "uint8": dtype.UInt8, "int16": dtype.Int16, "uint16": dtype.UInt16,
}

// numbers decodes the data.
func (g goldenTensor) numbers() []float32 {
	f := make([]float32, len(g.Data))
	for k, v := range g.Data {
		switch v {
		case "inf":
			f[k] = inf
		case "-inf":
			f[k] = -inf
		case "nan":
			f[k] = nan
		default:
			x, ok := v.(float64)
			if !ok {
				panic(fmt.Sprintf("%v is no number", v))
			}
			f[k] = float32(x)
		}
	}
	return f
}

// value makes the tensor's value; half makes fp16 of fp32.
func (g goldenTensor) value(half bool) *array.Value {
	if g.Text != "" {
		return text(g.Text)
	}
	dt, x := goldenTypes[g.Type], g.numbers()
	switch {
	case dt == dtype.Float32 && !half:
		return f32(g.Shape, x...)
	case dt.IsFloat():
		return f16(g.Shape, x...)
	}
	whole := make([]int32, len(x))
	for k, v := range g.Data {
		if v, ok := v.(float64); ok {
			whole[k] = int32(v)
		}
	}
	return integers(dt, g.Shape, whole...)
}

// constant is value as a plan stores it: wide, unless the operator reads it raw.
func (g goldenTensor) constant(half, raw bool) *array.Value {
	v := g.value(half)
	if v.Repr == array.ReprF16 && !raw {
		v.F32 = floats(v)
		v.Repr, v.F16 = array.ReprF32, nil
	}
	return v
}

// example makes an example of a case. constants makes constants of its inputs too.
func (g *goldenCase) example(name string, half, constants bool) example {
	x := example{name: name, op: g.Op, opset: g.Opset, in: operands{}, within: 3e-6, want: g.Want[0].value(half)}
	if half { // one rounding of the result; sums that cancel lose a little more
		x.within = 1.0 / 1024
	}
	for _, w := range g.Want[1:] {
		x.more = append(x.more, w.value(half))
	}
	for k, p := range op.Lookup(g.Op).Params {
		if t, ok := g.Params[p.Name]; ok {
			x.in[p.Name], x.constant = t.constant(half, p.Raw), append(x.constant, p.Name)
		}
		if t, ok := g.Inputs[p.Name]; ok {
			x.in[p.Name] = t.value(half)
			if constants {
				x.in[p.Name], x.constant = t.constant(half, p.Raw), append(x.constant, p.Name)
			}
		}
		for i := 0; k == 0; i++ {
			t, ok := g.Inputs[fmt.Sprintf("%s%d", p.Name, i)]
			if !ok {
				break
			}
			x.list = append(x.list, t.value(half))
		}
	}
	return x
}

func goldenCases(t testing.TB, file string) []goldenCase {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestOperatorsGiveTheGoldenResults(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range goldenFiles {
		for k, g := range goldenCases(t, file) {
			seen[g.Op] = true
			name := strings.TrimSpace(fmt.Sprintf("%s %d %s", g.Op, k, g.Note))
			list := []example{g.example(name, false, false), g.example(name+"/with constants", false, true)}
			if g.Op != "cast" { // which says itself what type comes out
				list = append(list, g.example(name+"/in half precision", true, false))
			}
			testExamples(t, list)
		}
	}
	for name := range op.Table {
		if !seen[name] {
			t.Logf("no golden case: %s", name)
		}
	}
}
