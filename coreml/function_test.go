package coreml_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/enginetest"
)

// TestFunctionsOfOnePackageAreClosedInAnyOrder predicts with each function after the
// others were closed, of a package and of its compiled twin.
func TestFunctionsOfOnePackageAreClosedInAnyOrder(t *testing.T) {
	pkg := "../testdata/fixtures/lora-multifunction/model.mlpackage"
	for name, path := range map[string]string{"package": pkg, "compiled": enginetest.Twin(t, pkg)} {
		t.Run(name, func(t *testing.T) {
			m, err := coreml.Load(t.Context(), path, &coreml.Config{Engine: coreml.EnginePortable, Function: "poet"})
			if err != nil {
				t.Fatal(err)
			}
			base, err := m.LoadFunction(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			if got := base.Description().Function; got != "base" {
				t.Errorf("the default function is %q", got)
			}
			coder, err := base.LoadFunction(t.Context(), "coder")
			if err != nil {
				t.Fatal(err)
			}
			if err := base.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := coder.Predict(t.Context(), decodeStep(5, 1), newState(t, coder), nil); err != nil {
				t.Error(err)
			}
			if coder.PlanText() == "" {
				t.Error("the last function is closed with the others")
			}
			if _, err := base.LoadFunction(t.Context(), "coder"); !errors.Is(err, coreml.ErrClosed) {
				t.Errorf("a closed model loads: %v", err)
			}
			if _, err := coder.LoadFunction(t.Context(), "dancer"); !errors.Is(err, coreml.ErrUnknownFunction) {
				t.Errorf("an unknown function gives %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := coder.LoadFunction(ctx, "base"); !errors.Is(err, context.Canceled) {
				t.Errorf("with an ended context: %v", err)
			}
			if err := coder.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	var none *coreml.Model
	if _, err := none.LoadFunction(t.Context(), "x"); !errors.Is(err, coreml.ErrClosed) {
		t.Errorf("no model gives %v", err)
	}
}
