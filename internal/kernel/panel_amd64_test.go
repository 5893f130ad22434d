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
	// Multiples are the steps in steps of the vector.
	Multiples [4]int16
	Sum, Step float32
}

func readPrepared(f []float32) preparedBlock {
	b := asBytes(f)
	var p preparedBlock
	for i := range p.Codes {
		p.Codes[quad(i)] = int8(b[i])
	}
	for h := range 2 {
		m := math.Float32bits(f[8+h])
		p.Multiples[2*h], p.Multiples[2*h+1] = int16(m), int16(m>>16)
	}
	p.Sum, p.Step = f[10], f[11]
	return p
}

// quantizeVector is the definition of the quantisation.
func quantizeVector(x []float32, halves int) []preparedBlock {
	stepOf := stepOf
	if halves > 0 {
		stepOf = func(i int) int { return i / 16 * 2 }
	}
	const steps = 16384
	var peak float32
	for _, v := range x {
		peak = max(peak, float32(math.Abs(float64(v))))
	}
	unit, inverse := float32(steps)/peak, float32(127*steps)/peak
	if !(peak > 1e-30) {
		unit, inverse = 0, 0
	}
	blocks := make([]preparedBlock, len(x)/32)
	for b := range blocks {
		p := &blocks[b]
		p.Step = peak * float32(1.0/(127*steps))
		var sum int32
		v := x[32*b:][:32]
		var most [4]float32
		for i, f := range v {
			most[stepOf(i)] = max(most[stepOf(i)], float32(math.Abs(float64(f))))
		}
		for i, f := range v {
			m := max(float32(math.Ceil(float64(most[stepOf(i)]*unit))), 1)
			q := int8(math.RoundToEven(float64(f * (inverse / m))))
			p.Codes[i], p.Multiples[stepOf(i)] = q, int16(m)
			if halves > 0 {
				p.Multiples[stepOf(i)+1] = int16(m)
			}
			sum += int32(q) * int32(m)
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
			switch seed / 2 % 4 {
			case 1:
				x[i] *= float32(math.Exp2(float64(r.IntN(60) - 30)))
			case 2:
				x[i] *= float32(i / 16 % 3 * 1000)
			case 3:
				x[i] *= 1e-31
			}
		}
		dst := guarded[float32](t, blocks*kernel.PanelVector)
		kernel.QuantizePanel(&dst[0], &x[0], blocks, int(seed&1))
		for b, want := range quantizeVector(x, int(seed&1)) {
			if d := cmp.Diff(want, readPrepared(dst[b*kernel.PanelVector:])); d != "" {
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
			kernel.QuantizePanel(&dst[0], &x[0], 3, 0)
			for b := range 3 {
				if s := readPrepared(dst[b*kernel.PanelVector:]).Step; s == s {
					t.Fatalf("%v at %d gave the step %v", bad, at, s)
				}
			}
		}
	}
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
		panel := guarded[float32](t, (blocks-1)*kernel.PanelFloats+128)
		kernel.PanelCodes(&panel[0], &w[0], &offs[0], blocks, flip, r.IntN(1000))
		for b := range blocks {
			got := asBytes(panel[b*kernel.PanelFloats:])
			for row := range 8 {
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
			panel[b*kernel.PanelFloats+kernel.PanelScale+i] = float32(1 + r.IntN(2))
			panel[b*kernel.PanelFloats+kernel.PanelOffset+i] = float32(r.IntN(16))
		}
	}
	ldx, ldd := (blocks+r.IntN(2))*kernel.PanelVector, 16+r.IntN(5)
	x := guarded[float32](t, (n-1)*ldx+blocks*kernel.PanelVector)
	dst := guarded[float32](t, (n-1)*ldd+16)
	want := make([]float32, len(dst))
	for i := range dst {
		dst[i] = float32(r.IntN(100)) * 0x1p14
	}
	copy(want, dst)
	for tok := range n {
		for b := range blocks {
			fillPrepared(r, x[tok*ldx+b*kernel.PanelVector:][:kernel.PanelVector], extreme)
			tileBlock(want[tok*ldd:][:16], panel[b*kernel.PanelFloats:], readPrepared(x[tok*ldx+b*kernel.PanelVector:]))
		}
	}
	kernel.RunTile(n, &panel[0], &x[0], ldx, &dst[0], ldd, blocks)
	if !slices.Equal(dst, want) {
		t.Fatalf("seed %d: %d vectors, %d blocks: %v, want %v", seed, n, blocks, dst, want)
	}
}

func fillPrepared(r *rand.Rand, f []float32, extreme bool) {
	b := asBytes(f)
	var m [4]uint32
	for i := range m {
		m[i] = 1 + r.Uint32N(4)
		if extreme {
			m[i] = 16384
		}
		if i%2 > 0 && kernel.TileHalves() {
			m[i] = m[i-1]
		}
	}
	sum := 0
	for i := range 32 {
		v := r.IntN(255) - 127
		if extreme {
			v = 127
		}
		b[i] = byte(v)
		sum += v * int(m[stepOf(quad(i))])
	}
	f[8], f[9] = math.Float32frombits(m[0]|m[1]<<16), math.Float32frombits(m[2]|m[3]<<16)
	f[10], f[11] = float32(sum), 0.5
}

// tileBlock adds the product of a block of 16 rows and a vector.
func tileBlock(dst, panel []float32, p preparedBlock) {
	codes := asBytes(panel)
	for row := range dst {
		sum := 0
		for i := range 32 {
			sum += int(codes[i/4*64+row*4+i%4]) * int(p.Codes[quad(i)]) * int(p.Multiples[stepOf(quad(i))])
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
