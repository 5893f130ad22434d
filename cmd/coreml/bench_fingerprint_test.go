package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// kernelsAgree says that all kernel sets compute the same bits, and a prompt in blocks
// the same as a whole one. While it is false, every set has fingerprints of its own.
const kernelsAgree = true

// fingerprintsFile holds what was computed before, a line each.
const fingerprintsFile = "../../testdata/fingerprints.json"

// recordedFingerprint is a line of it.
type recordedFingerprint struct {
	Model      string `json:"model"`
	Tokens     int    `json:"tokens"`
	Arithmetic string `json:"arithmetic"`
	// Set is the architecture and the kernel set, or allSets.
	Set    string `json:"set"`
	SHA256 string `json:"sha256"`
}

const allSets = "all"

// setName is how fingerprints of a set are recorded.
func (r *fingerprintReport) setName() string {
	if kernelsAgree {
		return allSets
	}
	return r.Architecture + "/" + r.Instructions
}

// fingerprintRecords are the fingerprints of the file, by everything but their hash.
type fingerprintRecords map[recordedFingerprint]string

func readRecorded(t *testing.T) fingerprintRecords {
	t.Helper()
	all := fingerprintRecords{}
	data, err := os.ReadFile(fingerprintsFile)
	if err != nil {
		t.Fatal(err)
	}
	var list []recordedFingerprint
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatalf("%s: %v", fingerprintsFile, err)
	}
	for _, r := range list {
		sum := r.SHA256
		r.SHA256 = ""
		all[r] = sum
	}
	return all
}

// write puts the file's lines in order. Those of sets that this machine lacks stay,
// unless all sets have one fingerprint now.
func (all fingerprintRecords) write(t *testing.T) {
	t.Helper()
	var list []recordedFingerprint
	for r, sum := range all {
		if (r.Set == allSets) == kernelsAgree {
			r.SHA256 = sum
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b recordedFingerprint) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Tokens, b.Tokens), cmp.Compare(a.Arithmetic, b.Arithmetic), cmp.Compare(a.Set, b.Set))
	})
	var lines []string
	for _, r := range list {
		lines = append(lines, string(mustJSON(r)))
	}
	text := "[\n  " + strings.Join(lines, ",\n  ") + "\n]\n"
	if err := os.WriteFile(fingerprintsFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fingerprintsOf runs the command with the current kernels.
func fingerprintsOf(t *testing.T, args ...string) fingerprintReport {
	t.Helper()
	r := call(t, append([]string{"bench", "--fingerprint", "--json"}, args...)...)
	var f fingerprintReport
	if err := json.Unmarshal([]byte(r.out), &f); err != nil {
		t.Fatalf("%v in %q, %s", err, r.out, r.err)
	}
	// It has failed when, and only when, it tells of a promise that does not hold.
	if r.status == exitOK == f.failed() {
		t.Errorf("status %d for %s", r.status, r.out)
	}
	return f
}

// TestFingerprintsAreThoseRecorded computes a model's logits with each kernel set of
// this machine, on one thread and on two. The larger model needs COREML_FIXTURES.
func TestFingerprintsAreThoseRecorded(t *testing.T) {
	smol := filepath.Join(os.Getenv("COREML_FIXTURES"), "smollm2", "model.mlpackage")
	for _, c := range []struct {
		name, path string
		tokens     int
		plain      bool // not too much for plain Go
	}{
		{"storyteller", model, 192, true},
		{"storyteller", model, emulatedTokens, true},
		{"smollm2", smol, 8, true},
		{"smollm2", smol, 64, false},
	} {
		for _, variant := range kernel.Variants() {
			t.Run(fmt.Sprintf("%s/%d tokens/%s", c.name, c.tokens, variant), func(t *testing.T) {
				switch {
				case c.path == smol && os.Getenv("COREML_FIXTURES") == "":
					t.Skip("COREML_FIXTURES names no folder with the larger fixtures")
				case testing.Short() && (c.path == smol || variant == kernel.Generic && c.tokens > emulatedTokens):
					t.Skip("takes seconds")
				case variant == kernel.Generic && !c.plain:
					t.Skip("would take plain Go a minute")
				}
				useVariant(t, variant)
				compareFingerprints(t, c.name, c.path, c.tokens, variant)
			})
		}
	}
}

// useVariant makes a kernel set the current one for a test.
func useVariant(t *testing.T, variant string) {
	t.Helper()
	before := kernel.CPU().Variant
	if err := kernel.SetVariant(variant); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kernel.SetVariant(before); err != nil {
			t.Error(err)
		}
	})
}

func compareFingerprints(t *testing.T, name, path string, tokens int, variant string) {
	t.Helper()
	numbers := []int{1, 2}
	if variant == kernel.Generic && name != "storyteller" {
		numbers = numbers[1:] // plain Go takes a minute for each
	}
	for _, threads := range numbers {
		got := fingerprintsOf(t, path, "--threads", strconv.Itoa(threads), "--fingerprint-tokens", strconv.Itoa(tokens))
		if got.Instructions != variant || got.Threads != threads || got.Tokens != tokens {
			t.Fatalf("the call gave %+v", got)
		}
		got.compare(t, name)
	}
}

