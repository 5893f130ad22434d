//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/tensor"
)

// TestSpecialFilesAreRefusedAtOnce would wait for the other end of the pipe,
// which nobody holds.
func TestSpecialFilesAreRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "x.npy")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	model := adder(t)
	records := filepath.Join(dir, "records")
	if err := os.Mkdir(records, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(records, "cases.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	tensors := filepath.Join(dir, "tensors")
	if err := os.Mkdir(tensors, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tensors, "cases.json"), []byte(`{"package":"m","tensors":"../x.npy","runs":[{"steps":[]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"an input":         {"predict", model, "--input", "x=" + pipe},
		"a tensor's file":  {"predict", model, "--input", "x=" + pipe + ".safetensors:x"},
		"all inputs":       {"predict", model, "--inputs", pipe},
		"a state":          {"predict", model, "--state-in", pipe, "--input", "x=" + writeNPY(t, tensor.New(tensor.Float32, 2, 2))},
		"a device":         {"predict", model, "--input", "x=" + os.DevNull},
		"a folder":         {"predict", model, "--input", "x=" + dir},
		"records":          {"check", records},
		"records' tensors": {"check", tensors},
	} {
		if strings.HasSuffix(args[len(args)-1], ":x") {
			if err := os.Symlink(pipe, pipe+".safetensors"); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan result, 1)
		go func() { done <- call(t, args...) }()
		select {
		case r := <-done:
			if r.status == exitOK || !strings.Contains(r.err, ", not a file") {
				t.Errorf("%s: status %d, %s", name, r.status, r.err)
			}
		case <-time.After(hang):
			t.Fatalf("%s: the command waits", name)
		}
	}
	r := talk(t, object{"op": "load", "path": model}, object{"op": "new_state", "model": "m1"},
		object{"op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": object{"npy": pipe}}})
	if failure, _ := r[2]["error"].(object); failure["code"] != codeBadInput || !strings.Contains(failure["message"].(string), "regular files") {
		t.Errorf("over standard input: %v", r[2])
	}
}
