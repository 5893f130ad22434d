package arm64

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

type (
	counts = asmtest.Counts
	bytes  = asmtest.Bytes
)

// calls are the counts that kernels are walked through with: small ones, and such
// that every loop has more than one round and a rest. Strides are larger than what
// they step over, so that a step which is forgotten is seen.
var calls = []counts{
	{
		"n": 8, "nil last": 1, "rows": 4, "blocks": 1, "vecs": 1, "groups": 1, "k": 16, "acc": 0, "each": 1,
		"ldx": 4096, "ldd": 400, "lda": 500, "ldb": 600, "stride": 700, "wstep": 8192, "sstep": 300,
	},
	{
		"n": 72, "rows": 8, "blocks": 7, "vecs": 5, "groups": 3, "k": 48, "acc": 1, "each": 2,
		"ldx": 4096, "ldd": 400, "lda": 500, "ldb": 600, "stride": 700, "wstep": 8192, "sstep": 300,
	},
	{
		"n": 40, "rows": 12, "blocks": 8, "vecs": 8, "groups": 1, "k": 32, "acc": 1, "each": 1,
		"ldx": 4096, "ldd": 64, "lda": 4096, "ldb": 64, "stride": 32, "wstep": 8192, "sstep": 64,
	},
	// Sums of a chunk, and of one and five groups.
	{
		"n": 16, "rows": 4, "blocks": 1, "vecs": 1, "groups": 32, "k": 16, "acc": 0, "each": 1,
		"ldx": 4096, "ldd": 400, "lda": 500, "ldb": 600, "stride": 700, "wstep": 8192, "sstep": 300,
	},
	{
		"n": 16, "rows": 4, "blocks": 1, "vecs": 1, "groups": 37, "k": 16, "acc": 0, "each": 1,
		"ldx": 4096, "ldd": 400, "lda": 500, "ldb": 600, "stride": 700, "wstep": 8192, "sstep": 300,
	},
	// A row of more than one chunk, and blocks that end inside of it.
	{
		"n": 8, "rows": 4, "blocks": 1, "vecs": 1, "groups": 41, "k": 16, "acc": 0, "each": 5,
		"ldx": 4096, "ldd": 64, "lda": 4096, "ldb": 64, "stride": 32, "wstep": 16384, "sstep": 64,
	},
}

func reads(n int) string                  { return asmtest.Reads(n) }
func stores(n int) string                 { return asmtest.Stores(n) }
func updates(n int) string                { return asmtest.Updates(n) }
func every(n, step int, of ...int) string { return asmtest.Every(n, step, of...) }

