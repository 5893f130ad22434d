//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/objc"
)

const (
	root = "../../../.."
	// packages holds a folder for each package with its recorded answers.
	packages = root + "/testdata/macos"
	story    = root + "/testdata/storyteller"
)

// Variables of the environment; the package's documentation describes them.
const (
	devicesEnv = "COREML_MACOS_DEVICES"
	stepsEnv   = "COREML_MACOS_STEPS"
)

var (
	mainThread = make(chan func())
	cacheDir   string // of all compiled packages of this process
)

// The main goroutine keeps the main thread, which question H is about.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "coreml-macos-")
	if err != nil {
		panic(err)
	}
	cacheDir = dir
	go func() {
		defer close(mainThread)
		m.Run()
	}()
	for f := range mainThread {
		f()
	}
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
}

// onMainThread runs f on the process's main thread and waits for it.
func onMainThread(f func()) {
	done := make(chan struct{})
	mainThread <- func() {
		defer close(done)
		f()
	}
	<-done
}

// start makes the framework ready, or skips the test where there is none, and
// returns what it finds on the machine.
func start(t testing.TB) *engine.Examination {
	t.Helper()
	load(t)
	if engine.Lookup(apple.Name) == nil {
		engine.Register(apple.Engine{})
	}
	found, err := apple.Engine{}.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// needStates skips tests of states on systems before macOS 15.
func needStates(t testing.TB) {
	t.Helper()
	if !start(t).States {
		t.Skip("this system has no states: they need macOS 15")
	}
}

// balanced fails the test unless what it made has been given back at its end.
func balanced(t testing.TB) {
	t.Helper()
	owned, blocks := objc.Owned(), objc.OpenBlocks()
	t.Cleanup(func() {
		// A late callback gives back what it had a moment after its caller has gone.
		for range 100 {
			if objc.Owned() <= owned && objc.OpenBlocks() <= blocks {
				return
			}
			runtime.GC()
			time.Sleep(20 * time.Millisecond)
		}
		if n := objc.Owned(); n > owned {
			t.Errorf("%d objects are owned, %d before", n, owned)
		}
		if n := objc.OpenBlocks(); n > blocks {
			t.Errorf("%d blocks are open, %d before", n, blocks)
		}
	})
}

// selections are the sets of devices, each with the device that must be there.
var selections = []struct {
	units coreml.ComputeUnits
	needs string
}{
	{coreml.CPUOnly, ""},
	{coreml.CPUAndGPU, "GPU"},
	{coreml.CPUAndNeuralEngine, "Neural Engine"},
	{coreml.All, ""},
}

// onEveryDevice runs a test once for each set of devices that the machine has.
func onEveryDevice(t *testing.T, run func(t *testing.T, cfg coreml.Config)) {
	t.Helper()
	found := start(t)
	for _, s := range selections {
		if rehearsal && testing.Short() && s.needs != "" {
			continue // to the stand-in all devices are one
		}
		t.Run(s.units.String(), func(t *testing.T) {
			needDevice(t, found.Devices, s.needs)
			run(t, config(s.units))
		})
	}
}

// needDevice skips the test where the device is missing, or fails it where the
// environment says that it must be there.
func needDevice(t testing.TB, devices []string, name string) {
	t.Helper()
	has := func(d string) bool { return strings.HasPrefix(d, name) }
	if name == "" || slices.ContainsFunc(devices, has) {
		return
	}
	if slices.Contains(strings.Split(os.Getenv(devicesEnv), ","), name) {
		t.Fatalf("this machine has no %s, only %s", name, strings.Join(devices, ", "))
	}
	t.Skipf("this machine has no %s", name)
}

// config selects the framework with those devices.
func config(units coreml.ComputeUnits) coreml.Config {
	return coreml.Config{
		Engine: coreml.EngineFramework, ComputeUnits: units, Framework: coreml.FrameworkOptions{CacheDir: cacheDir},
	}
}

// path returns where a package of the test data lies.
func path(name string) string { return filepath.Join(packages, name, "model.mlpackage") }

// open loads a package and closes it when the test ends. It asks for the
// framework first, so that no test can load before it knows that it may.
func open(t testing.TB, name string, cfg coreml.Config) *coreml.Model {
	t.Helper()
	start(t)
	m, err := coreml.Load(t.Context(), path(name), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// newState returns a state that is closed when the test ends.
func newState(t testing.TB, m *coreml.Model) *coreml.State {
	t.Helper()
	st, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// compiled returns the folder of a compiled package.
func compiled(t testing.TB, name string) string {
	t.Helper()
	cfg := config(coreml.CPUOnly)
	cfg.Framework.CacheDir = filepath.Join(cacheDir, "of "+name)
	open(t, name, cfg)
	found := ""
	err := filepath.WalkDir(cfg.Framework.CacheDir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && filepath.Ext(p) == ".mlmodelc" {
			found = p
			return fs.SkipDir
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("no compiled package in %s: %v", cfg.Framework.CacheDir, err)
	}
	return found
}

// steps returns how many steps a long run has: fewer in a rehearsal.
func steps(t testing.TB) int {
	t.Helper()
	if text := os.Getenv(stepsEnv); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q", stepsEnv, text)
		}
		return n
	}
	if rehearsal || testing.Short() {
		return 300
	}
	return 10_000
}

// tell notes an answer, also where a program that reads the results finds it.
func tell(t testing.TB, question, answer string, args ...any) {
	t.Helper()
	text := strings.ReplaceAll(fmt.Sprintf(answer, args...), "\n", " ")
	if t.Failed() {
		text = "not answered, the test failed: " + text
	}
	t.Attr(question, text)
	t.Logf("answer: %s: %s", strings.ReplaceAll(question, "-", " "), text)
}
