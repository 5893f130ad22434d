package amd64

import (
	"fmt"
	"maps"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// attnCalls are what only attention's kernels are called with, beside calls.
var attnCalls = []counts{
	{"ldq": 64, "ldk": 300, "lds": 200, "ldp": 100, "ldv": 300, "steps": 1, "n16": 16, "cols64": 64, "nil added": 1, "column": 64, "lane": 2432},
	{"ldq": 500, "ldk": 500, "lds": 500, "ldp": 600, "ldv": 256, "steps": 3, "n16": 48, "cols64": 64, "column": 128, "lane": 768},
	{"ldq": 128, "ldk": 128, "lds": 128, "ldp": 128, "ldv": 512, "steps": 2, "n16": 32, "cols64": 64, "column": 32, "lane": 4096},
	{"ldq": 4096, "ldk": 256, "lds": 1024, "ldp": 64, "ldv": 4096, "steps": 4, "n16": 256, "cols64": 64, "nil added": 1, "column": 64, "lane": 2368},
	{"ldq": 256, "ldk": 256, "lds": 256, "ldp": 128, "ldv": 256, "steps": 2, "n16": 32, "cols64": 64, "column": 96, "lane": 192},
}

func init() {
	for i, more := range attnCalls {
		maps.Copy(calls[i], more)
	}
}

// attentionExtents are those of direct kernels for both kinds of keys and values, and
// of what works on turned keys and on scores.
func attentionExtents() (list []asmtest.Extent) {
	add := func(name string, want func(c counts) bytes) {
		list = append(list, asmtest.Extent{Kernels: name, Want: want})
	}
	for _, s := range bothStored {
		for rows := 1; rows <= 4; rows++ {
			for name, group := range map[string]int{"AVX2": []int{4, 2, 2, 0}[rows-1], "AVX512": []int{16, 8, 4, 4}[rows-1]} {
				add(fmt.Sprintf("attnScores%d%s%s", rows, s.letters, name), func(c counts) bytes {
					keys := c["groups"] * group
					return bytes{
						"q": "r " + every(rows, c["ldq"], 0, 64*c["steps"]), "keys": "r " + every(keys, c["ldk"], 0, 16*s.size*c["steps"]),
						"s": "w " + every(rows, c["lds"], 0, 4*keys),
					}
				})
			}
			for _, cols := range []int{8, 32} {
				add(fmt.Sprintf("attnValues%dx%d%sAVX2", rows, cols, s.letters), func(c counts) bytes { return attnValuesExtent(c, rows, cols, s.size, false) })
			}
			add(fmt.Sprintf("attnValues%d%sAVX512", rows, s.letters), func(c counts) bytes { return attnValuesExtent(c, rows, 64, s.size, true) })
		}
		add("attnTurn"+s.letters+"AVX2", func(c counts) bytes {
			n := c["groups"]
			return bytes{"dst": "w " + turnedExtent(n, c["column"], c["lane"]), "keys": "r " + every(8, c["ldk"], 0, 16*s.size*n)}
		})
	}
	add("attnPanel4AVX2", func(c counts) bytes { return attnPanelExtent(c, 4, 32, 4) })
	add("attnPanel6AVX2", func(c counts) bytes { return attnPanelExtent(c, 6, 32, 4) })
	add("attnPanel6AVX512", func(c counts) bytes { return attnPanelExtent(c, 6, 64, 3) })
	add("attnMask(Round)?AVX2", func(c counts) bytes {
		b := bytes{"s": updates(4 * c["n16"]), "added": reads(4 * c["n16"])}
		if c["nil added"] != 0 {
			b["added"] = ""
		}
		return b
	})
	add("attnExp(AVX2|AVX512)", func(c counts) bytes { return bytes{"s": updates(4 * c["n16"])} })
	add("attnWeighAVX512", func(c counts) bytes {
		rows, whole, n := c["rows"], (c["n"]-1)/16*64, c["n"]
		scores := every(rows, c["lds"], 0, (n+15)/16*64)
		b := bytes{
			"s": "r " + scores + " w " + scores, "peaks": stores(4 * rows), "sums": stores(4 * rows),
			"added": "r " + every(rows, 4*tapsApart, 0, whole+64) + " ? " + every(rows, 4*tapsApart, whole, whole+64), "at": reads(8 * rows),
		}
		if c["nil added"] != 0 {
			b["added"], b["at"] = "", ""
		}
		return b
	})
	add("attnShareAVX2", func(c counts) bytes { return bytes{"x": updates(4 * c["n"])} })
	add("attnJoinAVX2", func(c counts) bytes { return bytes{"y": updates(4 * c["n"]), "x": reads(4 * c["n"])} })
	return list
}

// attnValuesExtent is some columns of values by rows of weights; masks may leave columns
// out.
func attnValuesExtent(c counts, rows, cols, size int, masked bool) bytes {
	v, dst := every(c["k"], c["ldv"], 0, size*cols), every(rows, c["ldd"], 0, 4*cols)
	b := bytes{"p": "r " + every(rows, c["ldp"], 0, 4*c["k"]), "v": "r " + v, "dst": "w " + dst}
	if c["acc"] != 0 {
		b["dst"] = "r " + dst + " w " + dst
	}
	if masked {
		b["v"] += " ? " + v
		b["dst"] += " ? " + dst
	}
	return b
}

// turnedExtent is 16 columns to a group: each is a lane.
func turnedExtent(groups, column, lane int) string {
	var runs []int
	for i := range 16 {
		runs = append(runs, i*lane, i*lane+32)
	}
	return every(groups, column, runs...)
}

// attnPanelExtent is rows of queries by a panel of keys of two vectors; some levels of
// sums wait in tmp.
func attnPanelExtent(c counts, rows, vector, levels int) bytes {
	all := rows * c["groups"]
	return bytes{
		"s": "w " + every(all, c["lds"], 0, 2*vector), "q": "r " + every(all, c["ldq"], 0, 64*c["steps"]),
		"keys": reads(16 * 2 * vector * c["steps"]), "tmp": updates(levels * 2 * rows * vector),
	}
}
