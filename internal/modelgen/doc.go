// Package modelgen makes packages of language models: decoders as coremltools converts
// them, with a key and a value cache as states. A [Model] says what a decoder computes,
// layer by layer, a [Form] how it is written, and a [Source] gives its weights: random
// numbers (package random), or a checkpoint. The graph is one for all of them.
package modelgen
