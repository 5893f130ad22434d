package generate

import (
	"slices"

	"github.com/gocoreml/coreml/generate/internal/axes"
)

// chain is a function for each stage, which run one after the other.
type chain struct {
	fns []*boundFunction
	// least and most bound the tokens of a prediction, least and most width the
	// tokens so far with them; most is -1 for no bound.
	least, most           int
	leastWidth, mostWidth int
	// enumerated are the inputs that list their shapes; sizes are the lengths among
	// which a prediction then chooses, in rising order.
	enumerated []*boundInput
	sizes      []int
}

// newChain bounds the predictions of functions by all their inputs.
func newChain(fns []*boundFunction, stages []boundStage) *chain {
	c := &chain{fns: fns, least: 1, most: -1, leastWidth: 0, mostWidth: -1}
	for i, fn := range fns {
		if i < len(stages) && stages[i].answers {
			continue
		}
		for k := range fn.inputs {
			in := &fn.inputs[k]
			c.bound(in)
		}
	}
	slices.Sort(c.sizes)
	c.sizes = slices.Compact(c.sizes)
	return c
}

// bound narrows the lengths to what one input allows.
func (c *chain) bound(in *boundInput) {
	if in.role.Ring || in.role.Modulo > 0 {
		c.most = 1 // several tokens could take the slots that the first of them look at
	}
	if in.query < 0 && in.total < 0 {
		return
	}
	if in.query >= 0 {
		lo, hi := axes.Bounds(in.f, in.query)
		if in.role.Role == RolePositions && hi == 1 {
			in.query = -1 // one place, for the first position
		} else {
			c.least = max(c.least, lo)
			if hi >= 0 && (c.most < 0 || hi < c.most) {
				c.most = hi
			}
		}
	}
	if in.total >= 0 {
		lo, hi := axes.Bounds(in.f, in.total)
		c.leastWidth = max(c.leastWidth, lo)
		if hi >= 0 && (c.mostWidth < 0 || hi < c.mostWidth) {
			c.mostWidth = hi
		}
	}
	if len(in.f.Enumerated) > 0 {
		c.enumerated = append(c.enumerated, in)
		if in.query >= 0 {
			for _, s := range in.f.Enumerated {
				c.sizes = append(c.sizes, s[in.query])
			}
		}
	}
}

// fits reports whether the functions take q tokens after past. Inputs that list as
// many shapes take the same of them: Core ML refuses other combinations.
func (c *chain) fits(past, q int) bool {
	if q < c.least || c.most >= 0 && q > c.most || past+q < c.leastWidth || c.mostWidth >= 0 && past+q > c.mostWidth {
		return false
	}
	if len(c.enumerated) == 0 {
		return true
	}
	first := c.enumerated[0]
	for k := range first.f.Enumerated {
		if c.fitsShape(k, past, q) {
			return true
		}
	}
	return false
}

// possible reports whether any prediction fits.
func (c *chain) possible() bool {
	if c.most >= 0 && c.least > c.most || c.mostWidth >= 0 && max(c.leastWidth, c.least) > c.mostWidth {
		return false
	}
	if len(c.enumerated) == 0 || len(c.sizes) == 0 {
		return true
	}
	return slices.ContainsFunc(c.sizes, func(q int) bool {
		if c.fits(0, q) || c.fits(max(c.leastWidth-q, 0), q) {
			return true
		}
		for _, in := range c.enumerated {
			for _, s := range in.f.Enumerated {
				if in.total >= 0 && s[in.total] >= q && c.fits(s[in.total]-q, q) {
					return true
				}
			}
		}
		return false
	})
}

// fitsShape is fits with the shape of number k of the lists.
func (c *chain) fitsShape(k, past, q int) bool {
	count := len(c.enumerated[0].f.Enumerated)
	for _, in := range c.enumerated {
		if len(in.f.Enumerated) == count {
			if !in.matches(in.f.Enumerated[k], past, q) {
				return false
			}
		} else if !slices.ContainsFunc(in.f.Enumerated, func(s []int) bool { return in.matches(s, past, q) }) {
			return false
		}
	}
	return true
}

// matches reports whether an enumerated shape is that of a prediction.
func (in *boundInput) matches(shape []int, past, q int) bool {
	return (in.query < 0 || in.query < len(shape) && shape[in.query] == q) &&
		(in.total < 0 || in.total < len(shape) && shape[in.total] == past+q)
}

// greatest returns the greatest number of tokens up to limit that fits, or 0.
func (c *chain) greatest(past, limit int) int {
	if len(c.enumerated) > 0 && len(c.sizes) > 0 {
		for _, q := range slices.Backward(c.sizes) {
			if q <= limit && c.fits(past, q) {
				return q
			}
		}
		return 0
	}
	if c.most >= 0 {
		limit = min(limit, c.most)
	}
	if c.mostWidth >= 0 {
		limit = min(limit, c.mostWidth-past)
	}
	if limit < 1 || !c.fits(past, limit) {
		return 0
	}
	return limit
}

// shortest returns the smallest number of tokens from least on that fits and does
// not reach beyond end, or 0.
func (c *chain) shortest(past, least, end int) int {
	if len(c.enumerated) > 0 && len(c.sizes) > 0 {
		for _, q := range c.sizes {
			if q >= least && past+q <= end && c.fits(past, q) {
				return q
			}
		}
		return 0
	}
	q := max(least, c.least, c.leastWidth-past)
	if past+q > end || !c.fits(past, q) {
		return 0
	}
	return q
}
