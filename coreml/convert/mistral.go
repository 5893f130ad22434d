package convert

// ministral is a mistral whose layers may have a window each or not.
var ministral = mistral

// mistral differs from llama by a window on all layers, and never has biases.
var mistral = architecture{
	kvHeads: 8,
	differ:  func(d *decoder) { d.windows(4096, everyLayer) },
}
