//go:build race

package tokenizer_test

// raceFactor is how much more memory the race detector takes.
const raceFactor = 2
