// Package added finds the added tokens of a tokenizer, special ones among them,
// in a text before anything else looks at it. Where several start at one place the
// longest is taken. SentencePiece's user defined pieces are found in the same way.
package added
