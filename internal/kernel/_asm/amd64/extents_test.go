package amd64

import (
	"fmt"
	"maps"
	"slices"
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
		"n": 8, "nil last": 1, "rows": 1, "blocks": 1, "vecs": 1, "groups": 1, "k": 16, "acc": 0, "cols": 32, "nil tail": 1, "nil rows": 1,
		"ldx": 4096, "ldd": 400, "lda": 500, "ldb": 600, "stride": 700, "xstep": 20000, "lines": 3, "each": 1, "ahead": 1 << 20,
		"columns": 32, "block": 32, "pairs": 1,
	},
	{
		"n": 72, "rows": 3, "blocks": 4, "vecs": 5, "groups": 6, "k": 48, "acc": 1, "cols": 32, "nil tail": 1, "nil rows": 1, "floats": 1,
		"ldx": 4096, "ldd": 400, "lda": 500, "ldb": 600, "stride": 700, "xstep": 20000, "lines": 3, "each": 2, "ahead": 1 << 20,
		"columns": 1056, "block": 96, "pairs": 3, "apart": 48,
	},
	{
		"n": 40, "rows": 4, "blocks": 7, "vecs": 8, "groups": 32, "k": 32, "acc": 1, "cols": 32, "nil tail": 1, "nil rows": 1,
		"ldx": 4096, "ldd": 64, "lda": 4096, "ldb": 128, "stride": 32, "xstep": 20000, "lines": 3, "each": 1, "ahead": 64, "fetch": 1,
		"columns": 512, "block": 16, "pairs": 2, "apart": 256,
	},
	// A row of compact inputs that has two chunks, two groups and a half. Sums have a
	// chunk and five groups.
	{
		"n": 16, "rows": 2, "blocks": 21, "vecs": 2, "groups": 37, "k": 16, "acc": 0, "cols": 32, "nil tail": 1, "nil rows": 1,
		"ldx": 8192, "ldd": 64, "lda": 4096, "ldb": 128, "stride": 32, "xstep": 20000, "lines": 3, "each": 1, "ahead": 64, "fetch": 2,
		"columns": 544, "block": 544, "pairs": 1, "apart": 512,
	},
	// Several times four rows, whose scales are the same.
	{
		"n": 16, "rows": 12, "blocks": 2, "vecs": 1, "groups": 2, "k": 16, "acc": 0, "cols": 32, "nil tail": 1, "nil rows": 1,
		"ldx": 4096, "ldd": 64, "lda": 4096, "ldb": 128, "stride": 96, "xstep": 20000, "lines": 3, "each": 1, "ahead": 64,
		"columns": 96, "block": 32, "pairs": 2,
	},
}

// apart are the starts of 8 rows that panels are filled from.
const apart = 4096

// walk is what memory holds: indices and the like are 255 in every byte, and the
// stack is as far from a multiple of 64 as costs most of the frame.
var walk = asmtest.Walk{Fill: 255, StackAt: 8, Words: map[string][]asmtest.Value{
	"offs": wordsApart(8, apart), "at": wordsApart(48, tapsApart),
}}

// tapsApart are the rows of a convolution from each other.
const tapsApart = 600

func wordsApart(n, step int) []asmtest.Value {
	list := make([]asmtest.Value, n)
	for i := range list {
		list[i].N = step * i
	}
	return list
}

func reads(n int) string                  { return asmtest.Reads(n) }
func stores(n int) string                 { return asmtest.Stores(n) }
func updates(n int) string                { return asmtest.Updates(n) }
func every(n, step int, of ...int) string { return asmtest.Every(n, step, of...) }

