package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// adapterFlag is an adapter that kong can read: DIR, or DIR=SCALE.
type adapterFlag coreml.Adapter

// UnmarshalText reads an adapter. A folder whose own name has an equals sign is taken as
// it is where it exists.
func (f *adapterFlag) UnmarshalText(text []byte) error {
	s := string(text)
	at := strings.LastIndexByte(s, '=')
	if at >= 0 {
		if _, err := os.Stat(s); err == nil {
			at = -1
		}
	}
	if at < 0 {
		*f = adapterFlag{Path: s}
		return nil
	}
	scale, err := strconv.ParseFloat(s[at+1:], 64)
	if err != nil || math.IsNaN(scale) || math.IsInf(scale, 0) {
		return fmt.Errorf("%s is no scale: a number is wanted behind the equals sign", quoted(firstLine(s[at+1:])))
	}
	*f = adapterFlag{Path: s[:at], Scale: &scale}
	return nil
}

// adaptersOf returns the adapters of the flags.
func adaptersOf(flags []adapterFlag) []coreml.Adapter {
	var out []coreml.Adapter
	for _, f := range flags {
		out = append(out, coreml.Adapter(f))
	}
	return out
}
