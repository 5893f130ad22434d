package generate

import (
	"context"
	"fmt"
	"sync"

	"github.com/gocoreml/coreml/tensor"
)

// constantViews keeps inputs of single tokens that hold one value alone and grow
// with the text, as views of one buffer. They never change and serve all lanes.
type constantViews struct {
	dtype tensor.DType
	base  []int // the shape, but for axis
	axis  int
	value float64
	limit int

	mu    sync.Mutex
	data  []byte
	views []*tensor.Tensor
}

// get returns the input for n tokens. When it has to make one it makes all of the
// widths from a power of two to the next: a step allocates only when the text has
// doubled.
func (z *constantViews) get(n int) *tensor.Tensor {
	z.mu.Lock()
	defer z.mu.Unlock()
	if n >= len(z.views) || z.views[n] == nil {
		from, to := 1, 512
		for to <= n {
			from, to = to, 2*to
		}
		for k := from; k <= min(to-1, z.limit); k++ {
			z.view(k)
		}
	}
	return z.view(n)
}

// prepare makes the inputs of widths from to to, both included.
func (z *constantViews) prepare(from, to int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for n := max(from, 1); n <= min(to, z.limit); n++ {
		z.view(n)
	}
}

// view returns the input of width n, which it makes when it is first asked for.
func (z *constantViews) view(n int) *tensor.Tensor {
	if n >= len(z.views) {
		z.views = append(z.views, make([]*tensor.Tensor, n+1-len(z.views))...)
	}
	if z.views[n] == nil {
		shape := append([]int(nil), z.base...)
		shape[z.axis] = n
		size := z.dtype.Size()
		for _, k := range shape {
			size *= k
		}
		if size > len(z.data) {
			// Views of the smaller buffer stay valid; few sizes are ever made.
			grown := min(max(2*n, 512), max(z.limit, n))
			z.data, _ = tensor.Fill(z.dtype, z.value, size/z.dtype.Size()/n*grown).Bytes()
		}
		z.views[n] = tensor.FromBytes(z.dtype, z.data[:size], shape...)
	}
	return z.views[n]
}

// causal writes the additive mask of q tokens that follow past others: row i
// sees columns 0 to past+i.
func causal[T any](ctx context.Context, dst []T, q, past int, fill T) error {
	width := past + q
	for i := range q {
		if err := ctx.Err(); err != nil {
			return err
		}
		row := dst[i*width : (i+1)*width]
		clear(row[:past+i+1])
		for j := past + i + 1; j < width; j++ {
			row[j] = fill
		}
	}
	return nil
}

// causalMask returns the mask [1, 1, q, past+q] in memory of buf, which grows
// as needed.
func causalMask(ctx context.Context, dtype tensor.DType, buf *[]byte, q, past int, fill float32) (*tensor.Tensor, error) {
	width := past + q
	size := dtype.Size()
	if q <= 0 || past < 0 || width > maxMaskBytes/size/q {
		return nil, fmt.Errorf("%w: a mask of %d by %d is too large", ErrContextFull, q, width)
	}
	need := q * width * size
	if need > cap(*buf) {
		fresh, err := tensor.New(dtype, q*width).Bytes()
		if err != nil {
			return nil, err
		}
		*buf = fresh
	}
	t := tensor.FromBytes(dtype, (*buf)[:need], 1, 1, q, width)
	if dtype == tensor.Float16 {
		data, err := tensor.Data[tensor.Half](t)
		if err != nil {
			return nil, err
		}
		return t, causal(ctx, data, q, past, tensor.HalfOf(fill))
	}
	data, err := tensor.Data[float32](t)
	if err != nil {
		return nil, err
	}
	return t, causal(ctx, data, q, past, fill)
}
