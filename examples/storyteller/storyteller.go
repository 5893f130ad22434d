// Package storyteller holds a small language model inside the program: the model
// that the command runs when it is given none, and that the examples and tests of
// this module use, so that both work without a download.
//
// The model is a stateful Core ML package of 1.3 million parameters with 4-bit
// weights in blocks of 32, trained from scratch on stories drawn from a grammar;
// testdata/gen/storyteller in the repository remakes it. It knows how to begin
// and end a short children's story, and nothing else. Model, tokenizer and the
// stories it learned from are this project's own work, under its licence.
package storyteller

import (
	"embed"
	"io/fs"
)

// files holds the directory model as it lies in the repository.
//
//go:embed all:model
var files embed.FS

// Package is the name of the model package within [FS].
const Package = "model.mlpackage"

// FS returns the model's files, read-only and safe for concurrent use:
//
//	model.mlpackage/        the stateful Core ML package
//	tokenizer.json          a byte-level BPE of 991 tokens
//	tokenizer_config.json   its special tokens
//	generation_config.json  the sampling that suits the model
//	config.json             the model's dimensions
//
// The bytes lie in the program itself and stay valid for its whole life.
func FS() fs.FS {
	sub, err := fs.Sub(files, "model")
	if err != nil {
		// fs.Sub refuses only names that are not valid paths, and "model" is one.
		panic("storyteller: " + err.Error())
	}
	return sub
}
