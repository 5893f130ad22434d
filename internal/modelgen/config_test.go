package modelgen_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
)

func TestAShapeThatCannotBeIsRefusedWithItsReason(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(c *modelgen.Config)
		want   string
	}{
		{"no layers", func(c *modelgen.Config) { c.Layers = 0 }, "layers 0 is not between"},
		{"too many layers", func(c *modelgen.Config) { c.Layers = 1<<10 + 1 }, "layers 1025"},
		{"a negative width", func(c *modelgen.Config) { c.Hidden = -1 }, "hidden -1"},
		{"no heads", func(c *modelgen.Config) { c.Heads = 0 }, "heads 0"},
		{"no key-value heads", func(c *modelgen.Config) { c.KVHeads = 0 }, "key-value heads 0"},
		{"heads that cannot be shared out", func(c *modelgen.Config) { c.KVHeads = 3 }, "cannot share"},
		{"more key-value heads than heads", func(c *modelgen.Config) { c.KVHeads = 8 }, "cannot share"},
		{"an odd head dimension", func(c *modelgen.Config) { c.HeadDim = 31 }, "odd"},
		{"heads that are wide all in all", func(c *modelgen.Config) { c.Heads, c.KVHeads, c.HeadDim = 1<<15, 1, 64 }, "wider than"},
		{"no vocabulary", func(c *modelgen.Config) { c.Vocab = 0 }, "vocabulary 0"},
		{"no context", func(c *modelgen.Config) { c.Context = 0 }, "context 0"},
		{"no feed-forward network", func(c *modelgen.Config) { c.FFN = 0 }, "feed-forward width 0"},
		{"a cache that is too large", func(c *modelgen.Config) { c.Context = 1 << 20; c.Layers = 1 << 10 }, "a cache would have"},
		{"a matrix that is too large", func(c *modelgen.Config) { c.Vocab, c.Hidden = 1<<20, 1<<20 }, "a matrix of"},
		{"a base of one", func(c *modelgen.Config) { c.RopeBase = 1 }, "rotary base"},
		{"a base that is no number", func(c *modelgen.Config) { c.RopeBase = math.NaN() }, "rotary base"},
		{"an infinite base", func(c *modelgen.Config) { c.RopeBase = math.Inf(1) }, "rotary base"},
		{"no epsilon", func(c *modelgen.Config) { c.NormEpsilon = 0 }, "epsilon"},
		{"an epsilon that is no number", func(c *modelgen.Config) { c.NormEpsilon = math.NaN() }, "epsilon"},
		{"an epsilon above one", func(c *modelgen.Config) { c.NormEpsilon = 1.5 }, "epsilon"},
	} {
		t.Run(c.what, func(t *testing.T) {
			cfg := config(t, "tiny")
			c.change(cfg)
			err := modelgen.Write(t.Context(), filepath.Join(t.TempDir(), "made.mlpackage"), cfg, weights(t, "int4"))
			if !errors.Is(err, modelgen.ErrConfig) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestPresetsComeSmallestFirstAndAreCopies(t *testing.T) {
	list := modelgen.Presets()
	last := 0
	for _, p := range list {
		c := &modelgen.Config{Shape: p.Shape}
		if n := c.Parameters(); n <= last {
			t.Errorf("%s has %d parameters and stands behind one of %d", p.Name, n, last)
		} else {
			last = n
		}
		if got, ok := modelgen.PresetNamed(p.Name); !ok || got != p.Shape {
			t.Errorf("%s leads to %+v, %v", p.Name, got, ok)
		}
	}
	list[0].Layers = -1
	if modelgen.Presets()[0].Layers == -1 {
		t.Error("whoever changes the list changes the presets")
	}
	if _, ok := modelgen.PresetNamed("gpt-5"); ok {
		t.Error("there is a preset that nobody made")
	}
}

func TestATiedModelHasNoHeadOfItsOwn(t *testing.T) {
	for _, tied := range []bool{false, true} {
		c := config(t, "tiny")
		c.Tied = tied
		src := &asked{Source: weights(t, "int4")}
		write(t, c, src)
		heads := 0
		for _, w := range src.list {
			if w.Role == modelgen.Head {
				heads++
			}
		}
		if (heads == 0) != tied {
			t.Errorf("tied %v: %d heads", tied, heads)
		}
	}
}

var _ modelgen.Source = (*random.Source)(nil)