// extents are worked out from what the kernels' files say of their layouts: a
// float has 4 bytes, a half 2, and b bits of 8 codes have b bytes.
var extents = append([]asmtest.Extent{
	{Kernels: "(add|mul|mulScale)AVX2", Want: func(c counts) bytes {
		return bytes{"dst": stores(4 * c["n"]), "a": reads(4 * c["n"]), "b": reads(4 * c["n"])}
	}},
	{Kernels: "(scale|shift)AVX2", Want: func(c counts) bytes {
		return bytes{"dst": stores(4 * c["n"]), "a": reads(4 * c["n"])}
	}},
	{Kernels: "(exp|silu|geluTanh|geluErf)AVX2", Want: func(c counts) bytes {
		return bytes{"dst": stores(4 * c["n"]), "x": reads(4 * c["n"])}
	}},
	{Kernels: "xgetbv", Want: func(counts) bytes { return bytes{"dst": stores(4)} }},
	{Kernels: "cpuid", Want: func(counts) bytes { return bytes{"dst": stores(16)} }},
	{Kernels: "f16to32AVX2", Want: func(c counts) bytes { return bytes{"dst": stores(4 * c["n"]), "src": reads(2 * c["n"])} }},
	{Kernels: "bf16to32AVX2", Want: func(c counts) bytes { return bytes{"dst": stores(4 * c["n"]), "src": reads(2 * c["n"])} }},
	{Kernels: "blockPeaksAVX2", Want: func(c counts) bytes {
		return bytes{"dst": stores(4 * c["blocks"]), "x": reads(128 * c["blocks"] * c["each"])}
	}},
	{Kernels: "int4CodesAVX2", Want: func(c counts) bytes {
		n := c["blocks"] * c["each"]
		return bytes{"codes": stores(16 * n), "x": reads(128 * n), "steps": reads(4 * c["blocks"]), "lost": stores(96)}
	}},
	{Kernels: "f32to16AVX2", Want: func(c counts) bytes { return bytes{"dst": stores(2 * c["n"]), "src": reads(4 * c["n"])} }},
	{Kernels: "roundF16AVX2", Want: func(c counts) bytes { return bytes{"x": updates(4 * c["n"])} }},
	{Kernels: "axpyAVX2", Want: func(c counts) bytes { return bytes{"y": updates(4 * c["n"]), "x": reads(4 * c["n"])} }},
	{Kernels: "axpyF16AVX2", Want: func(c counts) bytes { return bytes{"y": updates(4 * c["n"]), "x": reads(2 * c["n"])} }},
	{Kernels: "addMaskAVX2", Want: func(c counts) bytes { return bytes{"s": updates(4 * c["n"]), "mask": reads(4 * c["n"])} }},
	// Groups of 16; the last one has 16 of each vector.
	{Kernels: "dotAVX2", Want: func(c counts) bytes {
		n := 4 * 16 * c["groups"]
		return bytes{"a": reads(n), "b": reads(n), "last": ifThere(c, reads(128))}
	}},
	{Kernels: "dotF16AVX2", Want: func(c counts) bytes {
		n := 2 * 16 * c["groups"]
		return bytes{"w": reads(n), "x": reads(2 * n), "last": ifThere(c, reads(128))}
	}},
	{Kernels: "(sum|squares)AVX2", Want: func(c counts) bytes {
		return bytes{"x": reads(4 * 16 * c["groups"]), "last": ifThere(c, reads(64))}
	}},
	{Kernels: "expSumAVX2", Want: func(c counts) bytes {
		return bytes{"x": updates(4 * 16 * c["groups"]), "last": ifThere(c, updates(64))}
	}},
	{Kernels: "maxAVX2", Want: func(c counts) bytes { return bytes{"x": reads(4 * c["n"])} }},

	// Vectors of 8 codes as they lie.
	{Kernels: "unpack4[su](a?)AVX2", Want: func(c counts) bytes { return unpackExtent(c, 4, false) }},
	{Kernels: "unpack4[su](o|r|ao)AVX2", Want: func(c counts) bytes { return unpackExtent(c, 4, true) }},
	{Kernels: "unpack8[su](a?)AVX2", Want: func(c counts) bytes { return unpackExtent(c, 8, false) }},
	{Kernels: "unpack8[su](o|r|ao)AVX2", Want: func(c counts) bytes { return unpackExtent(c, 8, true) }},

	// Compact groups of 64 are halves of groups of 128, whose sums are apart.
	{Kernels: "quantizeCompactAVX2", Want: func(c counts) bytes {
		n := c["groups"]
		return bytes{
			"dst":  "r " + compactGroups(n, 128, 160) + " w " + compactGroups(n, 0, 32, 64, 96, 128, 160),
			"sums": stores(16 * n), "x": reads(4 * 64 * n),
		}
	}},
	// 8-bit codes by words.
	{Kernels: "peakAVX2", Want: func(c counts) bytes { return bytes{"x": reads(32 * c["groups"])} }},
	{Kernels: "quantizeFewWordsAVX2", Want: func(c counts) bytes {
		return bytes{"dst": stores(64 * c["groups"]), "sums": stores(64), "x": reads(4 * 32 * c["groups"])}
	}},
	{Kernels: "words[su](AVX2|VNNI)", Want: func(c counts) bytes { return fewWordsExtent(c, 0) }},
	{Kernels: "words[su]o(AVX2|VNNI)", Want: func(c counts) bytes { return fewWordsExtent(c, 64) }},

	// Palettes. Tables of 8 bits are looked up where the index says, which is 255.
	{Kernels: "prepareLUT4AVX2", Want: func(c counts) bytes {
		return bytes{"dst": stores(4 * 64 * c["groups"]), "x": reads(4 * 64 * c["groups"])}
	}},
	// Pairs of rows, of which the first is as long as the stride only where it says so.
	{Kernels: "dotLUT4PlanesAVX2", Want: func(c counts) bytes {
		row, n := 32*c["groups"], c["pairs"]
		var rows []int
		for i := range n {
			at := i * (row + c["stride"])
			rows = append(rows, at, at+row, at+c["stride"], at+c["stride"]+row)
		}
		return bytes{"w": "r " + every(1, 0, rows...), "table": reads(4 * 16), "x": reads(4 * 64 * c["groups"]), "dst": updates(8 * n)}
	}},
}, slices.Concat(fewExtents(), paletteExtents(), panelExtents(), rowExtents(), matrixExtents(), attentionExtents(), wholeRowExtents())...)

