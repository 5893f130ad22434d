package modelpkg_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

const (
	manifestFile = "m.mlpackage/Manifest.json"
	modelFile    = "m.mlpackage/Data/com.apple.CoreML/model.mlmodel"
	weightFile   = "m.mlpackage/Data/com.apple.CoreML/weights/weight.bin"
)

func manifest(paths ...string) []byte {
	items := map[string]any{}
	for i, p := range paths {
		items[fmt.Sprint("id-", i)] = map[string]string{"author": "com.apple.CoreML", "name": path.Base(p), "path": p}
	}
	data, err := json.Marshal(map[string]any{"fileFormatVersion": "1.0.0", "itemInfoEntries": items, "rootModelIdentifier": "id-0"})
	if err != nil {
		panic(err) // maps of strings always marshal
	}
	return data
}

func model(d *milpb.ModelDescription) []byte {
	return (&milpb.Model{SpecificationVersion: 9, Description: d, Type: milpb.TypeMLProgram, Program: &milpb.Program{Version: 1}}).Encode()
}

// weights is a weight file of one int8 blob of 5 bytes at offset 64 and one uint3
// blob of 3 elements at 256.
func weights() []byte {
	b := make([]byte, 322)
	binary.LittleEndian.PutUint32(b, 2)
	binary.LittleEndian.PutUint32(b[4:], 2)
	record := func(at int, code uint32, size, pad uint64) {
		binary.LittleEndian.PutUint32(b[at:], 0xDEADBEEF)
		binary.LittleEndian.PutUint32(b[at+4:], code)
		binary.LittleEndian.PutUint64(b[at+8:], size)
		binary.LittleEndian.PutUint64(b[at+16:], uint64(at+64))
		binary.LittleEndian.PutUint64(b[at+24:], pad)
	}
	record(64, 4, 5, 1<<40) // garbage padding, as old writers leave it
	copy(b[128:], []byte{1, 2, 3, 4, 5})
	record(256, 12, 2, 7)
	copy(b[320:], []byte{0x88, 1})
	return b
}

func files() fstest.MapFS {
	return fstest.MapFS{
		manifestFile: &fstest.MapFile{Data: manifest("com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights", "com.example/never-made")},
		modelFile:    &fstest.MapFile{Data: model(nil)},
		weightFile:   &fstest.MapFile{Data: weights()},
		"m.mlpackage/executorch_debug_handle_mapping.json": &fstest.MapFile{Data: []byte("{}")},
	}
}

