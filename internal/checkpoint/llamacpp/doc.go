// Package llamacpp says in the words of transformers what llama.cpp's converter wrote into
// a GGUF file: the configuration, the names and the order of the weights, the tokenizer.
//
// What the converter did to a weight is undone: rows of q and k that were put in another
// order, ones that were added to norms, matrices that were transposed, experts that were
// laid into one tensor. A tensor or a hyperparameter that is not known is an error which
// names it: the model would be another one.
package llamacpp

import "errors"

// ErrModel is wrapped by every error about a file whose content is not what a known model has.
var ErrModel = errors.New("GGUF file of a model that is not read")
