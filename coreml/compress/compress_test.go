package compress

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

const float16 = dtype.Float16

func steps(forms ...string) *Config {
	c := &Config{}
	for _, f := range forms {
		c.Steps = append(c.Steps, Step{Global: &Op{Form: f}})
	}
	return c
}

// files returns the content of all files below a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var modern18 = filepath.Join("testdata", "ios18.mlpackage")

func TestTheSamePackageComesOutEachTime(t *testing.T) {
	dir := t.TempDir()
	var first map[string]string
	for i, threads := range []int{0, 1, 2} {
		out := filepath.Join(dir, string(rune('a'+i)))
		cfg := steps("prune:0.3", "lut4:group=8", "int8")
		cfg.Threads = threads
		if _, err := Compress(t.Context(), modern18, out, cfg); err != nil {
			t.Fatal(err)
		}
		if all := files(t, out); first == nil {
			first = all
		} else if !maps.Equal(first, all) {
			t.Errorf("with %d threads another package", threads)
		}
	}
}

func TestNothingIsLeftOfWhatFailed(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithCancel(t.Context())
	defer stop()
	stopping := steps("int4")
	stopping.Progress = func(p Progress) {
		if p.Done > p.Total/2 {
			stop()
		}
	}
	old := filepath.Join("testdata", "ios16.mlpackage")
	for name, c := range map[string]struct {
		ctx  context.Context
		in   string
		cfg  *Config
		want error
	}{
		"cancelled":              {ended, modern18, steps("int4"), context.Canceled},
		"cancelled in between":   {late, modern18, stopping, context.Canceled},
		"no form":                {t.Context(), modern18, steps("int5"), ErrConfig},
		"an older system":        {t.Context(), old, steps("int4"), ErrOperatorSet},
		"joint, older system":    {t.Context(), old, steps("prune:0.5", "int8"), ErrOperatorSet},
		"blocks of another rank": {t.Context(), modern18, steps("int4:blocks=1x32"), ErrConfig},
		"no package":             {t.Context(), filepath.Join("testdata", "gen"), steps("int4"), nil},
		"conflict": {t.Context(), twoFunctions(t), &Config{Steps: []Step{{
			Global: &Op{Form: "int4"}, OpNames: map[string]*Op{"first": {Form: "int8"}},
		}}}, ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := Compress(c.ctx, c.in, filepath.Join(dir, "out.mlpackage"), c.cfg)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	if _, err := Compress(t.Context(), modern18, dir, steps("int4")); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
}

func TestDecompressedWeightsAreTheNumbersThatTheCodesStandFor(t *testing.T) {
	dir := t.TempDir()
	small, dense := filepath.Join(dir, "small"), filepath.Join(dir, "dense")
	for _, forms := range [][]string{{"int4:block=16"}, {"prune:0.5", "lut4", "int8"}, {"lut3:scale"}, {"uint8"}, {"lut4:vector=2,group=8"}} {
		_ = os.RemoveAll(small)
		_ = os.RemoveAll(dense)
		r, err := Compress(t.Context(), modern18, small, steps(forms...))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Weights) == 0 || r.After >= r.Before {
			t.Errorf("%v: %d weights, %d bytes from %d", forms, len(r.Weights), r.After, r.Before)
		}
		if _, err := Compress(t.Context(), small, dense, &Config{Steps: []Step{{Decompress: true}}}); err != nil {
			t.Fatal(err)
		}
		a, b := open(t, small).weights("main"), open(t, dense).weights("main")
		for key, v := range a {
			if b[key].Const == nil {
				t.Errorf("%v: %s is compressed still", forms, key)
			}
			if !slices.Equal(numbers(t, v), numbers(t, b[key])) {
				t.Errorf("%v: %s differs", forms, key)
			}
		}
	}
}

// twoFunctions writes a package whose functions share two weights, one of which each
// uses along another axis.
func twoFunctions(t *testing.T) string {
	t.Helper()
	shared, own := make([]float32, 64*64), make([]float32, 64*64)
	for i := range shared {
		shared[i], own[i] = float32(i%97)/64, float32(i%89)/32
	}
	data, err := mil.PackFloats(float16, shared)
	if err != nil {
		t.Fatal(err)
	}
	function := func(name string) *mil.Function {
		b := mil.NewBuilder(name, "CoreML8")
		x := b.Input("x", float16, 1, 64)
		w := b.Const("w", float16, []int{64, 64}, data)
		typ := mil.TensorType(float16, 1, 64)
		y := b.Op("linear", "first", typ, mil.Args{"x": x, "weight": w})
		if name == "other" {
			y = b.Op("linear", "third", typ, mil.Args{"x": y, "weight": w})
			y = b.Op("linear", "second", typ, mil.Args{"x": y, "weight": b.Float16s("own", []int{64, 64}, own...)})
		}
		b.Output("y", y)
		f, err := b.Function()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	dir := filepath.Join(t.TempDir(), "two.mlpackage")
	if err := mil.Write(dir, mil.NewProgram(function("main"), function("other")), nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFunctionsShareCompressedWeights(t *testing.T) {
	in, out := twoFunctions(t), filepath.Join(t.TempDir(), "out.mlpackage")
	r, err := Compress(t.Context(), in, out, steps("int4"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Weights) != 3 || r.Before != 2*64*64*2 {
		t.Errorf("%d weights of %d bytes, want 3 of %d", len(r.Weights), r.Before, 2*64*64*2)
	}
	p := open(t, out)
	a, b := p.weights("main")["first.weight"], p.weights("other")["first.weight"]
	if x, y := a.Producer.Input("data").Const, b.Producer.Input("data").Const; x.Offset != y.Offset || x.Blob == "" {
		t.Errorf("codes at %d and %d", x.Offset, y.Offset)
	}
	if p.weights("other")["second.weight"].Const != nil {
		t.Error("a weight of one function only is not compressed")
	}
}

func TestLargePackagesAreCompressedAsCoremltoolsDoes(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("COREML_FIXTURES is not set: llama-fp16 is not compressed")
	}
	for _, a := range readAnswers(t, filepath.Join("testdata", "llama.json"))["llama"] {
		compareAnswer(t, filepath.Join(fixtures, "llama-fp16", "model.mlpackage"), &a)
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, s := range []string{
		`{"config_type":"OpLinearQuantizerConfig","global_config":{"mode":"linear","dtype":"uint4","granularity":"per_block","block_size":[1,32]}}`,
		`{"config_type":"OpPalettizerConfig","global_config":{"nbits":4,"granularity":"per_grouped_channel","group_size":16,"cluster_dim":2,"channel_axis":1}}`,
		`{"config_type":"OpMagnitudePrunerConfig","op_type_configs":{"conv":{"n_m_ratio":[2,4],"dim":0},"linear":null},"op_name_configs":{"a":{"config_type":"OpThresholdPrunerConfig","threshold":0.1}}}`,
		`{}`, `[]`, `{"config_type":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseConfig(data)
		if err != nil {
			if !errors.Is(err, ErrConfig) {
				t.Error(err)
			}
			return
		}
		if _, err := (&Config{Steps: []Step{*s}}).read(); err != nil && !errors.Is(err, ErrConfig) {
			t.Error(err)
		}
	})
}
