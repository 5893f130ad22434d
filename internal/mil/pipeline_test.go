package mil_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// array is a feature of a description.
func array(name string, t milpb.ArrayDataType, shape ...int64) milpb.FeatureDescription {
	return milpb.FeatureDescription{Name: name, Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: &milpb.ArrayFeatureType{Shape: shape, DataType: t}}}
}

// pipeline writes a compiled pipeline of the programs, with one input and one output.
func pipeline(t testing.TB, in, out string, stages ...string) *modelpkg.Package {
	t.Helper()
	describe := func(list ...milpb.FeatureDescription) *milpb.ModelDescription {
		return &milpb.ModelDescription{Input: list[:1], Output: list[1:]}
	}
	d := describe(array(in, milpb.ArrayFloat32, 2), array(out, milpb.ArrayFloat32, 2))
	data := modelpkg.CompiledData(8, d)
	data = data[:len(data)-16]
	binary.LittleEndian.PutUint32(data, uint32(milpb.TypePipeline))
	data = binary.LittleEndian.AppendUint64(data, uint64(len(stages)))
	fsys := fstest.MapFS{"m/coremldata.bin": &fstest.MapFile{Data: data}}
	for i, text := range stages {
		dir := "m/model" + string(rune('0'+i)) + "/"
		fsys[dir+"coremldata.bin"] = &fstest.MapFile{Data: modelpkg.CompiledData(8, &milpb.ModelDescription{})}
		fsys[dir+"model.mil"] = &fstest.MapFile{Data: []byte("program(1.3){" + text + "}")}
	}
	p, err := modelpkg.Open(fsys, "m")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// TestAPipelineIsOneProgram has models whose values have the names of others', other
// types, other operator sets and blocks.
func TestAPipelineIsOneProgram(t *testing.T) {
	pkg := pipeline(t, "x", "y",
		`func main<ios16>(tensor<fp32, [2]> x) { tensor<fp32, [2]> y = relu(x = x); tensor<fp32, [2]> a = sigmoid(x = y); } -> (a, y);`,
		`func main<ios17>(tensor<fp16, [2]> a, tensor<fp32, [2]> x, tensor<fp32, [2]> y) {
			bool p = const()[val = bool(true)];
			tensor<fp16, [2]> b = cond(pred = p) () { tensor<fp16, [2]> c = tanh(x = a); } -> (c) () { tensor<fp16, [2]> c = abs(x = a); } -> (c);
			tensor<fp32, [2]> c = add(x = x, y = y); } -> (b, c);`,
		`func main<ios17>(tensor<fp16, [2]> b, tensor<fp32, [2]> c) { tensor<fp32, [2]> w = cast(dtype = string("fp32"), x = b); tensor<fp32, [2]> y = mul(x = w, y = c); } -> (y);`,
	)
	p, err := mil.Read(t.Context(), pkg)
	if err != nil {
		t.Fatal(err)
	}
	f := p.Function("main")
	if f == nil || f.Opset != "CoreML6" || len(f.Inputs) != 1 || f.Inputs[0].Name != "x" || len(f.Body.Outputs) != 1 || f.Body.Outputs[0].Name != "y" {
		t.Fatalf("function %+v", f)
	}
	var ops []string
	for _, op := range f.Body.Ops {
		ops = append(ops, op.Type+op.Opset)
	}
	want := "relu sigmoid cast constCoreML7 condCoreML7 addCoreML7 castCoreML7 mulCoreML7"
	if got := strings.Join(ops, " "); got != want {
		t.Errorf("operations %s, want %s", got, want)
	}
	last := f.Body.Outputs[0].Producer
	if add := last.Input("y").Producer; last.Type != "mul" || add.Input("x") != f.Inputs[0] || add.Input("y").Producer.Type != "relu" {
		t.Error("a value leads elsewhere")
	}
	readsBack(t, p, nil)
}

// TestModelsThatDoNotFitAreNamed has pipelines that cannot be joined.
func TestModelsThatDoNotFitAreNamed(t *testing.T) {
	first := `func main<ios17>(tensor<fp32, [2]> x) { tensor<fp32, [2]> a = relu(x = x); } -> (a);`
	for name, test := range map[string]struct {
		stages []string
		sort   error
		says   string
	}{
		"an input that nobody gives":  {[]string{first, `func main<ios17>(tensor<fp32, [2]> z) { tensor<fp32, [2]> y = relu(x = z); } -> (y);`}, mil.ErrUndefined, `model 1 of the pipeline: value is not defined before its use: it takes "z"`},
		"an output that nobody gives": {[]string{first}, mil.ErrUndefined, `its output "y"`},
		"another shape":               {[]string{first, `func main<ios17>(tensor<fp32, [3]> a) { tensor<fp32, [3]> y = relu(x = a); } -> (y);`}, mil.ErrType, `tensor<fp32, [2]> where tensor<fp32, [3]> is taken`},
		"a state for a tensor":        {[]string{first, `func main<ios18>(state<tensor<fp32, [2]>> a) { tensor<fp32, [2]> y = read_state(input = a); } -> (y);`}, mil.ErrType, "is taken"},
		"another function":            {[]string{`func other<ios17>(tensor<fp32, [2]> x) { tensor<fp32, [2]> y = relu(x = x); } -> (y);`}, mil.ErrStructure, "no default function"},
		"a mistake in a model":        {[]string{first, "\nfunc main<ios17>(fp32 a) { y } -> (y);"}, mil.ErrText, "model 1 of the pipeline: model.mil: line 2, column 30"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mil.Read(t.Context(), pipeline(t, "x", "y", test.stages...))
			if !errors.Is(err, test.sort) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error is %v, want %v and %q", err, test.sort, test.says)
			}
		})
	}
}

// TestScalarsCrossAsVectorsOfOne has what Core ML knows no arrays for.
func TestScalarsCrossAsVectorsOfOne(t *testing.T) {
	p, err := mil.Read(t.Context(), pipeline(t, "x", "y",
		`func main<ios17>(tensor<fp32, [2]> x) { fp32 n = reduce_sum(x = x); } -> (n);`,
		`func main<ios17>(tensor<fp16, [1]> n, tensor<fp32, [2]> x) { tensor<fp32, [2]> y = relu(x = x); tensor<fp16, [1]> unused = relu(x = n); } -> (y);`,
	))
	if err != nil {
		t.Fatal(err)
	}
	var ops []string
	for _, op := range p.Functions[0].Body.Ops {
		ops = append(ops, op.Type)
	}
	if got := strings.Join(ops, " "); got != "reduce_sum cast reshape relu relu" {
		t.Errorf("operations %s", got)
	}
}
