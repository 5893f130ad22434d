package modelpkg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

const samples = "../../testdata/compiled/"

// sample reads one of Apple's compiled models into a file system, as the folder m.
func sample(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	dir := samples + name + ".mlmodelc"
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		rest, _ := filepath.Rel(dir, file)
		fsys["m/"+filepath.ToSlash(rest)] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func openM(t testing.TB, fsys fs.FS) *modelpkg.Package {
	t.Helper()
	p, err := modelpkg.Open(fsys, "m")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestACompiledModelOpensAsAPackageDoes(t *testing.T) {
	p := openM(t, sample(t, "multifunction_flexible"))
	if got := p.Functions(); !slices.Equal(got, []string{"first", "second"}) || p.DefaultFunction() != "second" {
		t.Errorf("functions %v, default %q", got, p.DefaultFunction())
	}
	f, err := p.FunctionInterface("first")
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Input[0].Type.Array.Ranges; len(r) != 1 || r[0] != (milpb.SizeRange{Lower: 0, Upper: 4}) {
		t.Errorf("ranges %v", r)
	}
	if p.Model().SpecificationVersion != 9 || !p.Compiled() || !bytes.HasPrefix(p.Text(), []byte("program(1.3)")) {
		t.Errorf("version %d, text %.20q", p.Model().SpecificationVersion, p.Text())
	}
	p = openM(t, sample(t, "quantized_weights"))
	if b, err := p.Blob("@model_path/weights/weights.bin", 64); err != nil || len(b.Data) != 4 {
		t.Errorf("blob %v, %v", b, err)
	}
	files, err := p.Weights()
	if err != nil || len(files) != 1 || files[0] != (modelpkg.WeightFile{Name: "weights/weights.bin", Size: 192}) {
		t.Errorf("weights %v, %v", files, err)
	}
	p = openM(t, sample(t, "pipeline_weighted"))
	if len(p.Stages()) != 2 || p.Text() != nil || p.Model().Type != milpb.TypePipeline {
		t.Errorf("%d models of type %v", len(p.Stages()), p.Model().Type)
	}
	if files, err := p.Weights(); err != nil || len(files) != 2 {
		t.Errorf("weights %v, %v", files, err)
	}
}

// TestTheDescriptionIsReadAndWritten writes what Apple's compiler wrote, but for two
// numbers of which nobody knows the meaning.
func TestTheDescriptionIsReadAndWritten(t *testing.T) {
	for _, name := range []string{"token_duration", "transpose_flexible", "mnist", "multifunction_flexible", "quantized_weights"} {
		fsys := sample(t, name)
		want := slices.Clone(fsys["m/coremldata.bin"].Data)
		m := openM(t, fsys).Model()
		got := modelpkg.CompiledData(m.SpecificationVersion, m.Description)
		binary.LittleEndian.PutUint32(want[4:], 9)
		if len(m.Description.Metadata.UserDefined) > 0 {
			// The order of a map's entries is the writer's own.
			fsys["m/coremldata.bin"] = &fstest.MapFile{Data: got}
			if diff := cmp.Diff(m.Description, openM(t, fsys).Model().Description); diff != "" {
				t.Errorf("%s: another description: %s", name, diff)
			}
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
}

// TestMetadataStandsInForTheDescription compares the two files where both are there.
func TestMetadataStandsInForTheDescription(t *testing.T) {
	for _, name := range []string{"token_duration", "transpose_flexible", "mnist", "multifunction_flexible", "quantized_weights", "pipeline_weighted"} {
		fsys := sample(t, name)
		want := openM(t, fsys).Model()
		delete(fsys, "m/coremldata.bin")
		p := openM(t, fsys)
		got := p.Model()
		if got.Type != want.Type || got.SpecificationVersion != want.SpecificationVersion {
			t.Errorf("%s: type %v, version %d", name, got.Type, got.SpecificationVersion)
		}
		for _, function := range p.Functions() {
			a, err := openM(t, sample(t, name)).FunctionInterface(function)
			if err != nil {
				t.Fatal(err)
			}
			b, err := p.FunctionInterface(function)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a.Input, b.Input); diff != "" {
				t.Errorf("%s: inputs differ: %s", name, diff)
			}
			for i := range a.Output {
				if a.Output[i].Name != b.Output[i].Name || a.Output[i].Type.Array.DataType != b.Output[i].Type.Array.DataType {
					t.Errorf("%s: output %d is %v, want %v", name, i, b.Output[i], a.Output[i])
				}
			}
		}
	}
}

// TestWhatIsOnlyForCoreMLSaysWhatItIs has the kinds of compiled model that are refused.
func TestWhatIsOnlyForCoreMLSaysWhatItIs(t *testing.T) {
	file := func(data string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(data)} }
	stub := func(kind byte) *fstest.MapFile {
		return &fstest.MapFile{Data: append([]byte{kind, kind >> 7, 0, 0}, make([]byte, 60)...)}
	}
	typed := func(kind uint32) *fstest.MapFile {
		return &fstest.MapFile{Data: binary.LittleEndian.AppendUint32(nil, kind)}
	}
	with := func(name string, change func(fsys fstest.MapFS)) fstest.MapFS {
		fsys := sample(t, name)
		change(fsys)
		return fsys
	}
	pointer := file("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("a", 64) + "\nsize 12345\n")
	for name, test := range map[string]struct {
		fsys fstest.MapFS
		is   error
		says string
	}{
		"a neural network":          {fstest.MapFS{"m/coremldata.bin": typed(500), "m/model.espresso.net": file("{}")}, modelpkg.ErrNotProgram, "a neural network of the type neuralNetwork (model.espresso.net)"},
		"a classifier":              {fstest.MapFS{"m/coremldata.bin": typed(403), "m/model.espresso.net": file("{}")}, modelpkg.ErrNotProgram, "neuralNetworkClassifier"},
		"one without a description": {fstest.MapFS{"m/model.espresso.net": file("{}")}, modelpkg.ErrNotProgram, "neuralNetwork"},
		"a tree":                    {fstest.MapFS{"m/coremldata.bin": typed(402)}, modelpkg.ErrNotProgram, "treeEnsembleClassifier"},
		"a type that nobody knows":  {fstest.MapFS{"m/coremldata.bin": typed(77777)}, modelpkg.ErrNotProgram, "77777"},
		"a stub":                    {fstest.MapFS{"m/coremldata.bin": stub(0xf4)}, modelpkg.ErrCompiled, ""},
		"a network in a pipeline":   {with("pipeline_weighted", func(f fstest.MapFS) { f["m/model1/coremldata.bin"] = typed(500) }), modelpkg.ErrNotProgram, "model 1 of the pipeline: the compiled model is a model of type neuralNetwork"},
		"a pipeline in a pipeline":  {with("pipeline_weighted", func(f fstest.MapFS) { f["m/model1/coremldata.bin"] = f["m/coremldata.bin"] }), modelpkg.ErrNotProgram, "a pipeline within a pipeline"},
		"a pipeline with a gap": {with("pipeline_weighted", func(f fstest.MapFS) {
			maps.DeleteFunc(f, func(n string, _ *fstest.MapFile) bool { return strings.HasPrefix(n, "m/model0/") })
		}), modelpkg.ErrCompiledData, "model 0"},
		"an encrypted program":      {with("mnist", func(f fstest.MapFS) { f["m/model.mil"] = file("\x8f\x01\x99\x02\xff\xfe\x00\x01") }), modelpkg.ErrCompiled, "encrypted or damaged"},
		"an encrypted text":         {with("mnist", func(f fstest.MapFS) { f["m/model.mil"] = file("c2VjcmV0IHNlY3JldA==") }), modelpkg.ErrCompiled, "encrypted or damaged"},
		"a pointer for the program": {with("mnist", func(f fstest.MapFS) { f["m/model.mil"] = pointer }), storage.ErrLFSPointer, "git lfs pull"},
		"a pointer for the data":    {with("mnist", func(f fstest.MapFS) { f["m/coremldata.bin"] = pointer }), storage.ErrLFSPointer, "git lfs pull"},
		"an empty description":      {with("mnist", func(f fstest.MapFS) { f["m/coremldata.bin"] = file("") }), storage.ErrWrongFile, "empty file"},
		"no program":                {with("mnist", func(f fstest.MapFS) { delete(f, "m/model.mil") }), fs.ErrNotExist, "model.mil"},
		"no description":            {with("mnist", func(f fstest.MapFS) { delete(f, "m/coremldata.bin"); delete(f, "m/metadata.json") }), modelpkg.ErrCompiledData, "neither coremldata.bin nor metadata.json"},
		"a description cut short":   {with("mnist", func(f fstest.MapFS) { f["m/coremldata.bin"].Data = f["m/coremldata.bin"].Data[:90] }), modelpkg.ErrCompiledData, "exceeds the file"},
		"metadata of no model":      {fstest.MapFS{"m/metadata.json": file("[]"), "m/model.mil": file("program(1.0){}")}, modelpkg.ErrCompiledData, "0 models"},
		"metadata of a network":     {fstest.MapFS{"m/metadata.json": file(`[{"specificationVersion": 4, "modelType": {"name": "MLModelType_neuralNetwork"}}]`), "m/model.mil": file("program(1.0){}")}, modelpkg.ErrNotProgram, "neuralNetwork"},
		"metadata with an image":    {fstest.MapFS{"m/metadata.json": file(`[{"specificationVersion": "7", "modelType": {"name": "MLModelType_mlProgram"}, "inputSchema": [{"name": "x", "type": "Image"}]}]`), "m/model.mil": file("program(1.0){}")}, modelpkg.ErrCompiledData, "coremldata.bin is needed"},
		"a description of 100 MB":   {with("mnist", func(f fstest.MapFS) { f["m/coremldata.bin"] = &fstest.MapFile{Data: make([]byte, 100<<20)} }), modelpkg.ErrCompiledData, "larger than"},
		"a stage's of a megabyte":   {with("pipeline_weighted", func(f fstest.MapFS) { f["m/model0/coremldata.bin"] = &fstest.MapFile{Data: make([]byte, 1<<20)} }), modelpkg.ErrCompiledData, "larger than"},
		"more models than there are": {with("pipeline_weighted", func(f fstest.MapFS) {
			d := f["m/coremldata.bin"].Data
			binary.LittleEndian.PutUint64(d[len(d)-16:], 1<<40)
		}), modelpkg.ErrCompiledData, "1099511627776 models"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := modelpkg.Open(test.fsys, "m")
			if !errors.Is(err, test.is) || !errors.Is(err, modelpkg.ErrCompiled) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error is %v, want %v and %q", err, test.is, test.says)
			}
		})
	}
}

// FuzzCompiledData has any bytes in the place of coremldata.bin and metadata.json.
func FuzzCompiledData(f *testing.F) {
	for _, name := range []string{"token_duration", "multifunction_flexible", "pipeline_weighted"} {
		fsys := sample(f, name)
		f.Add(fsys["m/coremldata.bin"].Data, true)
		f.Add(fsys["m/metadata.json"].Data, false)
	}
	f.Add([]byte{0xf4, 1, 0, 0}, true)
	whole := sample(f, "pipeline_weighted")
	f.Fuzz(func(t *testing.T, data []byte, binary bool) {
		fsys := maps.Clone(whole)
		fsys["m/model.mil"] = &fstest.MapFile{Data: []byte("program(1.0){}")}
		if delete(fsys, "m/coremldata.bin"); binary {
			fsys["m/coremldata.bin"] = &fstest.MapFile{Data: data}
		} else {
			fsys["m/metadata.json"] = &fstest.MapFile{Data: data}
		}
		p, err := modelpkg.Open(fsys, "m")
		if err != nil {
			if !errors.Is(err, modelpkg.ErrCompiled) {
				t.Fatalf("error %v does not say that it is a compiled model", err)
			}
			return
		}
		defer p.Close()
		_, _ = p.Weights()
		for _, name := range append(p.Functions(), "") {
			_, _ = p.FunctionInterface(name)
		}
	})
}