// extents are worked out from what the kernels' files say of their layouts: a
// float has 4 bytes, a half 2, and b bits of 8 codes have b bytes.
func extents() []asmtest.Extent {
	list := []asmtest.Extent{
		{Kernels: "(add|mul|mulScale)NEON", Want: func(c counts) bytes {
			return bytes{"dst": stores(4 * c["n"]), "a": reads(4 * c["n"]), "b": reads(4 * c["n"])}
		}},
		{Kernels: "(scale|shift)NEON", Want: func(c counts) bytes { return bytes{"dst": stores(4 * c["n"]), "a": reads(4 * c["n"])} }},
		{Kernels: "(exp|silu|geluTanh|geluErf)NEON", Want: func(c counts) bytes {
			return bytes{"dst": stores(4 * c["n"]), "x": reads(4 * c["n"])}
		}},
		{Kernels: "f16to32NEON", Want: func(c counts) bytes { return bytes{"dst": stores(4 * c["n"]), "src": reads(2 * c["n"])} }},
		{Kernels: "f32to16NEON", Want: func(c counts) bytes { return bytes{"dst": stores(2 * c["n"]), "src": reads(4 * c["n"])} }},
		{Kernels: "roundF16NEON", Want: func(c counts) bytes { return bytes{"x": updates(4 * c["n"])} }},
		{Kernels: "axpyNEON", Want: func(c counts) bytes { return bytes{"y": updates(4 * c["n"]), "x": reads(4 * c["n"])} }},
		{Kernels: "axpyF16NEON", Want: func(c counts) bytes { return bytes{"y": updates(4 * c["n"]), "x": reads(2 * c["n"])} }},
		{Kernels: "addMaskNEON", Want: func(c counts) bytes { return bytes{"s": updates(4 * c["n"]), "mask": reads(4 * c["n"])} }},
		// Groups of 16; the last one has 16 of each vector.
		{Kernels: "dotNEON", Want: func(c counts) bytes {
			n := 4 * 16 * c["groups"]
			return bytes{"a": reads(n), "b": reads(n), "last": ifThere(c, reads(128))}
		}},
		{Kernels: "dotF16NEON", Want: func(c counts) bytes {
			n := 2 * 16 * c["groups"]
			return bytes{"w": reads(n), "x": reads(2 * n), "last": ifThere(c, reads(128))}
		}},
		{Kernels: "(sum|squares)NEON", Want: func(c counts) bytes {
			return bytes{"x": reads(4 * 16 * c["groups"]), "last": ifThere(c, reads(64))}
		}},
		{Kernels: "expSumNEON", Want: func(c counts) bytes {
			return bytes{"x": updates(4 * 16 * c["groups"]), "last": ifThere(c, updates(64))}
		}},
		{Kernels: "maxNEON", Want: func(c counts) bytes { return bytes{"x": reads(4 * c["n"])} }},

		// Groups of codes as they lie. 4-bit codes have planes of 16 bytes each, or 16
		// floats that a block's planes are made of.
		{Kernels: "rows4NEON", Want: func(c counts) bytes { return rowsExtent(c, 4, bytes{"planes": reads(32)}) }},
		{Kernels: "rows4oNEON", Want: func(c counts) bytes { return rowsExtent(c, 4, bytes{"planes": reads(32), "offset": ""}) }},
		{Kernels: "rows4rNEON", Want: func(c counts) bytes { return rowsExtent(c, 4, bytes{"codes": reads(64), "offset": ""}) }},
		{Kernels: "rows8[su]NEON", Want: func(c counts) bytes { return rowsExtent(c, 8, bytes{}) }},
		{Kernels: "rows8[su][or]NEON", Want: func(c counts) bytes { return rowsExtent(c, 8, bytes{"offset": ""}) }},
		{Kernels: "unpack4NEON", Want: func(c counts) bytes { return unpackExtent(c, 4, bytes{"planes": reads(32)}) }},
		{Kernels: "unpack4rNEON", Want: func(c counts) bytes { return unpackExtent(c, 4, bytes{"codes": reads(64)}) }},
		{Kernels: "unpack8[su]r?NEON", Want: func(c counts) bytes { return unpackExtent(c, 8, bytes{}) }},

		// Groups of 32 inputs: 32 bytes, 4 steps and 4 sums for one vector; for a tile
		// one of each, which lie where those of the vector are, and of words 64 bytes.
		{Kernels: "quantizeManyNEON", Want: func(c counts) bytes { return quantizeExtent(c, 32) }},
		{Kernels: "quantizeWordsNEON", Want: func(c counts) bytes { return quantizeExtent(c, 64) }},

		// Of few vectors 32 inputs have 32 bytes and 4 steps, and sums behind all others,
		// which only kernels with offsets need.
		{Kernels: "quantizeFewNEON", Want: func(c counts) bytes {
			n := c["groups"]
			return bytes{"dst": stores(48 * n), "sums": stores(16 * n), "x": reads(4 * 32 * n)}
		}},
		{Kernels: "peakNEON", Want: func(c counts) bytes { return bytes{"x": reads(32 * c["groups"])} }},
		{Kernels: "quantizeFewWordsNEON", Want: func(c counts) bytes {
			return bytes{"dst": stores(64 * c["groups"]), "sums": stores(64), "x": reads(4 * 32 * c["groups"])}
		}},
		{Kernels: "words[su]NEON", Want: func(c counts) bytes { return wordsExtent(c, 0) }},
		{Kernels: "words[su]oNEON", Want: func(c counts) bytes { return wordsExtent(c, 64) }},
		{Kernels: "few[124][su]Pair(Dot)?NEON", Want: func(c counts) bytes { return fewExtent(c, 2, 96) }},
		{Kernels: "few[124][su]Quad(Dot)?NEON", Want: func(c counts) bytes { return fewExtent(c, 4, 96) }},
		{Kernels: "few[124][su]oPair(Dot)?NEON", Want: func(c counts) bytes { return fewExtent(c, 2, 128) }},
		{Kernels: "few[124][su]oQuad(Dot)?NEON", Want: func(c counts) bytes { return fewExtent(c, 4, 128) }},
	}
	list = append(list, tileExtents()...)
	list = append(list, paletteExtents()...)
	return append(list, matrixExtents()...)
}

