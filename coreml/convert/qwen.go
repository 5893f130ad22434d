package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// qwen2 differs from llama by biases on q, k and v that no field announces, and by a
// window on the upper layers when it is switched on.
var qwen2 = architecture{
	kvHeads: 32,
	differ: func(d *decoder) {
		d.each(func(_ int, l *modelgen.Layer) {
			a := &l.Attention
			a.QueryBias, a.KeyBias, a.ValueBias = true, true, true
		})
		d.qwenWindows()
		d.config.off("use_mrope")
	},
}

// qwen3 differs from llama by a norm of each head of q and k before the rotation, and by
// windows as qwen2 has them.
var qwen3 = architecture{
	kvHeads: 32,
	headDim: 128,
	differ: func(d *decoder) {
		bias := d.config.flag("attention_bias", false)
		d.each(func(_ int, l *modelgen.Layer) {
			a := &l.Attention
			a.QueryBias, a.KeyBias, a.ValueBias, a.OutBias = bias, bias, bias, bias
			a.HeadNorm = &modelgen.HeadNorm{Norm: *d.norm(), Span: modelgen.EachHead}
		})
		d.qwenWindows()
	},
}
