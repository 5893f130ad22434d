package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// adder writes a package of two functions, main and other, over one state: acc
// grows by x, and y is factor*x + acc.
func adder(t *testing.T) string {
	t.Helper()
	var list []*mil.Function
	for name, factor := range map[string]float32{"main": 2, "other": 3} {
		b := mil.NewBuilder(name, "CoreML8")
		result := mil.TensorType(dtype.Float16, 2, 2)
		x := b.Input("x", dtype.Float32, 2, 2)
		narrow := b.Op("cast", "narrow", result, mil.Args{"x": x, "dtype": b.Text("", "fp16")})
		acc := b.State("acc", dtype.Float16, 2, 2)
		old := b.Op("read_state", "old", result, mil.Args{"input": acc})
		total := b.Op("add", "total", result, mil.Args{"x": old, "y": narrow})
		b.Do("write_state", "", mil.Args{"input": acc, "data": total})
		scaled := b.Op("mul", "scaled", result, mil.Args{"x": narrow, "y": b.Float("factor", dtype.Float16, factor)})
		b.Output("y", b.Op("add", "y", result, mil.Args{"x": scaled, "y": total}))
		fn, err := b.Function()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fn)
	}
	return writePackage(t, list...)
}

func writePackage(t *testing.T, functions ...*mil.Function) string {
	t.Helper()
	p := mil.NewProgram(functions...)
	d, err := mil.Describe(p, "main")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "adder.mlpackage")
	if err := mil.Write(dir, p, d); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeTensors(t *testing.T, path string, tensors ...safetensors.Named) {
	t.Helper()
	if err := storage.WriteFile(t.Context(), path, func(w io.Writer) error { return safetensors.Write(w, tensors, nil) }); err != nil {
		t.Fatal(err)
	}
}

func readTensor(t *testing.T, path, name string) []float32 {
	t.Helper()
	x, err := readSafetensors(path, name)
	if err != nil {
		t.Fatal(err)
	}
	return numbers(t, x)
}

