//go:build !noasm

package kernel_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// quad is the order of the columns of a block of 32 in a panel and in a prepared
// vector: of each 8 the even ones, then the odd ones.
func quad(i int) int { return i/8*8 + i%4*2 + i/4%2 }

// stepOf returns which step of a block of 32 is for column i.
func stepOf(i int) int { return i/16*2 + i/4%2 }

func asBytes(f []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(f))), 4*len(f))
}

// preparedBlock is a block of a quantised vector.
type preparedBlock struct {
	Codes [32]int8
	// Multiples are the steps in steps of the vector, Middles what to add to codes.
	Multiples [4]int16
	Middles   [4]int8
	Sum, Step float32
}

// vectorBlock is the size of a block in floats.
func vectorBlock(halves bool) int {
	if halves {
		return kernel.PanelVector - 2
	}
	return kernel.PanelVector
}

func readPrepared(f []float32, halves bool) preparedBlock {
	b := asBytes(f)
	var p preparedBlock
	for i := range p.Codes {
		p.Codes[quad(i)] = int8(b[i])
	}
	for h := range 2 {
		m := math.Float32bits(f[8+h])
		p.Multiples[2*h], p.Multiples[2*h+1] = int16(m), int16(m>>16)
	}
	if halves {
		p.Sum, p.Step = f[10], f[11]
		return p
	}
	p.Middles = [4]int8{int8(b[40]), int8(b[42]), int8(b[45]), int8(b[47])}
	p.Sum, p.Step = f[12], f[13]
	return p
}

// quantizeVector is the definition of the quantisation.
func quantizeVector(x []float32, halves bool) []preparedBlock {
	const steps = 16384
	var peak float32
	for _, v := range x {
		peak = max(peak, float32(math.Abs(float64(v))))
	}
	unit, inverse := float32(127.0*steps/253)/peak, float32(127*steps)/peak
	if halves {
		unit = float32(steps) / peak
	}
	if !(peak > 1e-30) {
		unit, inverse = 0, 0
	}
	blocks := make([]preparedBlock, len(x)/32)
	for b := range blocks {
		p := &blocks[b]
		p.Step = peak * float32(1.0/(127*steps))
		var least, most [4]float32
		v := x[32*b:][:32]
		for i, f := range v {
			s := stepOf(i)
			least[s], most[s] = min(least[s], f), max(most[s], f)
		}
		var sum int
		for i, f := range v {
			s := stepOf(i)
			span, middle := most[s]-least[s], float32(0)
			if halves {
				span = max(most[s&^1], most[s|1], -least[s&^1], -least[s|1])
			}
			m := max(float32(math.Ceil(float64(span*unit))), 1)
			if !halves {
				middle = float32(math.RoundToEven(float64(least[s]*(inverse/m)))) + 127
			}
			q := math.RoundToEven(float64(float32(math.FMA(float64(f), float64(inverse/m), -float64(middle)))))
			p.Codes[i], p.Multiples[s], p.Middles[s] = int8(q), int16(m), int8(middle)
			sum += int(m) * int(q+float64(middle))
		}
		p.Sum = float32(sum)
	}
	return blocks
}

func TestVectorsOfATileAreQuantisedAsDefined(t *testing.T) {
	for seed := range uint64(300) {
		r := newRand(seed)
		blocks := 1 + r.IntN(20)
		x := normals(t, r, 32*blocks)
		for i := range x {
			switch seed / 2 % 5 {
			case 1:
				x[i] *= float32(math.Exp2(float64(r.IntN(60) - 30)))
			case 2:
				x[i] *= float32(i / 16 % 3 * 1000)
			case 3:
				x[i] *= 1e-31
			case 4:
				x[i] *= x[i]
			}
		}
		halves := seed&1 != 0
		each := vectorBlock(halves)
		dst := guarded[float32](t, blocks*each)
		if halves {
			kernel.QuantizeHalves(&dst[0], &x[0], blocks)
		} else {
			kernel.QuantizePanel(&dst[0], &x[0], blocks)
		}
		for b, want := range quantizeVector(x, halves) {
			if d := cmp.Diff(want, readPrepared(dst[b*each:], halves)); d != "" {
				t.Fatalf("seed %d, block %d of %d (-want +got):\n%s", seed, b, blocks, d)
			}
		}
	}
}

