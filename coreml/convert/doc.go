// Package convert makes stateful Core ML packages of trained language models: of folders
// in the form of Hugging Face's hub, and of GGUF files. It needs neither Python nor a
// Mac, and reads the weights tensor by tensor, so that a model may be larger than the
// memory.
//
//	report, err := convert.Convert(ctx, "SmolLM2-135M", "SmolLM2.mlpackage", &convert.Options{Quantize: "int4"})
//
// What it makes by default has the interface of Apple's own conversion of Mistral 7B:
// inputs inputIds and causalMask, states keyCache and valueCache, output logits, all for
// systems from iOS 18 and macOS 15 on. The files of the tokenizer are laid beside it.
//
// A model is converted exactly or not at all: an architecture that is not known, a field
// of config.json that changes what the model computes and is not heeded, a tensor that is
// missing, left over or of another shape, each is an error that names it.
//
// # Architectures
//
// Each has a file of its own, which reads as the list of its differences from Llama, the
// decoder that all of them vary; architectures.go lists them. A new one is a file with a
// variable of type architecture and a line in that list. What its graph needs beyond the
// fields of internal/modelgen.Model goes there.
package convert
