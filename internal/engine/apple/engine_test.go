//go:build linux && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/objc"
)

// entries lists the compiled models of a cache.
func entries(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(s string) bool { return filepath.Base(filepath.Dir(s)) == stampFolder })
}

func TestPackagesAreCompiledOnce(t *testing.T) {
	start(t)
	dir := t.TempDir()
	src := rig.Package(t, doubler)
	first := loadConfig(t, src, dir, engine.Config{})
	if got := entries(t, dir); len(got) != 1 || got[0] != first.dir {
		t.Fatalf("the cache holds %q, the model was loaded from %s", got, first.dir)
	}
	mark := filepath.Join(first.dir, "mark")
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// The same content elsewhere, and in a file system of its own.
	for name, other := range map[string]engine.Source{
		"the same package":                  src,
		"a copy":                            rig.Copy(t, src.Path),
		"a copy in another file system":     {FS: os.DirFS(src.Path), Dir: "."},
		"a folder in another file system":   {FS: os.DirFS(filepath.Dir(src.Path)), Dir: filepath.Base(src.Path)},
		"a path without a file system":      {Path: src.Path},
		"a path with a slash too much":      {Path: src.Path + "/"},
		"a function that is the default's":  src,
		"a package that was loaded already": src,
	} {
		cfg := engine.Config{}
		if strings.Contains(name, "function") {
			cfg.Function = "main"
		}
		p := loadConfig(t, other, dir, cfg)
		if _, err := os.Stat(mark); err != nil || p.dir != first.dir {
			t.Errorf("%s: was compiled again to %s: %v", name, p.dir, err)
		}
		want(t, name, one(t.Context(), t, p, nil, half(1, 2))[0], 2, 4)
	}
	if got := entries(t, dir); len(got) != 1 {
		t.Errorf("the cache holds %q", got)
	}
	// A package that differs in a byte.
	loadConfig(t, rig.Copy(t, src.Path, "pad=32"), dir, engine.Config{})
	if got := entries(t, dir); len(got) != 2 {
		t.Errorf("the cache holds %q", got)
	}
}

func TestPackagesInAFileSystemAreCompiledFromACopy(t *testing.T) {
	start(t)
	dir := t.TempDir()
	src := rig.Package(t, doubler)
	p := loadConfig(t, engine.Source{FS: os.DirFS(src.Path), Dir: "."}, dir, engine.Config{})
	want(t, "y", one(t.Context(), t, p, nil, half(3))[0], 6)
	if got := entries(t, dir); len(got) != 1 {
		t.Errorf("the cache holds %q: the copy was left", got)
	}
}

// madeLinks moves the files of a package to a folder of their own and leaves links to
// them at the path linked, as a cache of downloads has them. What it returns fails the
// test when files of that folder are gone.
func madeLinks(t *testing.T, pkg, linked string) (untouched func()) {
	t.Helper()
	blobs, n := t.TempDir(), 0
	err := fs.WalkDir(os.DirFS(pkg), ".", func(name string, d fs.DirEntry, err error) error {
		at := filepath.Join(linked, filepath.FromSlash(name))
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(at, 0o700))
		}
		n++
		blob := filepath.Join(blobs, strconv.Itoa(n))
		return errors.Join(os.Rename(filepath.Join(pkg, filepath.FromSlash(name)), blob), os.Symlink(blob, at))
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if list, err := os.ReadDir(blobs); err != nil || len(list) != n {
			t.Errorf("%d of %d files are left: %v", len(list), n, err)
		}
	}
}

func TestPackagesOfLinksAreCompiledFromACopy(t *testing.T) {
	start(t)
	src := rig.Package(t, doubler)
	linked := filepath.Join(t.TempDir(), "model.mlpackage")
	untouched := madeLinks(t, src.Path, linked)
	dir := t.TempDir()
	p := loadConfig(t, engine.Source{Path: linked}, dir, engine.Config{})
	want(t, "y", one(t.Context(), t, p, nil, half(3))[0], 6)
	if got := entries(t, dir); len(got) != 1 {
		t.Errorf("the cache holds %q: the copy was left", got)
	}
	wantNoLinks(t, p.dir)
	untouched()
}

