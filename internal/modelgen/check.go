package modelgen

import (
	"fmt"
	"math"
)

// The most that a model may ask for. They bound what a mistyped number costs.
const (
	maxLayers = 1 << 10
	// Wide enough for every vocabulary and context so far.
	maxWidth  = 1 << 20
	maxMatrix = 1 << 32 // elements
	maxState  = 1 << 31 // elements of a cache
)

// check refuses a shape that no model can have before a model is made of it.
func (c *Config) check() error {
	if c.Layers < 1 || c.Layers > maxLayers {
		return fmt.Errorf("%w: layers %d is not between 1 and %d", ErrConfig, c.Layers, maxLayers)
	}
	if c.HeadDim > maxWidth {
		return fmt.Errorf("%w: head dimension %d is not between 1 and %d", ErrConfig, c.HeadDim, maxWidth)
	}
	// Written so that a NaN is refused too.
	if !(c.RopeBase > 1) || math.IsInf(c.RopeBase, 0) {
		return fmt.Errorf("%w: rotary base %v is not above 1", ErrConfig, c.RopeBase)
	}
	return nil
}

// Check refuses a shape that no model can have.
func (c *Config) Check() error {
	if err := c.check(); err != nil {
		return err
	}
	return c.Model().Check()
}

// Check refuses what no model can be, before anything is written. Each number
// is bounded by itself first, so that the products of them below cannot
// overflow.
func (m *Model) Check() error {
	if err := sizes(size{Depth, len(m.Layers), maxLayers}, size{Hidden, m.Hidden, maxWidth},
		size{Vocabulary, m.Vocab, maxWidth}, size{Context, m.Context, maxWidth}); err != nil {
		return err
	}
	if m.Positions != 0 && (m.Positions < m.Context || m.Positions > maxWidth) {
		return wrong(Context, "context %d is more than the %d learned positions", m.Context, m.Positions)
	}
	if e := m.Encoder; e != nil {
		if e.Types < 0 || e.Types > maxWidth || e.Padding < 0 || e.SkipsPadding && e.Padding >= m.Positions-m.Context {
			return fmt.Errorf("%w: an encoder of %d token types and %d positions with padding %d", ErrConfig, e.Types, m.Positions, e.Padding)
		}
		if e.EmbeddingNorm != nil {
			if err := e.EmbeddingNorm.check(); err != nil {
				return err
			}
		}
	}
	if err := m.FinalNorm.check(); err != nil {
		return err
	}
	for i := range m.Layers {
		if err := m.Layers[i].check(m); err != nil {
			return err
		}
	}
	for _, f := range []float64{m.EmbeddingScale, m.LogitScale, m.LogitCap} {
		if err := factor(f); err != nil {
			return err
		}
	}
	for r, c := range m.matrices() {
		if r > maxMatrix/c {
			return fmt.Errorf("%w: a matrix of %d by %d has more than %d elements", ErrConfig, r, c, maxMatrix)
		}
	}
	return nil
}

// size is a number with its bound.
type size struct {
	what   Quantity
	n, max int
}

func sizes(list ...size) error {
	for _, f := range list {
		if f.n < 1 || f.n > f.max {
			return wrong(f.what, "%s %d is not between 1 and %d", f.what, f.n, f.max)
		}
	}
	return nil
}

// factor refuses factors that fp32 does not hold, written so that a NaN is refused too.
func factor(f float64) error {
	if f != 0 && !(math.Abs(f) > 1e-30 && math.Abs(f) < 1e30) {
		return fmt.Errorf("%w: factor %v", ErrConfig, f)
	}
	return nil
}

