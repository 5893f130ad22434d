//go:build !noasm

package kernel_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// quad is the order of the columns of a block of 32 in a panel and in a prepared
// vector: of each 8 the even ones, then the odd ones.
func quad(i int) int { return i/8*8 + i%4*2 + i/4%2 }

func asBytes(f []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(f))), 4*len(f))
}

// scaledInputs are blocks of normally distributed numbers of several sizes.
func scaledInputs(t *testing.T, seed uint64, blocks int) []float32 {
	r := newRand(seed)
	x := normals(t, r, 32*blocks)
	for i := range x {
		switch seed % 5 {
		case 1:
			x[i] *= float32(math.Exp2(float64(r.IntN(60) - 30)))
		case 2:
			x[i] *= float32(i / 32 % 3 * 1000)
		case 3:
			x[i] *= 1e-31
		case 4:
			x[i] *= x[i]
		}
	}
	return x
}

func TestVectorsOfAGroupAreQuantisedAsDefined(t *testing.T) {
	for seed := range uint64(300) {
		blocks := 1 + int(seed%20)
		x := scaledInputs(t, seed, blocks)
		want := kernel.QuantisePlain(x, 4)
		v := int(seed % 16)
		dst := guarded[float32](t, (blocks-1)*kernel.ManyFloats+kernel.ManySteps+32+v+1)
		kernel.QuantizeMany(&dst[8*v], &dst[kernel.ManySteps+v], &x[0], blocks)
		for b := range blocks {
			got := dst[b*kernel.ManyFloats:]
			codes := asBytes(got[8*v:])
			for i := range 32 {
				if w := want[32*b+quad(i)]; float32(int8(codes[i])) != w {
					t.Fatalf("seed %d, block %d: input %d is %d, want %v", seed, b, quad(i), int8(codes[i]), w)
				}
			}
			got = got[kernel.ManySteps+v:]
			step, sum := want[len(x)+2*b], want[len(x)+2*b+1]
			if start := int32(math.Float32bits(got[16])); got[0] != step || got[32] != sum || start != -8*int32(sum) {
				t.Fatalf("seed %d, block %d: step %v, start %d and sum %v, want %v and %v", seed, b, got[0], start, got[32], step, sum)
			}
		}
	}
}

func TestVectorsForEightBitCodesAreQuantisedAsDefined(t *testing.T) {
	for seed := range uint64(200) {
		blocks := 1 + int(seed%20)
		x := scaledInputs(t, seed, blocks)
		want := kernel.QuantisePlain(x, 8)
		dst := guarded[float32](t, blocks*17)
		kernel.QuantizeWords(&dst[0], &x[0], blocks)
		for b := range blocks {
			for i := range 32 {
				got := int16(math.Float32bits(dst[17*b+i/2]) >> (i % 2 * 16))
				if w := want[32*b+i]; float32(got) != w {
					t.Fatalf("seed %d, block %d: input %d is %d, want %v", seed, b, i, got, w)
				}
			}
			if got, step := dst[17*b+16], want[len(x)+2*b]; got != step {
				t.Fatalf("seed %d, block %d: step %v, want %v", seed, b, got, step)
			}
		}
	}
}

func TestHalvesOfWordsAreThoseOfTheDefinition(t *testing.T) {
	for seed := range uint64(200) {
		blocks := 1 + int(seed%20)
		x := scaledInputs(t, seed, blocks)
		want := kernel.QuantisePlain(x, 8)
		v := int(seed % 16)
		dst := guarded[float32](t, (blocks-1)*kernel.HalvesFloats+kernel.HalvesSteps+16+v+1)
		kernel.QuantizeHalves(&dst[8*v], &dst[kernel.HalvesSteps+v], &x[0], blocks)
		for b := range blocks {
			got := dst[b*kernel.HalvesFloats:]
			upper, lower := asBytes(got[8*v:]), asBytes(got[128+8*v:])
			for i := range 32 {
				if g := 256*int(int8(upper[i])) + int(int8(lower[i])); float32(g) != want[32*b+i] {
					t.Fatalf("seed %d, block %d: input %d is %d, want %v", seed, b, i, g, want[32*b+i])
				}
			}
			got = got[kernel.HalvesSteps+v:]
			step, sum := want[len(x)+2*b], want[len(x)+2*b+1]
			if g := int32(math.Float32bits(got[16])); got[0] != step || float32(g) != sum {
				t.Fatalf("seed %d, block %d: step %v and sum %d, want %v and %v", seed, b, got[0], g, step, sum)
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
		flip, add := int(seed%2*0x88888888), int(seed/2%2*0xf8f8f8f8)
		panel := guarded[float32](t, (blocks-1)*kernel.PanelFloats+7*16+8+8)
		kernel.PanelCodes(&panel[0], &w[0], &offs[0], blocks, flip, add)
		for b := range blocks {
			got := asBytes(panel[b*kernel.PanelFloats:])
			for row := range 8 {
				for i := range 32 {
					want := (byte(bits(w, 4, (offs[row]+16*b)*2+quad(i))) ^ byte(flip&15)) + byte(add)
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

func TestQuadsOfEightRowsAreTakenApart(t *testing.T) {
	for seed := range uint64(100) {
		r := newRand(seed)
		blocks, more := 1+r.IntN(9), r.IntN(3)
		offs := offsets(r, 32*(blocks+more))
		w := randomBytes(t, r, offs[7]+32*blocks)
		flip := int(seed % 2 * 0x80808080)
		panel := guarded[float32](t, (blocks-1)*kernel.PanelFloats+7*16+8)
		kernel.PanelQuads(&panel[0], &w[0], &offs[0], blocks, flip)
		for b := range blocks {
			got := asBytes(panel[b*kernel.PanelFloats:])
			for row := range 8 {
				for i := range 32 {
					want := w[offs[row]+32*b+i] ^ byte(flip)
					if g := got[i/4*64+row*4+i%4]; g != want {
						t.Fatalf("seed %d: block %d, row %d, column %d is %d, want %d", seed, b, row, i, g, want)
					}
				}
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
		kernel.PanelBytes(&panel[0], &w[0], &offs[0], blocks, flip)
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

// TestTilesKeepTheirValuesWhileOthersRun multiplies on many goroutines, more than there are
// threads, while the runtime interrupts them and collects garbage: registers that a switch
// of goroutines or a signal lost would show in a result.
func TestTilesKeepTheirValuesWhileOthersRun(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		s := quantSpec{160, 768, 4, true, 1, 32, false, 0, false, 0}
		c, _ := s.config(t, newRand(1))
		c.Fast = true
		m, err := kernel.NewQuant(c)
		if err != nil {
			t.Fatal(err)
		}
		const n = 48
		x := normals(t, newRand(2), n*s.cols)
		want := productOf(t, c, x, n)
		rounds := 60
		if kernel.CPU().Variant == kernel.Generic {
			rounds = 1
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				dst, scratch := make([]float32, n*s.rows), make([]float32, m.ScratchLen(n))
				for round := range rounds {
					m.Mul(dst, s.rows, x, s.cols, n, 0, s.rows, scratch)
					if !slices.Equal(dst, want) {
						t.Errorf("round %d differs", round)
						return
					}
					if round%8 == 0 {
						runtime.GC()
					}
				}
			})
		}
		group.Wait()
	})
}
