package mil_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

const (
	manifestFile = "m/Manifest.json"
	modelFile    = "m/Data/com.apple.CoreML/model.mlmodel"
	weightFile   = "m/Data/com.apple.CoreML/weights/weight.bin"
)

// smallPackage returns the files of a small package with every storage form.
func smallPackage(t testing.TB) map[string][]byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "m")
	if err := mil.Write(dir, buildStep(t), nil); err != nil {
		t.Fatal(err)
	}
	return packageFiles(t, dir)
}

func packageFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{manifestFile, modelFile, weightFile} {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name[2:])))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		files[name] = data
	}
	return files
}

// with returns a file system of the files, one of them replaced.
func with(files map[string][]byte, name string, data []byte) fs.FS {
	fsys := fstest.MapFS{}
	for n, d := range files {
		fsys[n] = &fstest.MapFile{Data: d}
	}
	fsys[name] = &fstest.MapFile{Data: data}
	return fsys
}

// exercise reads a package and does with its program whatever this package can
// do. Only an error or a valid program may come of it.
func exercise(t testing.TB, fsys fs.FS) error {
	t.Helper()
	pkg, err := modelpkg.Open(fsys, "m")
	if err != nil {
		return err
	}
	defer pkg.Close()
	p, err := mil.Read(t.Context(), pkg)
	if err != nil {
		return err
	}
	if err := mil.Verify(p); err != nil {
		t.Fatalf("a program that was read does not verify: %v", err)
	}
	if err := mil.Print(io.Discard, p); err != nil {
		t.Fatal(err)
	}
	mil.Summarize(p)
	for _, c := range constants(p) {
		if c.DType == dtype.String {
			continue
		}
		if n, ok := c.DType.PackedLen(c.Len()); !ok || n != len(c.Data) {
			t.Fatalf("constant of %v %v has %d bytes", c.DType, c.Shape, len(c.Data))
		}
	}
	return nil
}

func TestEveryTruncationIsAnErrorOrAValidProgram(t *testing.T) {
	files := smallPackage(t)
	for name, data := range files {
		for n := range data {
			err := exercise(t, with(files, name, data[:n]))
			if err == nil && name != modelFile {
				// The manifest's last byte is a line break, and nothing else of these
				// two files can be missing.
				if name != manifestFile || n < len(data)-1 {
					t.Fatalf("%s cut to %d of %d bytes was read", name, n, len(data))
				}
			}
		}
	}
}

func TestEveryFlippedByteIsAnErrorOrAValidProgram(t *testing.T) {
	files := smallPackage(t)
	failures := 0
	for name, data := range files {
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= []byte{0x01, 0x80, 0xff}[i%3]
			if exercise(t, with(files, name, bad)) != nil {
				failures++
			}
		}
	}
	if failures == 0 {
		t.Error("no flipped byte was noticed")
	}
}

func TestDamagedFixturesAreErrorsOrValidPrograms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, path := range fixturePackages(t) {
		base := filepath.Base(filepath.Dir(path))
		if base == "smollm2" {
			continue // the same forms as the small ones
		}
		files := packageFiles(t, path)
		if err := exercise(t, with(files, modelFile, files[modelFile])); err != nil {
			t.Fatalf("%s: %v", base, err)
		}
		for name, data := range files {
			if len(data) == 0 {
				continue // a program without weights has no weight file
			}
			for range 10 {
				n := rng.IntN(len(data))
				_ = exercise(t, with(files, name, data[:n]))
				bad := bytes.Clone(data)
				for range 1 + rng.IntN(8) {
					bad[rng.IntN(len(bad))] ^= byte(1 + rng.IntN(255))
				}
				_ = exercise(t, with(files, name, bad))
			}
		}
	}
}

func TestWeightFilesThatLieAreRefused(t *testing.T) {
	files := smallPackage(t)
	weights := files[weightFile]
	tests := map[string]struct {
		at    int
		value []byte
	}{
		"another storage version":      {4, []byte{1, 0, 0, 0}},
		"no sentinel":                  {64, []byte{0, 0, 0, 0}},
		"an unknown element type":      {68, []byte{200, 0, 0, 0}},
		"another element type":         {68, []byte{11, 0, 0, 0}},
		"a size beyond the file":       {72, binary.LittleEndian.AppendUint64(nil, 1<<40)},
		"a size that overflows":        {72, binary.LittleEndian.AppendUint64(nil, 1<<63)},
		"a size too small":             {72, binary.LittleEndian.AppendUint64(nil, 15)},
		"an offset beyond the file":    {80, binary.LittleEndian.AppendUint64(nil, 1<<63)},
		"an offset into the header":    {80, binary.LittleEndian.AppendUint64(nil, 8)},
		"padding that does not fit":    {88, binary.LittleEndian.AppendUint64(nil, 4)},
		"an offset and size that wrap": {72, append(binary.LittleEndian.AppendUint64(nil, ^uint64(0)), binary.LittleEndian.AppendUint64(nil, 128)...)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Clone(weights)
			copy(bad[test.at:], test.value)
			err := exercise(t, with(files, weightFile, bad))
			var blob *modelpkg.BlobError
			if !errors.As(err, &blob) && !errors.Is(err, mil.ErrConst) {
				t.Errorf("error is %v", err)
			}
			var placed *mil.Error
			if !errors.As(err, &placed) || placed.OpType != "constexpr_blockwise_shift_scale" || placed.Op != "w" || placed.Name != "data" {
				t.Errorf("error %v does not name the place", err)
			}
		})
	}
}

