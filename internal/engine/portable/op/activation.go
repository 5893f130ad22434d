package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/samebits"
)

// activation is a function of one number with up to two parameters, by the formulas of
// coremltools' operators of the same names. It is called for every element: these are
// the functions of small vision models. Those that language models spend time in
// (relu, sigmoid, silu, gelu) have loops over vectors below.
type activation struct {
	name   string
	params []Param
	f      func(x, alpha, beta float32) float32
}

// The operands of an activation: its parameters are single numbers, the same for every
// element. Those of each channel are in channels.go.
var (
	noParam    = in("x")
	alphaParam = in("x", "alpha!.")
	bothParams = in("x", "alpha!.", "beta!.")
)

// activations are the functions that are called for each element. Those that need a
// power or a logarithm take it in float64, so that their results are float32's nearest
// but for a last bit; a NaN goes through all of them.
var activations = []activation{
	{"relu6", noParam, func(x, _, _ float32) float32 { return min(max(x, 0), 6) }},
	{"softsign", noParam, func(x, _, _ float32) float32 { return x / (1 + abs32(x)) }},
	{"softplus", noParam, func(x, _, _ float32) float32 { return softplus(x) }},
	{"leaky_relu", alphaParam, func(x, alpha, _ float32) float32 {
		if x < 0 {
			return alpha * x
		}
		return x
	}},
	{"elu", alphaParam, func(x, alpha, _ float32) float32 {
		if x < 0 {
			return float32(float64(alpha) * samebits.Expm1(float64(x)))
		}
		return x
	}},
	{"thresholded_relu", alphaParam, func(x, alpha, _ float32) float32 {
		if x < alpha {
			return 0
		}
		return x
	}},
	{"clamped_relu", bothParams, func(x, alpha, beta float32) float32 {
		// The two halves are limited and added, as the specification computes it: a
		// negative beta counts twice.
		return min(max(x, 0), beta) + min(float32(min(x, 0)*alpha), beta)
	}},
	{"linear_activation", bothParams, func(x, alpha, beta float32) float32 { return float32(alpha*x) + beta }},
	{"scaled_tanh", bothParams, func(x, alpha, beta float32) float32 {
		return alpha * float32(samebits.Tanh(float64(x*beta)))
	}},
	{"sigmoid_hard", bothParams, func(x, alpha, beta float32) float32 { return min(max(float32(alpha*x)+beta, 0), 1) }},
}

func init() {
	for k := range activations {
		a := &activations[k]
		add(Operator{Name: a.name, Params: a.params, Eval: func(c *Call) error { return c.activate(a) }})
	}
	add(
		Operator{Name: "relu", Params: in("x"), Eval: relu},
		Operator{Name: "sigmoid", Params: in("x"), Eval: sigmoid, Local: newSpread, Grouped: true},
		Operator{Name: "silu", Params: in("x"), Eval: silu, Local: newSpread, Grouped: true},
		Operator{
			Name: "gelu", Params: in("x", "mode"), Eval: gelu, Local: newSpread, Grouped: true,
			Texts: Texts{"mode": {"EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"}},
		},
	)
}

// activate applies a function of one number to every element of operand 0.
func (c *Call) activate(a *activation) error {
	alpha, err := c.floatIn(1, 0)
	if err != nil {
		return err
	}
	beta, err := c.floatIn(2, 0)
	if err != nil {
		return err
	}
	x := c.F32(c.In(0))
	dst := c.newF32(0)
	c.Env.Pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			dst[lo+k] = a.f(v, alpha, beta)
		}
	})
	return nil
}

// abs32 clears the sign, also that of zero and of NaN.
func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// softplus is log(1+exp(x)). The exponent is never positive, so that it does not
// overflow above 88 as the formula would; log1p keeps the digits of small results.
func softplus(x float32) float32 {
	return float32(samebits.Log1p(samebits.Exp(-math.Abs(float64(x)))) + max(float64(x), 0))
}

// relu is max(x, 0).
func relu(c *Call) error {
	x := c.F32(c.In(0))
	dst := c.newF32(0)
	c.Env.Pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			dst[lo+k] = max(v, 0)
		}
	})
	return nil
}

// sigmoid is 1/(1+e^-x), on the pool when there are many numbers.
func sigmoid(c *Call) error {
	x := c.F32(c.In(0))
	c.spread(sigmoidRow, c.newF32(0), x)
	return nil
}

// sigmoidRow stores 1/(1+exp(-x)).
func sigmoidRow(dst, x []float32) { scaledSigmoid(dst, x, 1) }

// geluSigmoidRow stores x/(1+exp(-1.702x)), the approximation of Hendrycks and Gimpel,
// "Gaussian Error Linear Units".
func geluSigmoidRow(dst, x []float32) {
	scaledSigmoid(dst, x, 1.702)
	kernel.Mul(dst, dst, x)
}

// scaledSigmoid stores 1/(1+e^(-scale·x)) in dst. Where the power overflows the result
// is 0, as it is in the limit.
func scaledSigmoid(dst, x []float32, scale float32) {
	kernel.Scale(dst, x, -scale)
	kernel.Exp(dst, dst)
	for k, e := range dst {
		dst[k] = 1 / (1 + e)
	}
}

// silu is x*sigmoid(x).
func silu(c *Call) error {
	x := c.F32(c.In(0))
	c.spread(kernel.Silu, c.newF32(0), x)
	return nil
}

// gelu is x times the normal distribution function. The modes differ from the third
// digit on, and a model gives other tokens with another one than it was trained with:
// EXACT uses the error function, TANH_APPROXIMATION is that of GPT-2 and PyTorch's
// approximate="tanh", SIGMOID_APPROXIMATION is "quick" GELU of CLIP.
func gelu(c *Call) error {
	mode, err := c.textIn(1, "EXACT")
	if err != nil {
		return err
	}
	x := c.F32(c.In(0))
	dst := c.newF32(0)
	switch mode {
	case "EXACT":
		c.spread(kernel.GeluErf, dst, x)
	case "TANH_APPROXIMATION":
		c.spread(kernel.GeluTanh, dst, x)
	case "SIGMOID_APPROXIMATION":
		c.spread(geluSigmoidRow, dst, x)
	default:
		return fmt.Errorf("mode %q is unknown", mode)
	}
	return nil
}
