package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// file returns a file with that header and n bytes of data, which count up.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

func open(raw []byte) (*safetensors.File, error) {
	return safetensors.New(bytes.NewReader(raw), int64(len(raw)))
}

func TestFilesAreRead(t *testing.T) {
	f, err := open(file(`{"b":{"dtype":"I16","shape":[2,1],"data_offsets":[2,6]},"__metadata__":{"k":"v"},`+
		`"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"none":{"dtype":"F32","shape":[0,3],"data_offsets":[6,6]},`+
		`"s":{"dtype":"BF16","shape":[],"data_offsets":[6,8]}}   `, 8))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Names(), []string{"a", "b", "none", "s"}; !slices.Equal(got, want) {
		t.Errorf("names = %v, want %v", got, want)
	}
	if f.Metadata["k"] != "v" {
		t.Errorf("metadata = %v", f.Metadata)
	}
	b, err := f.Tensor("b")
	if err != nil {
		t.Fatal(err)
	}
	v, err := tensor.Data[int16](b)
	if err != nil || !slices.Equal(v, []int16{0x0302, 0x0504}) || !slices.Equal(b.Shape(), []int{2, 1}) {
		t.Errorf("b = %v %v, %v", b.Shape(), v, err)
	}
	none, err := f.Tensor("none")
	if err != nil || none.Len() != 0 || !slices.Equal(none.Shape(), []int{0, 3}) {
		t.Errorf("none = %v, %v", none.Shape(), err)
	}
	s, err := f.Tensor("s")
	if err != nil || s.DType() != tensor.Float32 || s.Rank() != 0 {
		t.Errorf("s = %v %v, %v", s.DType(), s.Shape(), err)
	}
	if _, err := f.Tensor("q"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a tensor that is not there: %v", err)
	}
}

func TestBFloat16IsWidened(t *testing.T) {
	raw := file(`{"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}`, 0)
	raw = append(raw, 0x80, 0x3f, 0x00, 0xc0, 0x00, 0x3e)
	f, err := open(raw)
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.Tensor("a")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := tensor.Data[float32](a); err != nil || !slices.Equal(v, []float32{1, -2, 0.125}) {
		t.Errorf("a = %v, %v", v, err)
	}
}

