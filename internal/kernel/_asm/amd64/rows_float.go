package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Rows of floats and of halves.

// floatRows writes the kernels of a set.
func floatRows(p file, set width, name string) {
	for _, halves := range []bool{true, false} {
		typ, what, stem := asm.Floats, "floats", "rowsF32"
		if halves {
			typ, what, stem = asm.Halves, "halves", "rowsF16"
		}
		k := fours{set: set, step: 16, bytes: 64}
		if halves {
			k.bytes = 32
		}
		k.fn = p.begin(stem+name, "multiplies x by rows of "+what+", a multiple of 4 of them, of columns a multiple of 16; stride is in bytes.", k.params(typ, "")...)
		k.round = func() {
			k.fetchAhead()
			if set == W512 {
				k.floats512(halves)
			} else {
				k.floats256(halves)
			}
		}
		k.write("")
	}
}

func (k fours) floats512(halves bool) {
	const x = Z(4)
	k.VMOVUPS(inputPtr.At(0), x)
	for r := range 4 {
		if !halves {
			k.VFMADD231PS(k.row(r, 0), x, Z(r))
			continue
		}
		w := Z(5 + r%2)
		k.VCVTPH2PS(k.row(r, 0), w)
		k.VFMADD231PS(w, x, Z(r))
	}
}

func (k fours) floats256(halves bool) {
	for half := range 2 {
		x := Y(8 + half)
		k.VMOVUPS(inputPtr.At(32*half), x)
		for r := range 4 {
			sum := Y(2*r + half)
			if !halves {
				k.VFMADD231PS(k.row(r, 32*half), x, sum)
				continue
			}
			w := Y(10 + r)
			k.VCVTPH2PS(k.row(r, 16*half), w)
			k.VFMADD231PS(w, x, sum)
		}
	}
}

// rowsAVX2 and rowsAVX512 write the kernels of both sets.
func rowsAVX2(p file) {
	floatRows(p, W256, "AVX2")
	codeRows256(p)
}

func rowsAVX512(p file) {
	floatRows(p, W512, "AVX512")
	codeRows512(p)
	paletteRows(p)
}
