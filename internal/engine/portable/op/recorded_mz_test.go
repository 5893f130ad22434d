package op_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// recorded is a value of testdata/recorded_mz.json, which testdata/gen/recorded_mz.py
// writes with PyTorch.
type recorded struct {
	Type  string    `json:"type"`
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
	Text  string    `json:"text"`
}

// value makes the operand or result that was recorded.
func (r recorded) value() *array.Value {
	if r.Text != "" {
		return text(r.Text)
	}
	if r.Type == "fp32" {
		v := f32(r.Shape)
		for _, x := range r.Data {
			v.F32 = append(v.F32, float32(x))
		}
		return v
	}
	v := integers(map[string]dtype.Type{"int32": dtype.Int32, "bool": dtype.Bool}[r.Type], r.Shape)
	for _, x := range r.Data {
		v.I32 = append(v.I32, int32(math.Round(x)))
	}
	return v
}

// Two parts in a million: PyTorch computes some of these in float32.
const asPyTorch = 2e-6

func TestRecordedResultsOfPyTorch(t *testing.T) {
	raw, err := os.ReadFile("testdata/recorded_mz.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Op string
		In       map[string]recorded
		Want     []recorded
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	var list []example
	for _, c := range cases {
		x := example{name: c.Name, op: c.Op, in: operands{}, want: c.Want[0].value(), within: asPyTorch}
		for name, v := range c.In {
			x.in[name] = v.value()
		}
		for _, v := range c.Want[1:] {
			x.more = append(x.more, v.value())
		}
		list = append(list, x)
	}
	if len(list) < 100 {
		t.Errorf("only %d results were recorded", len(list))
	}
	testExamples(t, list)
}