// tensor, imm and op make messages for the programs below.
func tensor(t milpb.DataType, shape ...uint64) *milpb.ValueType {
	m := &milpb.TensorType{DataType: t, Rank: int64(len(shape))}
	for _, n := range shape {
		m.Dimensions = append(m.Dimensions, milpb.Dimension{Kind: milpb.ConstantDimension, Size: n})
	}
	return &milpb.ValueType{Tensor: m}
}

func imm(t *milpb.ValueType, v milpb.TensorValue) *milpb.Value {
	return &milpb.Value{Type: t, Immediate: &milpb.ImmediateValue{Tensor: &v}}
}

func program(inputs []milpb.NamedValueType, outputs []string, ops ...milpb.Operation) *milpb.Program {
	return &milpb.Program{Version: 1, Functions: []milpb.NamedFunction{{Name: "main", Function: &milpb.Function{
		Inputs: inputs, Opset: "CoreML8",
		Blocks: []milpb.NamedBlock{{Opset: "CoreML8", Block: &milpb.Block{Operations: ops, Outputs: outputs}}},
	}}}}
}

func relu(in, out string) milpb.Operation {
	return milpb.Operation{
		Type:    "relu",
		Inputs:  []milpb.NamedArgument{{Name: "x", Argument: &milpb.Argument{Bindings: []milpb.Binding{{Name: in}}}}},
		Outputs: []milpb.NamedValueType{{Name: out, Type: tensor(milpb.Float16, 2)}},
	}
}

func constant(out string, declared *milpb.ValueType, v *milpb.Value) milpb.Operation {
	return milpb.Operation{
		Type:       "const",
		Outputs:    []milpb.NamedValueType{{Name: out, Type: declared}},
		Attributes: []milpb.NamedValue{{Name: "val", Value: v}},
	}
}

func TestMalformedProgramsAreRefusedWithTheirPlace(t *testing.T) {
	x := []milpb.NamedValueType{{Name: "x", Type: tensor(milpb.Float16, 2)}}
	i32 := tensor(milpb.Int32, 2)
	tests := map[string]struct {
		program *milpb.Program
		want    error
		op      string
		value   string
	}{
		"an operand used before it is defined": {
			program(x, []string{"b"}, relu("b", "a"), relu("x", "b")), mil.ErrUndefined, "a", "b",
		},
		"a name defined twice":          {program(x, nil, relu("x", "x")), mil.ErrDuplicate, "x", "x"},
		"an output that nobody defines": {program(x, []string{"y"}, relu("x", "z")), mil.ErrUndefined, "", "y"},
		"a result without a type": {
			program(x, nil, milpb.Operation{Type: "relu", Outputs: []milpb.NamedValueType{{Name: "y"}}}), mil.ErrType, "y", "y",
		},
		"an unknown element type": {program([]milpb.NamedValueType{{Name: "x", Type: tensor(99, 2)}}, nil), mil.ErrType, "", "x"},
		"a rank that contradicts the dimensions": {
			program([]milpb.NamedValueType{{Name: "x", Type: &milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Float16, Rank: 3}}}}, nil),
			mil.ErrType, "", "x",
		},
		"too many dimensions":       {program([]milpb.NamedValueType{{Name: "x", Type: tensor(milpb.Float16, make([]uint64, 40)...)}}, nil), mil.ErrType, "", "x"},
		"a dimension beyond an int": {program([]milpb.NamedValueType{{Name: "x", Type: tensor(milpb.Float16, 1<<63)}}, nil), mil.ErrType, "", "x"},
		"a constant with too few elements": {
			program(x, nil, constant("c", i32, imm(i32, milpb.TensorValue{Field: milpb.Ints, Data: make([]byte, 4)}))), mil.ErrConst, "c", "c",
		},
		"a constant whose size overflows": {
			program(x, nil, constant("c", i32, imm(tensor(milpb.Int32, 1<<62, 1<<62), milpb.TensorValue{Field: milpb.Ints}))), mil.ErrConst, "c", "c",
		},
		"a constant of another type than declared": {
			program(x, nil, constant("c", tensor(milpb.Float32, 2), imm(i32, milpb.TensorValue{Field: milpb.Ints, Data: make([]byte, 8)}))), mil.ErrConst, "c", "c",
		},
		"a constant in the wrong field": {
			program(x, nil, constant("c", i32, imm(i32, milpb.TensorValue{Field: milpb.Floats, Data: make([]byte, 8)}))), mil.ErrConst, "c", "c",
		},
		"an integer too large for its type": {
			program(x, nil, constant("c", tensor(milpb.Int16, 1), imm(tensor(milpb.Int16, 1), milpb.TensorValue{Field: milpb.Ints, Data: []byte{0, 0, 1, 0}}))), mil.ErrConst, "c", "c",
		},
		"a constant without a value":  {program(x, nil, constant("c", i32, nil)), mil.ErrConst, "c", "c"},
		"a missing weight file":       {program(x, nil, constant("c", i32, &milpb.Value{Type: i32, Blob: &milpb.BlobFileValue{FileName: "@model_path/w"}})), mil.ErrConst, "c", "c"},
		"no block for the opset":      {&milpb.Program{Functions: []milpb.NamedFunction{{Name: "main", Function: &milpb.Function{Opset: "CoreML8"}}}}, mil.ErrStructure, "", ""},
		"an empty function":           {&milpb.Program{Functions: []milpb.NamedFunction{{Name: "main"}}}, mil.ErrStructure, "", ""},
		"an operation without a type": {program(x, nil, milpb.Operation{}), mil.ErrStructure, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := mil.FromProto(test.program, nil)
			var placed *mil.Error
			if !errors.Is(err, test.want) || !errors.As(err, &placed) {
				t.Fatalf("error is %v, want %v", err, test.want)
			}
			if placed.Function != "main" || placed.Op != test.op || placed.Name != test.value {
				t.Errorf("place is %q %q %q in %v", placed.Function, placed.Op, placed.Name, err)
			}
		})
	}
	if _, err := mil.FromProto(nil, nil); !errors.Is(err, mil.ErrStructure) {
		t.Errorf("no program: error is %v", err)
	}
	if _, err := mil.FromProto(&milpb.Program{}, nil); !errors.Is(err, mil.ErrStructure) {
		t.Errorf("no functions: error is %v", err)
	}
}

