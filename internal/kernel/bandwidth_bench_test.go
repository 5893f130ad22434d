package kernel_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// benchMemory is what a benchmark's weights are spread over: more than the caches
// of the processors that this is run on hold, so that a small matrix is read from
// memory as the layers of a model are.
const benchMemory = 256 << 20

// benchCodes is random memory for codes.
var benchCodes = sync.OnceValue(func() []byte {
	b := make([]byte, benchMemory)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // it never fails
	return b
})

// benchHalves is memory of positive normal halves below 2. Two of them are a
// positive normal float32.
var benchHalves = sync.OnceValue(func() []byte {
	b := slices.Clone(benchCodes())
	for i := 0; i < len(b); i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		binary.LittleEndian.PutUint64(b[i:], v&0x1fff1fff1fff1fff|0x2000200020002000)
	}
	return b
})

// readTask reads memory on a pool's threads.
type readTask struct{ read func(lo, hi int) }

// readPart is the memory that is read at a time.
const readPart = 1 << 20

// Run reads parts lo to hi-1. It is called by the pool.
func (r *readTask) Run(lo, hi, _ int) { r.read(lo*readPart, hi*readPart) }

// reader is a way of reading all of a range.
type reader struct {
	name string
	read func(lo, hi int)
}

// readers are ways of reading with the widest vectors that the runtime's and this
// package's assembly have: one stream, and two. Which is the faster depends on the
// processor. They use what they read, so that none of it is left out.
var readers = sync.OnceValue(func() []reader {
	mem := benchHalves()
	floats := asFloats(mem)
	wrong := func(is bool) {
		if is {
			panic("the memory is not what was written")
		}
	}
	return []reader{
		{"count", func(lo, hi int) { wrong(bytes.Count(mem[lo:hi], []byte{0xff}) > (hi-lo)/2) }},
		{"dot", func(lo, hi int) {
			a := floats[lo/4 : hi/4]
			wrong(kernel.Dot(a[:len(a)/2], a[len(a)/2:]) < 0)
		}},
	}
})

func asFloats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

func asHalves(b []byte) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/2)
}

// measureRead returns the bytes that a way reads in a second: the best of some
// passes, since what else runs only ever takes from it.
func measureRead(p *workpool.Pool, read func(lo, hi int)) float64 {
	t, best := &readTask{read}, 0.0
	for range 8 {
		start := time.Now()
		p.For(t, benchMemory/readPart, 4, 0)
		best = max(best, benchMemory/time.Since(start).Seconds())
	}
	return best
}

var bandwidths struct {
	sync.Mutex
	of map[int]float64
}

// bandwidth returns the bytes that so many threads read from memory in a second,
// measured once in a process.
func bandwidth(threads int) float64 {
	bandwidths.Lock()
	defer bandwidths.Unlock()
	if v, ok := bandwidths.of[threads]; ok {
		return v
	}
	p := workpool.New(threads)
	defer p.Close()
	best := 0.0
	for _, r := range readers() {
		best = max(best, measureRead(p, r.read))
	}
	if bandwidths.of == nil {
		bandwidths.of = map[int]float64{}
	}
	bandwidths.of[threads] = best
	return best
}

// benchThreads are the numbers of threads of a benchmark: one, and all.
func benchThreads() []int { return slices.Compact([]int{1, runtime.GOMAXPROCS(0)}) }

// reportRates reports what one turn of the benchmark reads and computes. MB/s is
// of the stored weights; %bandwidth is its share of what as many threads read from
// memory without computing anything.
func reportRates(b *testing.B, stored int, flops float64, threads int) {
	b.Helper()
	b.SetBytes(int64(stored))
	secs := b.Elapsed().Seconds() / float64(max(b.N, 1))
	if secs <= 0 {
		return
	}
	b.ReportMetric(flops/secs/1e9, "GFLOP/s")
	b.ReportMetric(100*float64(stored)/secs/bandwidth(threads), "%bandwidth")
}

// BenchmarkRead is what %bandwidth is a share of: the best of these ways.
func BenchmarkRead(b *testing.B) {
	for _, r := range readers() {
		for _, threads := range benchThreads() {
			b.Run(fmt.Sprintf("way=%s/threads=%d", r.name, threads), func(b *testing.B) {
				p := workpool.New(threads)
				defer p.Close()
				t := &readTask{r.read}
				b.SetBytes(benchMemory)
				for b.Loop() {
					p.For(t, benchMemory/readPart, 4, 0)
				}
			})
		}
	}
}