// ifThere is what is touched of the last elements, which may lie where the others do.
func ifThere(c counts, touched string) string {
	if c["nil last"] != 0 {
		return ""
	}
	return touched
}

// unpackExtent is one row of them that is decoded.
func unpackExtent(c counts, bits int, offset bool) bytes {
	codes := c["blocks"] * c["vecs"]
	b := bytes{"dst": stores(4 * 8 * codes), "w": reads(bits * codes), "scale": reads(4 * c["blocks"])}
	if offset {
		b["offset"] = b["scale"]
	}
	return b
}

// compactGroups are runs of each of n groups of 64 in their places.
func compactGroups(n int, runs ...int) string {
	var all []int
	for g := range n {
		for _, end := range runs {
			all = append(all, g/2*192+g%2*32+end)
		}
	}
	return every(1, 0, all...)
}

// fewWordsExtent is a vector of words by rows of 64 codes: of each 8 times 64 so many bytes
// of sums are read.
func fewWordsExtent(c counts, sums int) bytes {
	n, factor := c["blocks"], reads(4*c["rows"])
	return bytes{
		"w": reads(64 * c["rows"] * n), "factor": factor, "offset": factor,
		"x": reads(128*n + (n+7)/8*sums), "dst": stores(4 * c["rows"]),
	}
}

// fewExtents are those of some compact vectors by rows of 64 codes: blocks of 64, 32 or
// 16 of them have a scale each, of 4 or 2 bytes.
func fewExtents() (list []asmtest.Extent) {
	for name, scales := range map[string]int{"Long": 1, "Pair": 2, "Quad": 4} {
		for halves, size := range map[string]int{"": 4, "Halves": 2} {
			for _, codes := range []string{"s", "so", "uo", "u"} {
				list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("fast%s%s%s(AVX2|VNNI)", codes, name, halves), Want: func(c counts) bytes {
					return compactExtent(c, 1, scales, size, compactSums(c, codes))
				}})
				for vectors := 2; vectors <= 4; vectors++ {
					set := "(AVX2|VNNI)"
					if offsets := len(codes) > 1; !offsets {
						set = "AVX2"
						list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("fast%s%s%sBy%dVNNI", codes, name, halves, vectors), Want: func(c counts) bytes {
							return foursExtent(wholeFours(c), vectors, scales, size, codes != "u")
						}})
					}
					list = append(list, asmtest.Extent{Kernels: fmt.Sprintf("fast%s%s%sBy%d%s", codes, name, halves, vectors, set), Want: func(c counts) bytes {
						return compactExtent(c, vectors, scales, size, compactSums(c, codes))
					}})
				}
			}
		}
	}
	return list
}

