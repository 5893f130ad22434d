package amd64

import (
	"maps"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// rowCalls are what kernels of whole registers are called with, beside calls.
var rowCalls = []counts{
	{"h8": 8, "h16": 16, "ldc": 300, "half": 0, "blocks4": 4},
	{"h8": 24, "h16": 32, "ldc": 1000, "half": 1, "blocks4": 8},
	{"h8": 16, "h16": 16, "ldc": 0, "half": 1, "blocks4": 12},
	{"h8": 32, "h16": 64, "ldc": 512, "half": 0, "blocks4": 4},
	{"h8": 8, "h16": 32, "ldc": 0, "half": 1, "blocks4": 16},
}

func init() {
	for i, more := range rowCalls {
		maps.Copy(calls[i], more)
	}
}

// wholeRowExtents are those of kernels that work on rows of a matrix.
func wholeRowExtents() []asmtest.Extent {
	rotated := func(h string) func(c counts) bytes {
		return func(c counts) bytes {
			row := func(stride string) string { return "r " + every(c["rows"], c[stride], 0, 8*c[h]) }
			return bytes{"dst": stores(8 * c[h] * c["rows"]), "x": row("ldx"), "cos": row("ldc"), "sin": row("lds")}
		}
	}
	return []asmtest.Extent{
		{Kernels: "rotateRowsAVX2", Want: rotated("h8")},
		{Kernels: "rotateRowsAVX512", Want: rotated("h16")},
		{Kernels: "siluAVX512", Want: func(c counts) bytes { return bytes{"dst": stores(4 * c["n"]), "x": reads(4 * c["n"])} }},
		{Kernels: "roundRowsAVX512", Want: func(c counts) bytes {
			x := every(c["rows"], c["ldx"], 0, 4*c["n16"])
			return bytes{"x": "r " + x + " w " + x}
		}},
		{Kernels: "gateRowsAVX512", Want: func(c counts) bytes {
			from := "r " + every(c["rows"], c["ldx"], 0, 4*c["n16"])
			return bytes{"dst": "w " + every(c["rows"], c["ldd"], 0, 4*c["n16"]), "gate": from, "up": from}
		}},
		// Of what a store of steps, starts or sums covers, the mask leaves one number: that
		// of block i of four is number 4i of it.
		{Kernels: "quantizeManyAVX512", Want: func(c counts) bytes {
			n := c["blocks4"]
			var covered []int
			for i := range 4 {
				covered = append(covered, 688*i, 688*i+192)
			}
			steps := every(n/4, 4*704, covered...)
			return bytes{"dst": "w " + every(n, 704, 0, 32), "steps": "w " + steps + " ? " + steps, "x": reads(4 * 32 * n)}
		}},
	}
}
