package portable_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/tensor"
)

const (
	modelName    = "Data/com.apple.CoreML/model.mlmodel"
	weightName   = "Data/com.apple.CoreML/weights/weight.bin"
	manifestName = "Manifest.json"
)

// files is a package in memory.
type files map[string][]byte

// openFiles reads the package of a fixture.
func openFiles(t *testing.T, dir string) files {
	t.Helper()
	f := files{}
	for _, name := range []string{modelName, weightName, manifestName} {
		data, err := os.ReadFile(filepath.Join(dir, "model.mlpackage", name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		f[name] = data
	}
	return f
}

// with returns the package as a file system, one file replaced.
func (f files) with(name string, data []byte) fs.FS {
	m := fstest.MapFS{}
	for n, d := range f {
		m["m/"+n] = &fstest.MapFile{Data: d}
	}
	m["m/"+name] = &fstest.MapFile{Data: data}
	return m
}

// attempt loads a package and, when that works, predicts once with inputs of the
// described shapes. Errors are right; a panic or a fault that had to be caught is
// not, nor is memory without bound or a prediction that goes on after its context.
func attempt(t *testing.T, fsys fs.FS, cfg engine.Config, what string) (loaded, ran bool) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: panic: %v", what, r)
		}
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := loadAndPredict(ctx, fsys, cfg, &loaded)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<30 {
		t.Errorf("%s: %d MiB were allocated", what, got>>20)
	}
	if err != nil && strings.Contains(err.Error(), "internal fault") {
		t.Errorf("%s: %v", what, err)
	}
	return loaded, err == nil
}

func loadAndPredict(ctx context.Context, fsys fs.FS, cfg engine.Config, loaded *bool) error {
	prog, err := portable.Engine{}.Load(ctx, engine.Source{FS: fsys, Dir: "m"}, cfg)
	if err != nil {
		return err
	}
	*loaded = true
	_ = prog.PlanText()
	d := prog.Description()
	in := make([]*tensor.Tensor, len(d.Inputs))
	for k := range d.Inputs {
		if d.Inputs[k].Optional {
			continue // absent
		}
		if in[k], err = described(&d.Inputs[k]); err != nil {
			return errors.Join(err, prog.Close())
		}
	}
	size := 0
	for _, f := range d.States {
		n := 1
		for _, x := range f.Shape {
			n *= min(x, 1<<20)
		}
		size += n
	}
	if size > 1<<24 {
		return errors.Join(errors.New("the states are too large for a test"), prog.Close())
	}
	st, err := prog.NewState()
	if err == nil {
		err = prog.Predict(ctx, in, make([]*tensor.Tensor, len(d.Outputs)), st)
	}
	return errors.Join(err, prog.Close())
}

// described makes an input as the description asks for it.
func described(f *engine.Feature) (*tensor.Tensor, error) {
	n := 1
	for d, x := range f.Shape {
		if f.Ranges != nil && d < len(f.Ranges) {
			x = max(x, f.Ranges[d].Lower)
		}
		if n *= x; n > 1<<20 || n < 0 {
			return nil, errors.New("an input is too large for a test")
		}
	}
	x := tensor.New(f.DType, f.Shape...)
	return x, x.Err()
}

// forFixtures calls f for each small fixture.
func forFixtures(t *testing.T, f func(t *testing.T, pkg files, r *rand.Rand)) {
	portable.LimitArena(t, 1<<25)
	for k, file := range fixtures(t) {
		dir := filepath.Dir(file)
		pkg := openFiles(t, dir)
		if len(pkg[weightName]) > 4<<20 {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			if _, ok := attempt(t, pkg.with(modelName, pkg[modelName]), engine.Config{}, "the package as it is"); !ok {
				t.Fatal("the package as it is does not run")
			}
			f(t, pkg, rand.New(rand.NewPCG(uint64(k), 17)))
		})
	}
}

func TestTruncatedPackagesAreErrors(t *testing.T) {
	forFixtures(t, func(t *testing.T, pkg files, r *rand.Rand) {
		for name, data := range pkg {
			if len(data) == 0 {
				continue
			}
			cuts := []int{0, 1, len(data) / 2, len(data) - 1, len(data) - 2}
			for range portable.Times(8) {
				cuts = append(cuts, r.IntN(len(data)))
			}
			for _, n := range cuts {
				loaded, _ := attempt(t, pkg.with(name, data[:n]), engine.Config{}, name)
				if loaded && name == weightName && n < len(data)/2 {
					t.Errorf("%s cut to %d of %d bytes was loaded", name, n, len(data))
				}
			}
		}
	})
}

func TestFlippedBitsAreErrorsOrOtherNumbers(t *testing.T) {
	forFixtures(t, func(t *testing.T, pkg files, r *rand.Rand) {
		ran := 0
		for _, name := range []string{modelName, weightName, manifestName} {
			data := pkg[name]
			if len(data) == 0 {
				continue
			}
			for k := range portable.Times(24) {
				bad := bytes.Clone(data)
				for range 1 + r.IntN(6) {
					at := r.IntN(len(bad))
					if name == weightName && k%2 == 0 {
						at = r.IntN(min(len(bad), 4096)) // headers and the first constants
					}
					bad[at] ^= 1 << r.IntN(8)
				}
				cfg := engine.Config{NoFusion: k%2 == 0, Arithmetic: []engine.Arithmetic{engine.ArithmeticFaithful, engine.ArithmeticWide, engine.ArithmeticFast}[k/2%3]}
				if _, ok := attempt(t, pkg.with(name, bad), cfg, name); ok {
					ran++
				}
			}
		}
		if ran == 0 {
			t.Error("no damaged package ran, so predictions were not tested")
		}
	})
}

// Sizes and places in the records of the weight file that are not true.
func TestWeightRecordsThatLieAreErrors(t *testing.T) {
	forFixtures(t, func(t *testing.T, pkg files, r *rand.Rand) {
		data := pkg[weightName]
		for k := range portable.Times(12) {
			bad := bytes.Clone(data)
			at := 64 * r.IntN(len(bad)/64)
			if k%2 == 0 {
				at = 64
			}
			odd := []uint64{0, 1, 63, 64, 1 << 20, 1 << 32, 1 << 40, 1<<63 - 1, 1 << 63, ^uint64(0)}
			binary.LittleEndian.PutUint64(bad[at+8*r.IntN(4):], odd[r.IntN(len(odd))])
			attempt(t, pkg.with(weightName, bad), engine.Config{}, weightName)
		}
	})
}

// Programs whose messages are whole and whose content lies: dimensions, types,
// operands, constants, offsets.
func TestProgramsThatLieAreErrors(t *testing.T) {
	total, loaded, ran := 0, 0, 0
	forFixtures(t, func(t *testing.T, pkg files, r *rand.Rand) {
		n := portable.Times(40)
		total += n
		for k := range n {
			m, err := milpb.DecodeModel(bytes.Clone(pkg[modelName]))
			if err != nil {
				t.Fatal(err)
			}
			l := newLiar(r, m)
			for range 1 + r.IntN(3) {
				l.lie()
			}
			cfg := engine.Config{NoFusion: k%2 == 0}
			a, b := attempt(t, pkg.with(modelName, m.Encode()), cfg, strings.Join(l.lies, ", "))
			if a {
				loaded++
			}
			if b {
				ran++
			}
		}
	})
	// Most of what a prediction would refuse is refused when the package is loaded.
	if ran == 0 || loaded == total {
		t.Errorf("of %d programs %d were loaded and %d ran: the lies are too crude", total, loaded, ran)
	}
	t.Logf("of %d programs %d were loaded and %d ran", total, loaded, ran)
}
