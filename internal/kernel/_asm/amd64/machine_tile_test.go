package amd64

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// shapes is what stands for the tiles' shapes among the registers.
const shapes = "shapes"

// shapeOf returns the rows of a tile and the bytes of one, as tileConfig gives them to
// three kinds: integers, inputs and codes.
func shapeOf(tile string) (rows, bytes int) {
	kinds := [][2]int{{16, 64}, {16, 32}, {8, 64}}
	k := kinds[integer(tile[1:])%len(kinds)]
	return k[0], k[1]
}

// tileOps are AMX's instructions.
func tileOps(l asmtest.Line) (e asmtest.Effect, ok bool) {
	e.Set = amx
	switch l.Op {
	case "LDTILECFG":
		e.Writes = []string{shapes}
		a, err := memory(l.Operands[0])
		a.Size = 64
		e.Memory = []asmtest.Access{a}
		return withAddresses(e), err == nil
	case "TILERELEASE":
		return e, true
	case "TILEZERO":
		e.Reads, e.Writes = []string{shapes}, []string{l.Operands[0]}
		return e, true
	case "TDPBSSD":
		e.Reads, e.Writes = append(slices.Clone(l.Operands), shapes), []string{l.Operands[2]}
		return e, true
	case "TILELOADD":
		return tileMemory(e, l.Operands[0], l.Operands[1], false)
	case "TILESTORED":
		return tileMemory(e, l.Operands[1], l.Operands[0], true)
	}
	return e, false
}

// tileMemory has a row of the tile at each multiple of the index.
func tileMemory(e asmtest.Effect, at, tile string, store bool) (asmtest.Effect, bool) {
	a, err := memory(at)
	if err != nil || a.Scale != 1 {
		return e, false
	}
	rows, bytes := shapeOf(tile)
	for i := range rows {
		row := a
		row.Scale, row.Size, row.Store = i, bytes, store
		e.Memory = append(e.Memory, row)
	}
	e.Reads = []string{shapes}
	if store {
		e.Reads = append(e.Reads, tile)
	} else {
		e.Writes = []string{tile}
	}
	return withAddresses(e), true
}

// TestTilesAreGivenBackBeforeEveryReturn finds kernels that leave a tile to be saved, and
// that the table of shapes here is the one that they load.
func TestTilesAreGivenBackBeforeEveryReturn(t *testing.T) {
	found := 0
	for _, f := range Files() {
		for _, fn := range asmtest.Written(t, f).Functions {
			inUse := false
			for _, l := range fn.Lines {
				switch l.Op {
				case "LDTILECFG":
					inUse, found = true, found+1
				case "TILERELEASE":
					inUse = false
				case "RET":
					if inUse {
						t.Errorf("%s: %v with tiles in use", fn.Name, l)
					}
				}
			}
		}
	}
	if found == 0 {
		t.Error("no kernel has tiles")
	}
}

func TestShapesAreThoseOfTheConfiguration(t *testing.T) {
	config := tileShapes()
	if config[0] != 1 {
		t.Errorf("the palette is %d", config[0])
	}
	for i := range 2 * tileSet {
		rows, bytes := shapeOf(T(i).String())
		if got, want := [2]int{int(config[48+i]), int(config[16+2*i])}, [2]int{rows, bytes}; got != want {
			t.Errorf("tile %d has the shape %v, want %v", i, got, want)
		}
	}
}