func TestConstexprOperandsReadAlikeInBothForms(t *testing.T) {
	data := imm(tensor(milpb.Int8, 2), milpb.TensorValue{Field: milpb.Bytes, Data: []byte{1, 0xff}})
	scale := imm(tensor(milpb.Float32), milpb.TensorValue{Field: milpb.Floats, Data: []byte{0, 0, 0, 0x3f}})
	out := []milpb.NamedValueType{{Name: "w", Type: tensor(milpb.Float32, 2)}}
	old := milpb.Operation{Type: "constexpr_affine_dequantize", Outputs: out, Attributes: []milpb.NamedValue{
		{Name: "scale", Value: scale}, {Name: "name", Value: imm(tensor(milpb.String), milpb.TensorValue{Field: milpb.Strings, Strings: []string{"w"}})}, {Name: "quantized_data", Value: data},
	}}
	recent := milpb.Operation{Type: "constexpr_affine_dequantize", Outputs: out, Inputs: []milpb.NamedArgument{
		{Name: "quantized_data", Argument: &milpb.Argument{Bindings: []milpb.Binding{{Value: data}}}},
		{Name: "scale", Argument: &milpb.Argument{Bindings: []milpb.Binding{{Value: scale}}}},
	}}
	var texts []string
	for _, op := range []milpb.Operation{old, recent} {
		p, err := mil.FromProto(program(nil, []string{"w"}, op), nil)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, printed(t, p))
	}
	if texts[0] != texts[1] {
		t.Errorf("the forms differ:\n%s\n%s", texts[0], texts[1])
	}
}

func FuzzModel(f *testing.F) {
	files := smallPackage(f)
	f.Add(files[modelFile])
	for _, p := range []*milpb.Program{
		program([]milpb.NamedValueType{{Name: "x", Type: tensor(milpb.Float16, 2)}}, []string{"y"}, relu("x", "y")),
		program(nil, []string{"c"}, constant("c", tensor(milpb.Int32, 2), imm(tensor(milpb.Int32, 2), milpb.TensorValue{Field: milpb.Ints, Data: make([]byte, 8)}))),
	} {
		f.Add((&milpb.Model{Program: p, Type: milpb.TypeMLProgram}).Encode())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := milpb.DecodeModel(data)
		if err != nil {
			return
		}
		again, err := milpb.DecodeModel(m.Encode())
		if err != nil {
			t.Fatalf("what was decoded does not decode again: %v", err)
		}
		if !bytes.Equal(m.Encode(), again.Encode()) {
			t.Fatal("a second round trip changes the model")
		}
		_ = exercise(t, with(files, modelFile, data))
	})
}
