//go:build linux

package attacks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// Files of a package, in its folder.
const (
	manifestFile = "Manifest.json"
	modelFile    = "Data/com.apple.CoreML/model.mlmodel"
	weightFile   = "Data/com.apple.CoreML/weights/weight.bin"
)

// specialFiles puts a named pipe, which nobody writes to, where a file belongs.
func specialFiles() []*attack {
	var list []*attack
	for _, name := range []string{manifestFile, modelFile, weightFile} {
		for _, verb := range [][]string{{"inspect", "m.mlpackage"}, {"generate", "--model", "m.mlpackage", "Once"}, {"predict", "m.mlpackage"}} {
			if name == weightFile && verb[0] == "inspect" {
				continue // which need not open it
			}
			list = append(list, &attack{
				name: "pipe/" + verb[0] + " " + filepath.Base(name), command: verb, status: 1, says: "named pipe",
				prepare: func(t *testing.T, dir string) {
					story(t, dir)
					pipe(t, filepath.Join(dir, "m.mlpackage", name))
				},
			})
		}
	}
	for name, verb := range map[string][]string{
		"model":                  {"inspect", "p"},
		"array":                  {"predict", "add.mlpackage", "--input", "x=p"},
		"array.npy":              {"predict", "add.mlpackage", "--input", "x=p.npy"},
		"tensors":                {"predict", "add.mlpackage", "--input", "x=p.safetensors:x"},
		"state":                  {"predict", "add.mlpackage", "--state-in", "p"},
		"tokenizer":              {"tokenize", "--tokenizer", "p", "text"},
		"chat":                   {"tokenize", "--tokenizer", ".", "--chat", "p"},
		"tokenizer.json":         {"tokenize", "--tokenizer", "sub", "text"},
		"driver.json":            {"generate", "--model", "m.mlpackage", "Once"},
		"generation_config.json": {"generate", "--model", "m.mlpackage", "Once"},
	} {
		list = append(list, &attack{
			name: "pipe/" + strings.Join(verb[:1], " ") + " " + name, command: verb, status: 1,
			prepare: func(t *testing.T, dir string) {
				story(t, dir)
				adder(t, filepath.Join(dir, "add.mlpackage"))
				for _, p := range []string{"p", "p.npy", "p.safetensors", "sub/tokenizer.json"} {
					pipe(t, filepath.Join(dir, p))
				}
				if strings.HasSuffix(name, ".json") && name != "tokenizer.json" {
					pipe(t, filepath.Join(dir, name))
				}
			},
		})
	}
	return list
}

// outputs names something that is no regular file as the place for results.
func outputs() []*attack {
	predict := []string{"predict", "add.mlpackage", "--input", "x=x.npy", "-o", "out.safetensors"}
	prepare := func(more func(t *testing.T, dir string)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			adder(t, filepath.Join(dir, "add.mlpackage"))
			write(t, filepath.Join(dir, "x.npy"), npy(2))
			more(t, dir)
		}
	}
	return []*attack{
		{
			name: "output/a named pipe gets the bytes and stays", command: predict,
			prepare: prepare(func(t *testing.T, dir string) { pipe(t, filepath.Join(dir, "out.safetensors")) }),
			during: func(t *testing.T, dir string, _ *process) {
				name := filepath.Join(dir, "out.safetensors")
				data, err := os.ReadFile(name)
				if err != nil || len(data) < 8 {
					t.Errorf("the pipe gave %d bytes, %v", len(data), err)
				}
				wantMode(t, name, fs.ModeNamedPipe)
			},
		}, {
			name: "output/a link stays and what it leads to is written", command: predict,
			prepare: prepare(func(t *testing.T, dir string) {
				write(t, filepath.Join(dir, "target"), []byte("old"))
				link(t, "target", filepath.Join(dir, "out.safetensors"))
			}),
			during: after(func(t *testing.T, dir string) {
				wantMode(t, filepath.Join(dir, "out.safetensors"), fs.ModeSymlink)
				if data, err := os.ReadFile(filepath.Join(dir, "target")); err != nil || len(data) < 8 || string(data) == "old" {
					t.Errorf("the link's target holds %d bytes, %v", len(data), err)
				}
			}),
		}, {
			name: "output/a terminal is written to and stays a device", command: predict,
			prepare: prepare(func(t *testing.T, dir string) { link(t, terminalDevice(t), filepath.Join(dir, "out.safetensors")) }),
			during: after(func(t *testing.T, dir string) {
				name := filepath.Join(dir, "out.safetensors")
				wantMode(t, name, fs.ModeSymlink)
				if info, err := os.Stat(name); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
					t.Errorf("what the link leads to is no device any more: %v", err)
				}
			}),
		}, {
			name: "output/a folder is refused", command: predict, status: 1,
			prepare: prepare(func(t *testing.T, dir string) {
				if err := os.Mkdir(filepath.Join(dir, "out.safetensors"), 0o700); err != nil {
					t.Fatal(err)
				}
			}),
		}, {
			name: "mapped/the weights are cut off under a stream", prepare: story, inside: cutWeights, leaves: []string{},
		},
	}
}

