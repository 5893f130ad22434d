package quantize

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/workpool"
)

// loop is the body of a parallel loop. After its context has ended it does nothing.
type loop struct {
	ctx  context.Context
	body func(lo, hi int)
}

// Run implements [workpool.Task].
func (l *loop) Run(lo, hi, _ int) {
	if l.ctx.Err() == nil {
		l.body(lo, hi)
	}
}

// parallel runs body over ranges of [0,n), each of which begins at a multiple of grain.
func parallel(ctx context.Context, threads, n, grain int, body func(lo, hi int)) error {
	workpool.Default().For(&loop{ctx, body}, n, grain, threads)
	return ctx.Err()
}

// grainOf is how many elements a task is worth being started for. It is a multiple of
// 8, so that ranges of elements of any width begin at a byte.
const grainOf = 1 << 14

// round16 rounds to fp16. Magnitudes below its normal numbers and beyond its range go
// the long way.
func round16(x float32) float32 {
	b := math.Float32bits(x)
	if m := b & 0x7fffffff; m < 0x38800000 || m >= 0x477fe000 {
		return dtype.RoundFloat16(x)
	}
	return math.Float32frombits((b + 0xfff + b>>13&1) &^ 0x1fff)
}

// rounding returns the rounding of a type's arithmetic.
func rounding(t dtype.Type) func(float32) float32 {
	if t == dtype.Float16 {
		return round16
	}
	return func(x float32) float32 { return x }
}

// packFloats stores numbers, which it rounds.
func packFloats(ctx context.Context, threads int, t dtype.Type, values []float32) ([]byte, error) {
	data := make([]byte, len(values)*t.Size())
	err := parallel(ctx, threads, len(values), grainOf, func(lo, hi int) {
		if t == dtype.Float32 {
			for i := lo; i < hi; i++ {
				binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(values[i]))
			}
			return
		}
		for i := lo; i < hi; i++ {
			binary.LittleEndian.PutUint16(data[2*i:], dtype.Float32ToFloat16(values[i]))
		}
	})
	return data, err
}

// packCodes stores integers of at most 8 bits, of which codes has the lowest.
func packCodes(ctx context.Context, threads int, t dtype.Type, codes []byte) ([]byte, error) {
	size, _ := t.PackedLen(len(codes))
	data := make([]byte, size)
	err := parallel(ctx, threads, len(codes), grainOf, func(lo, hi int) {
		bits := t.Bits()
		packRange(data[lo*bits/8:(hi*bits+7)/8], codes[lo:hi], bits)
	})
	return data, err
}

// packRange packs codes from the first bit of data on.
func packRange(data, codes []byte, bits int) {
	switch bits {
	case 8:
		copy(data, codes)
	case 4:
		n := len(codes) / 2
		for i := range data[:n] {
			pair := codes[2*i : 2*i+2]
			data[i] = pair[0]&15 | pair[1]<<4
		}
		if len(codes)%2 != 0 {
			data[n] = codes[2*n] & 15
		}
	default:
		mask, held, have := byte(1)<<bits-1, uint(0), 0
		at := 0
		for _, c := range codes {
			held |= uint(c&mask) << have
			if have += bits; have >= 8 {
				data[at] = byte(held)
				at, held, have = at+1, held>>8, have-8
			}
		}
		if have > 0 {
			data[at] = byte(held)
		}
	}
}

// unpackCodes is the way back. Signed codes are extended.
func unpackCodes(ctx context.Context, threads int, t dtype.Type, data []byte, n int) ([]byte, error) {
	codes := make([]byte, n)
	err := parallel(ctx, threads, n, grainOf, func(lo, hi int) {
		bits := t.Bits()
		unpackRange(codes[lo:hi], data[lo*bits/8:(hi*bits+7)/8], bits)
		if t.IsSigned() {
			shift := 8 - bits
			for i, c := range codes[lo:hi] {
				codes[lo+i] = byte(int8(c<<shift) >> shift)
			}
		}
	})
	return codes, err
}

func unpackRange(codes, data []byte, bits int) {
	if bits == 8 {
		copy(codes, data)
		return
	}
	mask, held, have, at := uint(1)<<bits-1, uint(0), 0, 0
	for i := range codes {
		if have < bits {
			held |= uint(data[at]) << have
			at, have = at+1, have+8
		}
		codes[i] = byte(held & mask)
		held, have = held>>bits, have-bits
	}
}

// unpackFloats reads stored numbers.
func unpackFloats(ctx context.Context, threads int, p *Plane) ([]float32, error) {
	values := make([]float32, p.Len())
	err := parallel(ctx, threads, len(values), grainOf, func(lo, hi int) {
		if p.Type == dtype.Float32 {
			for i := lo; i < hi; i++ {
				values[i] = math.Float32frombits(binary.LittleEndian.Uint32(p.Data[4*i:]))
			}
			return
		}
		for i := lo; i < hi; i++ {
			values[i] = dtype.Float16ToFloat32(binary.LittleEndian.Uint16(p.Data[2*i:]))
		}
	})
	return values, err
}
