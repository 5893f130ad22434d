package amd64

import "fmt"

// mem is memory: at a register, of a constant, of an argument or on the stack.
type mem struct {
	base, index string
	offset      int

	// named is the whole operand of what has a name.
	named string

	// broadcast puts the first element in every lane; mask selects lanes to store.
	broadcast bool
	mask      K
}

// Plus returns the memory at a further offset.
func (m mem) Plus(offset int) mem {
	m.offset += offset
	return m
}

// Broadcast returns the memory as an operand of which AVX-512 puts one element in
// every lane.
func (m mem) Broadcast() mem {
	m.broadcast = true
	return m
}

// Masked returns the memory as a destination of the lanes that the mask selects.
func (m mem) Masked(mask K) mem {
	m.mask = mask
	return m
}

// String writes the operand as the assembler reads it: a mask goes before it, and a
// broadcast is part of the instruction's name.
func (m mem) String() string {
	text := m.named
	if text == "" {
		text = fmt.Sprintf("(%s)%s", m.base, m.index)
		if m.offset != 0 {
			text = fmt.Sprintf("%d%s", m.offset, text)
		}
	}
	if m.mask != 0 {
		text = fmt.Sprintf("%v, %s", m.mask, text)
	}
	return text
}
