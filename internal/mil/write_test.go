package mil_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// constants collects the stored values of a program in order, wherever they are.
func constants(p *mil.Program) []*mil.Const {
	var list []*mil.Const
	seen := map[*mil.Value]bool{}
	add := func(v *mil.Value) {
		if v.Const != nil && !seen[v] {
			seen[v] = true
			list = append(list, v.Const)
		}
	}
	var walk func(b *mil.Block)
	walk = func(b *mil.Block) {
		for _, op := range b.Ops {
			for _, a := range op.Inputs {
				for _, v := range a.Values {
					add(v)
				}
			}
			for _, nested := range op.Blocks {
				walk(nested)
			}
		}
	}
	for _, f := range p.Functions {
		walk(f.Body)
	}
	return list
}

func printed(t testing.TB, p *mil.Program) string {
	t.Helper()
	var text bytes.Buffer
	if err := mil.Print(&text, p); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func sameConstants(t testing.TB, want, got *mil.Program) {
	t.Helper()
	a, b := constants(want), constants(got)
	if len(a) != len(b) {
		t.Fatalf("%d constants, want %d", len(b), len(a))
	}
	for i := range a {
		if a[i].DType != b[i].DType || !slices.Equal(a[i].Shape, b[i].Shape) ||
			!bytes.Equal(a[i].Data, b[i].Data) || !slices.Equal(a[i].Strings, b[i].Strings) {
			t.Fatalf("constant %d differs", i)
		}
	}
}

func TestAFixtureWrittenAgainIsTheSameProgram(t *testing.T) {
	for _, path := range fixturePackages(t) {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			pkg := open(t, path)
			want, err := mil.Read(t.Context(), pkg)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "again.mlpackage")
			err = mil.Write(dir, want, pkg.Model().Description)
			if err != nil {
				t.Fatal(err)
			}
			again := open(t, dir)
			got, err := mil.Read(t.Context(), again)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(weightNames(printed(t, want)), weightNames(printed(t, got))); diff != "" {
				t.Errorf("text differs (-want +got):\n%s", diff)
			}
			sameConstants(t, want, got)
			if diff := cmp.Diff(want.Attributes, got.Attributes); diff != "" {
				t.Errorf("attributes differ: %s", diff)
			}
			if a, b := weightBytes(t, pkg), weightBytes(t, again); b > a {
				t.Errorf("weight files have %d bytes, more than the original's %d", b, a)
			}
		})
	}
}

// weightNames hides where inline constants lie, which differs between packages.
func weightNames(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if before, rest, ok := strings.Cut(line, " in @model_path"); ok {
			_, after, _ := strings.Cut(rest, ">")
			lines[i] = before + ">" + after
			lines[i] = weightNames(lines[i])
		}
	}
	return strings.Join(lines, "\n")
}

func weightBytes(t testing.TB, pkg *modelpkg.Package) int64 {
	t.Helper()
	files, err := pkg.Weights()
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for _, f := range files {
		n += f.Size
	}
	return n
}

func TestWriteRefusesAPathThatIsTaken(t *testing.T) {
	dir := t.TempDir()
	if err := mil.Write(dir, buildStep(t), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v, want %v", err, fs.ErrExist)
	}
}

func TestAFailedWriteLeavesNothingBehind(t *testing.T) {
	b := mil.NewBuilder("main", "NoSuchSet")
	b.Output("y", b.Op("relu", "", mil.TensorType(dtype.Float16, 1), mil.Args{"x": b.Input("x", dtype.Float16, 1)}))
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := mil.Write(filepath.Join(dir, "m.mlpackage"), p, nil); !errors.Is(err, mil.ErrStructure) {
		t.Errorf("error is %v, want %v", err, mil.ErrStructure)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%d files are left, error %v", len(left), err)
	}
}

func TestWeightsWrittenAheadAreReferredTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m.mlpackage")
	w, err := modelpkg.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte{0x21}, 33)
	offset, err := w.AddBlob(dtype.UInt4, 66, data)
	if err != nil {
		t.Fatal(err)
	}
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float16, 1, 66)
	q := b.Stored("q", dtype.UInt4, []int{1, 66}, modelpkg.WeightFileName, offset)
	s := b.Float16s("s", []int{1, 1}, 0.5)
	weight := b.Op("constexpr_blockwise_shift_scale", "w", mil.TensorType(dtype.Float16, 1, 66), mil.Args{"data": q, "scale": s})
	b.Output("y", b.Op("linear", "", mil.TensorType(dtype.Float16, 1, 1), mil.Args{"x": x, "weight": weight}))
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if err := mil.WriteTo(w, p, nil); err != nil {
		t.Fatal(err)
	}
	got, err := mil.Read(t.Context(), open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	c := got.Functions[0].Body.Ops[0].Input("data").Const
	if !bytes.Equal(c.Data, data) || c.DType != dtype.UInt4 || !slices.Equal(c.Shape, []int{1, 66}) {
		t.Errorf("constant is %v %v %x", c.DType, c.Shape, c.Data)
	}
}

func TestDescribeDerivesTheInterface(t *testing.T) {
	d, err := mil.Describe(buildStep(t), "")
	if err != nil {
		t.Fatal(err)
	}
	array := func(name string, kind milpb.FeatureKind, a milpb.ArrayFeatureType) milpb.FeatureDescription {
		return milpb.FeatureDescription{Name: name, Type: &milpb.FeatureType{Kind: kind, Array: &a}}
	}
	want := &milpb.ModelDescription{
		Metadata: &milpb.Metadata{},
		Input: []milpb.FeatureDescription{
			array("x", milpb.MultiArrayFeature, milpb.ArrayFeatureType{
				Shape: []int64{1, 1, 8}, DataType: milpb.ArrayFloat16,
				Ranges: []milpb.SizeRange{{Lower: 1, Upper: 1}, {Lower: 1, Upper: -1}, {Lower: 8, Upper: 8}},
			}),
			array("flag", milpb.MultiArrayFeature, milpb.ArrayFeatureType{Shape: []int64{1}, DataType: milpb.ArrayFloat32}),
		},
		Output: []milpb.FeatureDescription{
			array("logits", milpb.MultiArrayFeature, milpb.ArrayFeatureType{DataType: milpb.ArrayFloat16}),
			array("echo", milpb.MultiArrayFeature, milpb.ArrayFeatureType{DataType: milpb.ArrayFloat16}),
		},
		State: []milpb.FeatureDescription{
			array("cache", milpb.StateFeature, milpb.ArrayFeatureType{Shape: []int64{1, 4, 8}, DataType: milpb.ArrayFloat16}),
		},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

// TestCoremltoolsLoadsWhatIsWritten needs COREML_PYTHON, the path of a Python
// interpreter that has coremltools.
func TestCoremltoolsLoadsWhatIsWritten(t *testing.T) {
	python := os.Getenv("COREML_PYTHON")
	if python == "" {
		t.Skip("COREML_PYTHON names no Python interpreter with coremltools")
	}
	dir := filepath.Join(t.TempDir(), "built.mlpackage")
	if err := mil.Write(dir, buildStep(t), nil); err != nil {
		t.Fatal(err)
	}
	loaded := func(dir string) string {
		cmd := exec.CommandContext(t.Context(), python, "testdata/load.py", dir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", dir, err, stderr.String())
		}
		return string(out)
	}
	text := loaded(dir)
	for _, want := range []string{"spec 9\n", "function main iOS18\n", "op linear y\n", "op cond chosen\n", fmt.Sprintf("weight w float16 [4, 8] %v\n", rowSum())} {
		if !strings.Contains(text, want) {
			t.Errorf("coremltools did not find %q in\n%s", want, text)
		}
	}
	for _, path := range fixturePackages(t) {
		if strings.Contains(path, "smollm2") || strings.Contains(path, "classifier") {
			continue // a minute of Python for what the others show; not writable
		}
		pkg := open(t, path)
		p, err := mil.Read(t.Context(), pkg)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "again.mlpackage")
		if err := mil.Write(dir, p, pkg.Model().Description); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(loaded(path), loaded(dir)); diff != "" {
			t.Errorf("%s: coremltools sees another program (-original +written):\n%s", path, diff)
		}
	}
}

// rowSum is the sum of absolute values of buildStep's weight.
func rowSum() string {
	sum := 0.0
	scales := []float64{0.5, 0.25, 1, 2}
	for i, q := range ramp(32, -8, 15) {
		sum += max(float64(q), -float64(q)) * scales[i/8]
	}
	return fmt.Sprintf("%.1f", sum)
}
