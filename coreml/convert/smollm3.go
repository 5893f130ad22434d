package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// smollm3 differs from llama by layers whose queries and keys are not rotated, every
// fourth unless a list says which; only those may have a window.
var smollm3 = architecture{
	kvHeads: 4, ropeTheta: 2e6, tied: true,
	differ: func(d *decoder) {
		c := d.config
		llama.differ(d)
		every := c.count("no_rope_layer_interval", 4)
		rotated := c.numbers("no_rope_layers")
		if rotated != nil && len(rotated) != len(d.Layers) {
			c.fail("no_rope_layers", malformed("there are %d of them for %d layers", len(rotated), len(d.Layers)))
			return
		}
		if rotated == nil && every == 0 {
			c.fail("no_rope_layer_interval", malformed("it is 0"))
			return
		}
		d.each(func(i int, l *modelgen.Layer) {
			if rotated != nil && rotated[i] == 0 || rotated == nil && (i+1)%every == 0 {
				l.Attention.Rotary = nil
			}
		})
		if c.flag("use_sliding_window", false) {
			d.windows(0, func(i int) bool { return d.Layers[i].Attention.Rotary == nil })
			return
		}
		c.has("sliding_window")
		if types := d.layerTypes(); types != nil {
			d.windowless(types)
		}
	},
}
