package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

const macos = "../../testdata/macos"

// verify runs the command and reads its report.
func verify(t *testing.T, args ...string) (verifyReport, int) {
	t.Helper()
	r := call(t, append([]string{"verify", "--json"}, args...)...)
	var report verifyReport
	if err := json.Unmarshal([]byte(r.out), &report); err != nil {
		t.Fatalf("%v: %q, %q", err, r.out, r.err)
	}
	if report.Passed != (r.status == exitOK) {
		t.Errorf("passed %v, status %d", report.Passed, r.status)
	}
	return report, r.status
}

func TestVerifyPassesWhatIsRight(t *testing.T) {
	(&twin{}).install(t)
	report, status := verify(t, model, "Once upon a time", "-n", "4")
	if status != exitOK || report.Subject.Engine != "framework" || report.Reference.Engine != "portable" || len(report.Ways) != 2 {
		t.Fatalf("status %d, report %+v", status, report)
	}
	for _, w := range report.Ways {
		if w.Tokens != 4 || w.Equal != 4 || w.Compared != report.PromptTokens+3 || w.WorstError > 2e-3 || w.WorstCosine < 0.9999 {
			t.Errorf("%s: %+v", w.Name, w)
		}
	}
	if report.Ways[0].Predictions != 4 || report.Ways[1].Predictions != report.PromptTokens+3 {
		t.Errorf("predictions %d and %d", report.Ways[0].Predictions, report.Ways[1].Predictions)
	}
	call(t, "verify", "-n", "2").want(t, exitOK, "the embedded storyteller", "")
	call(t, "verify", model, "--ids", "5,6,7", "-n", "2").want(t, exitOK, "2 of 2 tokens equal", "")
	call(t, "verify", model, "--ids", "5", "-n", "0").want(t, exitOK, "1 compared in 1 predictions", "")
}

func TestVerifyTakesRoundingForWhatItIs(t *testing.T) {
	(&twin{spoil: spoilFrom(1, lastBits)}).install(t)
	report, status := verify(t, model, "-n", "4")
	if status != exitOK || report.Ways[0].WorstError < 5e-4 || report.Ways[0].WorstError > 5e-3 {
		t.Errorf("status %d, worst error %g", status, report.Ways[0].WorstError)
	}
	if _, status := verify(t, model, "-n", "4", "--tolerance", "1e-4"); status != exitFailure {
		t.Errorf("status %d with a tolerance below the difference", status)
	}
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name string
		twin twin
		want string
	}{
		{"logits of the other sign", twin{spoil: spoilFrom(1, negated)}, "above the tolerance"},
		{"every second logit too large", twin{spoil: spoilFrom(1, tooLarge)}, "above the tolerance"},
		{"not a number", twin{spoil: spoilFrom(1, notNumber)}, "finite"},
		{"wrong from the third prediction on", twin{spoil: spoilFrom(3, negated)}, "above the tolerance"},
		{"nothing but zeros", twin{spoil: spoilFrom(1, zero)}, "above the tolerance"},
		{"a prediction that fails", twin{spoil: func(n int, _, _ []*tensor.Tensor) error {
			if n == 2 {
				return errors.New("the device is gone")
			}
			return nil
		}}, "the device is gone"},
		{"wrong for one token at a time", twin{spoil: func(_ int, in, out []*tensor.Tensor) error {
			if in[0].Dim(1) > 1 {
				return nil
			}
			return change(out[0], negated)
		}}, "above the tolerance"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.twin.install(t)
			report, status := verify(t, model, "-n", "4")
			if status != exitFailure || len(report.Ways) == 0 {
				t.Fatalf("status %d, %d ways", status, len(report.Ways))
			}
			found := false
			for _, w := range report.Ways {
				found = found || !w.Passed && strings.Contains(w.Problem, test.want)
			}
			if !found {
				t.Errorf("no way failed with %q: %+v", test.want, report.Ways)
			}
			call(t, "verify", model, "-n", "4").want(t, exitFailure, "FAIL", "")
		})
	}
}

func TestVerifyComparesPackagesThatAreNoLanguageModels(t *testing.T) {
	packages, err := filepath.Glob(filepath.Join(macos, "*", "model.mlpackage"))
	if err != nil || len(packages) < 8 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	for _, path := range packages {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			(&twin{}).install(t)
			if report, status := verify(t, path); status != exitOK || len(report.Ways) != 1 || report.Ways[0].Compared == 0 {
				t.Errorf("status %d, %+v", status, report)
			}
			(&twin{spoil: spoilFrom(2, tooLarge)}).install(t)
			if _, status := verify(t, path); status != exitFailure && filepath.Base(filepath.Dir(path)) != "slow" { // whose values grow beyond all bounds
				t.Errorf("status %d although an output is wrong", status)
			}
		})
	}
	(&twin{}).install(t)
	path := filepath.Join(macos, "multifunction", "model.mlpackage")
	report, _ := verify(t, path, "--function", "summing")
	if report.Ways[0].Compared != leastSteps+1 {
		t.Errorf("%d compared, want the outputs of %d steps and a state", report.Ways[0].Compared, leastSteps)
	}
}

func TestVerifyComparesKindsOfArithmeticAnywhere(t *testing.T) {
	withoutFramework(t)
	report, status := verify(t, model, "-n", "2", "--engine", "portable", "--arithmetic", "wide")
	if status != exitOK || report.Subject.Arithmetic != "wide" || report.Reference.Arithmetic != "faithful" {
		t.Errorf("status %d, report %+v", status, report)
	}
	if report.Ways[0].WorstError == 0 {
		t.Error("the two kinds of arithmetic agree to the bit")
	}
}

func TestVerifySaysWhatIsMissing(t *testing.T) {
	withoutFramework(t)
	call(t, "verify", model).want(t, exitFailure, "", "has no CoreML.framework: run it on macOS 15 or newer")
	call(t, "verify", "nowhere.mlpackage", "--engine", "portable").want(t, exitFailure, "", "nowhere.mlpackage")
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "driver.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(empty, "x.mlpackage"), os.DirFS(model)); err != nil {
		t.Fatal(err)
	}
	call(t, "verify", filepath.Join(empty, "x.mlpackage"), "--engine", "portable").want(t, exitFailure, "", "driver.json")
	call(t, "verify", filepath.Join(macos, "two-states", "model.mlpackage"), "a prompt", "--engine", "portable").
		want(t, exitFailure, "", "no text generation")
	for name, args := range map[string][]string{
		"a prompt twice":       {model, "x", "--ids", "1"},
		"no number of tokens":  {model, "--tokens=-1"},
		"no tolerance":         {model, "--tolerance=NaN"},
		"no cosine":            {model, "--cosine=2"},
		"an engine of no kind": {model, "--reference", "steam"},
	} {
		t.Run(name, func(t *testing.T) {
			call(t, append([]string{"verify"}, args...)...).want(t, exitUsage, "", "coreml: ")
		})
	}
}
