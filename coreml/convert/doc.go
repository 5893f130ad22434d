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
// # Experts
//
// The weights of all experts of a layer lie in one matrix for each product. The program
// goes in a loop over the experts that any token of the call wants, and gathers the weights
// of one after the other; the router works in fp32. A loop runs on the CPU.
//
// # Encoders
//
// Of bert, xlm-roberta and modernbert the package takes inputIds, attentionMask and, where
// the model tells types of tokens apart, tokenTypeIds, and gives lastHiddenState: a vector
// for each token. How they become one of the text is for package generate/embed, whose
// files of sentence-transformers (modules.json and so on) are laid beside the package.
// Batches are padded through the mask. Options of caches and logits do not concern them.
//
// # Architectures
//
// arcee, cohere, cohere2, ernie4_5, exaone4, gemma, gemma2, gemma3_text, glm, glm4, gpt2,
// gpt_neox, granite, granitemoe, helium, llama, ministral, mistral, mixtral, nemotron, olmo,
// olmo2, olmo3, olmoe, openelm, openlm (DCLM), phi, phi3, qwen2, qwen2_moe, qwen3, qwen3_moe,
// seed_oss, smollm3, stablelm, starcoder2; bert, modernbert, xlm-roberta.
// Each has a file of its own, which reads as the list of its differences from Llama, the
// decoder that all of them vary; architectures.go lists them. A new one is a file with a
// variable of type architecture and a line in that list. What its graph needs beyond the
// fields of internal/modelgen.Model goes there.
package convert
