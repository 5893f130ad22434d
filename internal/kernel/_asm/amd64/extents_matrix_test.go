package amd64

import (
	"fmt"
	"maps"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// panelExtents are those of quantised vectors by panels of 16 rows.
func panelExtents() []asmtest.Extent {
	list := []asmtest.Extent{
		// A prepared block has 32 bytes of each of 16 vectors, then a step, a start and a sum
		// of each.
		{Kernels: "quantizeManyAVX2", Want: func(c counts) bytes {
			n := c["blocks"]
			return bytes{"dst": "w " + every(n, 704, 0, 32), "steps": "w " + every(n, 704, 0, 4, 64, 68, 128, 132), "x": reads(4 * 32 * n)}
		}},
		{Kernels: "quantizeWordsAVX2", Want: func(c counts) bytes {
			return bytes{"dst": stores(68 * c["blocks"]), "x": reads(4 * 32 * c["blocks"])}
		}},

		// Words in halves: 32 upper bytes of each of 16 vectors, the lower ones, then a step
		// and a sum of each.
		{Kernels: "quantizeHalvesAVX2", Want: func(c counts) bytes {
			n := c["blocks"]
			return bytes{"dst": "w " + every(n, 1152, 0, 32, 512, 544), "steps": "w " + every(n, 1152, 0, 4, 64, 68), "x": reads(4 * 32 * n)}
		}},

		// Panels are filled by two calls, for 8 of their 16 rows each: a vector of 32
		// bytes of each 64 is this call's. 4-bit codes have 8 such pairs of vectors to a
		// block, 8-bit codes 16 pairs, and offsets at 1088.
		{Kernels: "panelCodesAVX2", Want: func(c counts) bytes {
			return bytes{"panel": "w " + every(c["blocks"], 640, alternate(0, 8)...), "w": "r " + every(8, apart, 0, 16*c["blocks"]), "offs": reads(64)}
		}},
		{Kernels: "panelQuadsAVX2", Want: func(c counts) bytes {
			return bytes{"panel": "w " + every(c["blocks"], 640, alternate(0, 8)...), "w": "r " + every(8, apart, 0, 32*c["blocks"]), "offs": reads(64)}
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

		// A fetch is no access: it never fails.
		{Kernels: "fetchRowsAVX2", Want: func(counts) bytes { return bytes{} }},
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

// tileExtents are those of panels by vectors.
func tileExtents() (list []asmtest.Extent) {
	for _, set := range []struct {
		name string
		most int
	}{{"AVX2", 4}, {"VNNI", 8}} {
		for n := 1; n <= set.most; n++ {
			for name, offsets := range map[string]bool{"": false, "o": true} {
				list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("tile%d%s%s", n, name, set.name), Want: func(c counts) bytes {
					return manyExtent(c, n, offsets, set.name == "VNNI")
				}})
			}
		}
	}
	for name, offsets := range map[string]bool{"": false, "o": true} {
		list = append(list, asmtest.Extent{Kernels: "tile16" + name + "AMX", Want: func(c counts) bytes {
			return groupsExtent(c, offsets)
		}})
	}
	for n := 1; n <= 4; n++ {
		list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("tileWords%dAVX2", n), Want: func(c counts) bytes {
			return wordsExtent(c, n)
		}}, asmtest.Extent{Kernels: fmt.Sprintf("tileHalves%dVNNI", n), Want: func(c counts) bytes {
			var steps []int
			for b := range c["blocks"] {
				steps = append(steps, 1152*b+64, 1152*b+64+4*n)
				if (b+1)%c["each"] == 0 {
					steps = append(steps, 1152*b, 1152*b+4*n)
				}
			}
			return bytes{
				"panel": halvesPanel(c), "x": "r " + every(c["blocks"], 1152, 0, 32*n, 512, 512+32*n),
				"steps": "r " + every(1, 0, steps...), "dst": results(c, n),
			}
		}})
	}
	return append(list, asmtest.Extent{Kernels: "tileHalves16AMX", Want: func(c counts) bytes {
		var x []int
		for g := range c["groups"] {
			for b := range c["blocks"] {
				at := g*c["xstep"] + 1152*b
				x = append(x, at, at+1024, at+1088, at+1152)
				if (b+1)%c["each"] == 0 {
					x = append(x, at+1024, at+1088)
				}
			}
		}
		return bytes{
			"panel": halvesPanel(c), "x": "r " + every(1, 0, x...), "dst": results(c, 16*c["groups"]), "integers": updates(2112),
		}
	}})
}

// halvesPanel is what is read of a panel of bytes: scales and offsets where a run ends.
func halvesPanel(c counts) string {
	var panel []int
	for b := range c["blocks"] {
		panel = append(panel, 640*b, 640*b+512)
		if (b+1)%c["each"] == 0 {
			panel = append(panel, 640*b+512, 640*b+640)
		}
	}
	return "r " + every(1, 0, panel...)
}

// panelEnd is where a panel's block ends for a kernel with or without offsets.
func panelEnd(offsets bool) int {
	if offsets {
		return 640
	}
	return 576
}

// results are rows of 16 floats, which are read where the sums begin with them.
func results(c counts, n int) string {
	dst := every(n, c["ldd"], 0, 64)
	if c["acc"] != 0 {
		return "r " + dst + " w " + dst
	}
	return "w " + dst
}

// manyExtent is n of a group of 16 vectors: of each block their bytes, and of each of them
// the step, the start and, with offsets, the sum. A mask lets starts through.
func manyExtent(c counts, n int, offsets, masked bool) bytes {
	runs := []int{0, 4 * n, 64, 64 + 4*n}
	if offsets {
		runs = append(runs, 128, 128+4*n)
	}
	steps := "r " + every(c["blocks"], 704, runs...)
	if masked {
		steps += " ? " + every(c["blocks"], 704, 64, 64+4*n)
	}
	return bytes{
		"panel": "r " + every(c["blocks"], 640, 0, panelEnd(offsets)), "x": "r " + every(c["blocks"], 704, 0, 32*n),
		"steps": steps, "dst": results(c, n),
	}
}

// groupsExtent is groups of 16 vectors.
func groupsExtent(c counts, offsets bool) bytes {
	var runs []int
	for g := range c["groups"] {
		for b := range c["blocks"] {
			at := g*c["xstep"] + b*704
			runs = append(runs, at, at+576)
			if offsets {
				runs = append(runs, at+640, at+704)
			}
		}
	}
	integers := every(1, 0, 0, 1024*min(c["blocks"], 2))
	return bytes{
		"panel": "r " + every(c["blocks"], 640, 0, panelEnd(offsets)), "x": "r " + every(1, 0, runs...),
		"dst": results(c, 16*c["groups"]), "integers": "r " + integers + " w " + integers,
	}
}

// wordsExtent is n vectors of words; of a panel scales are read where a run ends.
func wordsExtent(c counts, n int) bytes {
	var panel, x []int
	for b := range c["blocks"] {
		end := c["each"]*(b/c["each"]+1) - 1
		panel = append(panel, 1152*b, 1152*b+1024)
		if b == end {
			panel = append(panel, 1152*b+1024, 1152*b+1088)
		}
		for v := range n {
			x = append(x, v*c["ldx"]+68*b, v*c["ldx"]+68*b+64)
			if b == end {
				x = append(x, v*c["ldx"]+68*b+64, v*c["ldx"]+68*b+68)
			}
		}
	}
	return bytes{"panel": "r " + every(1, 0, panel...), "x": "r " + every(1, 0, x...), "dst": results(c, n)}
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
			asmtest.Extent{Kernels: fmt.Sprintf("nn%dx64AVX512", rows), Want: func(c counts) bytes { return nnExtent(c, rows, 64, false) }},
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
