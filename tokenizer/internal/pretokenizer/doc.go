// Package pretokenizer cuts a text into the pieces that a model sees: the section
// "pre_tokenizer" of tokenizer.json.
//
// Each [Stage] cuts the pieces of the one before it, and none ever joins two of them.
// Pieces are ranges of a text; only a stage that rewrites makes a new one, so that most
// texts are cut without a copy.
//
// To add a pre-tokenizer: a case in Spec.stage, or in [Spec.Stages] where it is several,
// its fields in [Fields], and named cases in the test.
package pretokenizer
