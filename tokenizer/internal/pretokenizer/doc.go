// Package pretokenizer cuts a text into the pieces that a model sees: the section
// "pre_tokenizer" of tokenizer.json.
//
// To add a pre-tokenizer: a case in [Spec.Stages] and its fields in [Fields].
package pretokenizer
