package convert

import (
	"context"
	"encoding/binary"
	"math"
	"sync"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/workpool"
)

// A weight is read, converted and written in chunks of rows. Several are under way at
// once, and they are written in their order, so that the package does not depend on the
// number of threads, and the memory does not depend on the size of the weights.

// chunk is rows from (inclusive) to to (exclusive) of a weight.
type chunk struct{ from, to int }

// chunkElements is about the number of elements in a chunk: few enough that all passes over
// them find them in a processor's second cache.
const chunkElements = 1 << 17

// waiting is how many chunks that are done may wait for those before them, or for a write:
// enough that nobody idles while several megabytes are written at once.
const waiting = 64

// chunks cuts a weight. The number of rows in a chunk is a multiple of 8, so that codes of
// any width end at a byte.
func (s *source) chunks(v *view) []chunk {
	rows := max(chunkElements/v.width()/8*8, 8)
	if v.transposed && v.cols > 0 {
		rows = max(rows, v.rows) // each call reads the whole tensor
	}
	var list []chunk
	for from := 0; from < v.rows; from += rows {
		list = append(list, chunk{from, min(from+rows, v.rows)})
	}
	return list
}

// ordered works on chunks in parallel and gives the results to emit in their order.
func ordered[T any](ctx context.Context, threads int, chunks []chunk, work func(chunk) (T, error), emit func(T) error) error {
	type result struct {
		value T
		err   error
	}
	type task struct {
		chunk
		done chan result
	}
	if threads == 0 {
		threads = workpool.Cores()
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	tasks, results := make(chan task), make(chan chan result, waiting)
	running.Go(func() {
		defer close(results)
		defer close(tasks)
		for _, c := range chunks {
			t := task{c, make(chan result, 1)}
			select {
			case results <- t.done:
				tasks <- t // somebody takes it: who works never waits for others
			case <-ctx.Done():
				return
			}
		}
	})
	for range min(threads, len(chunks)) {
		running.Go(func() {
			for t := range tasks {
				v, err := work(t.chunk)
				t.done <- result{v, err}
			}
		})
	}
	n := 0
	for done := range results {
		r := <-done
		if r.err == nil {
			r.err = emit(r.value)
		}
		if r.err != nil {
			return r.err
		}
		n++
	}
	if n < len(chunks) {
		return context.Cause(ctx)
	}
	return nil
}

// buffers of numbers that chunks are read into.
var floatBuffers = sync.Pool{New: func() any { return new([]float32) }}

// withFloats calls f with a buffer of n numbers.
func withFloats[T any](n int, f func([]float32) (T, error)) (T, error) {
	p, _ := floatBuffers.Get().(*[]float32) //nolint:errcheck // nothing else is put there
	if cap(*p) < n {
		*p = make([]float32, n)
	}
	defer floatBuffers.Put(p)
	return f((*p)[:n])
}

// packed is a chunk in the bytes of the package.
type packed struct {
	data []byte
	n    int // elements
	buf  *[]uint16
}

// readFloats reads a chunk as numbers of that type.
func readFloats(ctx context.Context, v *view, c chunk, t dtype.Type) (packed, error) {
	n := (c.to - c.from) * v.width()
	return withFloats(n, func(values []float32) (packed, error) {
		if err := v.read(ctx, c.from, c.to, values); err != nil {
			return packed{}, err
		}
		if t == dtype.Float32 {
			data := make([]byte, 4*n)
			for i, x := range values {
				binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(x))
			}
			return packed{data: data, n: n}, finite(t, values)
		}
		if err := finite(t, values); err != nil {
			return packed{}, err
		}
		p := halves(n)
		kernel.F32ToF16(p.half(), values)
		p.seal()
		return p, nil
	})
}

var halfBuffers = sync.Pool{New: func() any { return new([]uint16) }}

// halves takes room for n numbers of fp16.
func halves(n int) packed {
	p, _ := halfBuffers.Get().(*[]uint16) //nolint:errcheck // nothing else is put there
	if cap(*p) < n {
		*p = make([]uint16, n)
	}
	return packed{n: n, buf: p}
}

func (p *packed) half() []uint16 { return (*p.buf)[:p.n] }

// seal gives the bytes of the numbers.
func (p *packed) seal() { p.data = dtype.HalfBytes(p.half()) }

// release gives the buffer back.
func (p *packed) release() {
	if p.buf != nil {
		halfBuffers.Put(p.buf)
	}
}

// finite refuses weights that the type does not hold.
func finite(t dtype.Type, values []float32) error {
	most, name := float32(math.MaxFloat32), "no finite number"
	if t == dtype.Float16 {
		most, name = 0x1.ffdffep15, "beyond the range of fp16: convert with the type fp32" // what follows it rounds to 65536
	}
	if kernel.Peak(values) <= most {
		return nil
	}
	for i, x := range values {
		if m := float32(math.Abs(float64(x))); !(m <= most) {
			if !(m <= math.MaxFloat32) {
				name = "no finite number"
			}
			return malformed("element %d is %v, which is %s", i, x, name)
		}
	}
	return nil
}

// roundTo rounds numbers to a type, which must hold them.
func roundTo(t dtype.Type, values []float32) error {
	if err := finite(t, values); err != nil {
		return err
	}
	if t == dtype.Float16 {
		kernel.RoundF16(values)
	}
	return nil
}

// coded is a chunk in a compressed form.
type coded struct {
	encoded *quantize.Encoded
	lost    quantize.Error
	n       int // elements
}

// encodeRows compresses a chunk.
func (s *source) encodeRows(v *view, w modelgen.Weight, c chunk, f quantize.Form) (coded, error) {
	n := (c.to - c.from) * v.width()
	return withFloats(n, func(values []float32) (coded, error) {
		if err := v.read(s.ctx, c.from, c.to, values); err != nil {
			return coded{}, err
		}
		if err := roundTo(w.Type, values); err != nil {
			return coded{}, err
		}
		if w.Type == dtype.Float16 {
			if e, lost, ok := quantize.Quick(f, c.to-c.from, w.Cols, values); ok {
				return coded{e, lost, n}, nil
			}
		}
		t := quantize.Matrix([]int{c.to - c.from, w.Cols}, values)
		t.Wide, t.Threads = w.Type == dtype.Float32, 1
		e, err := quantize.EncodeTensor(s.ctx, f, t)
		if err != nil {
			return coded{}, err
		}
		lost, err := e.Compare(s.ctx, values)
		return coded{e, lost, n}, err
	})
}
