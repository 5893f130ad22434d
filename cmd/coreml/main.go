// Command coreml runs Core ML language models: it continues text, holds conversations, makes vectors
// of texts, serves models over HTTP, shows what a package holds, compares a package with recorded answers and engines with each
// other, makes single predictions, measures, makes packages of trained models, and keeps a cache of downloads.
//
//	coreml generate "Once upon a time"
//	coreml chat Model.mlpackage
//	coreml embed -m Model.mlpackage --json "A cat sat."
//	coreml serve -m Model.mlpackage
//	coreml pull org/name
//	coreml list
//	coreml rm org/name
//	coreml inspect Model.mlpackage
//	coreml check DIR
//	coreml verify Model.mlpackage
//	coreml doctor
//	coreml predict Model.mlpackage --input x=x.npy --output out.safetensors
//	coreml bench Model.mlpackage
//	coreml convert SmolLM2-135M SmolLM2.mlpackage
//	coreml synth --shape tiny Tiny.mlpackage
//	coreml tokenize "Once upon a time"
//	coreml grammar --schema schema.json < values.jsonl
//	coreml config
//	coreml completion bash
//	coreml man generate
//	coreml version
//
// A folder with one package in it stands for the package, and org/name[@revision][:path]
// for one in a repository of a Hugging Face hub, which is downloaded; docs/hub.md says how.
// Every flag has a variable, as COREML_MAX_TOKENS is that of --max-tokens, and may
// stand in a file of settings; docs/command.md says how. Text goes to standard
// output and everything else to standard error. What packages, tokenizers and
// files hold is shown with its control characters as escapes, so that it cannot
// command the terminal; only the text of generate, of chat and of tokenize --decode
// goes into a file or a pipe as it is.
//
// It exits with 0 when it did what was asked, also when the reader of its output
// went away; with 1 after an error, or when a comparison failed; with 2 when it
// is called wrongly; with 3 when a JSON schema has a keyword that is not supported; and with 130 when it is interrupted. An interrupt that a
// command cannot obey within a second ends the program all the same; serve has the time
// of --drain, and in chat an interrupt ends no more than the answer.
package main

import "os"

func main() {
	ctx := watchSignals()
	ignorePipeSignal()
	os.Exit(supervise(ctx, grace, func() int { return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) }))
}
