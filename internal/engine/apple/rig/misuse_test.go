//go:build linux && (amd64 || arm64)

package rig_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/objc"
)

// misuseEnv names the misuse that a child process is to commit.
const misuseEnv = "COREML_RIG_MISUSE"

// misuses are calls past the engine's checks. Each must be noticed: only then do
// the other tests, which nobody complains of, say anything.
var misuses = map[string]struct {
	// says is what the process writes; it ends by it where it raises.
	says   string
	raises bool
	commit func(t *testing.T, model, state, features objc.ID)
}{
	"a state that does not exist": {"there is no state none", true, func(_ *testing.T, _, state, _ objc.ID) {
		_ = objc.WithBlock(objc.MLState.GetMultiArray, func(_, _, _ uintptr) {}, func(block uintptr) {
			objc.Send(state, objc.MLState.GetMultiArray, uintptr(objc.String("none")), block)
		})
	}},
	"a prediction with no state": {"the state is nil", true, func(_ *testing.T, model, _, features objc.ID) {
		_, _ = objc.SendError(model, objc.MLModel.PredictState, uintptr(features), 0, 0)
	}},
	"a prediction without features": {"the features are nil", true, func(_ *testing.T, model, state, _ objc.ID) {
		_, _ = objc.SendError(model, objc.MLModel.PredictState, 0, uintptr(state), 0)
	}},
	"compute units that do not exist": {"setComputeUnits: 9", true, func(*testing.T, objc.ID, objc.ID, objc.ID) {
		c, err := objc.New(objc.MLModelConfiguration.Init)
		if err == nil {
			objc.Send(c.ID(), objc.MLModelConfiguration.SetComputeUnits, 9)
		}
	}},
	"a provider of nothing": {"initWithDictionary: nil", true, func(*testing.T, objc.ID, objc.ID, objc.ID) {
		_, _ = objc.New(objc.MLDictionaryFeatureProvider.InitWithDictionary, 0)
	}},
	"a state used twice at once": {"violation: a prediction on a state that is in use", false, func(t *testing.T, model, state, features objc.ID) {
		g := rig.ShutGate(t)
		for range 2 {
			go objc.WithPool(func() { _, _ = objc.SendError(model, objc.MLModel.PredictState, uintptr(features), uintptr(state), 0) })
		}
		g.Await(1)
		wait(t)
		leave()
	}},
	"a state freed during a prediction": {"violation: a state was freed while in use", false, func(t *testing.T, model, state, features objc.ID) {
		g := rig.ShutGate(t)
		go objc.WithPool(func() { _, _ = objc.SendError(model, objc.MLModel.PredictState, uintptr(features), uintptr(state), 0) })
		g.Await(1)
		objc.Send(state, objc.NSObject.Release)
		wait(t)
		leave()
	}},
	"an object released too often": {"deallocated instance", false, func(_ *testing.T, _, _, features objc.ID) {
		objc.Send(features, objc.NSObject.Release)
		objc.Send(features, objc.NSObject.Release)
		objc.Send(features, objc.NSObject.Release)
	}},
	"nothing of the kind": {"", false, func(t *testing.T, model, state, features objc.ID) {
		_, err := objc.SendError(model, objc.MLModel.PredictState, uintptr(features), uintptr(state), 0)
		if err != nil {
			t.Error(err)
		}
	}},
}

// wait gives what runs in the framework time to be noticed.
func wait(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(time.Minute); rig.Violations() == 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

// leave ends the process while the gate is shut: what waits there would go on
// with memory that the test's end frees, and may then crash before the report is
// out.
func leave() {
	fmt.Println(rig.Report())
	os.Exit(0)
}

// TestMisuseChild is the child of the next test.
func TestMisuseChild(t *testing.T) {
	name := os.Getenv(misuseEnv)
	if name == "" {
		t.Skip("this is the child of another test")
	}
	rig.Start(t)
	dir := t.TempDir()
	src := rig.Package(t, accumulator, "predict-gate=1")
	p, err := framework{t: t, dir: dir}.Load(t.Context(), src, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*.mlmodelc"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	objc.WithPool(func() {
		c, err := objc.New(objc.MLModelConfiguration.Init)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		model, err := objc.SendClassError(objc.MLModel.LoadSync, uintptr(objc.FileURL(found[0], true)), c.Word())
		if err != nil {
			t.Fatal(err)
		}
		state := objc.Send(model, objc.MLModel.NewState)
		m := misuses[name]
		m.commit(t, model, state, features(t))
	})
	fmt.Println(rig.Report())
}

