package kernel

import "fmt"

// Concat is several matrices of the same width, one below the other: the
// projections of an attention block, or gate and up of a feed-forward block, as
// one product that shares its prepared input. The parts stay where they are. A
// layer's projections are small, and one product of all of them gives more
// chunks to share than each by itself.
type Concat struct {
	shape
	parts []Mat
	// first[i] is the row at which part i begins.
	first  []int
	format string
	// lone is the matrix of the parts as [aloneMat] has them, nil where they are the same.
	lone *Concat
}

// NewConcat returns the matrix of all rows of the parts, in order.
func NewConcat(parts ...Mat) (*Concat, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: no parts", ErrMat)
	}
	c := &Concat{parts: parts, format: parts[0].Format()}
	c.cols = parts[0].Cols()
	for i, p := range parts {
		if p.Cols() != c.cols {
			return nil, fmt.Errorf("%w: part %d has %d columns, part 0 has %d", ErrMat, i, p.Cols(), c.cols)
		}
		if p.Format() != c.format {
			c.format = "mixed"
		}
		c.first = append(c.first, c.rows)
		c.rows += p.Rows()
		if err := checkShape(c.rows, c.cols); err != nil {
			return nil, err
		}
	}
	c.lone = c.ofLone()
	return c, nil
}

// ofLone returns the matrix of the parts as [aloneMat] has them, or nil where they are
// the same.
func (c *Concat) ofLone() *Concat {
	lone := *c
	lone.parts = make([]Mat, len(c.parts))
	differs := false
	for i, p := range c.parts {
		lone.parts[i] = aloneMat(p)
		differs = differs || lone.parts[i] != p
	}
	if !differs {
		return nil
	}
	return &lone
}

// Format returns the parts' format, or "mixed" when they differ.
func (c *Concat) Format() string { return c.format }

// Bytes returns the stored size of all parts.
func (c *Concat) Bytes() int {
	n := 0
	for _, p := range c.parts {
		n += p.Bytes()
	}
	return n
}

// ScratchLen implements [Mat]. The parts are computed one after the other and
// use the same scratch.
func (c *Concat) ScratchLen(n int) int {
	most := 0
	for _, p := range c.parts {
		most = max(most, p.ScratchLen(n))
	}
	return most
}

// Row decodes row r. r must be a row of the matrix; for another nothing is
// stored.
func (c *Concat) Row(dst []float32, r int) {
	for i, p := range c.parts {
		if q := r - c.first[i]; q >= 0 && q < p.Rows() {
			p.Row(dst, q)
			return
		}
	}
}

// Mul implements [Mat]. Row r of the whole is stored at dst[t*ldd+r], as if it
// were one matrix.
func (c *Concat) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	c.mulPrepared(dst, ldd, x, ldx, n, lo, hi, nil, scratch)
}

// mulPrepared is Mul with the work done that all rows share, or an empty prep
// for parts that do it themselves.
func (c *Concat) mulPrepared(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) {
	for i, p := range c.parts {
		from, to := c.within(i, lo, hi)
		if from >= to {
			continue
		}
		first := c.first[i]
		if m, ok := p.(preparer); ok && len(prep) > 0 && m.prepLen(n) > 0 {
			m.mulPrepared(dst[first:], ldd, x, ldx, n, from, to, prep, scratch)
		} else {
			p.Mul(dst[first:], ldd, x, ldx, n, from, to, scratch)
		}
	}
}

// within returns the rows of part i, counted from its first, that lie in lo to
// hi-1 of the whole; from >= to when there are none.
func (c *Concat) within(i, lo, hi int) (from, to int) {
	first := c.first[i]
	return max(lo, first) - first, min(hi, first+c.parts[i].Rows()) - first
}

// shared returns the first part that wants a preparation when one serves all that do.
// They must want the same form and length, as they do when they are stored
// alike. Otherwise each part prepares for itself, for every chunk of rows anew. Parts
// that want none, as factors of adapters beside compressed weights, do not matter.
func (c *Concat) shared(n int) preparer {
	var first preparer
	for _, p := range c.parts {
		m, ok := p.(preparer)
		if !ok || m.prepLen(n) == 0 {
			continue
		}
		if first == nil {
			first = m
		} else if m.prepKind() != first.prepKind() || m.prepLen(n) != first.prepLen(n) {
			return nil
		}
	}
	return first
}

func (c *Concat) prepLen(n int) int {
	if m := c.shared(n); m != nil {
		return m.prepLen(n)
	}
	return 0
}

func (c *Concat) prepKind() prepKind {
	if m := c.shared(1); m != nil {
		return m.prepKind()
	}
	return prepNone
}

func (c *Concat) prepare(dst, x []float32, ldx, n, lo, hi int) {
	c.shared(n).prepare(dst, x, ldx, n, lo, hi)
}
