package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/kernel"
)

// doctor runs the command and reads its report.
func doctor(t *testing.T) (doctorReport, int) {
	t.Helper()
	r := call(t, "doctor", "--json")
	var report doctorReport
	if err := json.Unmarshal([]byte(r.out), &report); err != nil {
		t.Fatalf("%v: %q, %q", err, r.out, r.err)
	}
	return report, r.status
}

func TestDoctorSaysWhatItCannotCheck(t *testing.T) {
	withoutFramework(t)
	report, status := doctor(t)
	if status != exitOK || len(report.Unchecked) == 0 || report.Framework != nil || len(report.Problems) > 0 {
		t.Errorf("status %d, report %+v", status, report)
	}
	if e := report.Engines[1]; e.Name != "portable" || !e.Present || !e.Works || !slices.Contains(e.Devices, "CPU") {
		t.Errorf("portable engine %+v", e)
	}
	if e := report.Engines[0]; e.Name != "framework" || e.Present || e.Works {
		t.Errorf("framework %+v", e)
	}
	call(t, "doctor").want(t, exitOK, "not checked: Core ML's classes", "")
	t.Setenv("COREML_ENGINE", "framework")
	call(t, "doctor").want(t, exitFailure, "problem: COREML_ENGINE asks for the framework", "")
	t.Setenv("COREML_ENGINE", "steam")
	call(t, "doctor").want(t, exitFailure, `problem: COREML_ENGINE: unknown engine "steam"`, "")
}

func TestDoctorExaminesTheFramework(t *testing.T) {
	found := engine.Examination{
		System: "macOS 15.6 (24G84)", Devices: []string{"CPU", "GPU: made up", "Neural Engine: 16 cores"}, States: true,
		CacheDir: "cache", Checked: 200,
	}
	(&twin{found: &found}).install(t)
	report, status := doctor(t)
	if status != exitOK || report.Framework == nil || report.Framework.Checked != 200 || len(report.Unchecked) != 0 || !report.Engines[0].Works {
		t.Fatalf("status %d, report %+v", status, report)
	}
	call(t, "doctor").want(t, exitOK, "macOS 15.6 (24G84)", "")

	newer := found
	newer.Newer = []string{"-[MLModel newState] (macOS 15.0)"}
	newer.States = false
	(&twin{found: &newer, old: true}).install(t)
	r := call(t, "doctor")
	r.want(t, exitOK, "newer than this system: -[MLModel newState]", "")
	if !strings.Contains(r.out, "no: they need macOS 15") {
		t.Errorf("states are not mentioned in %q", r.out)
	}

	broken := found
	broken.Missing, broken.Different = []string{"-[MLModel gone]"}, []string{"-[MLModel turned]: v16@0:8"}
	(&twin{found: &broken}).install(t)
	r = call(t, "doctor")
	r.want(t, exitFailure, "problem: Core ML lacks -[MLModel gone]", "")
	r.want(t, exitFailure, "problem: Core ML declares otherwise: -[MLModel turned]", "")

	(&twin{}).install(t)
	call(t, "doctor").want(t, exitFailure, "problem: CoreML.framework: cannot be loaded", "")
}

func TestDoctorNoticesAnEngineThatDoesNotWork(t *testing.T) {
	(&twin{found: &engine.Examination{}, spoil: spoilFrom(2, notNumber)}).install(t)
	call(t, "doctor").want(t, exitFailure, "problem: engine framework does not run the embedded model", "")
}

func TestInspectShowsTheComputePlan(t *testing.T) {
	(&twin{}).install(t)
	r := call(t, "inspect", model, "--plan", "--engine", "framework", "--compute-units", "cpu-and-neural-engine")
	for _, want := range []string{
		"engine framework, devices CPU, Neural Engine", "Neural Engine           1  75.00 %", "CPU                     2        -",
		"ios18.linear  hidden", "CPU, Neural Engine",
	} {
		r.want(t, exitOK, want, "")
	}
	if strings.Contains(r.out, "weight") {
		t.Error("a constant is listed")
	}
}

// The variable is read when the process starts, so the test is one that runs
// itself.
func TestAnUnknownCPUIsNamedWithTheKnownOnes(t *testing.T) {
	const want = `COREML_CPU="bogus" is not one of amx, avx512, avx2, neon, generic; using `
	if os.Getenv(kernel.EnvCPU) != "bogus" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), kernel.EnvCPU+"=bogus")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	call(t, "doctor").want(t, exitFailure, "problem: "+want, "")
	if report, _ := doctor(t); !strings.HasPrefix(report.CPU.Problem, want) {
		t.Errorf("in JSON: %+v", report.CPU)
	}
	call(t, "inspect", "testdata/picture/model.mlpackage").want(t, exitOK, want, "")
}
