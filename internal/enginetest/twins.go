package enginetest

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// Twin makes the compiled model (.mlmodelc) of a package in a folder of the test: the text
// of its program, its description and its weight files. It returns the folder's path.
func Twin(t testing.TB, path string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+".mlmodelc")
	if err := MakeTwin(t.Context(), path, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// MakeTwin makes the compiled model of the package at path in the folder dir.
func MakeTwin(ctx context.Context, path, dir string) (err error) {
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pkg.Close()) }()
	program, err := mil.Read(ctx, pkg)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := mil.WriteText(&text, program); err != nil {
		return err
	}
	m := pkg.Model()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"model.mil": []byte(text.String()), "coremldata.bin": modelpkg.CompiledData(m.SpecificationVersion, m.Description),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return err
		}
	}
	return copyWeights(ctx, pkg, path, dir)
}

// copyWeights puts the weight files beside the text, where @model_path leads.
func copyWeights(ctx context.Context, pkg *modelpkg.Package, from, to string) error {
	weights, err := pkg.Weights()
	if err != nil {
		return err
	}
	for _, w := range weights {
		_, name, ok := strings.Cut(w.Name, "com.apple.CoreML/")
		if !ok {
			continue
		}
		name = filepath.Join(to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if _, err := storage.Place(ctx, filepath.Join(from, filepath.FromSlash(w.Name)), name); err != nil {
			return err
		}
	}
	return nil
}

// RunTwins runs the cases of every folder by its package and by the package's compiled
// twin, whose results must have the same bits: outputs, and the states at the end.
func RunTwins(t *testing.T, e engine.Engine, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		check(t, e, "twins", filepath.Base(dir), func(t *testing.T) {
			c, file := readCases(t, dir)
			path := filepath.Join(dir, filepath.FromSlash(c.Package))
			twin := Twin(t, path)
			for _, cfg := range []engine.Config{{Arithmetic: engine.ArithmeticFaithful}, {Arithmetic: engine.ArithmeticFast}} {
				want, got := c.bits(t, e, path, file, cfg), c.bits(t, e, twin, file, cfg)
				if len(want) == 0 || !slices.Equal(want, got) {
					t.Errorf("arithmetic %d: %d numbers of the twin differ from the package's %d", cfg.Arithmetic, len(got), len(want))
				}
				if testing.Short() {
					break
				}
			}
		})
	}
}

// bits makes every run and returns the bits of all that comes out, widened to float64.
func (c *cases) bits(t *testing.T, e engine.Engine, path string, file *safetensors.File, cfg engine.Config) (all []uint64) {
	t.Helper()
	add := func(v *tensor.Tensor) {
		for _, n := range v.Shape() {
			all = append(all, uint64(n))
		}
		for _, f := range floats(t, v) {
			all = append(all, math.Float64bits(f))
		}
	}
	src := engine.Source{FS: os.DirFS(filepath.Dir(path)), Dir: filepath.Base(path), Path: path}
	for _, run := range c.Runs {
		cfg.Function = run.Function
		p := load(t, e, src, cfg)
		var st engine.State
		if len(p.desc.States) > 0 {
			st = p.newState(t)
		}
		for _, step := range run.Steps {
			out := p.must(t, fetch(t, file, step.Inputs), st)
			for _, f := range p.desc.Outputs {
				add(out[f.Name])
			}
		}
		for _, f := range p.desc.States {
			v, err := st.Read(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			add(v)
		}
	}
	return all
}
