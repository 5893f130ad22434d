package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// loraCheckpoint is a checkpoint with two adapters of PEFT in folders within it.
func loraCheckpoint(t *testing.T) string {
	t.Helper()
	root := os.Getenv("COREML_FIXTURES")
	if root == "" {
		t.Skip("set COREML_FIXTURES to the fixtures' folder, beside which the checkpoints lie")
	}
	dir := filepath.Join(root, "..", "checkpoints", "llama-lora")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("needs the checkpoint llama-lora: %v", err)
	}
	return dir
}

// weightSize returns the size of a package's weight file.
func weightSize(t *testing.T, pkg string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(pkg, "Data", "com.apple.CoreML", "weights", "weight.bin"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// logitsOf feeds five tokens to a function.
func logitsOf(t *testing.T, pkg, function string, adapters ...coreml.Adapter) []float32 {
	t.Helper()
	m, err := coreml.Load(t.Context(), pkg, &coreml.Config{Engine: coreml.EnginePortable, Function: function, Adapters: adapters})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // only read
	st, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // only read
	out, err := m.Predict(t.Context(), coreml.Features{
		"inputIds":   coreml.MultiArray(tensor.FromSlice([]int32{5, 99, 420, 7, 64}, 1, 5)),
		"causalMask": coreml.MultiArray(tensor.CausalMask(tensor.Float16, 5, 0, nil)),
	}, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	y, err := tensor.Values[float32](out.Tensor("logits").To(tensor.Float32))
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// Functions that adapters become share the base's weights, and give what the adapters give
// at run time.
func TestConvertedAdaptersShareTheWeights(t *testing.T) {
	checkpoint := loraCheckpoint(t)
	qv, all := filepath.Join(checkpoint, "adapter-qv"), filepath.Join(checkpoint, "adapter-all")
	for _, form := range []string{"none", "int4"} {
		t.Run(form, func(t *testing.T) {
			dir := t.TempDir()
			alone, both := filepath.Join(dir, "alone.mlpackage"), filepath.Join(dir, "both.mlpackage")
			if r := call(t, "convert", checkpoint, alone, "--quantize", form, "-q"); r.status != 0 {
				t.Fatal(r.err)
			}
			if r := call(t, "convert", checkpoint, both, "--quantize", form, "-q", "--adapter", "qv="+qv, "--adapter", "every-linear="+all); r.status != 0 {
				t.Fatal(r.err)
			}
			// Factors of fp16: rank 4 on q and v, and 8 on seven matrices, of three layers.
			factors := int64(2 * 3 * (4*(2*64+64+32) + 8*(2*64+2*(64+32)+2*64+3*(64+160))))
			if more := weightSize(t, both) - weightSize(t, alone); more < factors || more > factors+32<<10 {
				t.Errorf("two adapters of %d bytes take %d", factors, more)
			}
			base := logitsOf(t, alone, "")
			if !slices.Equal(base, logitsOf(t, both, "")) {
				t.Error("the default function is not the base")
			}
			for name, path := range map[string]string{"qv": qv, "every-linear": all} {
				function, atRunTime := logitsOf(t, both, name), logitsOf(t, alone, "", coreml.Adapter{Path: path})
				largest, off, changed := float32(0), float32(0), float32(0)
				for i := range base {
					largest = max(largest, function[i], -function[i])
					off = max(off, function[i]-atRunTime[i], atRunTime[i]-function[i])
					changed = max(changed, function[i]-base[i], base[i]-function[i])
				}
				// The checkpoint's own tolerance.
				if off > 0.02*largest || changed < 0.2*largest {
					t.Errorf("%s is off by %v of %v, and changes %v", name, off, largest, changed)
				}
			}
		})
	}
	r := call(t, "convert", checkpoint, filepath.Join(t.TempDir(), "x.mlpackage"), "--adapter", qv)
	if r.status != exitUsage {
		t.Errorf("an adapter without a name ends with %d: %s", r.status, r.err)
	}
}

func TestGenerateTakesAdapters(t *testing.T) {
	const pkg, poet = model, "../../testdata/adapters/poet"
	text := func(args ...string) string {
		t.Helper()
		r := call(t, append([]string{"generate", "--raw", "-q", "-n", "12", "--temperature", "0", "--engine", "portable", "-m", pkg, "Once upon a time"}, args...)...)
		if r.status != 0 {
			t.Fatal(r.err)
		}
		return r.out
	}
	plain, adapted := text(), text("--adapter", poet+"=4")
	if plain == adapted {
		t.Error("the adapter changes nothing")
	}
	if got := text("--adapter", poet+"=0"); got != plain {
		t.Errorf("with a scale of nothing the text is %q, want %q", got, plain)
	}
	if got := text("--adapter", poet+"=2", "--adapter", poet+"=2"); got != adapted {
		t.Errorf("in two halves the text is %q, want %q", got, adapted)
	}
	r := call(t, "generate", "--adapter", poet+"=loud", "-m", pkg, "x")
	if r.status != exitUsage || !strings.Contains(r.err, "loud") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
	r = call(t, "generate", "--adapter", "nobody", "-m", pkg, "x")
	if r.status != exitFailure || !strings.Contains(r.err, "nobody") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
}
