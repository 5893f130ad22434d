package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// VNNI's tiles: 16 rows fill a vector, so the codes of a block of 32 columns are 8
// of them, which stay in registers while up to 8 vectors of inputs are multiplied
// by them, 4 bytes at a time as a broadcast operand.

// mostVectors is how many sums there are registers for.
const mostVectors = 8

// The registers: the codes are in Z0 to Z7, the sums from Z16 on, and as many
// intermediate results from Z24 on.
const (
	vnniScale  = Z(8)
	vnniOffset = Z(9)
	lowWords   = Z(10)
	vnniSums   = Z(16)
	vnniTemps  = Z(24)
)

// writeTileVNNI writes a kernel. Sums stay in registers for all blocks, where AVX2
// has to keep them in memory; the inputs are operands in memory that the processor
// spreads as it loads them.
func writeTileVNNI(p file, n int) asm.Signature {
	f := p.begin(fmt.Sprintf("tile%dVNNI", n), fmt.Sprintf("adds %d quantised vectors times a panel of 16 rows to dst. Strides are in bytes.", n), tileParams()...)
	f.load("panel", panelPtr)
	f.load("x", DI)
	f.load("ldx", AX)
	f.load("blocks", tileLeft)
	f.load("dst", R8)
	f.load("ldd", R9)
	f.LEAQ(AX.By(AX, 2), CX)
	f.LEAQ(DI.By(AX, 4), DX)
	f.VPBROADCASTD(f.words("lowHalf", 0xFFFF), lowWords)
	var x []mem
	for _, base := range []reg{DI, DX} {
		x = append(x, base.At(0), base.By(AX, 1), base.By(AX, 2), base.By(CX, 1))
	}
	f.zero(zs(int(vnniSums), n)...)
	f.repeat("loop", tileLeft, func() {
		for j := range 8 {
			f.VMOVDQU64(panelPtr.At(64*j), Z(j))
		}
		f.VMOVUPS(panelPtr.At(panelScale), vnniScale)
		f.VMOVUPS(panelPtr.At(panelOffset), vnniOffset)
		for t := range n {
			f.vnniBlock(t, x[t])
		}
		f.ADDQ(imm(panelBlock), panelPtr)
		f.ADDQ(imm(halvesBlock.size), DI)
		f.ADDQ(imm(halvesBlock.size), DX)
	})
	for t := range Z(n) {
		f.VBROADCASTSS(x[t].Plus(-4), Z(0))
		f.VFMADD213PS(R8.At(0), Z(0), vnniSums+t)
		f.VMOVUPS(vnniSums+t, R8.At(0))
		if int(t) < n-1 {
			f.ADDQ(R9, R8)
		}
	}
	f.end()
	return f.Signature
}

// Of 8 registers for intermediate results each vector takes two, in turns, so that
// four vectors are under way.
// vnniBlock multiplies a block of vector t. The sums of the two halves, at most
// 16·15·127, share a lane and meet their steps, of which the second of the first
// half and the first of the second half lie side by side.
func (f fn) vnniBlock(t int, x mem) {
	a, b := vnniTemps+Z(2*t%mostVectors), vnniTemps+Z((2*t+1)%mostVectors)
	f.zero(a, b)
	for k := range 4 {
		f.VPDPBUSD(x.Plus(4*k).Broadcast(), Z(k), a)
		f.VPDPBUSD(x.Plus(16+4*k).Broadcast(), Z(4+k), b)
	}
	f.VPSLLD(16, b, b)
	f.VPTERNLOGD(maskAndJoin, b, lowWords, a)
	f.VPBROADCASTD(x.Plus(halvesBlock.steps+2), b)
	f.VPMADDWD(b, a, a)
	f.VCVTDQ2PS(a, a)
	f.VFNMADD231PS(x.Plus(halvesBlock.sum).Broadcast(), vnniOffset, a)
	f.VFMADD231PS(vnniScale, a, vnniSums+Z(t))
}

// panelsVNNI writes the kernels of 1 to 8 vectors.
func panelsVNNI(p file) {
	tile := p.Choose(asm.ByCount, "tileVNNI", "multiplies 1 to 8 vectors by a panel.")
	for n := 1; n <= mostVectors; n++ {
		tile.Add(n, writeTileVNNI(p, n))
	}
}
