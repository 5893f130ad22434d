package amd64

import (
	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// How codes and inputs meet in the kernels that take 64 at a time. A vector of 64
// codes of 4 bits has in its 32-bit lane l the codes 8l to 8l+7, so the inputs
// are brought in the order in which one shift or mask after another uncovers them:
// all that are first in their lane, all that are second, and so on.

// transpose8 exchanges rows and columns of 8 vectors of 8 floats at SI, four rows
// at a time: use takes columns 4h to 4h+3 in Y0 to Y3.
func (f fn) transpose8(use func(h int)) {
	for h := range 2 {
		for i := range 4 {
			f.VMOVUPS(SI.At(32*i+16*h), X(i))
			f.VINSERTF128(1, SI.At(32*(i+4)+16*h), Y(i), Y(i))
		}
		f.VUNPCKLPS(Y(1), Y(0), Y(4))
		f.VUNPCKHPS(Y(1), Y(0), Y(5))
		f.VUNPCKLPS(Y(3), Y(2), Y(6))
		f.VUNPCKHPS(Y(3), Y(2), Y(7))
		f.VUNPCKLPD(Y(6), Y(4), Y(0))
		f.VUNPCKHPD(Y(6), Y(4), Y(1))
		f.VUNPCKLPD(Y(7), Y(5), Y(2))
		f.VUNPCKHPD(Y(7), Y(5), Y(3))
		use(h)
	}
}

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

// spread loads the factors of a vector at ptr to all of its lanes: one, or two for
// a half each in the order of lanes.
func (f fn) spread(p pairing, ptr reg, lanes, r Y) {
	if p == long {
		f.VBROADCASTSS(ptr.At(0), r)
		return
	}
	f.VBROADCASTSD(ptr.At(0), r)
	f.VPERMILPS(lanes, r, r)
}

// pairLanes is the order of lanes for spread.
func (f fn) pairLanes() mem { return f.words("pairLanes", 0, 0, 0, 0, 1, 1, 1, 1) }
