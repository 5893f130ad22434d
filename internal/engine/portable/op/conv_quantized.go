package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(Operator{
		Name: "conv_quantized", Exact: true,
		Params: in("x*", "weight*!", "bias", "strides", "pad_type", "pad", "dilations", "groups",
			"quantization_type!", "quant_scale!", "quant_bias!", "nbits"),
		Shape: convShape, Eval: convQuantized, Check: checkConvQuantized,
		Texts:   Texts{"pad_type": padTypes, "quantization_type": {"linear", "lut"}},
		Local:   func() any { return new(convLocal) },
		Folding: CostProduct, Note: "linear quantization in 8 bits",
	})
}

// convQuantized decodes the weight, code·quant_scale + quant_bias, and runs conv. The operator is of iOS15 alone and deprecated; from iOS16 on
// quantized weights are constants of their own that any operator reads. So the weight is
// decoded in every prediction, by the simplest loop.
func convQuantized(c *Call) error {
	l := localOf[convLocal](c)
	if err := checkConvQuantized(c); err != nil {
		return err
	}
	scale, offset, w := c.F32(c.In(9)), c.F32(c.In(10)), c.F32(c.In(1))
	l.x = reuse(c.Env, l.x, len(w))
	rows := max(1, l.geo.out)
	c.Env.Pieces(len(w), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			o := k / max(1, len(w)/rows)
			l.x[k] = float32(w[k]*scale[o%len(scale)]) + offset[o%len(offset)]
		}
	})
	l.task.weight = convWeight{f32: l.x}
	c.convolve(l)
	return nil
}

// checkConvQuantized looks at the numbers with which conv_quantized decodes its
// weight: one for all channels or one for each. Codes that stand for entries of a
// table, and those of fewer bits, are not supported.
func checkConvQuantized(c *Call) error {
	kind, err := c.textIn(8, "")
	if err != nil {
		return err
	}
	bits, err := c.intIn(11, 8)
	if err != nil {
		return err
	}
	if kind != "linear" || bits != 8 {
		return fmt.Errorf("quantization_type %q of %d bits: %w", kind, bits, array.ErrUnsupported)
	}
	scales, biases := c.In(9).Len(), c.In(10).Len()
	per := 1
	if scales > 1 || biases > 1 {
		per = max(1, localOf[convLocal](c).geo.out)
	}
	for _, n := range [...]int{scales, biases} {
		if n != 1 && n != per {
			return AsShape(fmt.Errorf("%d scales and %d biases for %d channels", scales, biases, per))
		}
	}
	return nil
}
