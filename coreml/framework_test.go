package coreml_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
)

// needsNewSystem is a package of testdata/macos that the fake engine finds too
// new for the system.
const needsNewSystem = "accumulator/model.mlpackage"

type fakeNSError struct{}

func (fakeNSError) Error() string { return "the model is damaged (com.apple.CoreML 3)" }

func (fakeNSError) NSError() (domain string, code int, description, reason string) {
	return "com.apple.CoreML", 3, "the model is damaged", "a weight is missing"
}

// plannedProgram knows the devices of its operations.
type plannedProgram struct{ *fakeProgram }

func (p plannedProgram) ComputePlan(ctx context.Context) ([]engine.PlannedOperation, error) {
	return []engine.PlannedOperation{
		{Operator: "const", Output: "w", Cost: -1},
		{Operator: "ios18.linear", Output: "y", Device: "GPU", Supported: []string{"CPU", "GPU"}, Cost: 0.75},
	}, ctx.Err()
}

func TestAutoFallsBackOnOldSystems(t *testing.T) {
	t.Setenv("COREML_ENGINE", "")
	fsys := os.DirFS("../testdata/macos")
	m, err := coreml.LoadFS(t.Context(), fsys, needsNewSystem, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	info := m.Info()
	if info.Engine != "portable" || len(info.Notes) == 0 || !strings.Contains(info.Notes[0], "states need macOS 15") {
		t.Errorf("engine %s with notes %q", info.Engine, info.Notes)
	}
	_, err = coreml.LoadFS(t.Context(), fsys, needsNewSystem, &coreml.Config{Engine: coreml.EngineFramework})
	if !errors.Is(err, coreml.ErrUnsupportedOS) {
		t.Errorf("the framework, when it is asked for: %v", err)
	}
	t.Setenv("COREML_ENGINE", "framework")
	if _, err := coreml.LoadFS(t.Context(), fsys, needsNewSystem, nil); !errors.Is(err, coreml.ErrUnsupportedOS) {
		t.Errorf("the framework, when the environment asks for it: %v", err)
	}
}

func TestTheEnvironmentSaysWhatAutoMeans(t *testing.T) {
	fsys := os.DirFS("../testdata/macos")
	for _, test := range []struct {
		env    string
		choice coreml.EngineChoice
		want   string
		is     error
	}{
		{"portable", coreml.EngineAuto, "portable", nil},
		{"auto", coreml.EngineAuto, "", coreml.ErrNotPackage}, // what the fake says to a real package
		{"portable", coreml.EngineFramework, "", coreml.ErrNotPackage},
		{"framework", coreml.EnginePortable, "portable", nil},
		{"steam", coreml.EngineAuto, "", coreml.ErrNoEngine},
	} {
		t.Run(test.env+" and "+test.choice.String(), func(t *testing.T) {
			t.Setenv("COREML_ENGINE", test.env)
			m, err := coreml.LoadFS(t.Context(), fsys, "stateless/model.mlpackage", &coreml.Config{Engine: test.choice})
			if test.is != nil {
				if !errors.Is(err, test.is) {
					t.Errorf("got %v, want %v", err, test.is)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Info().Engine; got != test.want {
				t.Errorf("engine %s, want %s", got, test.want)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestErrorsOfTheFrameworkKeepTheirParts(t *testing.T) {
	_, err := coreml.LoadFS(t.Context(), fakeFS, "failing.mlpackage", &coreml.Config{Engine: coreml.EngineFramework})
	e, ok := errors.AsType[*coreml.FrameworkError](err)
	if !ok {
		t.Fatalf("%v is no FrameworkError", err)
	}
	if e.Domain != "com.apple.CoreML" || e.Code != 3 || e.Description != "the model is damaged" || e.Reason != "a weight is missing" {
		t.Errorf("got %+v", e)
	}
	if !strings.Contains(err.Error(), "compile: the model is damaged") {
		t.Errorf("the error is %q", err)
	}
}

func TestComputePlan(t *testing.T) {
	m, err := coreml.LoadFS(t.Context(), fakeFS, "planned.mlpackage", &coreml.Config{Engine: coreml.EngineFramework})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.ComputePlan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []coreml.PlannedOperation{
		{Operator: "const", Output: "w", Cost: -1},
		{Operator: "ios18.linear", Output: "y", Device: "GPU", Supported: []string{"CPU", "GPU"}, Cost: 0.75},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.ComputePlan(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.ComputePlan(t.Context()); !errors.Is(err, coreml.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	plain, _ := load(t, "stateless")
	if _, err := plain.ComputePlan(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("of an engine without plans: %v", err)
	}
}

func TestOptionsOfTheFrameworkReachIt(t *testing.T) {
	_, err := coreml.LoadFS(t.Context(), fakeFS, "adder.mlpackage", &coreml.Config{
		Engine: coreml.EngineFramework,
		Framework: coreml.FrameworkConfig{
			LowPrecisionAccumulation: true, FastPrediction: true, InfrequentReshapes: true, OutputBackings: true, CacheDir: "c",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := engine.Framework{LowPrecisionAccumulation: true, FastPrediction: true, InfrequentReshapes: true, OutputBackings: true, CacheDir: "c"}
	if got := lastFake.Load().cfg.Framework; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