func numbers(t *testing.T, x *tensor.Tensor) []float32 {
	t.Helper()
	v, err := tensor.Values[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPredictionsGoOnFromASavedState(t *testing.T) {
	dir := t.TempDir()
	model := adder(t)
	in, out, state := filepath.Join(dir, "in.safetensors"), filepath.Join(dir, "out.safetensors"), filepath.Join(dir, "state.safetensors")
	writeTensors(t, in, safetensors.Named{Name: "x", Tensor: tensor.FromSlice([]float32{1, 2, 3, 4}, 2, 2)},
		safetensors.Named{Name: "more", Tensor: tensor.FromSlice([]int64{10, 10, 10, 10}, 2, 2)})

	call(t, "predict", model, "--input", "x="+in, "--output", out, "--state-out", state).want(t, exitOK, "", "")
	if got, want := readTensor(t, out, "y"), []float32{3, 6, 9, 12}; !slices.Equal(got, want) {
		t.Errorf("first: got %v, want %v", got, want)
	}
	call(t, "predict", model, "--input", "x="+in+":more", "--output", out, "--state-in", state, "--function", "other").want(t, exitOK, "", "")
	if got, want := readTensor(t, out, "y"), []float32{41, 42, 43, 44}; !slices.Equal(got, want) {
		t.Errorf("second: got %v, want %v", got, want)
	}

	linked := filepath.Join(dir, "linked.safetensors")
	if err := os.Link(out, linked); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{out, linked} {
		call(t, "predict", model, "--input", "x="+in, "--output", out, "--state-out", other).want(t, exitUsage, "", "the same file")
	}

	array := filepath.Join(dir, "x.npy")
	if err := storage.WriteFile(t.Context(), array, func(w io.Writer) error { return npy.Write(w, tensor.New(tensor.Float64, 2, 2)) }); err != nil {
		t.Fatal(err)
	}
	call(t, "predict", model, "-i", "x="+array).want(t, exitOK, "y = ", "")
}

func TestPredictSaysWhatIsWrong(t *testing.T) {
	model := adder(t)
	missing := filepath.Join(t.TempDir(), "x.npy")
	strange := filepath.Join(t.TempDir(), "x.bin")
	if err := os.WriteFile(strange, []byte("1 2 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(text, []byte("1 2 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no model":                {nil, exitUsage, "MODEL"},
		"a model with --stdio":    {[]string{"--stdio", model}, exitUsage, "--stdio"},
		"no input":                {[]string{model}, exitFailure, "feature is missing"},
		"an unknown kind of file": {[]string{model, "-i", "x=" + strange}, exitFailure, "is a text file; values are read from .npy"},
		"a file that is not there": {
			[]string{model, "-i", "x=" + missing}, exitFailure, "no such file",
		},
		"a file of another kind": {[]string{model, "-i", "x=" + text}, exitFailure, "is a text file; an .npy file is wanted"},
		"an unknown function":    {[]string{model, "--function", "third"}, exitFailure, "third"},
		"no package":             {[]string{t.TempDir()}, exitFailure, "not a model package"},
	} {
		t.Run(name, func(t *testing.T) {
			r := call(t, append([]string{"predict"}, tc.args...)...)
			if r.status != tc.status && tc.status != exitFailure || r.status == exitOK || !strings.Contains(r.err, tc.want) {
				t.Errorf("status %d: %s", r.status, r.err)
			}
		})
	}
}

// talk serves requests and returns the replies.
func talk(t *testing.T, requests ...any) []map[string]any {
	t.Helper()
	var in strings.Builder
	for _, q := range requests {
		if text, ok := q.(string); ok {
			in.WriteString(text + "\n")
			continue
		}
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(text, '\n'))
	}
	r := callWith(t, in.String(), "predict", "--stdio")
	if r.status != exitOK || r.err != "" {
		t.Fatalf("status %d: %s", r.status, r.err)
	}
	var replies []map[string]any
	for text := range strings.Lines(r.out) {
		var reply map[string]any
		if err := json.Unmarshal([]byte(text), &reply); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		replies = append(replies, reply)
	}
	if len(replies) != len(requests) {
		t.Fatalf("%d replies to %d requests: %s", len(replies), len(requests), r.out)
	}
	return replies
}

type object = map[string]any

func encoded(x *tensor.Tensor) any {
	v, err := encodeTensor(x)
	if err != nil {
		panic(err) // the tensors of the tests are whole
	}
	return v
}

// halves reads the float16 tensor of a reply.
func halves(t *testing.T, v any) []float32 {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	value, err := decodeValue(t.Context(), raw, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := value.MultiArray().DType(); got != tensor.Float16 {
		t.Errorf("element type %v, want float16", got)
	}
	return numbers(t, value.MultiArray())
}

func TestAConversationOverStandardInput(t *testing.T) {
	model, dir := adder(t), t.TempDir()
	array := filepath.Join(dir, "x.npy")
	ones := tensor.Fill(tensor.Float16, 1, 2, 2)
	if err := storage.WriteFile(t.Context(), array, func(w io.Writer) error { return npy.Write(w, ones) }); err != nil {
		t.Fatal(err)
	}
	writeTensors(t, filepath.Join(dir, "x.safetensors"), safetensors.Named{Name: "one", Tensor: ones})
	r := talk(t,
		object{"op": "hello", "id": "first"},
		object{"op": "load", "id": 1, "path": model, "compute_units": "CPU_ONLY", "extra": "ignored"},
		object{"op": "load", "id": 2, "path": model, "function": "other"},
		object{"op": "new_state", "id": 3, "model": "m1"},
		object{"op": "predict", "id": 4, "model": "m1", "state": "s1", "inputs": object{"x": []any{[]any{1, 2.5}, []any{true, -4}}}},
		object{"op": "predict", "id": 5, "model": "m2", "state": "s1", "inputs": object{"x": object{"npy": array}}, "outputs": []string{"y"}},
		object{"op": "read_state", "id": 6, "state": "s1", "name": "acc"},
		object{"op": "write_state", "id": 7, "state": "s1", "name": "acc", "value": encoded(tensor.New(tensor.Float32, 2, 2))},
		object{"op": "predict", "id": 8, "model": "m1", "state": "s1", "inputs": object{
			"x": object{"safetensors": filepath.Join(dir, "x.safetensors"), "tensor": "one"},
		}, "npy_dir": dir},
		object{"op": "unload", "id": 9, "model": "m1"},
		object{"op": "unload", "id": nil, "state": "s1"},
		object{"op": "new_state", "id": []int{1}, "model": "m2"},
	)
	for i, reply := range r {
		if reply["ok"] != true {
			t.Fatalf("reply %d: %v", i, reply)
		}
	}
	if r[0]["id"] != "first" || r[0]["protocol"] != 1.0 || r[1]["id"] != 1.0 || r[10]["id"] != nil {
		t.Errorf("ids or protocol: %v %v %v", r[0], r[1]["id"], r[10])
	}
	d := r[1]["description"]
	want := object{
		"inputs":    []any{object{"name": "x", "type": "array", "dtype": "float32", "shape": []any{2.0, 2.0}, "optional": false}},
		"outputs":   []any{object{"name": "y", "type": "array", "dtype": "float16", "shape": []any{2.0, 2.0}, "optional": false}},
		"states":    []any{object{"name": "acc", "type": "array", "dtype": "float16", "shape": []any{2.0, 2.0}, "optional": false}},
		"functions": []any{"main", "other"},
		"metadata":  object{},
	}
	if !reflect.DeepEqual(any(want), d) {
		t.Errorf("description %v, want %v", d, want)
	}
	if r[2]["model"] != "m2" || r[2]["function"] != "other" || r[11]["state"] != "s2" {
		t.Errorf("handles: %v %v", r[2], r[11])
	}
	output := func(i int) any { return r[i]["outputs"].(object)["y"] }
	for i, want := range map[int][]float32{4: {3, 7.5, 3, -12}, 5: {5, 6.5, 5, 0}} {
		if got := halves(t, output(i)); !slices.Equal(got, want) {
			t.Errorf("prediction %d: %v, want %v", i, got, want)
		}
	}
	if got, want := halves(t, r[6]["value"]), []float32{2, 3.5, 2, -3}; !slices.Equal(got, want) {
		t.Errorf("state: %v, want %v", got, want)
	}
	path, ok := output(8).(object)["npy"].(string)
	if !ok {
		t.Fatalf("output in a file: %v", output(8))
	}
	x, err := readNPY(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := numbers(t, x), []float32{3, 3, 3, 3}; !slices.Equal(got, want) {
		t.Errorf("output in a file: %v, want %v", got, want)
	}
}

func TestRequestsThatFailHaveACode(t *testing.T) {
	model := adder(t)
	broken := filepath.Join(t.TempDir(), "broken.mlpackage")
	if err := os.CopyFS(broken, os.DirFS(model)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "Data/com.apple.CoreML/model.mlmodel"), []byte("\xff\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	unknown := func() string {
		b := mil.NewBuilder("main", "CoreML8")
		x := b.Input("x", dtype.Float32, 1)
		b.Output("y", b.Op("fold_space", "y", x.Type, mil.Args{"x": x}))
		fn, err := b.Function()
		if err != nil {
			t.Fatal(err)
		}
		return writePackage(t, fn)
	}()
	predict := func(value any) any {
		return object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": value}}
	}
	good := []any{[]int{1, 2}, []int{3, 4}}
	setup := []any{object{"op": "load", "path": model}, object{"op": "new_state", "model": "m1"}}
	for name, tc := range map[string]struct {
		request    any
		code, text string
	}{
		"no JSON":                     {"hello", codeBadInput, "request"},
		"a list":                      {"[1,2]", codeBadInput, "request"},
		"two objects":                 {"{}{}", codeBadInput, "request"},
		"a field of another type":     {`{"op":7,"id":1}`, codeBadInput, "request"},
		"no op":                       {object{"id": 1}, codeBadInput, "op"},
		"an unknown op":               {object{"op": "train"}, codeUnsupported, "train"},
		"a load without a path":       {object{"op": "load"}, codeBadInput, "path"},
		"a package that is not there": {object{"op": "load", "path": model + "2"}, codeBadModel, "there is no model package"},
		"a folder that is no package": {object{"op": "load", "path": t.TempDir()}, codeBadModel, "package"},
		"a broken package":            {object{"op": "load", "path": broken}, codeBadModel, ""},
		"an unknown operator":         {object{"op": "load", "path": unknown}, codeUnsupported, "fold_space"},
		"an unknown function":         {object{"op": "load", "path": model, "function": "third"}, codeBadInput, "third"},
		"unknown compute units":       {object{"op": "load", "path": model, "compute_units": "TPU"}, codeBadInput, "TPU"},
		"an unknown backend":          {object{"op": "load", "path": model, "backend": "magic"}, codeBadInput, "magic"},
		"an unknown model":            {object{"op": "predict", "model": "m9"}, codeBadInput, "m9"},
		"an unknown state":            {object{"op": "read_state", "state": "s9", "name": "acc"}, codeBadInput, "s9"},
		"an unknown buffer":           {object{"op": "read_state", "state": "s1", "name": "zeta"}, codeBadInput, "zeta"},
		"no state":                    {object{"op": "predict", "model": "m1", "inputs": object{"x": good}}, codeBadInput, "state"},
		"an unknown output":           {object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": good}, "outputs": []string{"z"}}, codeBadInput, "z"},
		"an unknown input":            {object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": good, "z": 1}}, codeBadInput, "z"},
		"another shape":               {predict([]int{1, 2}), codeBadInput, "MultiArray Shape (2)"},
		"lists of other lengths":      {predict([]any{[]int{1}, []int{2, 3}}), codeBadInput, "array"},
		"lists of other depths":       {predict([]any{1, []int{2, 3}}), codeBadInput, "array"},
		"a list of texts":             {predict([]string{"a"}), codeBadInput, "a"},
		"lists nested too deep":       {predict(json.RawMessage(strings.Repeat("[", 99) + strings.Repeat("]", 99))), codeBadInput, ""},
		"no value":                    {predict(nil), codeBadInput, "missing"},
		"an empty object":             {predict(object{}), codeBadInput, "dtype"},
		"an unknown element type":     {predict(object{"dtype": "complex64", "shape": []int{1}, "data": ""}), codeBadInput, "complex64"},
		"data that is not base64":     {predict(object{"dtype": "int8", "shape": []int{1}, "data": "!"}), codeBadInput, "data"},
		"too little data":             {predict(object{"dtype": "float32", "shape": []int{2, 2}, "data": "AAAA"}), codeBadInput, ""},
		"a negative size":             {predict(object{"dtype": "int8", "shape": []int{-1}, "data": ""}), codeBadInput, ""},
		"a bool of seven":             {predict(object{"dtype": "bool", "shape": []int{1}, "data": "Bw=="}), codeBadInput, "bool"},
		"a file that is not there":    {predict(object{"npy": filepath.Join(model, "x.npy")}), codeBadInput, "no such file"},
		"a text for an array":         {predict(object{"string": "a"}), codeBadInput, "want multi-array"},
		"an image of a strange mode":  {predict(object{"image": "CMYK"}), codeUnsupported, "CMYK"},
		"a state of another shape":    {object{"op": "write_state", "state": "s1", "name": "acc", "value": []int{1}}, codeBadInput, "Shape"},
		"a text for a state":          {object{"op": "write_state", "state": "s1", "name": "acc", "value": object{"string": "a"}}, codeBadInput, "array"},
		"nothing to unload":           {object{"op": "unload"}, codeBadInput, "unload"},
		"a folder that is not there":  {object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": good}, "npy_dir": model + "3"}, codeBadInput, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			after := object{"op": "read_state", "state": "s1", "name": "acc"}
			r := talk(t, append(setup, tc.request, after)...)
			reply := r[2]
			failure, ok := reply["error"].(object)
			if reply["ok"] != false || !ok || failure["code"] != tc.code {
				t.Fatalf("reply %v, want code %s", reply, tc.code)
			}
			if text, _ := failure["message"].(string); !strings.Contains(text, tc.text) {
				t.Errorf("message %q, want %q in it", text, tc.text)
			}
			if r[3]["ok"] != true {
				t.Errorf("the process is not usable any more: %v", r[3])
			}
		})
	}
}

func TestValuesOfEveryElementType(t *testing.T) {
	raw := binary.LittleEndian.AppendUint64(nil, 5)
	for _, dt := range []string{"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"} {
		width := map[string]int{"8": 1, "16": 2, "32": 4, "64": 8}[strings.TrimLeft(dt, "uint")]
		text := fmt.Sprintf(`{"dtype":%q,"shape":[1],"data":%q}`, dt, base64.StdEncoding.EncodeToString(raw[:width]))
		v, err := decodeValue(t.Context(), json.RawMessage(text), nil, nil)
		if err != nil {
			t.Errorf("%s: %v", dt, err)
			continue
		}
		if got := numbers(t, v.MultiArray()); !slices.Equal(got, []float32{5}) {
			t.Errorf("%s: %v", dt, got)
		}
	}
	huge := base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint64(nil, math.MaxUint64))
	if _, err := decodeValue(t.Context(), json.RawMessage(`{"dtype":"uint64","shape":[1],"data":"`+huge+`"}`), nil, nil); !errors.Is(err, tensor.ErrValue) {
		t.Errorf("a number beyond int64: %v", err)
	}
	for text, want := range map[string]string{
		`{"int64":-3}`: "int64 -3", `{"double":0.5}`: "double 0.5", `{"string":"a"}`: `string "a"`,
		`{"dictionary":[["a",1],[7,0.5]]}`: "dictionary",
		`[[],[]]`:                          "multi-array int64 (2 x 0)", `3.5`: "multi-array float64 ()",
	} {
		v, err := decodeValue(t.Context(), json.RawMessage(text), nil, nil)
		if err != nil || v.String() != want {
			t.Errorf("%s: %v, %v, want %s", text, v, err, want)
		}
	}
}

func TestARequestThatIsTooLongIsSkipped(t *testing.T) {
	in := strings.Repeat("x", 50) + "\n{\"op\":1}\n" + strings.Repeat("y", 70000)
	b := bufio.NewReaderSize(strings.NewReader(in), 16)
	for i, want := range []struct {
		text string
		err  error
	}{{"", errLongLine}, {"{\"op\":1}\n", nil}, {"", errLongLine}, {"", io.EOF}} {
		got, err := readLineFunc(b, nil, 20, func() error { return nil })
		if string(got) != want.text || !errors.Is(err, want.err) && err != want.err {
			t.Errorf("line %d: %q, %v, want %q, %v", i, got, err, want.text, want.err)
		}
	}
}

func FuzzRequests(f *testing.F) {
	for _, text := range []string{
		`{"op":"hello","id":1}`, `{"op":"predict","model":"m1","inputs":{"x":[[1,2],[3,4]]}}`,
		`{"op":"write_state","state":"s1","name":"acc","value":{"dtype":"int8","shape":[2],"data":"AAE="}}`, `{"op":"unload","model":"m1"}`,
		`{"op":"predict","model":"m1","inputs":{"x":{"image":"L","dtype":"uint8","shape":[1,1],"data":"AA=="}}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "path") || strings.Contains(text, "npy") || strings.Contains(text, "safetensors") {
			t.Skip("files are not for fuzzing")
		}
		s := newServer((&engineFlags{}).config())
		defer s.close()
		reply := s.service().answer(t.Context(), parseRequest([]byte(text)))
		var r struct {
			OK    *bool `json:"ok"`
			Error *struct{ Code string }
		}
		if err := json.Unmarshal(reply, &r); err != nil || r.OK == nil || *r.OK == (r.Error != nil) {
			t.Fatalf("%q: %s: %v", text, reply, err)
		}
	})
}

// Package coreml refuses booleans where numbers are wanted; the inputs of the
// command have always taken true and false for 1 and 0.
func TestBooleansOfTheCommandAreNumbers(t *testing.T) {
	d := &coreml.FeatureDescription{Name: "x", Kind: coreml.KindMultiArray, DType: tensor.Float32, Shape: []int{2}}
	v, err := decodeValue(t.Context(), []byte(`{"dtype":"bool","shape":[2],"data":"AQA="}`), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := v.MultiArray()
	if x, err := tensor.Values[float32](got); err != nil || got.DType() != tensor.Float32 || x[0] != 1 || x[1] != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}
