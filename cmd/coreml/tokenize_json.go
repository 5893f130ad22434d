package main

import "github.com/gocoreml/coreml/tokenizer"

// The JSON that tokenize prints and answers with.

// pairs writes offsets as pairs.
//
// Objects for each token would be several times as long.
func pairs(list []tokenizer.Offsets) [][2]int {
	out := make([][2]int, len(list))
	for i, o := range list {
		out[i] = [2]int{o.Start, o.End}
	}
	return out
}
