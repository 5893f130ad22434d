package amd64

import (
	"fmt"
	"maps"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// panelExtents are those of quantised vectors by panels of 16 rows.
func panelExtents() []asmtest.Extent {
	list := []asmtest.Extent{
		// A prepared block has 32 bytes and, behind them, steps, middles, a sum and the
		// vector's step. What a first round leaves there is read in a second.
		{Kernels: "quantizePanelAVX2", Want: func(c counts) bytes {
			n := c["blocks"]
			return bytes{"dst": "r " + every(n, 56, 0, 32) + " " + stores(56*n), "x": reads(4 * 32 * n)}
		}},
		{Kernels: "quantizeHalvesAVX2", Want: func(c counts) bytes {
			n := c["blocks"]
			return bytes{"dst": "r " + every(n, 48, 32, 48) + " " + stores(48*n), "x": reads(4 * 32 * n)}
		}},
		{Kernels: "quantizeWordsAVX2", Want: func(c counts) bytes {
			return bytes{"dst": stores(68 * c["blocks"]), "x": reads(4 * 32 * c["blocks"])}
		}},

		// Panels are filled by two calls, for 8 of their 16 rows each: a vector of 32
		// bytes of each 64 is this call's. 4-bit codes have 8 such pairs of vectors to a
		// block and sums at 640, 8-bit codes 16 pairs, and offsets at 1088.
		{Kernels: "panelCodesAVX2", Want: func(c counts) bytes {
			runs := append(alternate(0, 8), 640, 672)
			return bytes{"panel": "w " + every(c["blocks"], 768, runs...), "w": "r " + every(8, apart, 0, 16*c["blocks"]), "offs": reads(64)}
		}},
		{Kernels: "panelBytesAVX2", Want: func(c counts) bytes {
			n := c["blocks"]
			return bytes{
				"panel": "r " + every(n, 1152, 1088, 1120) + " w " + every(n, 1152, alternate(0, 16)...),
				"w":     "r " + every(8, apart, 0, 32*n), "offs": reads(64),
			}
		}},
		{Kernels: "panelScalesAVX2", Want: func(c counts) bytes { return columns(c, 4) }},
		{Kernels: "panelHalvesAVX2", Want: func(c counts) bytes { return columns(c, 2) }},
	}
	return append(list, tileExtents()...)
}

// alternate are n runs of 32 bytes, 32 apart.
func alternate(from, n int) (runs []int) {
	for i := range n {
		runs = append(runs, from+64*i, from+64*i+32)
	}
	return runs
}

// columns of scales are 8 floats each, from numbers of a size.
func columns(c counts, size int) bytes {
	return bytes{
		"panel": "w " + every(c["blocks"], c["stride"], 0, 32), "s": "r " + every(8, apart, 0, size*c["blocks"]), "offs": reads(64),
	}
}

// tileExtents are those of panels by 1 to 8 vectors, of which the parts of a block
// are read that the kernel has use for.
func tileExtents() (list []asmtest.Extent) {
	for _, tile := range []struct {
		name           string
		most           int
		panel, vector  int
		ofPanel, ofVec []int
	}{
		// AVX2 has scales and offsets behind the codes, and the sums for the middles;
		// the vector's step, at the end of a block, is read once.
		{"tile%dAVX2", 4, 768, 56, []int{0, 704}, []int{0, 52}},
		// VNNI has no middles: one step of each half, and the sum.
		{"tile%dVNNI", 8, 768, 48, []int{0, 640}, []int{0, 32, 34, 38, 40, 44}},
		// Of words, scales and offsets are read where a scale's blocks end.
		{"tileWords%dAVX2", 4, 1152, 68, []int{0, 1024}, []int{0, 64}},
	} {
		for n := 1; n <= tile.most; n++ {
			list = append(list, asmtest.Extent{Kernels: fmt.Sprintf(tile.name, n), Want: func(c counts) bytes {
				return bytes{
					"panel": "r " + tilePanel(c, tile.panel, tile.ofPanel),
					"x":     "r " + tileVectors(c, n, tile.vector, tile.ofVec),
					"dst":   "r " + every(n, c["ldd"], 0, 64) + " w " + every(n, c["ldd"], 0, 64),
				}
			}})
		}
	}
	return list
}

// tilePanel is what is read of the panel: of words a scale every now and then.
func tilePanel(c counts, block int, runs []int) string {
	if block != 1152 {
		return every(c["blocks"], block, runs...)
	}
	var all []int
	for b, until := 0, c["first"]; b < c["blocks"]; b++ {
		until--
		end := block*b + 1024
		if until == 0 || b == c["blocks"]-1 {
			until, end = c["each"], block*b+1088
		}
		all = append(all, block*b, end)
	}
	return every(1, 0, all...)
}

// tileVectors is what is read of n vectors: their blocks, and once their step.
func tileVectors(c counts, n, block int, runs []int) string {
	var all []int
	for v := range n {
		for b := range c["blocks"] {
			for i := 0; i < len(runs); i += 2 {
				all = append(all, v*c["ldx"]+b*block+runs[i], v*c["ldx"]+b*block+runs[i+1])
			}
		}
		end := v*c["ldx"] + c["blocks"]*block
		all = append(all, end-4, end)
	}
	return every(1, 0, all...)
}

// matrixExtents are those of matrices of floats.
func matrixExtents() (list []asmtest.Extent) {
	for rows := 1; rows <= 6; rows++ {
		list = append(list,
			asmtest.Extent{Kernels: fmt.Sprintf("nn%dx16AVX2", rows), Want: func(c counts) bytes { return nnExtent(c, rows, 16, false) }},
			asmtest.Extent{Kernels: fmt.Sprintf("nn%dx8AVX2", rows), Want: func(c counts) bytes {
				b := nnExtent(c, rows, 8, true)
				b["mask"] = reads(4 * 8)
				return b
			}},
			asmtest.Extent{Kernels: fmt.Sprintf("taps%dx16AVX2", rows), Want: func(c counts) bytes { return tapsExtent(c, rows, 16, false) }},
			asmtest.Extent{Kernels: fmt.Sprintf("taps%dx8AVX2", rows), Want: func(c counts) bytes {
				b := tapsExtent(c, rows, 8, true)
				b["mask"] = reads(4 * 8)
				return b
			}},
			// Masks for 32 columns let all of two vectors through.
			asmtest.Extent{Kernels: fmt.Sprintf("nn%dAVX512", rows), Want: func(c counts) bytes { return nnExtent(c, rows, 32, true) }},
		)
	}
	for rows := 1; rows <= mostTaps512; rows++ {
		// The counts have 32 columns, so what 1 and 2 rows have behind them is let through
		// by no mask: it is not touched, but what may be is noted.
		list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("taps%dAVX512", rows), Want: func(c counts) bytes {
			return tapsExtent(c, rows, 16*tapVectors(rows), true)
		}})
	}
	// Vectors by 4 rows, of a depth and of rows that need no mask here: n vectors,
	// and of each a float for every row.
	return append(list, asmtest.Extent{Kernels: "nt4(AVX2|AVX512)", Want: func(c counts) bytes {
		row := reads(4 * c["k"])
		dst := every(c["n"], c["ldd"], 0, 16)
		b := bytes{"w0": row, "w1": row, "w2": row, "w3": row, "x": "r " + every(c["n"], c["ldx"], 0, 4*c["k"]), "dst": "w " + dst}
		if c["acc"] != 0 {
			b["dst"] = "r " + dst + " w " + dst
		}
		return b
	}})
}

// nnExtent is some rows of a by columns of b: dst is read only to be added to.
func nnExtent(c counts, rows, columns int, masked bool) bytes {
	dst, b := every(rows, c["ldd"], 0, 4*columns), every(c["k"], c["ldb"], 0, 4*columns)
	touched := bytes{"dst": "w " + dst, "a": "r " + every(rows, c["lda"], 0, 4*c["k"]), "b": "r " + b}
	if c["acc"] != 0 {
		touched["dst"] = "r " + dst + " w " + dst
	}
	if masked {
		touched["dst"] += " ? " + dst
		touched["b"] += " ? " + b
	}
	return touched
}

// tapsExtent is nnExtent with rows of b where tapsApart says.
func tapsExtent(c counts, rows, columns int, masked bool) bytes {
	c = maps.Clone(c)
	c["ldb"] = tapsApart
	touched := nnExtent(c, rows, columns, masked)
	touched["at"] = reads(8 * c["k"])
	return touched
}
