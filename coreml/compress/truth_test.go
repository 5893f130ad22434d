package compress

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/quantize/declare"
)

// answer is what coremltools made of a package with a list of steps: see
// testdata/gen/truth.py.
type answer struct {
	Steps   []json.RawMessage                     `json:"steps"`
	Error   string                                `json:"error"`
	Weights map[string]map[string]json.RawMessage `json:"weights"`
}

func readAnswers(t *testing.T, name string) map[string][]answer {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]answer{}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// configOf reads the steps of an answer.
func configOf(t *testing.T, steps []json.RawMessage) *Config {
	t.Helper()
	c := &Config{}
	for _, raw := range steps {
		s, err := ParseConfig(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		c.Steps = append(c.Steps, *s)
	}
	return c
}

// opened is a package that a test reads.
type opened struct{ *mil.Program }

func open(t *testing.T, dir string) opened {
	t.Helper()
	pkg, err := modelpkg.OpenPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pkg.Close() })
	p, err := mil.Read(t.Context(), pkg)
	if err != nil {
		t.Fatal(err)
	}
	return opened{p}
}

// weights returns the weights of a function by the operands that they are.
func (o opened) weights(function string) map[string]*mil.Value {
	list := map[string]*mil.Value{}
	each(o.Function(function).Body, func(op *mil.Op) {
		if declare.IsConstexpr(op) {
			return
		}
		for _, a := range op.Inputs {
			for _, v := range a.Values {
				if candidate(v) && (v.Const == nil || v.Const.Len() >= minStored) {
					list[op.Name+"."+a.Name] = v
				}
			}
		}
	})
	return list
}

// numpyTypes are the types in which the truth holds elements.
var numpyTypes = map[string]string{
	"fp16": "float16", "fp32": "float32", "int4": "int8",
	"uint1": "uint8", "uint2": "uint8", "uint3": "uint8", "uint4": "uint8", "uint6": "uint8",
}

// operands describes what constexpr operators a weight is made of, as the truth does.
func operands(t *testing.T, v *mil.Value, into map[string]string) {
	t.Helper()
	if v.Const != nil {
		return
	}
	op := v.Producer
	for _, a := range op.Inputs {
		x := a.Values[0]
		if x.Const == nil {
			operands(t, x, into)
			continue
		}
		numbers, err := x.Const.Floats()
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for _, f := range numbers {
			if len(x.Const.Shape) == 0 { // which NumPy widens
				_ = binary.Write(h, binary.LittleEndian, math.Float64bits(float64(f+0)))
				continue
			}
			_ = binary.Write(h, binary.LittleEndian, math.Float32bits(f+0))
		}
		name := x.Const.DType.String()
		if n, ok := numpyTypes[name]; ok {
			name = n
		}
		into[op.Type+"."+a.Name] = fmt.Sprintf("%s %v %s", name, x.Const.Shape, hex.EncodeToString(h.Sum(nil))[:24])
	}
}

// wanted reads an operand of the truth.
func wanted(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var d []json.RawMessage
	var name, hash string
	var shape []int
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	for i, into := range []any{&name, &shape, &hash} {
		if i < len(d) {
			if err := json.Unmarshal(d[i], into); err != nil {
				t.Fatal(err)
			}
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s %v %s", name, shape, hash))
}

// compareAnswer compresses a package and compares it with what coremltools made of it.
func compareAnswer(t *testing.T, in string, a *answer) {
	out := filepath.Join(t.TempDir(), "out.mlpackage")
	_, err := Compress(t.Context(), in, out, configOf(t, a.Steps))
	if a.Error != "" {
		if err == nil {
			t.Errorf("coremltools says %s", a.Error)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	before, after := open(t, in).weights("main"), open(t, out).weights("main")
	for _, key := range slices.Sorted(maps.Keys(a.Weights)) {
		want := a.Weights[key]
		if after[key] == nil {
			t.Errorf("%s is missing", key)
			continue
		}
		got := map[string]string{}
		operands(t, after[key], got)
		if raw, ok := want["error"]; ok {
			compareErrors(t, key, before[key], after[key], raw, want["shapes"], got)
			continue
		}
		if mask := want["constexpr_sparse_to_dense.mask"]; mask != nil && want["constexpr_sparse_blockwise_shift_scale.data_mask"] != nil {
			// coremltools writes the mask twice where a step follows pruning.
			if got["constexpr_sparse_blockwise_shift_scale.data_mask"] != wanted(t, mask) {
				t.Errorf("%s: another mask", key)
			}
			delete(want, "constexpr_sparse_to_dense.mask")
		}
		if n := len(a.Steps); len(want) == 0 && n > 1 && strings.Contains(string(a.Steps[n-1]), "Pruner") {
			continue // coremltools prunes in a further step only what the one before has changed
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if w := wanted(t, want[name]); got[name] != w {
				t.Errorf("%s: %s is %q, want %q", key, name, got[name], w)
			}
			delete(got, name)
		}
		if len(got) > 0 {
			t.Errorf("%s has more: %v", key, got)
		}
	}
}

// compareErrors compares shapes, and that the squared error is not above theirs.
func compareErrors(t *testing.T, key string, before, after *mil.Value, raw, shapes json.RawMessage, got map[string]string) {
	t.Helper()
	var want float64
	var types map[string]json.RawMessage
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(shapes, &types); err != nil {
		t.Fatal(err)
	}
	for name, w := range types {
		if !strings.HasPrefix(got[name], wanted(t, w)+" ") {
			t.Errorf("%s: %s is %q, want %q", key, name, got[name], wanted(t, w))
		}
	}
	if len(types) != len(got) {
		t.Errorf("%s: %d operands, want %d", key, len(got), len(types))
	}
	a, b := numbers(t, before), numbers(t, after)
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	if sum > want*(1+1e-9) {
		t.Errorf("%s: sum of squared errors %v, coremltools' is %v", key, sum, want)
	}
}

// numbers returns a weight's elements.
func numbers(t *testing.T, v *mil.Value) []float32 {
	t.Helper()
	e, err := declare.Read(v)
	if err != nil {
		t.Fatal(err)
	}
	values, err := e.Decode(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestPackagesAreCompressedAsCoremltoolsDoes(t *testing.T) {
	for name, answers := range readAnswers(t, filepath.Join("testdata", "truth.json")) {
		for i, a := range answers {
			if testing.Short() && i%4 != 0 {
				continue // the race detector and plain Go take minutes for all
			}
			steps, _ := json.Marshal(a.Steps)
			t.Run(name+string(steps), func(t *testing.T) {
				compareAnswer(t, filepath.Join("testdata", name+".mlpackage"), &a)
			})
		}
	}
}
