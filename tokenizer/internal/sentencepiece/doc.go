// Package sentencepiece reads the files of SentencePiece and does what
// SentencePiece does with them, bit by bit. Hugging Face's conversion of such files
// to tokenizer.json differs from that in places, so nothing here follows it.
//
// A file is a message of protobuf, which file.go reads: pieces with a score and a
// kind, how text is rewritten (text.go), and which of the four models cuts it. In
// this package a piece is always one of the vocabulary, never a part of a text.
package sentencepiece