func (l *Layer) check(m *Model) error {
	a := &l.Attention
	if err := sizes(size{Heads, a.Heads, maxWidth}, size{KeyValueHeads, a.KVHeads, maxWidth},
		size{HeadDimension, a.HeadDim, maxWidth}, size{Width, l.MLP.Width, maxWidth}); err != nil {
		return err
	}
	first := &m.Layers[0].Attention
	switch {
	case a.Heads%a.KVHeads != 0:
		return wrong(KeyValueHeads, "%d heads cannot share %d key-value heads", a.Heads, a.KVHeads)
	case a.Heads > maxWidth/a.HeadDim:
		return wrong(Heads, "%d heads of %d are wider than %d", a.Heads, a.HeadDim, maxWidth)
	case len(m.Layers)*a.KVHeads > maxState/(m.Context*a.HeadDim):
		return wrong(Context, "a cache would have more than %d elements", maxState)
	case a.HeadDim != first.HeadDim:
		return wrong(HeadDimension, "head dimensions %d and %d cannot share a cache", first.HeadDim, a.HeadDim)
	case a.Window < 0:
		return wrong(Window, "window %d", a.Window)
	}
	if err := l.MLP.check(); err != nil {
		return err
	}
	if err := a.Rotary.check(a.HeadDim); err != nil {
		return err
	}
	for _, f := range []float64{a.Scale, a.ScoreCap, l.ResidualScale} {
		if err := factor(f); err != nil {
			return err
		}
	}
	if a.HeadNorm != nil {
		if err := a.HeadNorm.check(); err != nil {
			return err
		}
	}
	for _, n := range []*Norm{l.BeforeAttention, l.AfterAttention, l.BeforeMLP, l.AfterMLP} {
		if n != nil {
			if err := n.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// check looks at the experts. Each number is bounded before they are multiplied.
func (m *MLP) check() error {
	e := m.Experts
	switch {
	case e == nil:
		return nil
	case e.PerToken < 1 || e.PerToken > e.Count || e.Count > maxWidth:
		return wrong(ExpertsPerToken, "%d of %d experts for each token", e.PerToken, e.Count)
	case e.Shared < 0 || e.Shared > maxWidth:
		return fmt.Errorf("%w: width %d of the shared expert", ErrConfig, e.Shared)
	case !m.Gated || m.UpBias || m.DownBias:
		return fmt.Errorf("%w: experts without a gate or with biases", ErrConfig)
	}
	return nil
}

func (n *Norm) check() error {
	if !(n.Epsilon > 0) || n.Epsilon > 1 {
		return wrong(Epsilon, "epsilon %v is not between 0 and 1", n.Epsilon)
	}
	return nil
}

func (r *Rotary) check(dim int) error {
	switch {
	case r == nil:
		return nil
	case dim%2 != 0 && r.Dims() == dim-1 || r.Dims() == 0:
		return wrong(HeadDimension, "head dimension %d is odd, and rotation works on pairs", dim)
	case r.Dims() > dim:
		return wrong(HeadDimension, "%d elements of a head of %d cannot be turned", r.Dims(), dim)
	case r.Long != nil && (len(r.Long) != len(r.Frequencies) || r.LongAfter < 1):
		return fmt.Errorf("%w: %d frequencies of long texts for %d", ErrConfig, len(r.Long), len(r.Frequencies))
	}
	for _, list := range [][]float64{r.Frequencies, r.Long} {
		for _, f := range list {
			if err := factor(f); err != nil {
				return err
			}
		}
	}
	return factor(r.Scale)
}

// matrices goes over the sizes of the model's matrices, as rows and columns.
func (m *Model) matrices() func(yield func(rows, cols int) bool) {
	return func(yield func(rows, cols int) bool) {
		if !yield(m.Vocab, m.Hidden) || !m.Tied && !yield(m.Vocab, m.Hidden) || m.Positions > 0 && !yield(m.Positions, m.Hidden) ||
			m.Encoder != nil && m.Encoder.Types > 0 && !yield(m.Encoder.Types, m.Hidden) {
			return
		}
		for i := range m.Layers {
			a, w := &m.Layers[i].Attention, m.Layers[i].MLP.Width
			q, kv := a.Heads*a.HeadDim, a.KVHeads*a.HeadDim
			if !(yield(q, m.Hidden) && twice(yield, kv, m.Hidden) && yield(m.Hidden, q)) {
				return
			}
			if e := m.Layers[i].MLP.Experts; e != nil {
				if !(yield(e.Count, m.Hidden) && twice(yield, e.Count*w, m.Hidden) && yield(e.Count*m.Hidden, w)) {
					return
				}
				if e.Shared > 0 && !(twice(yield, e.Shared, m.Hidden) && yield(m.Hidden, e.Shared) && yield(1, m.Hidden)) {
					return
				}
				continue
			}
			if m.Layers[i].MLP.Gated && !yield(w, m.Hidden) || !yield(w, m.Hidden) || !yield(m.Hidden, w) {
				return
			}
		}
	}
}

// twice yields two matrices of one size.
func twice(yield func(rows, cols int) bool, rows, cols int) bool {
	for range 2 {
		if !yield(rows, cols) {
			return false
		}
	}
	return true
}

// Matrices lists the sizes of the model's matrices, as rows and columns, each once.
// Sources use it to see beforehand whether their blocks divide all of them.
func (m *Model) Matrices() [][2]int {
	seen := map[[2]int]bool{}
	var list [][2]int
	for r, c := range m.matrices() {
		if s := [2]int{r, c}; !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

// Parameters returns the number of weights in matrices.
func (m *Model) Parameters() int {
	n := 0
	for r, c := range m.matrices() {
		n += r * c
	}
	return n
}
