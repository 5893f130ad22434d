// Package model has the models of tokenizer.json, which turn a piece of text into
// ids: BPE, Unigram, WordPiece and WordLevel. A model reads itself from the file too.
//
//   - BPE joins neighbours in the order of a list of merges: bpe.go reads it,
//     bpe_spell.go writes a word as the symbols that it begins with, merge.go joins
//     them, and bpe_encode.go has the ways around all that which most words take.
//   - Unigram takes the tokens with the greatest sum of scores: unigram.go with
//     lattice.go, where the best way to each place of a text is kept, and score.go.
//   - WordPiece takes the longest token from the left, again and again; WordLevel is
//     WordPiece without parts of words.
//
// A [Model] is shared by all that use a tokenizer and does not change. Its
// [Encoder] is one at work, with memory of its own. Each encoder does its work in
// two ways: AppendPiece gives ids alone, with a cache of words and other short
// cuts, and AppendTokens gives the places in the text too. Encoding with places
// takes two to seven times as long on the vocabularies in use, so ids alone do not
// go that way; tests hold the two together.
//
// What a model does where the reference leaves room for doubt (ties, unknown
// characters beside each other, bytes of which some are missing) is in the tests, each
// rule by name. testdata/gen/tokenizer/rules.py asks the reference about all of them.
//
// To add a model: a file with its type, the reading, and its encoder; a case in
// [Read]; its fields in modelFields.
package model
