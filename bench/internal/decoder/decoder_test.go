package decoder_test

import (
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/bench/internal/decoder"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
)

func made(t *testing.T, tied bool) string {
	t.Helper()
	format, err := random.FormatNamed("int4")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "made.mlpackage")
	err = modelgen.Write(t.Context(), path, &modelgen.Config{
		Shape: modelgen.Shape{
			Layers: 3, Hidden: 64, Heads: 4, KVHeads: 2, HeadDim: 32, FFN: 96, Vocab: 288, Context: 16,
			RopeBase: 1e4, NormEpsilon: 1e-5, Tied: tied,
		},
	}, random.New(format, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestThePartsOfAPackageAreFoundByTheirShapes(t *testing.T) {
	d, err := decoder.Open(made(t, false))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	type numbers struct{ layers, heads, kv, dim, context, vocab, hidden, ffn int }
	got := numbers{d.Layers, d.Heads(), d.KVHeads, d.HeadDim, d.Context, d.Vocab(), d.Hidden(), d.FFN()}
	if want := (numbers{3, 4, 2, 32, 16, 288, 64, 96}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if d.Epsilon != 1e-5 || len(d.Gains) != 7 {
		t.Errorf("epsilon %v, %d norms", d.Epsilon, len(d.Gains))
	}
	for kind, want := range map[int][2]int{
		decoder.Query: {128, 64}, decoder.Key: {64, 64}, decoder.Value: {64, 64}, decoder.Output: {64, 128},
		decoder.Gate: {96, 64}, decoder.Up: {96, 64}, decoder.Down: {64, 96},
	} {
		for l := range d.Layers {
			if s := d.Matrix(l, kind).Type.Shape; s[0] != want[0] || s[1] != want[1] {
				t.Errorf("matrix %d of layer %d has shape %v, want %v", kind, l, s, want)
			}
		}
	}
	if head := d.Head(); head == nil || head.Type.Shape[0] != 288 {
		t.Error("no head of its own")
	}
}

func TestAHeadThatIsTheEmbeddingIsNone(t *testing.T) {
	d, err := decoder.Open(made(t, true))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Head() != nil {
		t.Error("a head of its own")
	}
}

func TestWhatIsNoDecoderIsAnError(t *testing.T) {
	for name, path := range map[string]string{
		"no file":    filepath.Join(t.TempDir(), "none.mlpackage"),
		"no decoder": "../../../testdata/fixtures/io-cache-int4/model.mlpackage",
	} {
		t.Run(name, func(t *testing.T) {
			if d, err := decoder.Open(path); err == nil {
				_ = d.Close()
				t.Error("no error")
			}
		})
	}
}
