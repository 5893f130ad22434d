package op

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(
		Operator{
			Name: "random_uniform", Params: in("shape", "low.", "high.", "seed."),
			Shape: randomShape, Eval: randomUniform, Random: true,
			Note: "with a seed the same numbers in every prediction; not those of Core ML",
		},
		Operator{
			Name: "random_normal", Params: in("shape", "mean.", "stddev.", "seed."),
			Shape: randomShape, Eval: randomNormal, Random: true,
			Note: "with a seed the same numbers in every prediction; not those of Core ML",
		},
		Operator{
			Name: "random_bernoulli", Params: in("shape", "prob.", "seed."),
			Shape: randomShape, Eval: randomBernoulli, Random: true,
			Note: "with a seed the same numbers in every prediction; not those of Core ML",
		},
		Operator{
			Name: "random_categorical", Params: in("x", "mode", "size", "seed."),
			Shape: categoricalShape, Eval: randomCategorical, Random: true, Local: newScratch,
			Texts: Texts{"mode": {"logits", "probs"}},
			Note:  "with a seed the same numbers in every prediction; not those of Core ML",
		},
	)
}

// randomShape gives output 0 the shape that operand 0 lists.
func randomShape(c *Call) error {
	list := c.intsIn(0)
	if len(list) > array.MaxRank {
		return fmt.Errorf("rank %d is above the limit of %d", len(list), array.MaxRank)
	}
	var dims [array.MaxRank]int
	for d, n := range list {
		dims[d] = int(n)
	}
	return c.out(0).SetShape(dims[:len(list)]...)
}

// generator returns the source of random numbers of a step. A seed that is not
// negative gives the same numbers in every prediction; without one they differ.
func (c *Call) generator(k int) (*rand.Rand, error) {
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
func (c *Call) twoFloats(a, b float32) (float64, float64, error) {
	x, err := c.floatIn(1, a)
	if err != nil {
		return 0, 0, err
	}
	y, err := c.floatIn(2, b)
	return float64(x), float64(y), err
}

// randomUniform draws from low up to but not including high.
func randomUniform(c *Call) error {
	low, high, err := c.twoFloats(0, 1)
	if err != nil {
		return err
	}
	r, err := c.generator(3)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.Env.Pieces(len(dst), func(from, to int) {
		for k := from; k < to; k++ {
			dst[k] = c.below(low+(high-low)*r.Float64(), low, high)
		}
	})
	return nil
}

// below rounds v to the type of output 0 without reaching high, which the
// interval excludes.
func (c *Call) below(v, low, high float64) float32 {
	f := float32(v)
	if float64(f) >= high && high > low {
		f = math.Nextafter32(float32(high), float32(low))
	}
	return f
}

// randomNormal draws from the normal distribution of a mean and a deviation.
func randomNormal(c *Call) error {
	mean, deviation, err := c.twoFloats(0, 1)
	if err != nil {
		return err
	}
	r, err := c.generator(3)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.Env.Pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = float32(mean + deviation*r.NormFloat64())
		}
	})
	return nil
}

// randomBernoulli draws 1 with probability prob, else 0.
func randomBernoulli(c *Call) error {
	p, err := c.floatIn(1, 0.5)
	if err != nil {
		return err
	}
	r, err := c.generator(2)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.Env.Pieces(len(dst), func(lo, hi int) {
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
func categoricalShape(c *Call) error {
	x := c.In(0)
	n, err := c.intIn(2, 1)
	if err != nil {
		return err
	}
	if x.Rank == 0 || x.Dims[x.Rank-1] == 0 {
		return fmt.Errorf("x of shape %v has no classes", x.ShapeCopy())
	}
	dims := x.Dims
	dims[x.Rank-1] = n
	return c.out(0).SetShape(dims[:x.Rank]...)
}

// randomCategorical draws classes by inverting the cumulative distribution of
// each row.
func randomCategorical(c *Call) error {
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
	x := c.F32(c.In(0))
	dst := c.newF32(0)
	classes, draws := c.In(0).Dims[c.In(0).Rank-1], c.out(0).Dims[c.out(0).Rank-1]
	upTo := c.scratch().doubles(classes)
	work := array.Counter{Poller: &c.Env.Poller}
	for at := 0; at < len(dst); at += draws {
		row := x[at/draws*classes:][:classes]
		total := accumulate(&c.Env.Poller, upTo, row, mode == "logits")
		for k := range draws {
			v := r.Float64() * total
			i := sort.Search(classes-1, func(i int) bool { return v < upTo[i] })
			work.Add(32)
			dst[at+k] = float32(i)
		}
	}
	return nil
}

// accumulate fills upTo with the running sums of the weights of a row and
// returns their total.
func accumulate(p *array.Poller, upTo []float64, row []float32, logits bool) float64 {
	most := math.Inf(-1)
	p.Pieces(len(row), func(lo, hi int) {
		for _, v := range row[lo:hi] {
			most = max(most, float64(v))
		}
	})
	total := 0.0
	p.Pieces(len(row), func(lo, hi int) {
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
