//go:build amd64 || arm64

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
)

// standIn registers the framework's engine over the stand-in for CoreML.framework,
// so that the commands for a Mac run here through the same code.
func standIn(t *testing.T) {
	t.Helper()
	rig.Start(t)
	before := engine.Lookup(apple.Name)
	engine.Register(apple.Engine{})
	t.Cleanup(func() {
		if before == nil {
			engine.Remove(apple.Name)
			return
		}
		engine.Register(before)
	})
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

func TestVerifyOverTheStandIn(t *testing.T) {
	standIn(t)
	report, status := verify(t, model, "Once upon a time", "-n", "12")
	if status != exitOK || report.Subject.Engine != "framework" {
		t.Errorf("status %d, report %+v", status, report)
	}
	for _, w := range report.Ways {
		if w.Tokens != 12 || w.Equal != 12 {
			t.Errorf("%s: %d of %d tokens are equal", w.Name, w.Equal, w.Tokens)
		}
	}
	packages, err := filepath.Glob(filepath.Join(macos, "*", "model.mlpackage"))
	if err != nil || len(packages) < 8 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	for _, path := range packages {
		call(t, "verify", path, "--compute-units", "cpu-and-neural-engine").want(t, exitOK, "ok  ", "")
	}
}

func TestCheckOverTheStandIn(t *testing.T) {
	standIn(t)
	dirs, err := filepath.Glob(filepath.Join(macos, "*"))
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"check", "--engine", "framework", "--compute-units", "cpu-and-gpu", story}, dirs...)
	call(t, args...).want(t, exitOK, ", 0 failed", "")
}

func TestDoctorAndPlansOverTheStandIn(t *testing.T) {
	standIn(t)
	report, _ := doctor(t)
	if f := report.Framework; f == nil || !f.States || f.Checked < 100 || len(f.Devices) == 0 {
		t.Errorf("report %+v", report)
	}
	r := call(t, "inspect", model, "--plan", "--engine", "framework")
	r.want(t, exitOK, "engine framework", "")
	if lines := strings.Count(r.out, "\n"); lines < 20 {
		t.Errorf("the plan has %d lines:\n%s", lines, r.out)
	}
}

func TestGenerateOverTheStandIn(t *testing.T) {
	standIn(t)
	want := call(t, "generate", "Once upon a time", "--temperature", "0", "-q", "--engine", "portable", "--arithmetic", "faithful")
	got := call(t, "generate", "Once upon a time", "--temperature", "0", "-q", "--engine", "framework")
	if got.status != exitOK || got.out != want.out || len(got.out) < 100 {
		t.Errorf("status %d: %q\ngot  %q\nwant %q", got.status, got.err, got.out, want.out)
	}
}
