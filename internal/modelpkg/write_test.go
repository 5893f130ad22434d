package modelpkg_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// made writes a package of these int8 tensors and returns its folder.
func made(t *testing.T, tensors ...[]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "m.mlpackage")
	w, err := modelpkg.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range tensors {
		if _, err := w.AddBlob(dtype.Int8, len(data), data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(&milpb.Model{Type: milpb.TypeMLProgram, Program: &milpb.Program{Version: 1}}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func content(t *testing.T, dir string, name ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{dir}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The layout is that of coremltools' StorageFormat.hpp, version 2.
func TestAWeightFileIsLaidOutAsCoremltoolsDoes(t *testing.T) {
	data := content(t, made(t, []byte{1, 2, 3}, []byte{9}), "Data", "com.apple.CoreML", "weights", "weight.bin")
	number := func(at, width int) uint64 {
		if width == 4 {
			return uint64(binary.LittleEndian.Uint32(data[at:]))
		}
		return binary.LittleEndian.Uint64(data[at:])
	}
	for _, c := range []struct {
		what      string
		at, width int
		want      uint64
	}{
		{"the number of blobs", 0, 4, 2},
		{"the version", 4, 4, 2},
		{"the first sentinel", 64, 4, 0xDEADBEEF},
		{"the code of int8", 68, 4, 4},
		{"the first size", 72, 8, 3},
		{"where the first data lie", 80, 8, 128},
		{"the second sentinel", 192, 4, 0xDEADBEEF},
		{"the second size", 200, 8, 1},
		{"where the second data lie", 208, 8, 256},
	} {
		if got := number(c.at, c.width); got != c.want {
			t.Errorf("%s is %d, want %d", c.what, got, c.want)
		}
	}
	if len(data) != 257 || !bytes.Equal(data[128:131], []byte{1, 2, 3}) || data[256] != 9 {
		t.Errorf("the file of %d bytes has other data", len(data))
	}
}

func TestBitsThatBelongToNoElementAreCounted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m.mlpackage")
	w, err := modelpkg.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	at, err := w.AddBlob(dtype.UInt3, 3, []byte{0x88, 1}) // 9 bits in 2 bytes
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(&milpb.Model{Program: &milpb.Program{}}); err != nil {
		t.Fatal(err)
	}
	p, err := modelpkg.OpenPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it was only read
	b, err := p.Blob(modelpkg.WeightFileName, at)
	if err != nil || b.Padding != 7 {
		t.Fatalf("%+v, %v, want a padding of 7", b, err)
	}
	for n, want := range map[int]bool{2: false, 3: true, 4: false, 5: false} {
		if b.Holds(n) != want {
			t.Errorf("it holds %d elements: %v", n, !want)
		}
	}
}

func TestAManifestNamesModelAndWeights(t *testing.T) {
	dir := made(t, []byte{1})
	var m struct {
		FileFormatVersion   string
		RootModelIdentifier string
		ItemInfoEntries     map[string]struct{ Author, Description, Name, Path string }
	}
	if err := json.Unmarshal(content(t, dir, "Manifest.json"), &m); err != nil {
		t.Fatal(err)
	}
	root := m.ItemInfoEntries[m.RootModelIdentifier]
	if m.FileFormatVersion != "1.0.0" || root.Path != "com.apple.CoreML/model.mlmodel" || root.Name != "model.mlmodel" || root.Author != "com.apple.CoreML" {
		t.Errorf("the manifest is %+v", m)
	}
	if len(m.ItemInfoEntries) != 2 {
		t.Errorf("%d items, want 2", len(m.ItemInfoEntries))
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`) // version 8 of RFC 9562
	for id := range m.ItemInfoEntries {
		if !uuid.MatchString(id) {
			t.Errorf("identifier %s", id)
		}
	}
}

func TestThePackageOfAProgramIsAlwaysTheSame(t *testing.T) {
	if a, b := content(t, made(t, []byte{1}), "Manifest.json"), content(t, made(t, []byte{1}), "Manifest.json"); !bytes.Equal(a, b) {
		t.Errorf("%s and %s", a, b)
	}
}

func TestAPackageWithoutWeightsHasNoFolderForThem(t *testing.T) {
	dir := made(t)
	if _, err := os.Stat(filepath.Join(dir, "Data", "com.apple.CoreML", "weights")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	p, err := modelpkg.OpenPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it was only read
	if list, err := p.Weights(); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestAPackageAppearsWhenItIsFinished(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "m.mlpackage")
	w, err := modelpkg.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it is there before it is finished")
	}
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
		t.Errorf("what is left: %v, %v", left, err)
	}
	if err := w.Finish(&milpb.Model{}); err == nil || !strings.Contains(err.Error(), "writer is finished already") {
		t.Errorf("finished after it was discarded: %v", err)
	}
	if _, err := w.AddBlob(dtype.Int8, 1, []byte{1}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a blob after that: %v", err)
	}
}

func TestAPlaceThatIsTakenIsRefused(t *testing.T) {
	dir := made(t)
	if _, err := modelpkg.Create(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v", err)
	}
	if _, err := modelpkg.Create(filepath.Join(dir, "nowhere", "m.mlpackage")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

// The messages take several times the memory of the file.
func TestAProgramThatIsForgottenLeavesDescriptionAndWeights(t *testing.T) {
	p := mustOpen(t, files())
	if p.Model().Program == nil {
		t.Fatal("there is no program")
	}
	p.ForgetProgram()
	if p.Model().Program != nil {
		t.Error("the program is still there")
	}
	if b, err := p.Blob(modelpkg.WeightFileName, 64); err != nil || len(b.Data) != 5 {
		t.Errorf("%v, %v", b, err)
	}
	if _, err := p.FunctionInterface("main"); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatHoldsAModelNamesIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"one package", []string{"a.mlpackage/Manifest.json", "b.txt"}, "but it holds a model: did you mean"},
		{"two", []string{"a.mlpackage/Manifest.json", "b.mlmodel"}, "but it holds models: did you mean one of"},
		{"an archive", []string{"a.mlpackage.zip"}, "but it holds an archive: unpack"},
		{"a checkpoint", []string{"config.json", "model.safetensors"}, "but it holds a checkpoint, of which coreml convert makes a package"},
		{"a GGUF file", []string{"model-Q4_0.GGUF"}, "but it holds a checkpoint, of which coreml convert makes a package"},
		{"a folder that is called a package", []string{"a.mlpackage/x"}, "a model package is a folder that ends in .mlpackage"},
		{"nothing", nil, "not a model package: it has no Manifest.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range c.files {
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			_, err := modelpkg.OpenPath(dir)
			if !errors.Is(err, modelpkg.ErrNotPackage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}
