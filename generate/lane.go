package generate

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// predictor is what a lane needs of a *coreml.Model.
type predictor interface {
	Predict(ctx context.Context, in coreml.Features, st *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error)
	NewState() (*coreml.State, error)
}

// program is a model with the meaning of its features. It is shared by all
// lanes.
type program struct {
	model   predictor
	d       *Driver
	tokens  *coreml.FeatureDescription
	mask    *coreml.FeatureDescription // nil when there is none
	attend  *coreml.FeatureDescription // nil when there is none
	fixed   coreml.Features            // the constants
	caches  []cacheInput
	fill    float32
	pad     int
	context int
	// width is the number of logits in a row, 0 until it is known.
	width   atomic.Int64
	zeros   zeroMasks
	lastRow map[string]int // asks for one row of the logits
}

type cacheInput struct {
	in    string
	out   string
	dtype tensor.DType
	shape []int
}

func newProgram(m predictor, desc *coreml.Description, d *Driver, pad int) (*program, error) {
	p := &program{
		model: m, d: d, tokens: desc.Input(d.Tokens), mask: desc.Input(d.Mask), attend: desc.Input(d.AttentionMask),
		fixed: coreml.Features{}, fill: float32(math.Inf(-1)), pad: max(pad, 0), context: d.Context,
		lastRow: map[string]int{d.Logits: 1},
	}
	if d.MaskFill != nil {
		p.fill = float32(*d.MaskFill)
	}
	width := widthOf(m, desc.Output(d.Logits))
	p.width.Store(int64(width))
	if width > 0 && p.pad >= width {
		p.pad = 0 // no token looks at the padding, but the model has to know it
	}
	if p.mask != nil {
		p.zeros = zeroMasks{dtype: p.mask.DType, limit: p.context}
	}
	for name, v := range d.Constants {
		f := desc.Input(name)
		t := tensor.FromSlice([]float64{v}).Broadcast(f.Shape...).To(f.DType).Contiguous()
		if err := t.Err(); err != nil {
			return nil, &DriverError{Field: "constants." + name, Reason: err.Error(), Err: err}
		}
		p.fixed[name] = coreml.MultiArray(t)
	}
	for in, out := range d.Caches {
		f := desc.Input(in)
		p.caches = append(p.caches, cacheInput{in: in, out: out, dtype: f.DType, shape: f.Shape})
	}
	return p, nil
}

// lane is what one sequence needs to run: the state and the buffers.
type lane interface {
	// take returns how many of n further tokens one prediction takes, at most
	// limit.
	take(past, n, limit int) (int, error)
	// feed runs one prediction over the last n of all and returns logits whose
	// row first+i belongs to token i of these n. It returns the rows there are;
	// with one row for several tokens it is that of the last. last says that no
	// other row is wanted.
	feed(ctx context.Context, all []int, n int, last bool) (logits *tensor.Tensor, first int, err error)
	// reserve makes what steps of one token up to length n need, so that these
	// allocate nothing.
	reserve(past, n int)
	// trim gives up buffers that only long prompts need.
	trim()
	// reset makes the lane good for a new sequence.
	reset() error
	close() error
}

func (p *program) newLane() (lane, error) {
	if p.d.Family == FamilyNoCache {
		return &wholeLane{p: p}, nil
	}
	return newCachedLane(p)
}

// putTokens writes ids into a tensor of the declared type. It writes as many
// pad tokens as dst has room left.
func putTokens(dst *tensor.Tensor, ids []int, pad int) error {
	raw, err := dst.Bytes()
	if err != nil {
		return err
	}
	if dst.Len() < len(ids) {
		return fmt.Errorf("%d tokens for %d places", len(ids), len(raw))
	}
	at := func(i int) int {
		if i < len(ids) {
			return ids[i]
		}
		return pad
	}
	switch dst.DType() {
	case tensor.Int32:
		data, err := tensor.Data[int32](dst)
		for i := range data {
			data[i] = int32(at(i))
		}
		return err
	case tensor.Float32:
		data, err := tensor.Data[float32](dst)
		for i := range data {
			data[i] = float32(at(i))
		}
		return err
	default:
		data, err := tensor.Data[tensor.Half](dst)
		for i := range data {
			data[i] = tensor.HalfOf(float32(at(i)))
		}
		return err
	}
}

// zeroMasks keeps the masks of single tokens, which are all zero, as views of
// one buffer. They never change and serve all lanes.
type zeroMasks struct {
	dtype tensor.DType
	limit int

	mu    sync.Mutex
	zeros []byte
	views []*tensor.Tensor
}

// get returns the mask [1, 1, 1, n]. When it has to make one it makes all of the
// widths from a power of two to the next: a step allocates only when the text has
// doubled.
func (z *zeroMasks) get(n int) *tensor.Tensor {
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

// prepare makes the masks of widths from to to, both included.
func (z *zeroMasks) prepare(from, to int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for n := max(from, 1); n <= min(to, z.limit); n++ {
		z.view(n)
	}
}

func (z *zeroMasks) view(n int) *tensor.Tensor {
	if n >= len(z.views) {
		z.views = append(z.views, make([]*tensor.Tensor, n+1-len(z.views))...)
	}
	if z.views[n] == nil {
		if size := n * z.dtype.Size(); size > len(z.zeros) {
			// Views of the smaller buffer stay valid; few sizes are ever made.
			grown := min(max(2*n, 512), max(z.limit, n))
			z.zeros, _ = tensor.New(z.dtype, grown).Bytes()
		}
		z.views[n] = tensor.FromBytes(z.dtype, z.zeros[:n*z.dtype.Size()], 1, 1, 1, n)
	}
	return z.views[n]
}

// causal writes the additive mask of q tokens that follow past others: row i
// sees columns 0 to past+i.
func causal[T any](dst []T, q, past int, fill T) {
	width := past + q
	for i := range q {
		row := dst[i*width : (i+1)*width]
		clear(row[:past+i+1])
		for j := past + i + 1; j < width; j++ {
			row[j] = fill
		}
	}
}

// causalMask returns the mask [1, 1, q, past+q] in memory of buf, which grows
// as needed.
func causalMask(dtype tensor.DType, buf *[]byte, q, past int, fill float32) (*tensor.Tensor, error) {
	width := past + q
	size := dtype.Size()
	if q <= 0 || past < 0 || width > tensor.MaxBytes/size/q {
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
		causal(data, q, past, tensor.HalfOf(fill))
		return t, nil
	}
	data, err := tensor.Data[float32](t)
	if err != nil {
		return nil, err
	}
	causal(data, q, past, fill)
	return t, nil
}