// compare holds a report against what is recorded.
func (r *fingerprintReport) compare(t *testing.T, name string) {
	t.Helper()
	if len(r.Fingerprints) != 3 {
		t.Fatalf("not of every arithmetic: %+v", r)
	}
	all := readRecorded(t)
	for _, p := range r.Fingerprints {
		key := recordedFingerprint{Model: name, Tokens: r.Tokens, Arithmetic: p.Arithmetic, Set: r.setName()}
		// Only the first of what this run computes is written down: the other sets, if
		// they share it, and the other number of threads have to agree.
		if *update && !updated[key] {
			updated[key], all[key] = true, p.SHA256
			all.write(t)
		}
		if all[key] != p.SHA256 {
			t.Errorf("%s, %d threads, %s: %s, recorded is %q; -update writes it down", r.Instructions, r.Threads, p.Arithmetic, p.SHA256, all[key])
		}
		if kernelsAgree && p.SameInBlocks != nil && !*p.SameInBlocks {
			t.Errorf("%s, %d threads, %s: other logits for a prompt in blocks of %d", r.Instructions, r.Threads, p.Arithmetic, oddBlock)
		}
	}
}

// emulatedTokens are few enough for an emulator.
const emulatedTokens = 48

// TestTheFingerprintsOfAnotherCommand asks a command for another processor, which
// COREML_FINGERPRINT_COMMAND names with what runs it, such as an emulator.
func TestTheFingerprintsOfAnotherCommand(t *testing.T) {
	words := strings.Fields(os.Getenv("COREML_FINGERPRINT_COMMAND"))
	if len(words) == 0 {
		t.Skip("COREML_FINGERPRINT_COMMAND names no command")
	}
	for _, threads := range []string{"1", "2"} {
		args := append(slices.Clone(words[1:]), "bench", model, "--fingerprint", "--json", "--threads", threads,
			"--fingerprint-tokens", strconv.Itoa(emulatedTokens))
		cmd := exec.CommandContext(t.Context(), words[0], args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		var got fingerprintReport
		if jsonErr := json.Unmarshal(out, &got); jsonErr != nil {
			t.Fatalf("%v, %v in %q", err, jsonErr, out)
		}
		got.compare(t, "storyteller")
	}
}

// updated are the fingerprints that -update has written down.
var updated = map[recordedFingerprint]bool{}

func TestAFingerprintIsOfEveryBitButThoseOfNaNs(t *testing.T) {
	sum := func(v ...float32) string {
		h := sha256.New()
		writeFloats(h, nil, v)
		return hex.EncodeToString(h.Sum(nil))
	}
	one, nan := float32(1), float32(math.NaN())
	other := math.Float32frombits(math.Float32bits(nan) ^ 1<<31 ^ 5)
	if sum(one, nan) != sum(one, other) {
		t.Error("two NaNs differ")
	}
	for _, v := range [][]float32{{nan, one}, {one}, {one, nan, nan}, {math.Nextafter32(one, 2), nan}, {-one, nan}, {one, float32(math.Inf(1))}} {
		if sum(one, nan) == sum(v...) {
			t.Errorf("%v is taken for 1 and a NaN", v)
		}
	}
	if sum(0) == sum(float32(math.Copysign(0, -1))) {
		t.Error("a zero without a sign is taken for one with it")
	}
	// The hash of 00 00 80 3f, computed with sha256sum.
	if got, want := sum(one), "e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c"; got != want {
		t.Errorf("the hash of 1 is %s, want %s", got, want)
	}
}

func TestAFingerprintIsPrintedForPeopleAndForPrograms(t *testing.T) {
	got := fingerprintsOf(t, model, "--threads", "1", "--fingerprint-tokens", "9", "--arithmetic", "wide")
	if len(got.Fingerprints) != 1 || got.Fingerprints[0].Arithmetic != "wide" || got.Tokens != 9 {
		t.Fatalf("got %+v", got)
	}
	p := got.Fingerprints[0]
	if len(p.SHA256) != 64 || !strings.HasPrefix(p.SHA256, p.Short) || p.Short == "" || p.SameInBlocks == nil {
		t.Errorf("got %+v", p)
	}
	r := call(t, "bench", model, "--fingerprint", "--threads", "1", "--fingerprint-tokens", "9")
	for _, want := range []string{"9 tokens", "faithful", "wide", "fast", p.SHA256} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in %s", want, r.out)
		}
	}
	if other := fingerprintsOf(t, model, "--fingerprint-tokens", "10", "--arithmetic", "wide"); other.Fingerprints[0].SHA256 == p.SHA256 {
		t.Error("one token more changes nothing")
	}
}

func TestWrongCallsForAFingerprint(t *testing.T) {
	t.Setenv("COREML_ENGINE", "portable")
	path := synth(t, smallFlags...)
	call(t, "bench", path, "--fingerprint").want(t, exitFailure, "", "tokenizer")
	call(t, "bench", model, "--fingerprint", "--fingerprint-tokens", "0").want(t, exitUsage, "", "--fingerprint-tokens is 0")
	call(t, "bench", model, "--fingerprint", "--rounds", "2", "--fingerprint-tokens", "1", "--arithmetic", "fast").
		want(t, exitOK, "fast", "--rounds has no effect with --fingerprint")
}