// wholeFours are counts with as many rows as kernels take that know multiples of four only.
func wholeFours(c counts) counts {
	c = maps.Clone(c)
	c["rows"] = (c["rows"] + 3) &^ 3
	return c
}

// compactSums is what the corrections of a vector take, which plain unsigned codes need not.
func compactSums(c counts, codes string) int {
	if codes == "u" {
		return 0
	}
	return 16 * c["blocks"]
}

// compactExtent is some compact vectors by rows of 64 codes. The inputs of two times 64
// lie together, and so many bytes of corrections behind all.
func compactExtent(c counts, vectors, scales, size, sums int) bytes {
	n := c["blocks"]
	var runs []int
	for v := range vectors {
		at := v * c["ldx"]
		behind := at + (n+1)/2*192
		runs = append(runs, at, at+n/2*192)
		if at += n / 2 * 192; n%2 == 1 {
			runs = append(runs, at, at+32, at+64, at+96, at+128, at+160)
		}
		if sums > 0 {
			runs = append(runs, behind, behind+sums)
		}
	}
	return bytes{
		"w": reads(32 * c["rows"] * n), "scale": reads(scales * size * c["rows"] * n),
		"offset": reads(scales * 4 * c["rows"] * n),
		"x":      "r " + every(1, 0, runs...), "dst": "w " + every(vectors, c["ldd"], 0, 4*c["rows"]),
	}
}

// foursExtent is that of kernels of four rows, which widen the corrections of whole groups
// before they read them.
func foursExtent(c counts, vectors, scales, size int, corrects bool) bytes {
	n, sums := c["blocks"], 0
	if corrects {
		sums = (c["blocks"] + 1) / 2 * 32
	}
	e := compactExtent(c, vectors, scales, size, sums)
	if !corrects {
		return e
	}
	at := n / 2 * 64 * vectors
	runs := []int{0, at}
	for v := range n % 2 * vectors {
		runs = append(runs, at+64*v, at+64*v+32)
	}
	e["wide"] = "r " + every(1, 0, runs...) + " w " + every(1, 0, 0, 2*sums*vectors)
	return e
}

// dotLUTExtent is a vector by rows of groups of indices.
func dotLUTExtent(c counts, bits, group int, table string) bytes {
	return bytes{
		"w": reads(c["rows"] * c["groups"] * group / 8 * bits), "table": table,
		"x": reads(4 * group * c["groups"]), "dst": stores(4 * c["rows"]),
	}
}

// paletteExtents are those of the kernels that read a group of indices at a time:
// the bits, the indices of a group, and what is read of the table.
func paletteExtents() (list []asmtest.Extent) {
	for _, p := range []struct {
		name        string
		bits, group int
		table       string
	}{
		{"1", 1, 8, reads(4 * 8)},
		{"2", 2, 8, reads(4 * 8)},
		{"3", 3, 8, reads(4 * 8)},
		{"4", 4, 8, reads(4 * 16)},
		{"6", 6, 32, reads(2 * 64)},
		{"8", 8, 8, "r 1020-1024"},
	} {
		list = append(list, asmtest.Extent{Kernels: "dotLUT" + p.name + "AVX2", Want: func(c counts) bytes {
			return dotLUTExtent(c, p.bits, max(p.group, 16), p.table)
		}}, asmtest.Extent{Kernels: "decodeLUT" + p.name + "AVX2", Want: func(c counts) bytes {
			n := c["groups"] * p.group
			return bytes{"dst": stores(4 * n), "w": reads(n / 8 * p.bits), "table": p.table}
		}})
	}
	return list
}

func TestEveryKernelTouchesWhatItsCountsSay(t *testing.T) {
	for _, f := range Files() {
		asmtest.CheckExtents(t, machine, asmtest.Written(t, f), walk, extents, calls)
	}
}
