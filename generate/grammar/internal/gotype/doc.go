// Package gotype writes the JSON schema of a Go type: of the values that encoding/json
// reads into it without an error.
package gotype
