// Package decoder turns tokens back into text: the section "decoder" of
// tokenizer.json.
//
// [Spec.Steps] makes the steps of each type. To add a type: a case there and its
// fields in [Fields].
package decoder