// wantNoLinks fails the test where the framework was given links.
func wantNoLinks(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			t.Errorf("the framework was given the link %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCompiledModelsOfLinksAreLoadedFromACopy(t *testing.T) {
	start(t)
	first := loadConfig(t, rig.Package(t, doubler), t.TempDir(), engine.Config{})
	linked := filepath.Join(t.TempDir(), "model.mlmodelc")
	compiled := filepath.Join(t.TempDir(), "c")
	if err := os.CopyFS(compiled, os.DirFS(first.dir)); err != nil {
		t.Fatal(err)
	}
	untouched, dir := madeLinks(t, compiled, linked), t.TempDir()
	p := loadConfig(t, engine.Source{Path: linked}, dir, engine.Config{})
	want(t, "y", one(t.Context(), t, p, nil, half(3))[0], 6)
	wantNoLinks(t, p.dir)
	untouched()
	if p.dir == linked || len(entries(t, dir)) != 1 {
		t.Errorf("loaded from %s, the cache holds %q", p.dir, entries(t, dir))
	}
	// A second time it is found in the cache.
	if again := loadConfig(t, engine.Source{Path: linked}, dir, engine.Config{}); again.dir != p.dir {
		t.Errorf("loaded from %s and then from %s", p.dir, again.dir)
	}
}

func TestLinksAreFound(t *testing.T) {
	dir := folder(t, map[string]string{"plain/a/b": "x", "linked/a": "y", "file": "z"})
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(filepath.Join(dir, to), filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	link("file", "linked/b")
	link("plain", "folder")
	link("linked", "other")
	link("file", "link")
	for name, has := range map[string]bool{"plain": false, "linked": true, "folder": false, "other": true, "file": false, "link": true} {
		if got, err := hasLinks(t.Context(), filepath.Join(dir, name)); err != nil || got != has {
			t.Errorf("%s: %v, %v, want %v", name, got, err, has)
		}
	}
	s, err := newSource(engine.Source{Path: filepath.Join(dir, "link")})
	if err != nil {
		t.Fatal(err)
	}
	name, done, err := s.locate(t.Context(), testCache(t, "1"))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(name); err != nil || string(raw) != "z" || filepath.Ext(name) != ".mlmodel" {
		t.Errorf("%s holds %q, %v", name, raw, err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(name)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy is left: %v", err)
	}
}

func TestABrokenEntryOfTheCacheIsMadeAnew(t *testing.T) {
	start(t)
	dir := t.TempDir()
	src := rig.Package(t, doubler)
	first := loadConfig(t, src, dir, engine.Config{})
	if err := os.RemoveAll(first.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(first.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := loadConfig(t, src, dir, engine.Config{})
	want(t, "y", one(t.Context(), t, p, nil, half(3))[0], 6)
	if got := entries(t, dir); len(got) != 1 {
		t.Errorf("the cache holds %q", got)
	}
}

func TestACacheThatCannotBeWrittenIsDoneWithout(t *testing.T) {
	start(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	src := rig.Package(t, doubler)
	for name, dir := range map[string]string{"no folder": file, "no home": ""} {
		if dir == "" {
			t.Setenv("HOME", "")
			t.Setenv("XDG_CACHE_HOME", "")
		}
		p, err := Engine{}.Load(t.Context(), src, engine.Config{Framework: engine.Framework{CacheDir: dir}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		made := p.(*program).dir
		want(t, name, one(t.Context(), t, p.(*program), nil, half(3))[0], 6)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(made); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the compiled model is left at %s: %v", name, made, err)
		}
	}
}

func TestCompiledModelsAreLoadedAsTheyAre(t *testing.T) {
	start(t)
	dir := t.TempDir()
	first := loadConfig(t, rig.Package(t, keeper), dir, engine.Config{})
	for name, src := range map[string]engine.Source{
		"by a path":        {Path: first.dir},
		"in a file system": {FS: os.DirFS(filepath.Dir(first.dir)), Dir: filepath.Base(first.dir)},
	} {
		cache := t.TempDir()
		p := loadConfig(t, src, cache, engine.Config{})
		if d := p.desc; d.Function != "main" || !slices.Equal(d.Functions, []string{"main"}) || len(d.States) != 1 {
			t.Errorf("%s: %+v", name, d)
		}
		if got := len(entries(t, cache)); (got > 0) != (src.Path == "") {
			t.Errorf("%s: the cache holds %d models", name, got)
		}
		st, err := p.NewState()
		if err != nil {
			t.Fatal(err)
		}
		one(t.Context(), t, p, st, half(1, 2, 3, 4))
		want(t, name, one(t.Context(), t, p, st, half(1, 2, 3, 4))[0], 2, 4, 6, 8)
		if err := st.Close(); err != nil {
			t.Error(err)
		}
		if _, err := (Engine{}).Load(t.Context(), src, engine.Config{Function: "none"}); !errors.Is(err, modelpkg.ErrFunction) {
			t.Errorf("%s: a function that does not exist: %v", name, err)
		}
	}
}

func TestConfigurationReachesTheFramework(t *testing.T) {
	start(t)
	src := rig.Package(t, doubler)
	units := map[engine.ComputeUnits]int64{engine.UnitsAll: 2, engine.UnitsCPUOnly: 0, engine.UnitsCPUAndGPU: 1, engine.UnitsCPUAndNeuralEngine: 3}
	for u, number := range units {
		p := loadConfig(t, src, t.TempDir(), engine.Config{ComputeUnits: u, Framework: engine.Framework{
			LowPrecisionAccumulation: u == engine.UnitsAll, InfrequentReshapes: u == engine.UnitsCPUOnly, FastPrediction: u == engine.UnitsCPUAndGPU,
		}})
		objc.WithPool(func() {
			c := objc.Send(p.model.obj.ID(), objc.MLModel.Configuration)
			if got := objc.SendInt(c, objc.MLModelConfiguration.ComputeUnits); got != number {
				t.Errorf("units %d are %d to the framework, want %d", u, got, number)
			}
			if got := objc.SendBool(c, objc.MLModelConfiguration.LowPrecision); got != (u == engine.UnitsAll) {
				t.Errorf("units %d: low precision is %v", u, got)
			}
			h := objc.Send(c, objc.MLModelConfiguration.OptimizationHints)
			if got := objc.SendInt(h, objc.MLOptimizationHints.ReshapeFrequency) == objc.MLReshapeFrequencyHintInfrequent; got != (u == engine.UnitsCPUOnly) {
				t.Errorf("units %d: rare reshapes are %v", u, got)
			}
			if got := objc.SendInt(h, objc.MLOptimizationHints.SpecializationStrategy) == objc.MLSpecializationStrategyFastPrediction; got != (u == engine.UnitsCPUAndGPU) {
				t.Errorf("units %d: fast prediction is %v", u, got)
			}
		})
	}
	if _, err := (Engine{}).Load(t.Context(), src, engine.Config{ComputeUnits: 9}); err == nil {
		t.Error("compute units that do not exist were accepted")
	}
}

func TestInfoSaysWhatTheMachineLacks(t *testing.T) {
	start(t)
	rig.SetDevices(t, rig.CPU|rig.GPU)
	p := loadConfig(t, rig.Package(t, doubler), t.TempDir(), engine.Config{Threads: 3})
	i := p.Info()
	if !slices.Equal(i.Devices, []string{deviceCPU, deviceGPU}) || len(i.Notes) != 2 || !strings.Contains(i.Notes[0], deviceNeuralEngine) {
		t.Errorf("devices %q, notes %q", i.Devices, i.Notes)
	}
	i.Notes[0] = "changed"
	if p.Info().Notes[0] == "changed" {
		t.Error("the notes given out are the engine's own")
	}
}

func TestExamination(t *testing.T) {
	start(t)
	e, err := Engine{}.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e.System == "" || !e.States || e.Checked < 100 || len(e.Devices) != 3 || e.CacheDir == "" {
		t.Errorf("%+v", e)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Engine{}).Examine(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestPlanNamesADeviceForEachOperation(t *testing.T) {
	start(t)
	p := loadConfig(t, rig.Package(t, keeper), t.TempDir(), engine.Config{})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.ComputePlan(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	ops, err := p.ComputePlan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, o := range ops {
		if strings.HasSuffix(o.Operator, "add") {
			found = o.Output == "y" && o.Device != "" && len(o.Supported) > 0 && o.Cost >= 0
		}
	}
	if !found {
		t.Errorf("%+v", ops)
	}
	ops[0].Operator = "changed"
	if again, err := p.ComputePlan(t.Context()); err != nil || again[0].Operator == "changed" {
		t.Errorf("the plan given out is the engine's own, or %v", err)
	}
	if text := p.PlanText(); !strings.Contains(text, "add y") {
		t.Errorf("the text is\n%s", text)
	}
}
