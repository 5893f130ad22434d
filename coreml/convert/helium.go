package convert

// helium differs from llama by pairs of neighbours that positions turn, and has no bias
// behind attention.
var helium = architecture{
	kvHeads: 20, headDim: 128, epsilon: 1e-8, ropeTheta: 1e5,
	differ: func(d *decoder) {
		c := d.config
		d.headWidths()
		d.biases(c.flag("attention_bias", false), false, c.flag("mlp_bias", false))
		d.neighbours()
	},
}

// ernie45 differs from llama by pairs of neighbours that positions turn, and by biases on
// all linear layers or none.
var ernie45 = architecture{
	kvHeads: 2, headDim: 128, epsilon: 1e-5, ropeTheta: 5e5, tied: true,
	differ: func(d *decoder) {
		bias := d.config.flag("use_bias", false)
		d.biases(bias, bias, bias)
		d.neighbours()
	},
}

// seedOSS differs from llama by biases on q, k and v, and a field of its own for the one
// behind attention.
var seedOSS = architecture{
	kvHeads: 8, headDim: 128,
	differ: func(d *decoder) {
		c := d.config
		d.biases(c.flag("attention_bias", true), c.flag("attention_out_bias", false), c.flag("mlp_bias", false))
	},
}
