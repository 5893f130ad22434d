package arm64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// 8-bit codes times tiles of 4 vectors quantised to 16 bits, of which the upper and the
// lower bytes are multiplied apart. A prepared group has of each vector 32 upper bytes and
// 32 lower ones, then a step of each, then a sum of each as an integer.

// wordTile and wordGroup are the vectors of a tile, and what a group of one takes.
const (
	wordTile  = 4
	wordGroup = 72
)

// writeTileWords has integers of a block in V4 to V7. They begin with what the codes'
// offsets take off, a multiple of the inputs' sum: offset has the multiples as integers.
func writeTileWords(p file, q quantised) asm.Signature {
	const steps, sums, upper, even, odd, factor = V(8), V(28), V(27), V(24), V(25), V(26)
	t := beginTile(p, q, wordTile, true,
		"multiplies a tile of 4 quantised vectors by 4 rows of 8-bit codes, groups groups of 32 to a block, whose inputs' sums count offset times more, an integer.")
	t.repeat("block", blockLeft, func() {
		t.MOVD(groupLeft, R19)
		t.rowFactors()
		t.LDR(Q(steps), R1.At(64*wordTile))
		t.zero(vs(4, wordTile)...)
		t.repeat("group", groupLeft, func() {
			t.takeApart()
			t.LDR(Q(sums), R1.At(68*wordTile))
			for i := range wordTile {
				integers := V(4 + i)
				t.MLA(integers.S4(), rowOffsets.S4(), sums.S(i))
				t.zero(upper)
				for half, sum := range []V{upper, integers} {
					t.LDP(Q(even), Q(odd), R1.At(64*i+32*half))
					for k := range 4 {
						t.multiplyBy(sum, V(16+k), even, k)
						t.multiplyBy(sum, V(20+k), odd, k)
					}
				}
				t.SHL(upper.S4(), upper.S4(), 8)
				t.VADD(integers.S4(), integers.S4(), upper.S4())
			}
			t.step(R1, wordGroup*wordTile)
		})
		for i := range wordTile {
			integers := V(4 + i)
			t.SCVTF(integers.S4(), integers.S4())
			t.FMUL(factor.S4(), rowScales.S4(), steps.S(i))
			t.FMLA(V(i).S4(), integers.S4(), factor.S4())
		}
	})
	return t.finish()
}
