package main

import (
	"encoding/json"
	"io"

	"github.com/gocoreml/coreml/tokenizer"
)

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

// orEmpty makes an empty list of nil, which JSON would write as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// printJSON writes one line of JSON with the text as it is.
func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
