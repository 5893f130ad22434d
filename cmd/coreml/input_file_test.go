package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// TestFilesOfAnotherKindAreSaidToBe: a file that was not downloaded, or that is
// something else, is told of as what it is, wherever values are read from.
func TestFilesOfAnotherKindAreSaidToBe(t *testing.T) {
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 72\n"
	model, dir := adder(t), t.TempDir()
	x := "x=" + writeNPY(t, tensor.New(tensor.Float32, 2, 2))
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, text := range map[string]string{
		"a Git LFS pointer, not the file": pointer,
		"a web page":                      "<!DOCTYPE html><html><body>404</body></html>",
		"an empty file":                   "",
		"a gzip archive":                  "\x1f\x8b\x08\x00\x00\x00\x00\x00",
	} {
		records := filepath.Dir(write("records/cases.json", text))
		write("tensors/cases.json", `{"package":"m","tensors":"t.safetensors","runs":[{"steps":[]}]}`)
		write("tensors/t.safetensors", text)
		for _, args := range [][]string{
			{"predict", model, "-i", "x=" + write("x.npy", text)},
			{"predict", model, "-i", "x=" + write("x.npz", text)},
			{"predict", model, "-i", "x=" + write("x.safetensors", text)},
			{"predict", model, "-i", "x=" + write("x.json", text)},
			{"predict", model, "-i", "x=" + write("x.png", text)},
			{"predict", model, "-i", "x=" + write("x.jpg", text)},
			{"predict", model, "-i", "x=" + write("x", text)},
			{"predict", model, "--inputs", write("all.json", text)},
			{"predict", model, "-i", x, "--state-in", write("state.safetensors", text)},
			{"check", records},
			{"check", filepath.Join(dir, "tensors")},
		} {
			r := call(t, args...)
			if r.status != exitFailure || !strings.Contains(r.err, " is "+name) || strings.Count(r.err, "\n") != 1 {
				t.Errorf("%s: %v: status %d, %s", name, args, r.status, r.err)
			}
		}
		replies := talk(t, object{"op": "load", "path": model}, object{"op": "new_state", "model": "m1"},
			object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": object{"npy": write("x.npy", text)}}},
			object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": object{"safetensors": write("x.safetensors", text), "tensor": "x"}}})
		for _, reply := range replies[2:] {
			failure, _ := reply["error"].(object)
			if message, _ := failure["message"].(string); failure["code"] != codeBadInput || !strings.Contains(message, " is "+name) {
				t.Errorf("%s: over standard input: %v", name, reply)
			}
		}
	}
	// The beginning of a file says more than its name.
	array := strings.TrimPrefix(x, "x=")
	data, err := os.ReadFile(array)
	if err != nil {
		t.Fatal(err)
	}
	call(t, "predict", model, "-i", "x="+write("array.json", string(data))).want(t, exitOK, "y = ", "")
	call(t, "predict", model, "-i", "x="+write("one.json", "[[1, 2], [3, 4]]")).want(t, exitOK, "y = ", "")
	call(t, "predict", model, "-i", "x="+write("bytes.npy", "\x00\x01\x02\xff\xfe\xfd")).want(t, exitFailure, "", "malformed npy")
}
