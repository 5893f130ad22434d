package main

import (
	"encoding/json"
	"io"
)

// printJSON writes one line of JSON with the text as it is: names are to be found again
// by who searches the output for them.
func printJSON(out io.Writer, v any) error { return encodeJSON(out, v, "") }

// printIndented is printJSON for reports that people read and send too.
func printIndented(out io.Writer, v any) error { return encodeJSON(out, v, "  ") }

func encodeJSON(out io.Writer, v any, indent string) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(v)
}

// orEmpty makes an empty list of nil, which JSON would write as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
