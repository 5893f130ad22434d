// Package random is a source of random weights for modelgen, stored in the forms
// that coremltools' own compression makes. A package of them is as large and as
// quick as one of a trained model of its shape, which is what benchmarks need, and
// its numbers stay in a range where every kernel is tested in earnest.
package random

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/modelgen"
)

// Format is how weights are stored. The zero Format is none, which Check
// refuses.
type Format struct {
	name string
	code dtype.Type // of the stored elements
	lut  bool
}

// formats are those that coremltools' own compression makes.
var formats = []Format{
	{"int4", dtype.Int4, false},
	{"int8", dtype.Int8, false},
	{"fp16", dtype.Float16, false},
	{"lut2", dtype.UInt2, true},
	{"lut3", dtype.UInt3, true},
	{"lut4", dtype.UInt4, true},
	{"lut6", dtype.UInt6, true},
	{"lut8", dtype.UInt8, true},
}

// Formats returns the names of the weight formats.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// FormatNamed returns the weight format of that name.
func FormatNamed(name string) (Format, error) {
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("%w: weights %q are none of %v", modelgen.ErrConfig, name, Formats())
}

// String returns the format's name.
func (f Format) String() string { return f.name }

// block returns how many columns share a scale, or rows a palette. A block that
// does not divide the matrix is an error, since the format has no remainder.
func (s *Source) block(rows, cols int) (int, error) {
	along, what, usual := cols, "columns", cols
	if s.format.lut {
		along, what, usual = rows, "rows", 16
	} else if s.format.code == dtype.Int4 {
		usual = 32
	}
	n := s.blocks // 0 and -1 stand for what New says of them
	switch n {
	case 0:
		n = usual
	case -1:
		n = along
	}
	if along%n != 0 {
		return 0, fmt.Errorf("%w: blocks of %d do not divide %d %s", modelgen.ErrConfig, n, along, what)
	}
	return n, nil
}