// features is a provider of zeros for the accumulator's input, which nobody owns.
func features(t *testing.T) objc.ID {
	t.Helper()
	zeros := new([12]byte)
	kept = append(kept, zeros)
	shape, strides := objc.Ints([]int{2, 3}), objc.Ints([]int{3, 1})
	a, err := objc.New(objc.MLMultiArray.InitWithDataPointer, uintptr(unsafe.Pointer(zeros)), uintptr(shape),
		uintptr(objc.MLMultiArrayDataTypeFloat16), uintptr(strides), 0)
	if err != nil {
		t.Fatal(err)
	}
	v := objc.SendClass(objc.MLFeatureValue.WithMultiArray, a.Word())
	d, err := objc.Dictionary([]objc.ID{objc.String("x")}, []objc.ID{v})
	if err != nil {
		t.Fatal(err)
	}
	f, err := objc.New(objc.MLDictionaryFeatureProvider.InitWithDictionary, uintptr(d))
	if err != nil {
		t.Fatal(err)
	}
	objc.Send(f.ID(), objc.NSObject.Retain)
	return f.ID()
}

// kept is memory that the framework points to.
var kept []*[12]byte

func TestTheRigNoticesMisuse(t *testing.T) {
	rig.Start(t)
	for name, m := range misuses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := child(t, "^TestMisuseChild$", misuseEnv+"="+name, "NSZombieEnabled=YES")
			if (err != nil) != m.raises {
				t.Errorf("the child ended with %v:\n%s", err, out)
			}
			if !strings.Contains(out, m.says) {
				t.Errorf("nothing says %q:\n%s", m.says, out)
			}
			if raised := strings.Contains(out, "Uncaught exception"); raised != m.raises {
				t.Errorf("raised an exception: %v\n%s", raised, out)
			}
			if quiet := name == "nothing of the kind"; quiet && (strings.Contains(out, "violation") || strings.Contains(out, "deallocated")) {
				t.Errorf("something was noticed:\n%s", out)
			}
		})
	}
}

// child runs a test of this program in a process of its own.
func child(t *testing.T, test string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+test, "-test.v", "-test.timeout=5m")
	cmd.Env = append(append(os.Environ(), "GOTRACEBACK=none", rig.Required+"=required"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestTheStandInIsBuiltForElsewhere(t *testing.T) {
	to := os.Getenv("COREML_RIG_BUILD")
	if to == "" {
		t.Skip("COREML_RIG_BUILD names no file")
	}
	if err := rig.Build(to); err != nil {
		t.Fatal(err)
	}
}

// TestOldSystemChild is the child of the next test.
func TestOldSystemChild(t *testing.T) {
	if os.Getenv(rig.MacOS) == "" {
		t.Skip("this is the child of another test")
	}
	e := newFramework(t)
	p := load(t, e, rig.Package(t, adder))
	out, err := predict(t.Context(), p, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "y", out[0], 4)
	stateful, err := e.Load(t.Context(), rig.Package(t, accumulator), engine.Config{})
	if err == nil {
		stateful.Close()
	}
	fmt.Println("without states:", err)
	planned, ok := p.(engine.PlannedProgram)
	if !ok {
		t.Fatal("the program has no plan")
	}
	_, err = planned.ComputePlan(t.Context())
	fmt.Println("without plans:", err)
	if x, err := (apple.Engine{}).Examine(t.Context()); err != nil || x.States {
		t.Errorf("examined %+v, %v", x, err)
	}
}

func TestWhatAnOlderSystemLacksIsAnErrorAndNoCrash(t *testing.T) {
	rig.Start(t)
	if os.Getenv(rig.Library) != "" {
		t.Skip("the stand-in was built elsewhere, and for one system only")
	}
	for version, lacks := range map[string][]string{"140": {"states", "plans"}, "144": {"states"}} {
		t.Run("macOS "+version[:2]+"."+version[2:], func(t *testing.T) {
			t.Parallel()
			out, err := child(t, "^TestOldSystemChild$", rig.MacOS+"="+version)
			if err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			for _, what := range lacks {
				_, rest, found := strings.Cut(out, "without "+what+":")
				line, _, _ := strings.Cut(rest, "\n")
				if !found || !strings.Contains(line, engine.ErrUnsupportedOS.Error()) {
					t.Errorf("%s: %s", what, line)
				}
			}
		})
	}
}
