package generate_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// wantDriverError fails unless err blames field and says reason.
func wantDriverError(t *testing.T, err error, field, reason string) {
	t.Helper()
	got, ok := errors.AsType[*generate.DriverError](err)
	switch {
	case !ok || !errors.Is(err, generate.ErrDriver):
		t.Errorf("got %v, want a DriverError", err)
	case got.Field != field || !strings.Contains(got.Reason, reason):
		t.Errorf("field %q, reason %q; want field %q and a reason with %q", got.Field, got.Reason, field, reason)
	case strings.Contains(err.Error(), "json") || strings.Contains(err.Error(), "Go "):
		t.Errorf("%q speaks of Go", err)
	}
}

func TestDriverFilesAreReadStrictly(t *testing.T) {
	d, err := generate.ReadDriver(strings.NewReader(`{
		"family": "stateful", "tokens": "x", "mask": "m", "mask_fill": -10000, "attention_mask": null, "logits": "l",
		"caches": {"a": "b"}, "constants": {"y": 1.5}, "context": 5, "max_query": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	fill := -10000.0
	want := &generate.Driver{
		Family: "stateful", Tokens: "x", Mask: "m", MaskFill: &fill, Logits: "l", Caches: map[string]string{"a": "b"},
		Constants: map[string]float64{"y": 1.5}, ContextLength: 5, MaxQuery: 2,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("driver differs (-want +got):\n%s", diff)
	}
	for _, c := range []struct{ text, field, reason string }{
		{`{"token": "x"}`, "token", "there is no such field; the fields are attention_mask, caches, constants, "},
		{`[]`, "file", "is a list, want an object"},
		{`"tokens"`, "file", "is a string, want an object"},
		{`null`, "file", "is null, want an object"},
		{`{`, "file", "is not JSON: unexpected end"},
		{`{} {}`, "file", "is not JSON"},
		{``, "file", "is not JSON"},
		{strings.Repeat(" ", 2<<20), "file", "has more than 1048576 bytes"},
		{`{"tokens": 5}`, "tokens", "is the number 5, want a string"},
		{`{"family": {}}`, "family", "is an object, want a string"},
		{`{"context": "long"}`, "context", "is a string, want a whole number"},
		{`{"context": 1.5}`, "context", "is the number 1.5, want a whole number"},
		{`{"context": 1e300}`, "context", "want a whole number"},
		{`{"max_query": true}`, "max_query", "is true, want a whole number"},
		{`{"mask_fill": "-inf"}`, "mask_fill", "is a string, want a number"},
		{`{"mask_fill": 1e999}`, "mask_fill", "want a number"},
		{`{"caches": {"in": 5}}`, "caches.in", "is the number 5, want a string"},
		{`{"caches": ["in"]}`, "caches", "is a list, want an object"},
		{`{"context": 8, "tokens": "x", "context": 9}`, "context", "the key comes twice"},
		{`{"context": 8, "Context": 9}`, "context", "the key comes twice"},
		{`{"mask_fill": -1, "m\u0061sk_fill": null}`, "mask_fill", "the key comes twice"},
		{`{"constants": {"a": 1, "b": {"a": 1}, "a": 1}}`, "constants.a", "the key comes twice"},
		{`{"caches": {"in": "x", "In": "y", "in": "z"}}`, "caches.in", "the key comes twice"},
		{`{"constants": {"scale": "1"}}`, "constants.scale", "is a string, want a number"},
	} {
		_, err := generate.ReadDriver(strings.NewReader(c.text))
		t.Run(strings.TrimSpace(c.text[:min(len(c.text), 30)]), func(t *testing.T) { wantDriverError(t, err, c.field, c.reason) })
	}
}

// statefulDescription is a package of the stateful family for 512 tokens, with
// a few features besides.
func statefulDescription() *coreml.Description {
	return &coreml.Description{
		Inputs: features{
			ints("inputIds", 1, -512), halfs("causalMask", 1, 1, -512, -512), optional(ints("attentionMask", 1, -512)),
			optional(ints("flag", 1)), optional(halfs("old", 1, 2, 8)), optional(halfs("scale", 1, -4)),
			{Name: "picture", Kind: coreml.KindImage, Optional: true},
		},
		Outputs: features{halfs("logits"), halfs("young", 1, 2, 8), floats("single", 1, 2, 8), ints("id", 1), {Name: "label", Kind: coreml.KindString}},
		States:  features{halfs("keyCache", 2, 1, 2, 512, 64)},
	}
}

func TestDriversThatContradictTheirPackageAreRefused(t *testing.T) {
	number := func(f float64) *float64 { return &f }
	whole := &coreml.Description{
		Inputs:  features{ints("ids", 1, -64), optional(ints("attention_mask", 1, -64)), optional(ints("place", 64)), optional(halfs("kv", 1, 8))},
		Outputs: features{floats("logits"), halfs("kv_out", 1, 8)},
	}
	for _, c := range []struct {
		name          string
		desc          *coreml.Description
		driver        generate.Driver
		field, reason string
	}{
		{"a context beyond the shapes", nil, generate.Driver{ContextLength: 10_000_000}, "context", "is 10000000, want 1 to 1048576"},
		{"a context beyond the mask", nil, generate.Driver{ContextLength: 513}, "context", "is 513, the package takes 512"},
		{"a context below zero", nil, generate.Driver{ContextLength: -1}, "context", "is -1"},
		{"a query beyond the shapes", nil, generate.Driver{MaxQuery: 513}, "max_query", "is 513, the package takes 512"},
		{"a query below zero", nil, generate.Driver{MaxQuery: -1}, "max_query", "is -1"},
		{"the attention mask on the tokens, which are detected", nil, generate.Driver{AttentionMask: "inputIds"}, "attention_mask", ""},
		{"the attention mask on the tokens", nil, generate.Driver{Tokens: "inputIds", AttentionMask: "inputIds"}, "attention_mask", `input "inputIds" has another meaning already, that of tokens`},
		{"an attention mask beside a cache", nil, generate.Driver{AttentionMask: "attentionMask"}, "attention_mask", "takes the causal mask alone"},
		{"the mask on the tokens", nil, generate.Driver{Tokens: "inputIds", Mask: "inputIds"}, "mask", "another meaning"},
		{"a constant on the tokens", nil, generate.Driver{Tokens: "inputIds", Constants: map[string]float64{"inputIds": 1}}, "constants.inputIds", "another meaning"},
		{"a cache on the mask", nil, generate.Driver{Mask: "causalMask", Caches: map[string]string{"causalMask": "young"}}, "caches.causalMask", "another meaning"},
		{"a cache from the logits", nil, generate.Driver{Logits: "logits", Caches: map[string]string{"old": "logits"}}, "caches.old", `output "logits" has another meaning`},
		{"two caches from one output", nil, generate.Driver{Caches: map[string]string{"old": "young", "scale": "young"}}, "caches.scale", `output "young" has another meaning already, that of caches.old`},
		{"no such token input", nil, generate.Driver{Tokens: "ids"}, "tokens", `there is no input "ids"; the inputs are inputIds, causalMask, `},
		{"no such mask", nil, generate.Driver{Mask: "mask"}, "mask", `there is no input "mask"`},
		{"a state as mask", nil, generate.Driver{Mask: "keyCache"}, "mask", `there is no input "keyCache"`},
		{"no such output", nil, generate.Driver{Logits: "inputIds"}, "logits", `there is no output "inputIds"; the outputs are logits, `},
		{"no such cache", nil, generate.Driver{Caches: map[string]string{"new": "young"}}, "caches.new", `there is no input "new"`},
		{"no such cache output", nil, generate.Driver{Caches: map[string]string{"old": ""}}, "caches.old", `there is no output ""`},
		{"no such constant", nil, generate.Driver{Constants: map[string]float64{"bias": 1}}, "constants.bias", `there is no input "bias"`},
		{"tokens in a picture", nil, generate.Driver{Tokens: "picture"}, "tokens", "is no multi-array"},
		{"logits from a label", nil, generate.Driver{Logits: "label"}, "logits", "is no multi-array"},
		{"tokens in an input of rank 4", nil, generate.Driver{Tokens: "causalMask"}, "tokens", "has not the shape [1, q]"},
		{"tokens in an input of rank 1", nil, generate.Driver{Tokens: "flag"}, "tokens", "has not the shape [1, q]"},
		{"a mask of integers", nil, generate.Driver{Mask: "flag"}, "mask", "is of type int32"},
		{"a mask of rank 3", nil, generate.Driver{Mask: "old"}, "mask", "has not the shape [1, 1, q, past+q]"},
		{"an attention mask of rank 1", whole, generate.Driver{AttentionMask: "place"}, "attention_mask", "has not the shape [1, n]"},
		{"logits of integers", nil, generate.Driver{Logits: "id"}, "logits", "is of type int32"},
		{"a cache of no fixed shape", nil, generate.Driver{Caches: map[string]string{"scale": "young"}}, "caches.scale", "has no fixed shape"},
		{"a cache of another type", nil, generate.Driver{Caches: map[string]string{"old": "single"}}, "caches.old", "differ in type"},
		{"a cache of another shape", whole, generate.Driver{Caches: map[string]string{"kv": "kv_out"}}, "family", "is io-cache"},
		{"a constant of no fixed shape", nil, generate.Driver{Constants: map[string]float64{"scale": 1}}, "constants.scale", "has no fixed shape"},
		{"a constant that is not whole", nil, generate.Driver{Constants: map[string]float64{"flag": 1.5}}, "constants.flag", "1.5 is no whole number"},
		{"a constant beyond its type", nil, generate.Driver{Constants: map[string]float64{"flag": 1e300}}, "constants.flag", "1e+300 is no whole number"},
		{"a constant beyond half precision", nil, generate.Driver{Constants: map[string]float64{"old": 1e6}}, "constants.old", "1e+06 is no number"},
		{"a constant that is no number", nil, generate.Driver{Constants: map[string]float64{"old": math.NaN()}}, "constants.old", "NaN is no number"},
		{"a mask that hides nothing", nil, generate.Driver{MaskFill: number(0)}, "mask_fill", "is 0, want a number below 0"},
		{"a mask that draws attention", nil, generate.Driver{MaskFill: number(math.Inf(1))}, "mask_fill", "want a number below 0"},
		{"a mask of NaN", nil, generate.Driver{MaskFill: number(math.NaN())}, "mask_fill", "want a number below 0"},
		{"no such family", nil, generate.Driver{Family: "llama"}, "family", `is "llama"; the families are stateful, io-cache and no-cache`},
		{"no cache where there are states", nil, generate.Driver{Family: generate.FamilyNoCache}, "family", "is no-cache, for a function with states"},
		{"a cache in and out where there are states", nil, generate.Driver{Family: generate.FamilyIOCache, Caches: map[string]string{"old": "young"}}, "family", "is io-cache, for a function with states"},
		{"states where there are none", whole, generate.Driver{Family: generate.FamilyStateful}, "family", "is stateful, for a function without states"},
		{"caches where there are none", whole, generate.Driver{Family: generate.FamilyIOCache}, "family", "is io-cache, for a function without caches"},
		{"caches that nobody feeds", whole, generate.Driver{Family: generate.FamilyNoCache, Caches: map[string]string{"kv": "kv_out"}}, "family", "is no-cache, for a function with caches"},
	} {
		t.Run(c.name, func(t *testing.T) {
			desc := c.desc
			if desc == nil {
				desc = statefulDescription()
			}
			if c.name == "a cache of another shape" {
				desc.Outputs[1].Shape, c.field, c.reason = []int{1, 9}, "caches.kv", "differ in shape"
				defer func() { desc.Outputs[1].Shape = []int{1, 8} }()
			}
			_, err := generate.Detect(desc, &c.driver)
			if c.name == "the attention mask on the tokens, which are detected" {
				if !errors.Is(err, generate.ErrDriver) {
					t.Errorf("got %v, want ErrDriver", err)
				}
				return
			}
			wantDriverError(t, err, c.field, c.reason)
			// A generator says the same before it runs anything.
			m := &fakeModel{}
			if _, err := generate.NewFake(m, desc, nil, &generate.Config{Driver: &c.driver}); !errors.Is(err, generate.ErrDriver) || m.calls.Load() > 0 {
				t.Errorf("a generator gave %v after %d predictions", err, m.calls.Load())
			}
		})
	}
	if _, err := generate.Detect(statefulDescription(), &generate.Driver{ContextLength: 512, MaxQuery: 512}); err != nil {
		t.Errorf("what the package takes is refused: %v", err)
	}
}

func TestAContextIsBoundedByTheCacheWhereTheMaskIsNot(t *testing.T) {
	desc := &coreml.Description{
		Inputs:  features{ints("ids", 1, -256), boundless(halfs("mask", 1, 1, -256, -256))},
		Outputs: features{halfs("logits")},
		States:  features{halfs("local", 2, 1, 2, 512, 64), halfs("global", 2, 1, 2, 4096, 64)},
	}
	if d, err := generate.Detect(desc, &generate.Driver{ContextLength: 4096}); err != nil || d.ContextLength != 4096 {
		t.Errorf("the longest cache's length gave %v, %v", d, err)
	}
	_, err := generate.Detect(desc, &generate.Driver{ContextLength: 4097})
	wantDriverError(t, err, "context", "is 4097, the package takes 4096")
}

func TestPackagesWhoseShapesAllowNothingAreRefused(t *testing.T) {
	for name, inputs := range map[string]features{
		"a mask of a fixed width":               {ints("ids", 1, -64), halfs("mask", 1, 1, 1, 64)},
		"a mask of another length":              {ints("ids", 1, 8), halfs("mask", 1, 1, 16, 16)},
		"tokens of other lengths than the mask": {enumerated(ints("ids", 1, 8), []int{1, 8}, []int{1, 12}), halfs("mask", 1, 1, -7, -64)},
	} {
		t.Run(name, func(t *testing.T) {
			desc := &coreml.Description{Inputs: inputs, Outputs: features{halfs("logits")}, States: features{halfs("k", 1, 1, 64, 8)}}
			start := time.Now()
			_, err := generate.Detect(desc, nil)
			wantDriverError(t, err, "", "allow no common number of tokens")
			if d := time.Since(start); d > time.Minute {
				t.Errorf("that took %v", d)
			}
		})
	}
	desc := &coreml.Description{Inputs: features{ints("ids", 1, 8), ints("attention_mask", 1, 9)}, Outputs: features{floats("logits", 1, 8, 100)}}
	_, err := generate.Detect(desc, nil)
	wantDriverError(t, err, "", "allow no common number of tokens")
}

func TestFilesBesideAPackageThatAreNoFilesAreRefusedAtOnce(t *testing.T) {
	for _, name := range []string{"driver.json", "model.driver.json", "generation_config.json"} {
		for kind, put := range map[string]func(path string) error{
			"a folder":     func(path string) error { return os.Mkdir(path, 0o700) },
			"a named pipe": makePipe,
			"a large file": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat(" ", 2<<20)), 0o600) },
			"no JSON":      func(path string) error { return os.WriteFile(path, []byte("tokens"), 0o600) },
		} {
			t.Run(name+" is "+kind, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, storyteller.FS()); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, name)
				if err := errors.Join(os.RemoveAll(path), put(path)); err != nil {
					t.Skipf("%s cannot be made here: %v", kind, err)
				}
				open := map[string]func() (*generate.Generator, error){
					"Open": func() (*generate.Generator, error) {
						return generate.Open(t.Context(), filepath.Join(dir, storyteller.Package), nil)
					},
					"OpenFS": func() (*generate.Generator, error) {
						return generate.OpenFS(t.Context(), os.DirFS(dir), storyteller.Package, nil)
					},
				}
				for how, open := range open {
					done := make(chan error, 1)
					go func() { _, err := open(); done <- err }()
					select {
					case err := <-done:
						if err == nil || !strings.Contains(err.Error(), name) {
							t.Errorf("%s gave %v, want an error with the file's name", how, err)
						}
					case <-time.After(time.Minute):
						t.Fatalf("%s waits", how)
					}
				}
			})
		}
	}
}

// FuzzDriver looks for drivers that pass the reader and break detection or the
// first prediction: what is accepted must be fed as the description says.
func FuzzDriver(f *testing.F) {
	f.Add(`{"tokens": "inputIds", "logits": "logits", "context": 5}`)
	f.Add(`{"caches": {"old": "young"}, "family": "io-cache"}`)
	f.Add(`{"mask": "inputIds", "constants": {"causalMask": 1e300}}`)
	f.Add(`{"constants": {"flag": -7, "old": 1.5}, "mask_fill": -1e4, "max_query": 3}`)
	f.Add(`{"context": 10000000}`)
	f.Add(`{"attention_mask": "inputIds"}`)
	for _, c := range []string{"null", "[]", `{"tokens": null}`, `{"TOKENS": "inputIds", "tokens": "x"}`} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := generate.ReadDriver(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, generate.ErrDriver) {
				t.Errorf("%v is no ErrDriver", err)
			}
			return
		}
		for _, stateful := range []bool{true, false} {
			desc := statefulDescription()
			if !stateful {
				desc.States = nil
			}
			m := &checked{t: t, desc: desc}
			g, err := generate.NewFake(m, desc, nil, &generate.Config{Driver: d})
			if err != nil {
				if !errors.Is(err, generate.ErrDriver) {
					t.Errorf("%v is no ErrDriver", err)
				}
				continue
			}
			if n := g.ContextLength(); n <= 0 || n > 512 {
				t.Errorf("context %d", n)
			}
			if stateful {
				continue // states need a model
			}
			s, err := g.NewSequence(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := min(g.ContextLength(), 5); n > 0 {
				_, _ = s.Append(t.Context(), prompt[:n])
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			runtime.KeepAlive(g)
		}
	})
}

// checked refuses inputs that its description does not allow.
type checked struct {
	t    *testing.T
	desc *coreml.Description
}

func (m *checked) NewState() (*coreml.State, error) { return nil, errors.New("there are no states") }

func (m *checked) Predict(_ context.Context, in coreml.Features, _ *coreml.State, _ *coreml.PredictOptions) (coreml.Features, error) {
	for name, v := range in {
		f := m.desc.Input(name)
		if f == nil {
			m.t.Errorf("there is no input %q", name)
			continue
		}
		if a := v.MultiArray(); a.DType() != f.DType || f.Check(a.Shape()...) != nil {
			m.t.Errorf("input %s is given %v %v", f, a.DType(), a.Shape())
		}
	}
	for i := range m.desc.Inputs {
		if f := &m.desc.Inputs[i]; !f.Optional && in[f.Name].MultiArray() == nil {
			m.t.Errorf("input %s is missing", f)
		}
	}
	out := coreml.Features{}
	for i := range m.desc.Outputs {
		if f := &m.desc.Outputs[i]; f.Kind == coreml.KindMultiArray {
			shape := f.Shape
			if len(shape) == 0 {
				shape = []int{1, 1, 10}
			}
			out[f.Name] = coreml.MultiArray(tensor.New(f.DType, shape...))
		}
	}
	return out, nil
}
