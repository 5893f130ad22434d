//go:build !race

package tokenizer_test

const raceFactor = 1
