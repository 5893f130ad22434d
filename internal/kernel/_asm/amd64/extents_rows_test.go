package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"

// rowExtents are those of the kernels that take four rows at a time, however many they
// are told of: codes of so many bits, and what rows have beside them.
func rowExtents() (list []asmtest.Extent) {
	for _, k := range []struct {
		names  string
		bits   int
		block  bool // a scale for each block
		offset bool
		codes  bool
		table  int // the floats of a row's table
	}{
		{names: "rowsF32(AVX2|AVX512)", bits: 32},
		{names: "rowsF16(AVX2|AVX512)", bits: 16},
		{names: "rows4[su]a?AVX2", bits: 4, block: true},
		{names: "rows4[su](o|r|ao)AVX2", bits: 4, block: true, offset: true},
		{names: "rows8[su]a?(AVX2|AVX512)", bits: 8, block: true},
		{names: "rows8[su](o|r|ao)(AVX2|AVX512)", bits: 8, block: true, offset: true},
		{names: "rows4AVX512", bits: 4, block: true, codes: true},
		{names: "rows4[or]AVX512", bits: 4, block: true, offset: true, codes: true},
		{names: "rowsLUT4AVX512", bits: 4, table: 16},
		{names: "rowsLUT6AVX512", bits: 6, table: 64},
	} {
		list = append(list, asmtest.Extent{Kernels: k.names, Want: func(c counts) bytes {
			n := c["columns"]
			b := bytes{"x": reads(4 * n), "dst": "w " + every(timesFour(c), 16, 0, 16)}
			if n > 512 {
				b["dst"] = "r " + every(timesFour(c), 16, 0, 16) + " " + b["dst"]
			}
			b["w"] = "r " + foursOf(c, n*k.bits/8, c["stride"], true)
			if k.block {
				b["scale"] = "r " + foursOf(c, 4*n/c["block"], c["apart"], c["apart"] != 0)
			}
			if k.offset {
				b["offset"] = b["scale"]
			}
			if k.codes {
				b["codes"] = reads(4 * 16)
			}
			if k.table > 0 {
				b["table"] = "r " + foursOf(c, 4*k.table, c["apart"], false)
			}
			return b
		}})
	}
	return list
}

// timesFour is how often there are four rows.
func timesFour(c counts) int { return (c["rows"] + 3) / 4 }

// foursOf are the bytes of all rows, a stride apart: four of them end one row and three
// strides further on than they began where the pointer goes along the row, and else
// four strides.
func foursOf(c counts, size, stride int, along bool) string {
	step := 4 * stride
	if along {
		step = size + 3*stride
	}
	var all []int
	for g := range timesFour(c) {
		for r := range 4 {
			all = append(all, g*step+r*stride, g*step+r*stride+size)
		}
	}
	return every(1, 0, all...)
}