// ifThere is what is touched of the last elements, which may lie where the others do.
func ifThere(c counts, touched string) string {
	if c["nil last"] != 0 {
		return ""
	}
	return touched
}

// fewExtent is a quantised vector by rows of 64 codes with so many scales, of whose
// inputs so many bytes are read.
func fewExtent(c counts, scales, inputs int) bytes {
	n := c["rows"] * c["blocks"]
	scale := reads(4 * scales * n)
	return bytes{"w": reads(32 * n), "scale": scale, "offset": scale, "x": reads(inputs * c["blocks"]), "dst": stores(4 * c["rows"])}
}

// wordsExtent is a vector of words by rows of 64 codes: of each 8 times 64 so many bytes
// of sums are read.
func wordsExtent(c counts, sums int) bytes {
	n, factor := c["blocks"], reads(4*c["rows"])
	return bytes{
		"w": reads(64 * c["rows"] * n), "factor": factor, "offset": factor,
		"x": reads(128*n + (n+7)/8*sums), "dst": stores(4 * c["rows"]),
	}
}

// rowsExtent is a vector by rows of groups of 32 codes, or 16 of 8 bits, which are 16
// bytes, and what else the kernel takes. An offset lies as the scale does.
func rowsExtent(c counts, bits int, more bytes) bytes {
	groups := c["rows"] * c["groups"]
	blocks := (c["groups"] + c["each"] - 1) / c["each"]
	more["w"], more["scale"] = reads(16*groups), reads(4*c["rows"]*blocks)
	more["x"], more["dst"] = reads(4*128/bits*c["groups"]), stores(4*c["rows"])
	if _, ok := more["offset"]; ok {
		more["offset"] = more["scale"]
	}
	return more
}

// unpackExtent is one row of them that is decoded; all modes have an offset.
func unpackExtent(c counts, bits int, more bytes) bytes {
	codes := c["blocks"] * c["vecs"]
	more["dst"], more["w"] = stores(4*8*codes), reads(bits*codes)
	more["scale"], more["offset"] = reads(4*c["blocks"]), reads(4*c["blocks"])
	return more
}

// quantizeExtent is a vector of a tile that is quantised to so many bytes a group.
func quantizeExtent(c counts, size int) bytes {
	n, step := c["groups"], c["stride"]
	return bytes{
		"dst": "w " + every(n, step, 0, size), "steps": "w " + every(n, step, 0, 4), "sums": "w " + every(n, step, 0, 4),
		"x": reads(4 * 32 * n),
	}
}

// tileExtents are those of 4 rows by 4 or 8 vectors: of each vector 40 bytes to a
// group, of which the last 4 are the sum of its inputs. Kernels need it that take an
// offset off the sum. Of words there are 72 bytes, and steps are read once a block. Of
// each result there are 4 floats, one to a row.
func tileExtents() (list []asmtest.Extent) {
	for _, vectors := range []int{4, 8} {
		for _, k := range []struct {
			names string
			read  int
		}{
			{"x4[su](Dot)?", 36}, {"x4[su]o(Dot)?", 40},
		} {
			list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("tile%d%sNEON", vectors, k.names), Want: func(c counts) bytes {
				groups := c["blocks"] * c["groups"]
				scale := "r " + every(4, c["sstep"], 0, 4*c["blocks"])
				return bytes{
					"w": "r " + every(4, c["wstep"], 0, 16*groups), "scale": scale, "offset": scale,
					"x": "r " + every(groups, 40*vectors, 0, k.read*vectors), "dst": "w " + every(vectors, c["ldd"], 0, 16),
				}
			}})
		}
	}
	return append(list, asmtest.Extent{Kernels: "tile4x8[su](Dot)?NEON", Want: func(c counts) bytes {
		groups := c["blocks"] * c["groups"]
		var x []int
		for g := range groups {
			x = append(x, 288*g, 288*g+256, 288*g+272, 288*g+288)
			if g%c["groups"] == 0 {
				x = append(x, 288*g+256, 288*g+272)
			}
		}
		scale := "r " + every(4, c["sstep"], 0, 4*c["blocks"])
		return bytes{
			"w": "r " + every(4, c["wstep"], 0, 32*groups), "scale": scale, "offset": scale,
			"x": "r " + every(1, 0, x...), "dst": "w " + every(4, c["ldd"], 0, 16),
		}
	}})
}

