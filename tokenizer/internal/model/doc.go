// Package model has the models of tokenizer.json, which turn a piece of text into
// ids: BPE, Unigram, WordPiece and WordLevel. Each file is one model and reads it
// from the file too; bpe_encode.go is what bpe.go does to a text.
//
// A [Model] is shared by all that use a tokenizer and does not change. Its
// [Encoder] is one at work, with memory of its own. Each encoder does its work in
// two ways: AppendPiece gives ids alone, with a cache of words and other short
// cuts, and AppendTokens gives the places in the text too. Encoding with places
// takes two to seven times as long on the vocabularies in use, so ids alone do not
// go that way; tests hold the two together.
//
// To add a model: a file with its type, the reading, and its encoder; a case in
// [Read]; its settings in options.go.
package model