func TestMalformedFilesAreRefused(t *testing.T) {
	one := func(entry string) []byte { return file(`{"a":`+entry+`}`, 4) }
	for name, raw := range map[string][]byte{
		"nothing":                     nil,
		"half a length":               {1, 0, 0},
		"a header beyond the limit":   binary.LittleEndian.AppendUint64(nil, 1<<62),
		"a header beyond the file":    append(binary.LittleEndian.AppendUint64(nil, 100), '{', '}'),
		"no object":                   file(`[]`, 0),
		"no JSON":                     file(`{"a"`, 0),
		"no UTF-8":                    file("{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4),
		"text behind the object":      file(`{} {}`, 0),
		"a name twice":                file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, 4),
		"metadata that is no strings": file(`{"__metadata__":{"a":1}}`, 0),
		"no dtype":                    one(`{"shape":[4],"data_offsets":[0,4]}`),
		"no shape":                    one(`{"dtype":"U8","data_offsets":[0,4]}`),
		"one offset":                  one(`{"dtype":"U8","shape":[4],"data_offsets":[0]}`),
		"an unknown type":             one(`{"dtype":"X9","shape":[4],"data_offsets":[0,4]}`),
		"a negative dimension":        one(`{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}`),
		"a fraction":                  one(`{"dtype":"U8","shape":[4.5],"data_offsets":[0,4]}`),
		"an overflowing shape":        one(`{"dtype":"U8","shape":[4294967296,4294967296,4],"data_offsets":[0,4]}`),
		"an overflowing size":         one(`{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}`),
		"offsets that swap":           one(`{"dtype":"U8","shape":[4],"data_offsets":[4,0]}`),
		"negative offsets":            one(`{"dtype":"U8","shape":[4],"data_offsets":[-4,0]}`),
		"a size that is not its own":  one(`{"dtype":"U8","shape":[3],"data_offsets":[0,4]}`),
		"a hole":                      file(`{"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}`, 4),
		"an overlap":                  file(`{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, 4),
		"too little data":             file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 3),
		"too much data":               file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 5),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := open(raw); !errors.Is(err, safetensors.ErrFormat) {
				t.Errorf("error %v is not ErrFormat", err)
			}
		})
	}
}

func TestTensorsThatCannotBeMade(t *testing.T) {
	f, err := open(file(`{"u":{"dtype":"U32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"BOOL","shape":[3],"data_offsets":[4,7]}}`, 7))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tensor("u"); !errors.Is(err, tensor.ErrDType) {
		t.Errorf("U32: %v", err)
	}
	if _, err := f.Tensor("b"); !errors.Is(err, safetensors.ErrFormat) {
		t.Errorf("a bool of 4: %v", err)
	}
}

func samples() ([]safetensors.Named, map[string]string) {
	return []safetensors.Named{
		{Name: "bool", Tensor: tensor.FromSlice([]bool{true, false, true}, 3)},
		{Name: "f16", Tensor: tensor.FromSlice([]float32{1, -2.5}, 2, 1).To(tensor.Float16)},
		{Name: `quote " and ünï`, Tensor: tensor.FromSlice([]float64{1e300}, 1)},
		{Name: "f32", Tensor: tensor.FromSlice([]float32{1, 2, 3, 4}, 2, 2).Transpose()},
		{Name: "i8", Tensor: tensor.FromSlice([]int8{-1})},
		{Name: "u8", Tensor: tensor.FromSlice([]uint8{255}, 1)},
		{Name: "i16", Tensor: tensor.FromSlice([]int16{-300}, 1)},
		{Name: "u16", Tensor: tensor.FromSlice([]uint16{65535}, 1)},
		{Name: "i32", Tensor: tensor.FromSlice([]int32{-70000}, 1)},
		{Name: "i64", Tensor: tensor.FromSlice([]int64{1 << 40}, 1)},
		{Name: "none", Tensor: tensor.New(tensor.Float32, 0, 4)},
	}, map[string]string{"b": "2", "a": "1"}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	tensors, metadata := samples()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	f, err := open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(f.Metadata, metadata) || f.DataStart%8 != 0 || len(f.Names()) != len(tensors) {
		t.Errorf("metadata %v, data at %d, names %v", f.Metadata, f.DataStart, f.Names())
	}
	for _, n := range tensors {
		got, err := f.Tensor(n.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		a, _ := got.Bytes()
		w, _ := n.Tensor.Contiguous().Bytes()
		if got.DType() != n.Tensor.DType() || !slices.Equal(got.Shape(), n.Tensor.Shape()) || !bytes.Equal(a, w) {
			t.Errorf("%q: got %v %v %v, want %v %v %v", n.Name, got.DType(), got.Shape(), a, n.Tensor.DType(), n.Tensor.Shape(), w)
		}
	}
	var again bytes.Buffer
	if err := safetensors.Write(&again, tensors, metadata); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("the second time differs: %v", err)
	}
}

type failing struct{ left int }

func (w *failing) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	tensors, metadata := samples()
	var whole bytes.Buffer
	if err := safetensors.Write(&whole, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 8, whole.Len() - 1} {
		if err := safetensors.Write(&failing{room}, tensors, metadata); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("a writer with room for %d bytes: %v", room, err)
		}
	}
	one := func(name string, a *tensor.Tensor) []safetensors.Named {
		return []safetensors.Named{{Name: name, Tensor: a}}
	}
	a := tensor.New(tensor.Int8, 1)
	for name, list := range map[string][]safetensors.Named{
		"a name twice":    append(one("a", a), one("a", a)...),
		"the metadata":    one("__metadata__", a),
		"no UTF-8":        one("\xff", a),
		"a nil tensor":    one("a", nil),
		"a failed tensor": one("a", a.Reshape(7)),
	} {
		if err := safetensors.Write(io.Discard, list, nil); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	specs := []safetensors.Spec{{Name: "a", DType: tensor.Int8, Shape: []int{1}}}
	w, err := safetensors.NewWriter(io.Discard, specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Error("Close with a tensor outstanding succeeded")
	}
	if err := w.Write(tensor.New(tensor.Int8, 2)); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("another shape than announced: %v", err)
	}
	if err := errors.Join(w.Write(a), w.Close()); err != nil {
		t.Error(err)
	}
	if err := w.Write(a); err == nil {
		t.Error("one tensor too many was written")
	}
}

// stream hides that a file can be read at any place.
type stream struct{ fs.File }

type streams struct{ fs.FS }

func (s streams) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	return stream{f}, err
}

func TestOpen(t *testing.T) {
	tensors, metadata := samples()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	memory := fstest.MapFS{"t": {Data: b.Bytes()}, "bad": {Data: []byte("bad")}}
	for name, fsys := range map[string]fs.FS{"a folder": os.DirFS(dir), "memory": memory, "streams": streams{memory}} {
		f, err := safetensors.Open(fsys, "t")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, n := range tensors {
			if _, err := f.Tensor(n.Name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := safetensors.Open(memory, "bad"); !errors.Is(err, safetensors.ErrFormat) || !strings.HasPrefix(fmt.Sprint(err), `"bad" is a text file`) {
		t.Errorf("a bad file: %v", err)
	}
	if _, err := safetensors.Open(memory, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	tensors, metadata := samples()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(file(`{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, 4))
	f.Add(file(`{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}`, 0))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := open(raw)
		if err != nil {
			if !errors.Is(err, safetensors.ErrFormat) {
				t.Errorf("error %v is not ErrFormat", err)
			}
			return
		}
		total := int64(0)
		for _, name := range file.Names() {
			e := file.Entry(name)
			total += e.End - e.Begin
			a, err := file.Tensor(name)
			if err != nil {
				continue
			}
			if a.DType() != e.Type() || !slices.Equal(a.Shape(), e.Shape) {
				t.Errorf("%q: %v %v, announced %+v", name, a.DType(), a.Shape(), e)
			}
		}
		if total != file.DataSize {
			t.Errorf("tensors of %d bytes, data of %d", total, file.DataSize)
		}
	})
}