func TestAVectorWithANumberThatIsNotFiniteHasAStepThatIsNot(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for at := range 96 {
			x := normals(t, newRand(1), 96)
			x[at] = float32(bad)
			dst := guarded[float32](t, 3*kernel.PanelVector)
			kernel.QuantizePanel(&dst[0], &x[0], 3)
			for b := range 3 {
				if s := readPrepared(dst[b*kernel.PanelVector:], false).Step; s == s {
					t.Fatalf("%v at %d gave the step %v", bad, at, s)
				}
			}
		}
	}
}

// codeSums returns the sums of the codes that share a step, in the order of a
// panel.
func codeSums(codes []byte, row int) (sums [4]byte) {
	for i := range 32 {
		s := stepOf(quad(i))
		sums[s%2*2+s/2] += codes[i/4*64+row*4+i%4]
	}
	return sums
}

// offsets returns where 8 rows start, of which the last ones may be the same.
func offsets(r *rand.Rand, each int) []int {
	o := make([]int, 8)
	last := r.IntN(8)
	for i := range o {
		o[i] = min(i, last) * each
	}
	return o
}

func TestCodesOfEightRowsAreTakenApart(t *testing.T) {
	for seed := range uint64(100) {
		r := newRand(seed)
		blocks, more := 1+r.IntN(9), r.IntN(3)
		each := 16 * (blocks + more)
		offs := offsets(r, each)
		// The last row ends where the slice does.
		w := randomBytes(t, r, offs[7]+16*blocks)
		flip := int(seed % 2 * 0x88888888)
		panel := guarded[float32](t, (blocks-1)*kernel.PanelFloats+kernel.PanelSums+8)
		kernel.PanelCodes(&panel[0], &w[0], &offs[0], blocks, flip, r.IntN(1000))
		for b := range blocks {
			got := asBytes(panel[b*kernel.PanelFloats:])
			for row := range 8 {
				if d := cmp.Diff(codeSums(got, row), [4]byte(got[4*kernel.PanelSums+4*row:])); d != "" {
					t.Fatalf("seed %d: block %d, row %d (-want +got):\n%s", seed, b, row, d)
				}
				for i := range 32 {
					want := byte(bits(w, 4, (offs[row]+16*b)*2+quad(i))) ^ byte(flip&15)
					if g := got[i/4*64+row*4+i%4]; g != want {
						t.Fatalf("seed %d: block %d, row %d, column %d is %d, want %d", seed, b, row, quad(i), g, want)
					}
				}
			}
		}
	}
}

func TestScalesOfEightRowsGoToTheirBlocks(t *testing.T) {
	for seed := range uint64(100) {
		r := newRand(seed)
		count, stride := 1+r.IntN(20), kernel.PanelFloats*(1+r.IntN(2))
		offs := offsets(r, count+r.IntN(3))
		f, h := normals(t, r, offs[7]+count), halves(t, r, offs[7]+count, 1)
		var offs4, offs2 [8]int
		for i, o := range offs {
			offs4[i], offs2[i] = 4*o, 2*o
		}
		add := float32(seed % 2 * 8)
		got, gotHalves := guarded[float32](t, (count-1)*stride+8), guarded[float32](t, (count-1)*stride+8)
		kernel.PanelScales(&got[0], &f[0], &offs4[0], count, 4*stride, add)
		kernel.PanelHalves(&gotHalves[0], &h[0], &offs2[0], count, 4*stride)
		for b := range count {
			for row := range 8 {
				if g, want := got[b*stride+row], f[offs[row]+b]+add; g != want {
					t.Fatalf("seed %d: scale %d of row %d is %v, want %v", seed, b, row, g, want)
				}
				if g, want := gotHalves[b*stride+row], dtype.Float16ToFloat32(h[offs[row]+b]); g != want {
					t.Fatalf("seed %d: half %d of row %d is %v, want %v", seed, b, row, g, want)
				}
			}
		}
	}
}

// With scales, steps and offsets that are powers of two and sums that stay
// below 2^24 nothing is rounded: the tiles must give the exact product.
func TestTilesAreExactWhereFloatsAre(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for seed := range uint64(200) {
			checkTile(t, seed)
		}
	})
}

