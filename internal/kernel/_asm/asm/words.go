package asm

import "math"

// FloatWord returns the word of a float32.
func FloatWord(f float64) uint32 { return math.Float32bits(float32(f)) }

// FloatWords returns the words of float32s.
func FloatWords(list ...float64) []uint32 {
	words := make([]uint32, len(list))
	for i, f := range list {
		words[i] = FloatWord(f)
	}
	return words
}

// Repeat returns n copies of a word.
func Repeat(n int, word uint32) []uint32 {
	words := make([]uint32, n)
	for i := range words {
		words[i] = word
	}
	return words
}

// Pack joins bytes to words, the first at the bottom.
func Pack(list ...byte) []uint32 {
	words := make([]uint32, len(list)/4)
	for i, b := range list {
		words[i/4] |= uint32(b) << (8 * (i % 4))
	}
	return words
}

// Tabulate returns f(0) to f(n-1).
func Tabulate(n int, f func(i int) uint32) []uint32 {
	words := make([]uint32, n)
	for i := range words {
		words[i] = f(i)
	}
	return words
}
