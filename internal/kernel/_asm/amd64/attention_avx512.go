package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Attention with 32 registers of 16 lanes: a row and a key have one register of sums,
// and 16 of them are added at once.

// scores512 multiplies rows by 16 keys at a time if there is one row, by 8 if there are
// two, and otherwise by 4.
type scores512 struct {
	fn
	stored
	rows int
	// wide is the number of 128 bits that the scores of a row take of the 512.
	wide int
}

// writeScores512 writes the kernel.
func (p file) writeScores512(s stored, rows int) asm.Signature {
	wide := map[int]int{1: 4, 2: 2, 3: 1, 4: 1}[rows]
	f := p.begin(fmt.Sprintf("attnScores%d%sAVX512", rows, s.letters), fmt.Sprintf("multiplies %d rows of queries by keys, %d of them to a group.", rows, 4*wide), keyParams(s)...)
	k := scores512{f, s, rows, wide}
	f.scoresLoad(s, 4*wide)
	// What else is needed depends on whether rows or keys are many.
	q, key := []mem{attnQ.At(0), attnQ.By(attnLdq, 1)}, fourRows(attnKey, attnLdk, R12)
	more := []reg{BX, R13, R15}[:wide-1]
	f.LEAQ(attnLdk.By(attnLdk, 2), R12)
	if wide == 1 {
		f.LEAQ(attnLdq.By(attnLdq, 2), R13)
		f.LEAQ(attnLds.By(attnLds, 2), R15)
		q = fourRows(attnQ, attnLdq, R13)
	}
	for _, r := range more {
		key = append(key, fourRows(r, attnLdk, R12)...)
	}
	f.repeat("group", attnGroups, func() {
		f.load("q", attnQ)
		at := attnKey
		for _, r := range more {
			f.LEAQ(at.By(attnLdk, 4), r)
			at = r
		}
		f.zero(zs(0, 16)...)
		f.load("steps", AX)
		f.fetchAheadOf(attnKey)
		f.repeat("step", AX, func() {
			f.fetchKeys(s, 4*wide)
			k.step(q[:rows], key)
			f.ADDQ(imm(64), attnQ)
			for _, r := range append(more, attnKey) {
				f.ADDQ(imm(16*s.size), r)
			}
		})
		k.sums()
		f.ADDQ(attnBack, attnKey)
		f.ADDQ(imm(16*wide), attnScore)
	})
	f.end()
	return f.Signature
}

// sum is where a row and a key are summed, so that sums leaves the keys of a row side
// by side.
func (k scores512) sum(row, key int) Z { return Z(4*(key%4) + row*k.wide + key/4) }

// step multiplies 16 columns.
func (k scores512) step(q, keys []mem) {
	for r, m := range q {
		k.VMOVUPS(m, Z(24+r))
	}
	for i, m := range keys {
		k.widen(k.stored, m, Z(16+i%8))
		for r := range q {
			k.VFMADD231PS(Z(24+r), Z(16+i%8), k.sum(r, i))
		}
	}
}

// sums adds the lanes of Z0 to Z15 by halves, two registers becoming one each time,
// and stores the rows: element e of quarter g of Z0 is the sum of Z(4e+g) in the end.
func (k scores512) sums() {
	const low, high = Z(28), Z(29)
	join := func(shuffle func(sel uint8, a vecMem, b, dst vec), sels [2]uint8, apart Z, list ...Z) {
		for _, a := range list {
			shuffle(sels[0], a+apart, a, low)
			shuffle(sels[1], a+apart, a, high)
			k.VADDPS(high, low, a)
		}
	}
	join(k.VSHUFF64X2, [2]uint8{0x44, 0xEE}, 1, 0, 2, 4, 6, 8, 10, 12, 14)
	join(k.VSHUFF64X2, [2]uint8{0x88, 0xDD}, 2, 0, 4, 8, 12)
	join(k.VSHUFPS, [2]uint8{0x44, 0xEE}, 4, 0, 8)
	join(k.VSHUFPS, [2]uint8{0x88, 0xDD}, 8, 0)
	switch dst := fourRows(attnScore, attnLds, R15); k.rows {
	case 1:
		k.VMOVUPS(Z(0), dst[0])
	case 2:
		k.VMOVUPS(Y(0), dst[0])
		k.VEXTRACTF64X4(1, Z(0), Y(1))
		k.VMOVUPS(Y(1), dst[1])
	default:
		for r := range k.rows {
			k.VEXTRACTF32X4(r, Z(0), X(1))
			k.VMOVUPS(X(1), dst[r])
		}
	}
}