// after returns a during that looks once the command has ended, as the test ends.
func after(look func(t *testing.T, dir string)) func(t *testing.T, dir string, p *process) {
	return func(t *testing.T, dir string, p *process) {
		_ = p.stdin.Close()
		t.Cleanup(func() { look(t, dir) })
	}
}

// cutWeights shortens the weight file while answers are written on it. Each of
// the streams must end with an error that names the file, none with the process.
func cutWeights(ctx context.Context, dir string) error {
	weights := filepath.Join(dir, "m.mlpackage", weightFile)
	for round := range 7 {
		g, err := generate.Open(ctx, filepath.Join(dir, "m.mlpackage"), nil)
		if err != nil {
			return err
		}
		whole, err := os.ReadFile(weights)
		if err != nil {
			return err
		}
		n := 0
		var failed error
		for _, err := range g.Stream(ctx, "Once upon a time", &generate.Options{MaxTokens: 300, IgnoreEnd: true}) {
			if failed = err; err != nil {
				break
			}
			if n++; n == 3+round {
				if err := os.Truncate(weights, 4096); err != nil {
					return err
				}
			}
		}
		if failed == nil || !strings.Contains(failed.Error(), "weight.bin") {
			return fmt.Errorf("round %d: got %v, want an error that names weight.bin", round, failed)
		}
		if err := g.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(weights, whole, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// story writes the embedded model as a package m.mlpackage with its tokenizer.
func story(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		copyStory(t, name, filepath.Join(dir, name))
	}
	for _, name := range []string{manifestFile, modelFile, weightFile} {
		copyStory(t, storyteller.Package+"/"+name, filepath.Join(dir, "m.mlpackage", name))
	}
}

// adder writes a package that adds 1 to its input x of two numbers.
func adder(t *testing.T, dir string) {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float32, 2)
	b.Output("y", b.Op("add", "", mil.TensorType(dtype.Float32, 2), mil.Args{"x": x, "y": b.Float("", dtype.Float32, 1)}))
	save(t, dir, b)
}

func save(t testing.TB, dir string, b *mil.Builder) {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if err := mil.Write(dir, p, nil); err != nil {
		t.Fatal(err)
	}
}

// pipe puts a named pipe in the place of a file.
func pipe(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// terminalDevice makes a pseudo-terminal and returns the name of its device,
// which is the test's own. What is written to it is read and thrown away.
func terminalDevice(t *testing.T) string {
	t.Helper()
	m, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	if err := unix.IoctlSetPointerInt(int(m.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	n, err := unix.IoctlGetInt(int(m.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	go func() {
		buf := make([]byte, 4096)
		for {
			if _, err := m.Read(buf); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return fmt.Sprintf("/dev/pts/%d", n)
}

func wantMode(t *testing.T, name string, kind fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Error(err)
		return
	}
	if info.Mode()&kind == 0 {
		t.Errorf("%s has become %v", filepath.Base(name), info.Mode())
	}
}

// npy is a file of NumPy with n float32 zeros.
func npy(n int) []byte {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }", n)
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	return append([]byte("\x93NUMPY\x01\x00"+string([]byte{byte(len(header)), byte(len(header) >> 8)})+header), make([]byte, 4*n)...)
}

// predictOnce loads a package and predicts with the inputs.
func predictOnce(ctx context.Context, dir string, in map[string]*tensor.Tensor) error {
	m, err := coreml.Load(ctx, dir, &coreml.Config{Engine: coreml.EnginePortable})
	if err != nil {
		return err
	}
	features := coreml.Features{}
	for name, t := range in {
		features[name] = coreml.MultiArray(t)
	}
	_, err = m.Predict(ctx, features, nil, nil)
	return errors.Join(err, m.Close())
}
