package coreml_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/tensor"
)

// TestCompiledTwinsGiveTheSameBits has the compiled model of every fixture.
func TestCompiledTwinsGiveTheSameBits(t *testing.T) {
	fixtures := enginetest.Fixtures(t)
	if testing.Short() { // a language model takes minutes in plain Go
		fixtures = slices.DeleteFunc(fixtures, func(dir string) bool { return filepath.Base(dir) == "smollm2" })
	}
	enginetest.RunTwins(t, engine.Lookup("portable"), fixtures...)
}

// twinEngine loads the compiled twin of whatever it is asked for.
type twinEngine struct {
	engine.Engine
	t     *testing.T
	twins *atomic.Int64
}

func (e twinEngine) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	if src.Path != "" {
		dir := filepath.Join(e.t.TempDir(), "twin.mlmodelc")
		// What cannot be read as a package is for the engine to refuse.
		if enginetest.MakeTwin(ctx, src.Path, dir) == nil {
			e.twins.Add(1)
			src = engine.Source{FS: os.DirFS(dir), Dir: ".", Path: dir}
		}
	}
	return e.Engine.Load(ctx, src, cfg)
}

// TestCompiledModelsConform runs the suite of engines over compiled twins: every operator,
// states, functions, flexible shapes.
func TestCompiledModelsConform(t *testing.T) {
	e := twinEngine{engine.Lookup("portable"), t, new(atomic.Int64)}
	enginetest.Run(t, e)
	if n := e.twins.Load(); n < 50 {
		t.Errorf("%d compiled models were loaded", n)
	}
}

// TestWhatApplesCompilerWroteRuns predicts what testdata/compiled/README.md works out.
func TestWhatApplesCompilerWroteRuns(t *testing.T) {
	logits := make([]float32, 1030)
	logits[77], logits[1028] = 5, 2
	bar := make([]float32, 28*28)
	for row := 5; row <= 22; row++ {
		for column := 13; column <= 15; column++ {
			bar[28*row+column] = 255
		}
	}
	half := func(v []float32, shape ...int) *tensor.Tensor {
		return tensor.FromSlice(v, shape...).To(tensor.Float16)
	}
	for _, test := range []struct {
		model, function, input string
		value                  *tensor.Tensor
		want                   map[string][]float32
	}{
		{"token_duration", "", "logits", half(logits, 1, 1, 1, 1030), map[string][]float32{"var_17": {77}, "reduce_max_0": {5}, "var_24": {3}}},
		{"transpose_flexible", "", "x", half([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 1, 3, 4), map[string][]float32{
			"var_4": {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11},
		}},
		{"multifunction_flexible", "", "input", tensor.FromSlice([]float32{-1, 2, 3}, 3), map[string][]float32{"output": {0, 2, 3}}},
		{"multifunction_flexible", "first", "input", tensor.FromSlice([]float32{-1, 2, 3}, 3), map[string][]float32{"output": {0, 2, 3}}},
		{"multifunction_flexible", "second", "input", tensor.FromSlice([]float32{7}, 1), map[string][]float32{"output": {7}}},
		{"quantized_weights", "", "input", tensor.New(tensor.Float32, 4), map[string][]float32{"output": {-63.5, 0, 0.5, 64}}},
		{"pipeline_weighted", "", "input", tensor.FromSlice([]float32{1.0003, -1.0003, 1.0007, -1.0007}, 4), map[string][]float32{
			"rounded": {1.25, -1.25, 1.5009766, -1.5009766}, "result": {1.5, -1.5, 2.0009766, -2.0009766},
		}},
		{"mnist", "", "Input3", tensor.FromSlice(bar, 1, 1, 28, 28), nil},
	} {
		t.Run(test.model+" "+test.function, func(t *testing.T) {
			path := filepath.Join("..", "testdata", "compiled", test.model+".mlmodelc")
			cfg := &coreml.Config{Engine: coreml.EnginePortable, Function: test.function}
			for _, load := range []func() (*coreml.Model, error){
				func() (*coreml.Model, error) { return coreml.Load(t.Context(), path, cfg) },
				func() (*coreml.Model, error) { return coreml.LoadFS(t.Context(), inMemory(t, path), "m", cfg) },
			} {
				m, err := load()
				if err != nil {
					t.Fatal(err)
				}
				out, err := m.Predict(t.Context(), coreml.Features{test.input: coreml.MultiArray(test.value)}, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				for name, want := range test.want {
					if got := floats(t, out.Tensor(name)); !slices.Equal(got, want) {
						t.Errorf("%s is %v, want %v", name, got, want)
					}
				}
				if test.want == nil {
					digits := floats(t, out.Tensor("Plus214_Output_0"))
					if best := slices.Max(digits); digits[1] != best || best < 3775 || best > 3776 {
						t.Errorf("the bar is taken for %v", digits)
					}
				}
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// inMemory reads a folder into a file system under the name m.
func inMemory(t *testing.T, dir string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rest, _ := filepath.Rel(dir, name)
		fsys["m/"+filepath.ToSlash(rest)] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// TestRefusedCompiledModelsSayWhatTheyAre has what only Core ML runs, and what is no
// whole download.
func TestRefusedCompiledModelsSayWhatTheyAre(t *testing.T) {
	pointer := &fstest.MapFile{Data: []byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0", 64) + "\nsize 9\n")}
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for name, test := range map[string]struct {
		file string
		data *fstest.MapFile
		what string // of a CompiledModelError
		is   error
	}{
		"a neural network":            {"coremldata.bin", file("\xf4\x01\x00\x00"), "a model of type neuralNetwork", coreml.ErrUnsupportedModel},
		"an encrypted program":        {"model.mil", file("\x00\xff\x17\x03"), "encrypted", coreml.ErrUnsupportedModel},
		"a pointer for the program":   {"model.mil", pointer, "", coreml.ErrLFSPointer},
		"a pointer for the interface": {"coremldata.bin", pointer, "", coreml.ErrLFSPointer},
		"a pointer for the weights":   {"weights/weights.bin", pointer, "", coreml.ErrLFSPointer},
		"a description cut short":     {"coremldata.bin", file("\xf6\x01\x00\x00"), "", coreml.ErrCompiledModel},
		"a device's own types":        {"model.mil", file("program(1.0) { func main<ios18>(tensor_buffer<fp16, [1]> x) {} -> (); }"), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := inMemory(t, filepath.Join("..", "testdata", "compiled", "quantized_weights.mlmodelc"))
			fsys["m/"+test.file] = test.data
			_, err := coreml.LoadFS(t.Context(), fsys, "m", &coreml.Config{Engine: coreml.EnginePortable})
			if err == nil || test.is != nil && !errors.Is(err, test.is) || strings.Count(err.Error(), "coreml: ") != 1 {
				t.Fatalf("error is %v, want %v", err, test.is)
			}
			e, ok := errors.AsType[*coreml.CompiledModelError](err)
			if ok != (test.what != "") || ok && (!strings.Contains(e.What, test.what) || !errors.Is(err, coreml.ErrCompiledModel)) {
				t.Errorf("error %v is %+v", err, e)
			}
		})
	}
}
