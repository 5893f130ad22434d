package amd64

import (
	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// How blocks of codes of 4 bits meet inputs in the kernels that take 64 at a time.

// pairing is how blocks of codes meet vectors of 64 codes.
type pairing bool

const (
	// long has blocks of whole vectors.
	long pairing = false
	// pair has blocks of 32 codes, two to a vector.
	pair pairing = true
)

// String is the pairing's part of a kernel's name.
func (p pairing) String() string {
	if p == pair {
		return "Pair"
	}
	return "Long"
}

// perVector is how many scales a step over a vector, or over a block of vectors,
// goes on.
func (p pairing) perVector() int {
	if p == pair {
		return 2
	}
	return 1
}

// byPairing writes a kernel for codes of 4 bits in both pairings, of all modes, and
// the functions that choose between them.
func (p file) byPairing(family, set, doc string, modes []kind.Mode, write func(p file, c kind.Codes, pairs pairing) asm.Signature) (choices [2]*asm.Choice) {
	for i, pairs := range []pairing{pair, long} {
		choices[i] = p.Choose(asm.ByKind, family+pairs.String()+set, doc)
	}
	kind.Each(4, modes, func(c kind.Codes) {
		for i, pairs := range []pairing{pair, long} {
			choices[i].Add(c.Kind(), write(p, c, pairs))
		}
	})
	return choices
}

// pairLanes spreads two factors, to a half of the lanes each.
func (f fn) pairLanes() mem { return f.words("pairLanes", 0, 0, 0, 0, 1, 1, 1, 1) }
