package portable

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
)

func init() {
	add(
		operator{
			name: "random_uniform", params: in("shape", "low", "high", "seed"),
			shape: randomShape, eval: randomUniform, random: true,
		},
		operator{
			name: "random_normal", params: in("shape", "mean", "stddev", "seed"),
			shape: randomShape, eval: randomNormal, random: true,
		},
		operator{
			name: "random_bernoulli", params: in("shape", "prob", "seed"),
			shape: randomShape, eval: randomBernoulli, random: true,
		},
		operator{
			name: "random_categorical", params: in("x", "mode", "size", "seed"),
			shape: categoricalShape, eval: randomCategorical, random: true, local: newScratch,
		},
	)
}

// randomShape gives output 0 the shape that operand 0 lists.
func randomShape(c *call) error {
	list := c.intsIn(0)
	if len(list) > maxRank {
		return fmt.Errorf("rank %d is above the limit of %d", len(list), maxRank)
	}
	var dims [maxRank]int
	for d, n := range list {
		dims[d] = int(n)
	}
	return c.out(0).setShape(dims[:len(list)]...)
}

// generator returns the source of random numbers of a step. A seed that is not
// negative gives the same numbers in every prediction; without one they differ.
func (c *call) generator(k int) (*rand.Rand, error) {
	seed, err := c.intIn(k, -1)
	if err != nil {
		return nil, err
	}
	if seed < 0 {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), nil
	}
	return rand.New(rand.NewPCG(uint64(seed), 0)), nil
}

// twoFloats reads operands 1 and 2.
func (c *call) twoFloats(a, b float32) (float64, float64, error) {
	x, err := c.floatIn(1, a)
	if err != nil {
		return 0, 0, err
	}
	y, err := c.floatIn(2, b)
	return float64(x), float64(y), err
}

func randomUniform(c *call) error {
	low, high, err := c.twoFloats(0, 1)
	if err != nil {
		return err
	}
	r, err := c.generator(3)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.fr.pieces(len(dst), func(from, to int) {
		for k := from; k < to; k++ {
			dst[k] = c.below(low+(high-low)*r.Float64(), low, high)
		}
	})
	return nil
}

// below rounds v to the type of output 0 without reaching high, which the
// interval excludes.
func (c *call) below(v, low, high float64) float32 {
	f := float32(v)
	if float64(f) >= high && high > low {
		f = math.Nextafter32(float32(high), float32(low))
	}
	return f
}

func randomNormal(c *call) error {
	mean, deviation, err := c.twoFloats(0, 1)
	if err != nil {
		return err
	}
	r, err := c.generator(3)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.fr.pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = float32(mean + deviation*r.NormFloat64())
		}
	})
	return nil
}

func randomBernoulli(c *call) error {
	p, err := c.floatIn(1, 0.5)
	if err != nil {
		return err
	}
	r, err := c.generator(2)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.fr.pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = 0
			if r.Float64() < float64(p) {
				dst[k] = 1
			}
		}
	})
	return nil
}

// categoricalShape replaces the last dimension of x by the number of draws.
func categoricalShape(c *call) error {
	x := c.in(0)
	n, err := c.intIn(2, 1)
	if err != nil {
		return err
	}
	if x.rank == 0 || x.dims[x.rank-1] == 0 {
		return fmt.Errorf("x of shape %v has no classes", x.shapeCopy())
	}
	dims := x.dims
	dims[x.rank-1] = n
	return c.out(0).setShape(dims[:x.rank]...)
}

// randomCategorical draws classes by inverting the cumulative distribution of
// each row.
func randomCategorical(c *call) error {
	mode, err := c.textIn(1, "logits")
	if err != nil {
		return err
	}
	if mode != "logits" && mode != "probs" {
		return fmt.Errorf("mode %q is unknown", mode)
	}
	r, err := c.generator(3)
	if err != nil {
		return err
	}
	x := c.f32(c.in(0))
	dst := c.newF32(0)
	classes, draws := c.in(0).dims[c.in(0).rank-1], c.out(0).dims[c.out(0).rank-1]
	upTo := c.scratch().doubles(classes)
	work := counter{p: &c.fr.poller}
	for at := 0; at < len(dst); at += draws {
		row := x[at/draws*classes:][:classes]
		total := accumulate(&c.fr.poller, upTo, row, mode == "logits")
		for k := range draws {
			v := r.Float64() * total
			i := sort.Search(classes-1, func(i int) bool { return v < upTo[i] })
			work.add(32)
			dst[at+k] = float32(i)
		}
	}
	return nil
}

// accumulate fills upTo with the running sums of the weights of a row and
// returns their total.
func accumulate(p *poller, upTo []float64, row []float32, logits bool) float64 {
	most := math.Inf(-1)
	p.pieces(len(row), func(lo, hi int) {
		for _, v := range row[lo:hi] {
			most = max(most, float64(v))
		}
	})
	total := 0.0
	p.pieces(len(row), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			w := float64(row[k])
			if logits {
				w = math.Exp(w - most)
			}
			if w > 0 {
				total += w
			}
			upTo[k] = total
		}
	})
	return total
}
