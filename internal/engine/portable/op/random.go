package op

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/samebits"
)

// random_uniform(shape, low = 0, high = 1, seed), random_normal(shape, mean = 0, stddev
// = 1, seed) and random_bernoulli(shape, prob = 0.5, seed) draw a tensor of a shape;
// random_categorical(x, mode = logits, size = 1, seed) draws the places of classes,
// which it gives as numbers of the type of x as coremltools declares them. Source:
// coremltools, mil/ops/defs/iOS15/random.py.
//
// They are marked Random: the planner folds none of them, though their operands are
// constants, and a rehearsal leaves their content unknown.

// randomNote is what docs/operators.md says of every row of this file. Core ML does
// not publish its generator, so its numbers cannot be had; the distributions are the
// same, and a seed repeats on every platform because PCG is defined bit for bit.
const randomNote = "with a seed the same numbers in every prediction; not those of Core ML"

func init() {
	add(
		Operator{
			Name: "random_uniform", Params: in("shape", "low.", "high.", "seed."),
			Shape: randomShape, Eval: randomUniform, Random: true, Note: randomNote,
		},
		Operator{
			Name: "random_normal", Params: in("shape", "mean.", "stddev.", "seed."),
			Shape: randomShape, Eval: randomNormal, Random: true, Note: randomNote,
		},
		Operator{
			Name: "random_bernoulli", Params: in("shape", "prob.", "seed."),
			Shape: randomShape, Eval: randomBernoulli, Random: true, Note: randomNote,
		},
		Operator{
			Name: "random_categorical", Params: in("x", "mode", "size", "seed."),
			Shape: categoricalShape, Eval: randomCategorical, Random: true, Local: newScratch, Note: randomNote,
			Texts: Texts{"mode": {"logits", "probs"}},
		},
	)
}

// randomShape gives output 0 the shape that operand 0 lists.
func randomShape(c *Call) error { return c.shapeIn(0) }

// generator returns the source of random numbers of a step. A seed that is not
// negative gives the same numbers in every prediction; without one they differ. The
// generator is made anew in every prediction and is allocated: unlike the others, an
// operator that draws is not part of the step that a language model repeats.
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

// floatPair reads operands k and k+1, which are a and b where they are absent.
func (c *Call) floatPair(k int, a, b float32) (x, y float32, err error) {
	if x, err = c.floatIn(k, a); err != nil {
		return 0, 0, err
	}
	y, err = c.floatIn(k+1, b)
	return x, y, err
}

// randomUniform draws from low up to but not including high.
func randomUniform(c *Call) error {
	lo, hi, err := c.floatPair(1, 0, 1)
	if err != nil {
		return err
	}
	low, high := float64(lo), float64(hi)
	r, err := c.generator(3)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.Env.Pieces(len(dst), func(from, to int) {
		for k := from; k < to; k++ {
			dst[k] = below(low+float64((high-low)*r.Float64()), low, high)
		}
	})
	return nil
}

// below rounds v to float32 without reaching high, which the interval excludes: the
// float64 just below high would be rounded up to it.
func below(v, low, high float64) float32 {
	f := float32(v)
	if float64(f) >= high && high > low {
		f = math.Nextafter32(float32(high), float32(low))
	}
	return f
}

// randomNormal draws from the normal distribution of a mean and a deviation, by the
// ziggurat of math/rand/v2.
func randomNormal(c *Call) error {
	m, s, err := c.floatPair(1, 0, 1)
	if err != nil {
		return err
	}
	mean, deviation := float64(m), float64(s)
	r, err := c.generator(3)
	if err != nil {
		return err
	}
	dst := c.newF32(0)
	c.Env.Pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = float32(mean + float64(deviation*r.NormFloat64()))
		}
	})
	return nil
}

// randomBernoulli draws 1 with probability prob, else 0. A uniform number is below 1,
// so that a probability of 1 always draws 1.
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

// categoricalShape replaces the last dimension of x, which runs over the classes,
// by the number of draws.
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
// each row: a class is the first whose running sum lies above a uniform number. The
// search ends one before the last class, so that rounding of the total cannot lead
// beyond it. Weights need not add up to 1.
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
	// Results are numbers of the type of x: fp16 holds classes up to 2048 exactly.
	classes, draws := c.In(0).Dims[c.In(0).Rank-1], c.out(0).Dims[c.out(0).Rank-1]
	upTo := c.scratch().doubles(classes)
	work := array.Counter{Poller: &c.Env.Poller}
	for at := 0; at < len(dst); at += draws {
		row := x[at/draws*classes:][:classes]
		total := accumulate(&c.Env.Poller, upTo, row, mode == "logits")
		for k := range draws {
			v := r.Float64() * total
			// Binary search: a vocabulary has 100,000 classes and more.
			i := sort.Search(classes-1, func(i int) bool { return v < upTo[i] })
			work.Add(32)
			dst[at+k] = float32(i)
		}
	}
	return nil
}

// accumulate fills upTo with the running sums of the weights of a row and
// returns their total. The weights of logits are exp(v - max), which cannot
// overflow. Only a positive weight counts. Where there is none at all, as when a logit
// is NaN, the sums stay 0 and the last class is drawn.
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
				w = samebits.Exp(w - most)
			}
			if w > 0 {
				total += w
			}
			upTo[k] = total
		}
	})
	return total
}
