package arm64

import "fmt"

// Loads and stores of vector registers, encoded as section C4.1 of the Arm
// Architecture Reference Manual says.

// field returns n as a field of bits, or panics when it does not fit.
func field(n, low, high, bits int) uint32 {
	if n < low || n > high {
		panic(fmt.Sprintf("%d is outside [%d, %d]", n, low, high))
	}
	return uint32(n) & (1<<bits - 1)
}

// LDR and STR move one register.
func (f fn) LDR(r scalar, m mem) { f.move("ldr", 0x00400000, r, m) }
func (f fn) STR(r scalar, m mem) { f.move("str", 0, r, m) }

// move adds a load or store of a register: with a step of 9 bits and a sign, or at
// an offset of 12 bits in units of the size.
func (f fn) move(name string, load uint32, r scalar, m mem) {
	p := r.part()
	w := p.fields | load | uint32(m.base)<<5 | p.number
	if m.post {
		w |= 0x3C000400 | field(m.offset, -256, 255, 9)<<12
	} else {
		w |= 0x3D000000 | units(m.offset, p.size, 0, 4095, 12)<<10
	}
	f.word(w, name, r, m)
}

// units returns an offset in units of the size.
func units(offset, size, low, high, bits int) uint32 {
	if offset%size != 0 {
		panic(fmt.Sprintf("offset %d is no multiple of %d", offset, size))
	}
	return field(offset/size, low, high, bits)
}

// LDP and STP move two registers.
func (f fn) LDP(a, b Q, m mem) { f.movePair("ldp", 0x00400000, a, b, m) }
func (f fn) STP(a, b Q, m mem) { f.movePair("stp", 0, a, b, m) }

// movePair adds one of two registers of 128 bits, whose offset or step is 7 bits
// with a sign, in units of 16 bytes.
func (f fn) movePair(name string, load uint32, a, b Q, m mem) {
	w := uint32(0xAD000000)
	if m.post {
		w = 0xAC800000
	}
	w |= load | units(m.offset, 16, -64, 63, 7)<<15 | uint32(b)<<10 | uint32(m.base)<<5 | uint32(a)
	f.word(w, name, a, b, m)
}

// LD1R loads a word to all lanes. A step is the size of what is loaded.
func (f fn) LD1R(d vec, m mem) {
	f.word(stepOf(m, 4)|d.arr.full<<30|0x0D40C000|d.arr.size<<10|uint32(m.base)<<5|d.number(), "ld1r", "{"+d.String()+"}", m)
}

// LD1 loads one element; the others stay.
func (f fn) LD1(e elem, m mem) {
	// The index fills Q, S and the size field from the top.
	index := uint32(e.index) << e.size
	w := stepOf(m, 1<<e.size) | 0x0D400000 | [...]uint32{0, 0x4000, 0x8000}[e.size]
	w |= index>>3<<30 | index>>2&1<<12 | index&3<<10 | uint32(m.base)<<5 | e.number()
	f.word(w, "ld1", fmt.Sprintf("{v%d.%s}[%d]", e.reg, e.name, e.index), m)
}

// stepOf returns the fields for a step, which can only be the size.
func stepOf(m mem, size int) uint32 {
	switch {
	case m.post && m.offset == size:
		return 0x009F0000
	case m.post || m.offset != 0:
		panic(fmt.Sprintf("%v: not a step of %d", m, size))
	}
	return 0
}

// PRFM fetches what is at base plus offset into the first-level cache.
func (f fn) PRFM(base, offset R) {
	f.word(0xF8A06800|uint32(offset)<<16|uint32(base)<<5, "prfm", "pldl1keep", fmt.Sprintf("[%s, %s]", base.x(), offset.x()))
}
