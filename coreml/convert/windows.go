package convert

import (
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// windows reads sliding_window, of which missing is the default, and gives it to the
// layers that have one: those that layer_types says, else those for which usual is true.
func (d *decoder) windows(missing int, usual func(i int) bool) {
	w := missing
	if _, there := d.config.fields["sliding_window"]; there {
		w = d.config.count("sliding_window", 0) // null is none
		if w == 0 && d.config.has("sliding_window") {
			d.config.fail("sliding_window", unsupported("a window of 0 tokens is not supported; null is none"))
		}
	}
	types := d.layerTypes()
	d.each(func(i int, l *modelgen.Layer) {
		slides := w > 0 && usual(i)
		if types != nil {
			slides = types[i] == sliding
		}
		if !slides {
			return
		}
		if w == 0 {
			d.config.fail("sliding_window", malformed("there is none, and layer_types has layers with one"))
		}
		l.Attention.Window = w
	})
}

// everyFew reads windows that all layers but every so many have, unless the configuration
// has another pattern or a list.
func (d *decoder) everyFew(window, few int) {
	c := d.config
	if c.has("layer_types") {
		c.has("sliding_window_pattern")
	} else {
		few = c.count("sliding_window_pattern", few)
	}
	if few == 0 {
		c.fail("sliding_window_pattern", malformed("it is 0"))
		few = 1
	}
	d.windows(window, func(i int) bool { return (i+1)%few != 0 })
}

// everyLayer is for models whose layers all have a window.
func everyLayer(int) bool { return true }

// The kinds of layers that layer_types names.
const (
	sliding = "sliding_attention"
	full    = "full_attention"
)

// layerTypes reads the kinds of the layers, nil where the configuration does not list
// them.
func (d *decoder) layerTypes() []string {
	types := d.config.texts("layer_types")
	if types == nil {
		return nil
	}
	if len(types) != len(d.Layers) {
		d.config.fail("layer_types", malformed("there are %d of them for %d layers", len(types), len(d.Layers)))
		return nil
	}
	for _, t := range types {
		if t != sliding && t != full {
			d.config.fail("layer_types", unsupported("layers of the kind %s are not supported", storage.Quote(t)))
		}
	}
	return types
}

// qwenWindows are those of Qwen: only when they are switched on, from some layer on.
func (d *decoder) qwenWindows() {
	first := d.config.count("max_window_layers", 28)
	d.switchedWindows(func(i int) bool { return i >= first })
}

// switchedWindows are windows of layers for which usual is true, when use_sliding_window
// switches them on.
func (d *decoder) switchedWindows(usual func(i int) bool) {
	if d.config.flag("use_sliding_window", false) {
		d.windows(4096, usual)
		return
	}
	d.config.has("sliding_window")
	if types := d.layerTypes(); types != nil {
		d.windowless(types)
	}
}

// windowless refuses layers with windows where the configuration switches windows off.
func (d *decoder) windowless(types []string) {
	for _, t := range types {
		if t == sliding {
			d.config.fail("layer_types", malformed("it has layers with a window, and use_sliding_window is false"))
		}
	}
}