// writeValues512 sums up to 64 columns of values, which K1 to K4 select, by the
// weights of rows.
func (p file) writeValues512(s stored, rows int) asm.Signature {
	f := p.begin(fmt.Sprintf("attnValues%d%sAVX512", rows, s.letters), fmt.Sprintf("sums at most 64 columns of k values by %d rows of weights. Strides are in bytes.", rows), valueParams(s, asm.P("cols64", asm.Int))...)
	f.load("cols64", AX)
	f.MOVQ(imm(64), CX)
	f.SUBQ(AX, CX)
	f.MOVQ(imm(-1), AX)
	f.SHRQ(CX, AX)
	for i := range K(4) {
		f.KMOVW(AX, 1+i)
		if i < 3 {
			f.SHRQ(imm(16), AX)
		}
	}
	f.load("p", DI)
	f.load("ldp", R9)
	f.load("v", SI)
	f.load("ldv", R10)
	f.load("dst", R8)
	f.load("ldd", R11)
	f.load("k", CX)
	f.load("acc", AX)
	f.LEAQ(R9.By(R9, 2), R12)
	weights := fourRows(DI, R9, R12)
	f.fetchAheadOf(SI)
	loop := f.NewLabel("key")
	f.zero(zs(0, 4*rows)...)
	f.TESTQ(AX, AX)
	f.JZ(loop)
	f.MOVQ(R8, AX)
	each := func(at reg, move func(m mem, r Z, k K)) {
		for r := range rows {
			for c := range 4 {
				move(at.At(64*c), Z(4*r+c), K(1+c))
			}
			if r < rows-1 {
				f.ADDQ(R11, at)
			}
		}
	}
	each(AX, func(m mem, r Z, k K) { f.VMOVUPS(m, r.Zeroed(k)) })
	f.Bind(loop)
	f.fetchStored(16 * 4 * s.size / 64)
	for c := range 4 {
		f.widen(s, SI.At(16*s.size*c), Z(16+c).Zeroed(K(1+c)))
	}
	for r := range rows {
		f.VBROADCASTSS(weights[r], Z(20+r))
		for c := range 4 {
			f.VFMADD231PS(Z(20+r), Z(16+c), Z(4*r+c))
		}
	}
	f.ADDQ(imm(4), DI)
	f.ADDQ(R10, SI)
	f.ADDQ(R10, attnAhead)
	f.DECQ(CX)
	f.JNZ(loop)
	each(R8, func(m mem, r Z, k K) { f.VMOVUPS(r, m.Masked(k)) })
	f.end()
	return f.Signature
}

// attention512 writes the kernels.
func attention512(p file) {
	for _, s := range bothStored {
		scores := p.Choose(asm.ByCount, "attnScores"+s.letters+"AVX512", "multiplies 1 to 4 rows of queries by keys.")
		values := p.Choose(asm.ByCount, "attnValues"+s.letters+"AVX512", "sums at most 64 columns of values by 1 to 4 rows of weights.")
		for rows := 1; rows <= 4; rows++ {
			scores.Add(rows, p.writeScores512(s, rows))
			values.Add(rows, p.writeValues512(s, rows))
		}
	}
	// Two lanes at a time, so that half as many sums wait in memory.
	p.writePanel("attnPanel6AVX512", W512, 6, 2)
	attnExp512(p)
	attnWeigh512(p)
}