func checkTile(t *testing.T, seed uint64) {
	t.Helper()
	r := newRand(seed)
	n, blocks := 1+r.IntN(kernel.TileMax()), 1+r.IntN(6)
	extreme := seed%8 == 0
	panel := guarded[float32](t, blocks*kernel.PanelFloats)
	codes := asBytes(panel)
	for b := range blocks {
		for i := range 512 {
			codes[b*4*kernel.PanelFloats+i] = byte(r.IntN(16))
			if extreme {
				codes[b*4*kernel.PanelFloats+i] = 15
			}
		}
		for i := range 16 {
			sums := codeSums(codes[b*4*kernel.PanelFloats:], i)
			copy(codes[4*(b*kernel.PanelFloats+kernel.PanelSums+i):], sums[:])
			panel[b*kernel.PanelFloats+kernel.PanelScale+i] = float32(1 + r.IntN(2))
			panel[b*kernel.PanelFloats+kernel.PanelOffset+i] = float32(r.IntN(16))
		}
	}
	halves := kernel.TileHalves()
	each := vectorBlock(halves)
	ldx, ldd := (blocks+r.IntN(2))*each, 16+r.IntN(5)
	x := guarded[float32](t, (n-1)*ldx+blocks*each)
	dst := guarded[float32](t, (n-1)*ldd+16)
	want := make([]float32, len(dst))
	for i := range dst {
		dst[i] = float32(r.IntN(100)) * 0x1p14
	}
	copy(want, dst)
	for tok := range n {
		for b := range blocks {
			f := x[tok*ldx+b*each:][:each]
			fillPrepared(r, f, extreme, halves)
			tileBlock(want[tok*ldd:][:16], panel[b*kernel.PanelFloats:], readPrepared(f, halves))
		}
	}
	kernel.RunTile(n, &panel[0], &x[0], ldx, &dst[0], ldd, blocks)
	if !slices.Equal(dst, want) {
		t.Fatalf("seed %d: %d vectors, %d blocks: %v, want %v", seed, n, blocks, dst, want)
	}
}

func fillPrepared(r *rand.Rand, f []float32, extreme, halves bool) {
	b := asBytes(f)
	var m [4]uint32
	var middles [4]int
	for i := range m {
		m[i] = 1 + r.Uint32N(4)
		middles[i] = r.IntN(255) - 127
		if extreme {
			m[i], middles[i] = 16384, 127
		}
		if halves {
			m[i], middles[i] = m[i&^1], 0
		}
	}
	sum := 0
	for i := range 32 {
		v := r.IntN(255) - 127
		if extreme {
			v = 127
		}
		b[i] = byte(v)
		s := stepOf(quad(i))
		sum += (v + middles[s]) * int(m[s])
	}
	f[8], f[9] = math.Float32frombits(m[0]|m[1]<<16), math.Float32frombits(m[2]|m[3]<<16)
	if halves {
		f[10], f[11] = float32(sum), 0.5
		return
	}
	copy(b[40:], []byte{byte(middles[0]), 0, byte(middles[1]), 0, 0, byte(middles[2]), 0, byte(middles[3])})
	f[12], f[13] = float32(sum), 0.5
}

// tileBlock adds the product of a block of 16 rows and a vector.
func tileBlock(dst, panel []float32, p preparedBlock) {
	codes := asBytes(panel)
	for row := range dst {
		sum := 0
		for i := range 32 {
			s := stepOf(quad(i))
			sum += int(codes[i/4*64+row*4+i%4]) * (int(p.Codes[quad(i)]) + int(p.Middles[s])) * int(p.Multiples[s])
		}
		f := float32(sum) - panel[kernel.PanelOffset+row]*p.Sum
		dst[row] += f * panel[kernel.PanelScale+row] * p.Step
	}
}

// preparedWords is a block of a vector quantised to 16 bits.
type preparedWords struct {
	Codes [32]int16
	Step  float32
}

func readWords(f []float32) preparedWords {
	var p preparedWords
	for i := range p.Codes {
		p.Codes[i] = int16(math.Float32bits(f[i/2]) >> (i % 2 * 16))
	}
	p.Step = f[16]
	return p
}

