package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
)

// storyAround returns the storyteller in a folder of its own.
func storyAround(t *testing.T) (dir, pkg string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, storyteller.Package)
}

func TestADriverThatInspectWritesDrivesThePackage(t *testing.T) {
	dir, pkg := storyAround(t)
	r := call(t, "inspect", pkg, "--driver-json")
	r.want(t, exitOK, `"version": 1`, "")
	want := call(t, "generate", "Once upon a time", "--temperature=0", "-n", "8", "-m", pkg)
	file := filepath.Join(t.TempDir(), "mine.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(r.out)
	got := call(t, "generate", "Once upon a time", "--temperature=0", "-n", "8", "-m", pkg, "--driver", file)
	if got.status != exitOK || got.out != want.out {
		t.Errorf("status %d, %q; want %q: %s", got.status, got.out, want.out, got.err)
	}
	// The same package, written as a stage.
	var plain struct {
		Tokens, Mask, Logits string
		Context              int
	}
	if err := json.Unmarshal([]byte(r.out), &plain); err != nil {
		t.Fatal(err)
	}
	write(`{"stages": [{"inputs": {"` + plain.Tokens + `": {"role": "tokens"}, "` + plain.Mask + `": {"role": "causal_mask"}}}], "output": {"logits": ["` + plain.Logits + `"]}}`)
	got = call(t, "generate", "Once upon a time", "--temperature=0", "-n", "8", "-m", dir, "--driver", file)
	if got.status != exitOK || got.out != want.out {
		t.Errorf("as a stage: status %d, %q; want %q: %s", got.status, got.out, want.out, got.err)
	}
	call(t, "inspect", pkg, "--driver", file).want(t, exitOK, "\ntext generation\n  driven as stages: ", "")
	call(t, "verify", pkg, "Once upon", "--engine", "portable", "-n", "3", "--driver", file).want(t, exitOK, "ok    the prompt in one prediction: ", "")
	write(`{"stages": [{"inputs": {"` + plain.Tokens + `": {"role": "sin"}}}]}`)
	for _, args := range [][]string{{"inspect", pkg}, {"generate", "x", "-m", pkg}} {
		call(t, append(args, "--driver", file)...).want(t, exitFailure, "", "driver: stages.0.inputs."+plain.Tokens)
	}
	write(`{"stagess": []}`)
	call(t, "generate", "x", "-m", pkg, "--driver", file).want(t, exitFailure, "", "stagess: there is no such field")
	call(t, "generate", "x", "-m", pkg, "--driver", filepath.Join(dir, "absent.json")).want(t, exitFailure, "", "absent.json")
	call(t, "generate", "x", "--driver", file).want(t, exitFailure, "", "stagess")
	write(`{}`)
	call(t, "generate", "x", "--driver", file).want(t, exitUsage, "", "--driver needs a --model")
}

func TestAFolderOfPackagesThatAreNoModelNamesThem(t *testing.T) {
	dir, pkg := storyAround(t)
	if err := os.CopyFS(filepath.Join(dir, "copy.mlpackage"), os.DirFS(pkg)); err != nil {
		t.Fatal(err)
	}
	r := call(t, "generate", "x", "-m", dir)
	r.want(t, exitFailure, "", "there are several packages in ")
	r.want(t, exitFailure, "", "name the package in place of the folder")
	if r = call(t, "inspect", dir); r.status != exitOK || !strings.Contains(r.out, "\nno text generation\n") {
		t.Errorf("status %d, %s%s", r.status, r.out, r.err)
	}
}

// TestAFolderOfPackagesIsTakenByEveryVerbThatRunsText has a driver that uses one of two
// packages.
func TestAFolderOfPackagesIsTakenByEveryVerbThatRunsText(t *testing.T) {
	dir, pkg := storyAround(t)
	if err := os.CopyFS(filepath.Join(dir, "copy.mlpackage"), os.DirFS(pkg)); err != nil {
		t.Fatal(err)
	}
	alone := call(t, "generate", "Once upon a time", "--temperature=0", "-n", "8", "-m", pkg)
	driver := `{"stages": [{"package": "` + filepath.Base(pkg) + `"}]}`
	if err := os.WriteFile(filepath.Join(dir, "driver.json"), []byte(driver), 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "mine.json")
	if err := os.WriteFile(elsewhere, []byte(driver), 0o600); err != nil {
		t.Fatal(err)
	}
	r := call(t, "inspect", dir)
	r.want(t, exitOK, "  stage 1 of 1 of the folder's text generation\n", "")
	r.want(t, exitOK, "\ntext generation\n  driven as stages: "+filepath.Base(pkg), "")
	if got := call(t, "generate", "Once upon a time", "--temperature=0", "-n", "8", "-m", dir); got.status != exitOK || got.out != alone.out {
		t.Errorf("status %d, %q, want %q: %s", got.status, got.out, alone.out, got.err)
	}
	call(t, "bench", dir, "--prefill", "4", "--decode", "2", "-n", "2", "--rounds", "1").want(t, exitOK, "prompt of 4", "")
	call(t, "bench", dir, "--fingerprint", "--fingerprint-tokens", "4").want(t, exitOK, "wide", "")
	report, status := verify(t, dir, "--engine", "portable", "--arithmetic", "wide", "-n", "2", "--driver", elsewhere)
	if status != exitOK || len(report.Ways) != 2 || report.Tokens != 2 {
		t.Errorf("status %d, %+v", status, report)
	}
	if err := os.Remove(filepath.Join(dir, "driver.json")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"bench", dir}, {"verify", dir, "--engine", "portable"}} {
		call(t, args...).want(t, exitFailure, "", "they are no model together: ")
		call(t, append(args, "--driver", filepath.Join(dir, "absent"))...).want(t, exitFailure, "", "absent")
	}
	call(t, "verify", "--engine", "portable", "--driver", elsewhere).want(t, exitUsage, "", "--driver needs a MODEL")
}
