// Package coreml is the front page of the module github.com/gocoreml/coreml:
// stateful Core ML language models in pure Go, on every system. It holds
// documentation and no code; the packages are below it.
//
//   - [github.com/gocoreml/coreml/generate] writes text with a language model:
//     streaming, sampling, chat.
//   - [github.com/gocoreml/coreml/generate/embed] makes vectors of texts, and ranks
//     texts for a query.
//   - [github.com/gocoreml/coreml/generate/openai] serves models over HTTP, for the
//     clients of OpenAI's and Anthropic's APIs; adapters to frameworks lie beside it.
//   - [github.com/gocoreml/coreml/hub] fetches models by their names.
//   - [github.com/gocoreml/coreml/coreml/convert] makes packages of checkpoints, and
//     [github.com/gocoreml/coreml/coreml/compress] smaller packages of packages.
//   - [github.com/gocoreml/coreml/coreml] loads a model package and makes
//     predictions with its features and states.
//   - [github.com/gocoreml/coreml/tensor] is what goes in and comes out: typed,
//     strided arrays and the operations that decoding needs.
//   - [github.com/gocoreml/coreml/tokenizer] turns text into tokens and back, and
//     messages into prompts.
//   - [github.com/gocoreml/coreml/examples/storyteller] holds a small model inside
//     the program, so that a first try needs no download.
//
// # A first program
//
//	ctx := context.Background()
//	g, err := generate.Open(ctx, "StatefulMistral7BInstructInt4.mlpackage", nil)
//	if err != nil {
//		return err
//	}
//	defer g.Close()
//	for tok, err := range g.Stream(ctx, "A place to visit in Seville is", nil) {
//		if err != nil {
//			return err // yielded once, last
//		}
//		fmt.Print(tok.Text)
//	}
//
// # Engines
//
// The portable engine runs the ML Program inside the package itself: it is
// written in Go, reads the weights where they lie in the file, compressed as they
// are stored, and keeps each state in one buffer that every step writes in place.
// No cgo and no shared library is needed; a Linux program stays one static file.
//
// # Errors
//
// A model package, a tokenizer or a template is data from elsewhere. Whatever is
// wrong with it gives an error that names the part and, where there is one, the
// way around; nothing in it can make these packages panic. That holds for a mapped
// weight file that another process truncates while it is in use, too: what reads it
// fails with an error that names the file.
//
// # Stability
//
// The module is at v0: a minor version may change the API, and CHANGELOG.md says
// how. RATIONALE.md says why things are as they are.
package coreml