func TestVectorsForEightBitCodesAreQuantisedAsDefined(t *testing.T) {
	for seed := range uint64(200) {
		r := newRand(seed)
		blocks := 1 + r.IntN(20)
		x := normals(t, r, 32*blocks)
		var peak float32
		for i := range x {
			switch seed % 3 {
			case 1:
				x[i] *= float32(math.Exp2(float64(r.IntN(60) - 30)))
			case 2:
				x[i] *= 1e-31
			}
			peak = max(peak, float32(math.Abs(float64(x[i]))))
		}
		factor := 32767 / peak
		if !(peak > 1e-30) {
			factor = 0
		}
		dst := guarded[float32](t, blocks*17)
		kernel.QuantizeWords(&dst[0], &x[0], blocks)
		for b := range blocks {
			want := preparedWords{Step: peak * float32(1.0/32767)}
			for i := range want.Codes {
				want.Codes[i] = int16(math.RoundToEven(float64(x[32*b+i] * factor)))
			}
			if d := cmp.Diff(want, readWords(dst[17*b:])); d != "" {
				t.Fatalf("seed %d, block %d of %d (-want +got):\n%s", seed, b, blocks, d)
			}
		}
	}
}

func TestBytesOfEightRowsAreTakenApart(t *testing.T) {
	for seed := range uint64(100) {
		r := newRand(seed)
		blocks, more := 1+r.IntN(9), r.IntN(3)
		offs := offsets(r, 32*(blocks+more))
		w := randomBytes(t, r, offs[7]+32*blocks)
		flip := int(seed % 2 * 0x80808080)
		panel := guarded[float32](t, (blocks-1)*288+256+24)
		words := unsafe.Slice((*int16)(unsafe.Pointer(&panel[0])), 2*len(panel))
		for b := range blocks {
			for i := range 16 {
				words[b*576+544+i] = int16(r.IntN(400) - 200)
			}
		}
		kernel.PanelBytes(&panel[0], &w[0], &offs[0], blocks, flip, r.IntN(1000))
		for b := range blocks {
			for row := range 8 {
				for i := range 32 {
					want := int16(int8(w[offs[row]+32*b+i]^byte(flip))) - words[b*576+544+2*row+i%2]
					if g := words[b*576+i/2*32+row*2+i%2]; g != want {
						t.Fatalf("seed %d: block %d, row %d, column %d is %d, want %d", seed, b, row, i, g, want)
					}
				}
			}
		}
	}
}

// The sums stay below 2^24 in the first half of the seeds; in the others they
// are as large as they get, and a multiple of a large power of two.
func TestTilesOfEightBitCodesAreExactWhereFloatsAre(t *testing.T) {
	for seed := range uint64(200) {
		r := newRand(seed)
		n, blocks, each := 1+r.IntN(4), 1+r.IntN(10), 1+r.IntN(8)
		first := 1 + r.IntN(each)
		value := func(most int) int16 { return int16(r.IntN(2*most+1) - most) }
		if seed >= 100 {
			value = func(most int) int16 { return map[bool]int16{true: -256, false: -16384}[most == 255] }
		}
		panel := guarded[float32](t, blocks*288)
		words := unsafe.Slice((*int16)(unsafe.Pointer(&panel[0])), 2*len(panel))
		ldx, ldd := (blocks+r.IntN(2))*17, 16+r.IntN(5)
		x := guarded[float32](t, (n-1)*ldx+blocks*17)
		dst := guarded[float32](t, (n-1)*ldd+16)
		for i := range dst {
			dst[i] = float32(r.IntN(100))
			if seed >= 100 {
				dst[i] *= 0x1p20
			}
		}
		want := slices.Clone(dst)
		for b := range blocks {
			for i := range 512 {
				words[b*576+i] = value(255)
			}
			for i := range panel[b*288+256:][:16] {
				// A scale holds up to the block that ends its run.
				panel[b*288+256+i] = float32(1 + (max(b-first, -1)+each)/each%2)
			}
			for tok := range n {
				p := x[tok*ldx+17*b:][:17]
				for i := range 16 {
					lo, hi := value(100), value(100)
					p[i] = math.Float32frombits(uint32(uint16(lo)) | uint32(uint16(hi))<<16)
				}
				p[16] = 0.5
			}
		}
		for tok := range n {
			for b := range blocks {
				p := readWords(x[tok*ldx+17*b:])
				for row := range 16 {
					sum := 0
					for i, v := range p.Codes {
						sum += int(v) * int(words[b*576+i/2*32+row*2+i%2])
					}
					want[tok*ldd+row] += float32(sum) * panel[b*288+256+row] * p.Step
				}
			}
		}
		kernel.RunTileWords(n, &panel[0], &x[0], ldx, &dst[0], ldd, blocks, first, each)
		if !slices.Equal(dst, want) {
			t.Fatalf("seed %d: %d vectors, %d blocks, %d then %d: %v, want %v", seed, n, blocks, first, each, dst, want)
		}
	}
}
