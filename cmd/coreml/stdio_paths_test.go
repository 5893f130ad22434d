package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// places are paths that lead nowhere of use, by what is wrong with them.
func places(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := map[string]string{
		"nothing there":     filepath.Join(dir, "absent"),
		"no parent":         filepath.Join(dir, "absent", "x"),
		"a file as parent":  filepath.Join(file, "x"),
		"a name with a NUL": filepath.Join(dir, "a\x00b"),
		"too long a name":   filepath.Join(dir, strings.Repeat("a", 5000)),
	}
	if link := filepath.Join(dir, "link"); os.Symlink(filepath.Join(dir, "absent"), link) == nil {
		list["a link that dangles"] = link
	}
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		closed := filepath.Join(dir, "closed")
		if err := os.Mkdir(closed, 0); err != nil {
			t.Fatal(err)
		}
		list["a parent without permission"] = filepath.Join(closed, "x")
	}
	return list
}

// TestAPathThatLeadsNowhereIsTheCallersFault goes through every path of a request.
// None of these may be answered as internal, which a client takes for a fault of
// the server, or with anything but words about the path.
func TestAPathThatLeadsNowhereIsTheCallersFault(t *testing.T) {
	model := adder(t)
	x := encoded(tensor.New(tensor.Float32, 2, 2))
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, field := range []struct {
		name, wrongKind, code string
		request               func(path string) object
	}{
		{"path", file, codeBadModel, func(p string) object { return object{"op": "load", "path": p} }},
		{"npy_dir", file, codeBadInput, func(p string) object {
			return object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": x}, "npy_dir": p}
		}},
		{"npy", folder, codeBadInput, func(p string) object {
			return object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": object{"npy": p}}}
		}},
		{"safetensors", folder, codeBadInput, func(p string) object {
			return object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": object{"safetensors": p, "tensor": "x"}}}
		}},
		{"file", folder, codeBadInput, func(p string) object {
			return object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": object{"file": p}}}
		}},
		{"npy of a state", folder, codeBadInput, func(p string) object {
			return object{"op": "write_state", "state": "s1", "name": "acc", "value": object{"npy": p}}
		}},
		{"file of a state", folder, codeBadInput, func(p string) object {
			return object{"op": "write_state", "state": "s1", "name": "acc", "value": object{"file": p}}
		}},
	} {
		all := places(t)
		all["another kind of place"] = field.wrongKind
		for wrong, path := range all {
			t.Run(field.name+" with "+wrong, func(t *testing.T) {
				r := talk(t, object{"op": "load", "path": model}, object{"op": "new_state", "model": "m1"}, field.request(path))[2]
				failure, _ := r["error"].(object)
				message, _ := failure["message"].(string)
				if failure["code"] != field.code || !strings.Contains(message, filepath.Base(filepath.Dir(plain(path)))) || commands(message) != "" {
					t.Errorf("reply %v, want the code %s and the path", r, field.code)
				}
			})
		}
	}
}

func TestAFolderForOutputsIsLookedAtBeforeTheStateChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := talk(t, object{"op": "load", "path": adder(t)}, object{"op": "new_state", "model": "m1"},
		object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": [][]int{{1, 2}, {3, 4}}}, "npy_dir": file},
		object{"op": "read_state", "state": "s1", "name": "acc"})
	if failure := r[2]["error"].(object); failure["code"] != codeBadInput || failure["message"] != `npy_dir: "`+file+`" is a file, not a folder` {
		t.Errorf("reply %v", r[2])
	}
	if got := halves(t, r[3]["value"]); got[0] != 0 || got[3] != 0 {
		t.Errorf("the state has grown by what was refused: %v", got)
	}
}

func TestAFolderInWhichNothingCanBeMadeIsTheCallersFault(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("permissions of folders do not bind here")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	r := talk(t, object{"op": "load", "path": adder(t)},
		object{"op": "predict", "model": "m1", "inputs": object{"x": [][]int{{1, 2}, {3, 4}}}, "npy_dir": dir})
	if failure, _ := r[1]["error"].(object); failure["code"] != codeBadInput {
		t.Errorf("reply %v", r[1])
	}
}

// TestTheNameOfAnOutputCannotLeadOutOfItsFolder matters because who wrote the
// package is not who named the folder.
func TestTheNameOfAnOutputCannotLeadOutOfItsFolder(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML7")
	number := mil.TensorType(dtype.Float32, 1)
	x := b.Input("x", dtype.Float32, 1)
	const name = "../../escaped/\x1b[31m"
	b.Output(name, b.Op("add", name, number, mil.Args{"x": x, "y": b.Float("", dtype.Float32, 1)}))
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "a", "b")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := talk(t, object{"op": "load", "path": writePackage(t, fn)}, object{"op": "predict", "model": "m1", "inputs": object{"x": []int{1}}, "npy_dir": dir})
	if r[1]["ok"] != true {
		t.Fatalf("reply %v", r[1])
	}
	got := r[1]["outputs"].(object)[name].(object)["npy"]
	if want := filepath.Join(dir, "000001-______escaped___31m.npy"); got != want {
		t.Errorf("written to %q, want %q", got, want)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
		t.Errorf("beside the folder lie %v, %v", entries, err)
	}
}