// paletteExtents are those of rows of groups of indices: two planes of 16 bytes,
// or of 64 for 6 bits.
func paletteExtents() (list []asmtest.Extent) {
	for _, bits := range []int{1, 2, 3, 4, 6} {
		planes := reads(2 * 16)
		if bits == 6 {
			planes = reads(2 * 64)
		}
		list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("dotLUT%dNEON", bits), Want: func(c counts) bytes {
			group := 16
			if bits == 4 {
				group = 32
			}
			return bytes{
				"w": reads(group / 8 * bits * c["rows"] * c["groups"]), "planes": planes,
				"x": reads(4 * group * c["groups"]), "dst": stores(4 * c["rows"]),
			}
		}}, asmtest.Extent{Kernels: fmt.Sprintf("decodeLUT%dNEON", bits), Want: func(c counts) bytes {
			return bytes{"dst": stores(4 * 8 * c["groups"]), "w": reads(bits * c["groups"]), "planes": planes}
		}})
	}
	return list
}

// matrixExtents are those of matrices of floats.
func matrixExtents() (list []asmtest.Extent) {
	for n := 1; n <= 6; n++ {
		for _, columns := range []int{16, 4, 1} {
			list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("nn%dx%dNEON", n, columns), Want: func(c counts) bytes {
				return added(c, bytes{
					"dst": every(n, c["ldd"], 0, 4*columns),
					"a":   "r " + every(n, c["lda"], 0, 4*c["k"]), "b": "r " + every(c["k"], c["ldb"], 0, 4*columns),
				})
			}})
		}
		for _, columns := range []int{16, 4, 1} {
			list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("taps%dx%dNEON", n, columns), Want: func(c counts) bytes {
				return added(c, bytes{
					"dst": every(n, c["ldd"], 0, 4*columns), "at": reads(8 * c["k"]),
					"a": "r " + every(n, c["lda"], 0, 4*c["k"]), "b": "r " + every(c["k"], tapsApart, 0, 4*columns),
				})
			}})
		}
		list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("nt%dNEON", n), Want: func(c counts) bytes {
			row := reads(4 * c["k"])
			return added(c, bytes{
				"dst": every(n, c["ldd"], 0, 16), "x": "r " + every(n, c["ldx"], 0, 4*c["k"]),
				"w0": row, "w1": row, "w2": row, "w3": row,
				"lanes": updates(2 * 4 * n * 16),
			})
		}})
	}
	return list
}

// added reads dst where the results are added to it.
func added(c counts, b bytes) bytes {
	dst := b["dst"]
	b["dst"] = "w " + dst
	if c["acc"] != 0 {
		b["dst"] = "r " + dst + " w " + dst
	}
	return b
}

// tapsApart are the rows of a convolution from each other.
const tapsApart = 600

func TestEveryKernelTouchesWhatItsCountsSay(t *testing.T) {
	offsets := make([]asmtest.Value, 48)
	for i := range offsets {
		offsets[i].N = tapsApart * i
	}
	walk := asmtest.Walk{Words: map[string][]asmtest.Value{"at": offsets}}
	for _, f := range Files() {
		asmtest.CheckExtents(t, machine, asmtest.Written(t, f), walk, extents(), calls)
	}
}
