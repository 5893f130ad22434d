package amd64

import (
	"fmt"
	"slices"
	"strings"
)

// AMX's instructions, which Go's assembler does not know: they are written as bytes, with
// their text beside them. All are VEX instructions of the map 0F38.

// T is a tile register: up to 16 rows of up to 64 bytes.
type T uint8

// String returns the register's name.
func (t T) String() string { return fmt.Sprintf("T%d", uint8(t)) }

// The prefixes, as VEX numbers them.
const (
	vexNone = 0
	vexF3   = 2
	vexF2   = 3
)

// coded adds an instruction as bytes.
func (f fn) coded(text string, code ...byte) {
	list := make([]string, len(code))
	for i, b := range code {
		list[i] = fmt.Sprintf("BYTE $0x%02x", b)
	}
	f.Line(strings.Join(list, "; ") + " // " + text)
}

// vexTiles encodes an instruction on tiles: reg, rm and the third operand.
func vexTiles(prefix, opcode byte, reg, rm, third T) []byte {
	return []byte{0xC4, 0xE2, 0x78&^byte(third<<3) | prefix, opcode, 0xC0 | byte(reg)<<3 | byte(rm)}
}

// vexMemory encodes an instruction with memory at an address in registers, which has an
// index that counts once where tiles are loaded and stored. The base is neither SP nor R12
// without one.
func vexMemory(prefix, opcode byte, reg T, m mem) []byte {
	base, second := codeOf(m.base), byte(0xE2)
	if base > 7 {
		second &^= 0x20
	}
	modRM, rest := byte(reg)<<3|byte(base&7), []byte(nil)
	if m.index != "" {
		index, _, _ := strings.Cut(strings.TrimPrefix(m.index, "("), "*")
		i := codeOf(index)
		if i > 7 {
			second &^= 0x40
		}
		modRM, rest = byte(reg)<<3|4, []byte{byte(i&7)<<3 | byte(base&7)}
	}
	if m.offset != 0 || base&7 == 5 {
		modRM |= 0x80
		o := uint32(int32(m.offset))
		rest = append(rest, byte(o), byte(o>>8), byte(o>>16), byte(o>>24))
	}
	return append([]byte{0xC4, second, 0x78 | prefix, opcode, modRM}, rest...)
}

// codeOf is a register's number in machine code, which orders the first eight otherwise
// than kernels do.
func codeOf(name string) int {
	i := slices.Index([]string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}, name)
	if i < 0 {
		panic("no general register is called " + name)
	}
	return i
}

// LDTILECFG takes the shapes of the tiles, 64 bytes, and clears them.
func (f fn) LDTILECFG(m mem) {
	f.coded(fmt.Sprintf("LDTILECFG %v", m), vexMemory(vexNone, 0x49, 0, m)...)
}

// TILERELEASE gives the tiles back: nothing has to save them from here on.
func (f fn) TILERELEASE() { f.coded("TILERELEASE", vexTiles(vexNone, 0x49, 0, 0, 0)...) }

// TILEZERO clears a tile.
func (f fn) TILEZERO(dst T) {
	f.coded(fmt.Sprintf("TILEZERO %v", dst), vexTiles(vexF2, 0x49, dst, 0, 0)...)
}

// TILELOADD loads rows that are the index register apart.
func (f fn) TILELOADD(m mem, dst T) {
	f.coded(fmt.Sprintf("TILELOADD %v, %v", m, dst), vexMemory(vexF2, 0x4B, dst, m)...)
}

// TILESTORED stores them.
func (f fn) TILESTORED(src T, m mem) {
	f.coded(fmt.Sprintf("TILESTORED %v, %v", src, m), vexMemory(vexF3, 0x4B, src, m)...)
}

// TDPBSSD adds products of signed bytes, 4 to a lane: rows of a by columns of b, in which
// 4 rows of a column lie together.
func (f fn) TDPBSSD(b, a, dst T) {
	f.coded(fmt.Sprintf("TDPBSSD %v, %v, %v", b, a, dst), vexTiles(vexF2, 0x5E, dst, a, b)...)
}
