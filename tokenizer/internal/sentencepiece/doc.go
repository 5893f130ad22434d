// Package sentencepiece reads the files of SentencePiece and does what
// SentencePiece does with them, bit by bit. Hugging Face's conversion of such files
// to tokenizer.json differs from that in places, so nothing here follows it.
//
// A file is a message of protobuf, which file.go reads: pieces with a score and a
// kind, how text is rewritten, and which of four models cuts it. In this package a
// piece is always one of the vocabulary, never a part of a text.
//
//   - pieces.go has what the models share: names, the pieces of a user, bytes.
//   - text.go rewrites a text: spaces and the precompiled table.
//   - unigram.go takes the pieces with the greatest sum, bpe.go and bpe_encode.go join
//     neighbours by the score of what they make, and encode.go has the models of words
//     and of characters.
//   - decode.go makes text of pieces.
//
// The kinds of pieces are most of what makes this harder than it sounds. A piece of a
// user is found before anything else happens to a text. A control piece is found in no
// text at all, even where the text has its name; but a piece of text with the name of
// a control piece gets the id of that. An unused piece may be made on the way to
// another and is then taken apart again. The tests have each of these by name, and
// testdata/gen/tokenizer/rules.py asks SentencePiece about them.
package sentencepiece
