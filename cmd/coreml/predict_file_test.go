package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// member is a file of an archive.
type member struct {
	name   string
	method uint16
	data   []byte
}

func writeZip(t *testing.T, members ...member) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npz")
	err := storage.WriteFile(t.Context(), path, func(w io.Writer) error {
		z := zip.NewWriter(w)
		for _, m := range members {
			f, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
			if err != nil {
				return err
			}
			if _, err := f.Write(m.data); err != nil {
				return err
			}
		}
		return z.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func npyBytes(t *testing.T, x *tensor.Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Write(&b, x); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchivesOfNumPy(t *testing.T) {
	model := adder(t)
	one, two := npyBytes(t, tensor.Fill(tensor.Float32, 1, 2, 2)), npyBytes(t, tensor.Fill(tensor.Float64, 2, 2, 2))
	file := writeZip(t, member{"x.npy", zip.Deflate, one}, member{"arr_1.npy", zip.Store, two})
	for arg, want := range map[string]float32{"x=" + file: 3, "x=" + file + ":arr_1": 6} {
		out := filepath.Join(t.TempDir(), "out.safetensors")
		call(t, "predict", model, "--input", arg, "-o", out).want(t, exitOK, "", "")
		if got := readTensor(t, out, "y"); !slices.Equal(got, []float32{want, want, want, want}) {
			t.Errorf("%s: %v, want %v", arg, got, want)
		}
	}
	call(t, "predict", model, "--input", "x="+file+":arr_0").want(t, exitFailure, "", `the file has no tensor "arr_0"; it has "x", "arr_1"`)
	twice := writeZip(t, member{"x.npy", zip.Store, one}, member{"x.npy", zip.Store, two})
	call(t, "predict", model, "--input", "x="+twice).want(t, exitFailure, "", "comes twice")
	text := writeZip(t, member{"x.npy", zip.Store, []byte("text")})
	call(t, "predict", model, "--input", "x="+text).want(t, exitFailure, "", "malformed npy")
}

func TestFilesThatClaimTooMuchAreNotRead(t *testing.T) {
	wide := npyBytes(t, tensor.New(tensor.UInt8, 256<<20/2))
	packed := writeZip(t, member{"x.npy", zip.Deflate, wide})
	info, err := os.Stat(packed)
	if err != nil || info.Size() > 1<<20 {
		t.Fatalf("%v, %v", info.Size(), err)
	}
	sparse := filepath.Join(t.TempDir(), "x.npy")
	head := []byte("\x93NUMPY\x01\x00")
	text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,)}\n", 1<<38)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	if err := os.WriteFile(sparse, append(head, text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(sparse, 1<<40); err != nil {
		t.Skipf("no sparse files here: %v", err)
	}
	tensors := filepath.Join(t.TempDir(), "x.safetensors")
	header := fmt.Sprintf(`{"x":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, 1<<38, 1<<40)
	if err := os.WriteFile(tensors, append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(tensors, int64(8+len(header))+1<<40); err != nil {
		t.Fatal(err)
	}
	listing := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(listing, binary.LittleEndian.AppendUint64(nil, 90_000_000), 0o600); err != nil {
		t.Fatal(err)
	}
	fixed := &coreml.FeatureDescription{Name: "x", Kind: coreml.KindMultiArray, DType: tensor.Float32, Shape: []int{2, 2}}
	open := &coreml.FeatureDescription{Name: "x", Kind: coreml.KindMultiArray, DType: tensor.Float32, Ranges: []coreml.Range{{Lower: 1, Upper: -1}}}
	for _, d := range []*coreml.FeatureDescription{fixed, open, nil} {
		for _, path := range []string{packed, sparse, tensors, listing} {
			if _, err := readValue(t.Context(), path, "x", d, nil); err == nil || !strings.Contains(err.Error(), "at most") && !strings.Contains(err.Error(), "more than") {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
		}
	}
	s := newServer((&engineFlags{}).config())
	defer s.close()
	for _, value := range []object{{"npy": sparse}, {"safetensors": tensors, "tensor": "x"}, {"file": packed, "tensor": "x"}} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeValue(t.Context(), text, nil, nil); err == nil || !strings.Contains(err.Error(), "at most") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestValuesInFilesOfJSON(t *testing.T) {
	model, dir := adder(t), t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const want = "y = float16[2 2] [[3 6] [9 12]]\n"
	for name, args := range map[string][]string{
		"a list":              {"--input", "x=" + write("x.json", "[[1, 2],\n [3, 4.0]]\n")},
		"a tensor":            {"--input", "x=" + write("t.json", `{"dtype":"int8","shape":[2,2],"data":"AQIDBA=="}`)},
		"all inputs":          {"--inputs", write("all.json", "\xef\xbb\xbf{\"x\": [[1, 2], [3, 4]]}")},
		"a flag has the last": {"--inputs", write("other.json", `{"x":[[9,9],[9,9]]}`), "--input", "x=" + write("x.json", "[[1,2],[3,4]]")},
	} {
		if r := call(t, append([]string{"predict", model}, args...)...); r.status != exitOK || r.out != want {
			t.Errorf("%s: status %d, %s%s", name, r.status, r.out, r.err)
		}
	}
	for name, tc := range map[string]struct{ flag, text, want string }{
		"an unknown input":      {"--inputs", `{"x":[[1,2],[3,4]],"z":1}`, `there is no input "z"; the inputs are "x"`},
		"the same input twice":  {"--inputs", `{"x":1,"x":2}`, "x: the key comes twice"},
		"a list of all":         {"--inputs", `[1]`, "want an object"},
		"a wrong field":         {"--inputs", `{"x":{"dtype":"int8","shape":[2,"2"]}}`, "x.shape[1]: a string where an integer is expected"},
		"NaN as Python writes":  {"--input", `[[NaN,1],[2,3]]`, `[0][0]: NaN is no number of JSON: write the string "NaN"`},
		"cut off":               {"--input", `[[1,2],[3`, "byte 9: the text ends"},
		"two values":            {"--input", `[1] [2]`, "where the end of the text is expected"},
		"a file of JSON inside": {"--input", `{"file":"x.json"}`, "further file of JSON"},
	} {
		arg := write("bad.json", tc.text)
		if tc.flag == "--input" {
			arg = "x=" + arg
		}
		r := call(t, "predict", model, tc.flag, arg)
		if r.status != exitFailure || !strings.Contains(r.err, tc.want) || strings.Contains(r.err, "Go ") {
			t.Errorf("%s: status %d, %s", name, r.status, r.err)
		}
	}
}

// FuzzArrayFiles reads files of every form that holds arrays.
func FuzzArrayFiles(f *testing.F) {
	for _, name := range []string{"testdata/picture/im.npy", "testdata/classifier/x.npy"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, ".npy")
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create("x.npy")
		if err != nil {
			f.Fatal(err)
		}
		if _, err := w.Write(raw); err != nil {
			f.Fatal(err)
		}
		if err := z.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes(), ".npz")
	}
	f.Add([]byte("[[1,2],[3,4]]"), ".json")
	f.Add([]byte("\x40\x00\x00\x00\x00\x00\x00\x00"+`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}          `+"\x00\x00\x80\x3f"), ".safetensors")
	image := &coreml.FeatureDescription{Name: "x", Kind: coreml.KindImage, Pixels: coreml.PixelsRGB, Shape: []int{1, 3, 2, 2}}
	array := &coreml.FeatureDescription{Name: "x", Kind: coreml.KindMultiArray, DType: tensor.Float32, Shape: []int{2, 2}}
	f.Fuzz(func(t *testing.T, raw []byte, ext string) {
		if extensions[ext] == formatUnknown || bytes.Contains(raw, []byte("file")) || bytes.Contains(raw, []byte("npy\"")) || bytes.Contains(raw, []byte(`\u`)) {
			t.Skip("not a form, or names other files")
		}
		path := filepath.Join(t.TempDir(), "x"+ext)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, d := range []*coreml.FeatureDescription{image, array, nil} {
			v, err := readValue(t.Context(), path, "x", d, nil)
			if err == nil && v.Kind() == coreml.KindInvalid {
				t.Fatal("no value and no error")
			}
		}
	})
}
