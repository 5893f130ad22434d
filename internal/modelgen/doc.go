// Package modelgen makes packages of language models: the decoder of the Llama and
// Mistral families as coremltools converts it, with a key and a value cache as
// states. The graph is one, and where its weights come from is for a [Source] to
// say: random numbers (package random), or a checkpoint.
package modelgen