func mustOpen(t testing.TB, fsys fs.FS) *modelpkg.Package {
	t.Helper()
	p, err := modelpkg.Open(fsys, "m.mlpackage")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestAPackageGivesItsModelAndWeights(t *testing.T) {
	p := mustOpen(t, files())
	if p.Model().SpecificationVersion != 9 {
		t.Errorf("version is %d", p.Model().SpecificationVersion)
	}
	list, err := p.Weights()
	if err != nil {
		t.Fatal(err)
	}
	want := []modelpkg.WeightFile{{Name: "Data/com.apple.CoreML/weights/weight.bin", Size: 322}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	b, err := p.Blob(modelpkg.WeightFileName, 64)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(modelpkg.Blob{DType: dtype.Int8, Data: []byte{1, 2, 3, 4, 5}, Padding: -1}, b); diff != "" {
		t.Error(diff)
	}
	b, err = p.Blob(modelpkg.WeightFileName, 256)
	if err != nil {
		t.Fatal(err)
	}
	if b.DType != dtype.UInt3 || b.Padding != 7 || !b.Holds(3) || b.Holds(4) || b.Holds(5) {
		t.Errorf("blob is %+v", b)
	}
}

func TestAProgramMayReferToSeveralWeightFiles(t *testing.T) {
	fsys := files()
	other := weights()
	copy(other[128:], "other")
	fsys["m.mlpackage/Data/com.apple.CoreML/weights/1-adapter.bin"] = &fstest.MapFile{Data: other}
	p := mustOpen(t, fsys)
	for name, want := range map[string]string{
		"@model_path/weights/weight.bin":    "\x01\x02\x03\x04\x05",
		"@model_path/weights/1-adapter.bin": "other",
	} {
		for range 2 {
			if b, err := p.Blob(name, 64); err != nil || string(b.Data) != want {
				t.Errorf("%s gives %q, error %v", name, b.Data, err)
			}
		}
	}
	if list, err := p.Weights(); err != nil || len(list) != 2 {
		t.Errorf("weights are %+v, error %v", list, err)
	}
}

func TestAClosedPackageGivesNoWeights(t *testing.T) {
	p, err := modelpkg.Open(files(), "m.mlpackage")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Blob(modelpkg.WeightFileName, 64); !errors.Is(err, modelpkg.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}

func TestPackagesOfTheOperatingSystemOpenByPath(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, files()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		filepath.Join(dir, "m.mlpackage"),
		filepath.Join(dir, "m.mlpackage") + string(filepath.Separator),
		filepath.Join(dir, "m.mlpackage", "Data", "com.apple.CoreML", "model.mlmodel"),
	} {
		p, err := modelpkg.OpenPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Blob(modelpkg.WeightFileName, 64); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := modelpkg.OpenPath(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing package: error is %v", err)
	}
}

func TestLinkedFilesOfADownloadCacheAreFollowed(t *testing.T) {
	dir := t.TempDir()
	store, snapshot := filepath.Join(dir, "blobs"), filepath.Join(dir, "snapshot")
	if err := os.CopyFS(store, files()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{manifestFile, modelFile, weightFile} {
		link := filepath.Join(snapshot, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(store, filepath.FromSlash(name)), link); err != nil {
			t.Skip("links cannot be made here")
		}
		if _, err := os.Stat(link); err != nil {
			t.Skipf("links lead nowhere here: %v", err)
		}
	}
	p, err := modelpkg.OpenPath(filepath.Join(snapshot, "m.mlpackage"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	list, err := p.Weights()
	if err != nil || len(list) != 1 || list[0].Size != 322 {
		t.Errorf("weights are %+v, error %v", list, err)
	}
}

func TestManifestsThatMisleadAreRefused(t *testing.T) {
	tests := map[string][]byte{
		"no JSON":             []byte("no"),
		"another version":     []byte(`{"fileFormatVersion":"2.0.0","itemInfoEntries":{"a":{"path":"x"}},"rootModelIdentifier":"a"}`),
		"no root":             []byte(`{"fileFormatVersion":"1.0.0","itemInfoEntries":{"a":{"path":"x"}}}`),
		"an unknown root":     []byte(`{"fileFormatVersion":"1.0.0","itemInfoEntries":{"a":{"path":"x"}},"rootModelIdentifier":"b"}`),
		"an absolute path":    manifest("/etc/passwd"),
		"a parent folder":     manifest("../../other/model.mlmodel"),
		"a hidden parent":     manifest("com.apple.CoreML/../../../x"),
		"a volume name":       manifest("C:/model.mlmodel"),
		"a Windows path":      manifest(`..\model.mlmodel`),
		"an empty path":       manifest(""),
		"the folder itself":   manifest("."),
		"a bad other item":    manifest("com.apple.CoreML/model.mlmodel", "../weights"),
		"too large a file":    append(manifest("com.apple.CoreML/model.mlmodel"), strings.Repeat(" ", 5<<20)...),
		"items of wrong type": []byte(`{"fileFormatVersion":"1.0.0","itemInfoEntries":[1],"rootModelIdentifier":"a"}`),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			fsys := files()
			fsys[manifestFile] = &fstest.MapFile{Data: data}
			if _, err := modelpkg.Open(fsys, "m.mlpackage"); !errors.Is(err, modelpkg.ErrManifest) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestWhatIsNoUsablePackageSaysWhy(t *testing.T) {
	other := (&milpb.Model{Type: 500, Other: []byte{}}).Encode()
	compiled := fstest.MapFS{"m.mlpackage/coremldata.bin": &fstest.MapFile{}}
	tests := map[string]struct {
		fsys fs.FS
		dir  string
		want error
	}{
		"a compiled model by its name":    {fstest.MapFS{"x.mlmodelc/y": &fstest.MapFile{}}, "x.mlmodelc", modelpkg.ErrCompiled},
		"a compiled model by its content": {compiled, "m.mlpackage", modelpkg.ErrCompiled},
		"a folder without a manifest":     {fstest.MapFS{"d/f": &fstest.MapFile{}}, "d", modelpkg.ErrNotPackage},
		"nothing":                         {fstest.MapFS{}, "d", fs.ErrNotExist},
		"a path out of the file system":   {fstest.MapFS{}, "../d", fs.ErrInvalid},
		"a neural network":                {fstest.MapFS{"n.mlmodel": &fstest.MapFile{Data: other}}, "n.mlmodel", modelpkg.ErrNotProgram},
		"an empty file":                   {fstest.MapFS{"n.mlmodel": &fstest.MapFile{}}, "n.mlmodel", modelpkg.ErrNotPackage},
		"a missing model file":            {fstest.MapFS{manifestFile: &fstest.MapFile{Data: manifest("m")}}, "m.mlpackage", fs.ErrNotExist},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := modelpkg.Open(test.fsys, test.dir); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
	_, err := modelpkg.Open(fstest.MapFS{"n.mlmodel": &fstest.MapFile{Data: other}}, "n.mlmodel")
	if err == nil || !strings.Contains(err.Error(), "neuralNetwork") {
		t.Errorf("error %v does not name the type", err)
	}
	dir := filepath.Join(t.TempDir(), "c.mlmodelc")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := modelpkg.OpenPath(dir); !errors.Is(err, modelpkg.ErrCompiled) {
		t.Errorf("error is %v", err)
	}
}

func TestWeightFilesOutsideThePackageAreRefused(t *testing.T) {
	p := mustOpen(t, files())
	for _, name := range []string{"", "weights/weight.bin", "@model_path", "@model_path/", "@model_path/../model.mlmodel", "@model_path//etc/passwd", `@model_path/..\x`, "/etc/passwd"} {
		if _, err := p.Blob(name, 64); !errors.Is(err, modelpkg.ErrBlob) {
			t.Errorf("%q: error is %v", name, err)
		}
	}
	var blob *modelpkg.BlobError
	if _, err := p.Blob("@model_path/none.bin", 64); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &blob) {
		t.Errorf("a missing file: error is %v", err)
	}
}

func TestOffsetsThatNameNoBlobAreRefused(t *testing.T) {
	p := mustOpen(t, files())
	for _, offset := range []uint64{0, 1, 63, 65, 128, 192, 320, 322, 384, 1 << 32, 1<<64 - 64, 1<<64 - 1} {
		if _, err := p.Blob(modelpkg.WeightFileName, offset); !errors.Is(err, modelpkg.ErrBlob) {
			t.Errorf("offset %d: error is %v", offset, err)
		}
	}
}

func TestFunctionsAreFoundByCoreMLsRules(t *testing.T) {
	feature := func(name string) []milpb.FeatureDescription { return []milpb.FeatureDescription{{Name: name}} }
	many := func(def string, names ...string) *milpb.ModelDescription {
		d := &milpb.ModelDescription{DefaultFunctionName: def}
		for _, n := range names {
			d.Functions = append(d.Functions, milpb.FunctionDescription{Name: n, Input: feature(n)})
		}
		return d
	}
	single := &milpb.ModelDescription{Input: feature("in"), Output: feature("out"), State: feature("st")}
	tests := map[string]struct {
		description *milpb.ModelDescription
		ask         string
		input       string // of the function found; empty means ErrFunction
	}{
		"the only function without a name":         {single, "", "in"},
		"the only function by its name":            {single, "main", "in"},
		"another name where there is one function": {single, "other", ""},
		"one of several":                           {many("a", "a", "b"), "b", "b"},
		"the default of several":                   {many("b", "a", "b"), "", "b"},
		"main where no default is named":           {many("", "a", "main"), "", "main"},
		"no default at all":                        {many("", "a", "b"), "", ""},
		"main where several others are":            {many("a", "a", "b"), "main", ""},
		"a default that is missing":                {many("c", "a", "b"), "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fsys := files()
			fsys[modelFile] = &fstest.MapFile{Data: model(test.description)}
			f, err := mustOpen(t, fsys).FunctionInterface(test.ask)
			switch {
			case test.input == "":
				if !errors.Is(err, modelpkg.ErrFunction) {
					t.Errorf("error is %v", err)
				}
			case err != nil:
				t.Error(err)
			case f.Input[0].Name != test.input:
				t.Errorf("found the function with input %s", f.Input[0].Name)
			}
		})
	}
	if _, err := mustOpen(t, files()).FunctionInterface(""); err != nil {
		t.Errorf("a model without a description: %v", err)
	}
}

func TestAWriterRefusesBlobsOfTheWrongSize(t *testing.T) {
	w, err := modelpkg.Create(filepath.Join(t.TempDir(), "w.mlpackage"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for _, bad := range []struct {
		t    dtype.Type
		n    int
		data []byte
	}{{dtype.Float16, 2, make([]byte, 3)}, {dtype.Bool, 1, make([]byte, 1)}, {dtype.Invalid, 0, nil}, {dtype.Int4, -1, nil}} {
		if _, err := w.AddBlob(bad.t, bad.n, bad.data); !errors.Is(err, modelpkg.ErrBlob) {
			t.Errorf("%v: error is %v", bad, err)
		}
	}
}

func TestWrittenBlobsReadBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w.mlpackage")
	w, err := modelpkg.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	types := []dtype.Type{
		dtype.Float16, dtype.Float32, dtype.UInt8, dtype.Int8, dtype.BFloat16, dtype.Int16, dtype.UInt16, dtype.Int4, dtype.UInt1,
		dtype.UInt2, dtype.UInt4, dtype.UInt3, dtype.UInt6, dtype.Int32, dtype.UInt32, dtype.Float8E4M3FN, dtype.Float8E5M2,
	}
	offsets := make([]uint64, len(types))
	content := func(i int) []byte {
		n, _ := types[i].PackedLen(37)
		return []byte(strings.Repeat(string(rune('a'+i)), n))
	}
	for i, typ := range types {
		if offsets[i], err = w.AddBlob(typ, 37, content(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(&milpb.Model{Program: &milpb.Program{}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Discard(); err != nil {
		t.Errorf("discard after finish: %v", err)
	}
	p, err := modelpkg.OpenPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i, typ := range types {
		b, err := p.Blob(modelpkg.WeightFileName, offsets[i])
		if err != nil {
			t.Fatal(err)
		}
		if b.DType != typ || !b.Holds(37) || string(b.Data) != string(content(i)) || offsets[i]%64 != 0 {
			t.Errorf("%v at %d is %+v", typ, offsets[i], b)
		}
	}
}
