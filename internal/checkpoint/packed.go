package checkpoint

import (
	"context"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
)

// packed is a matrix whose weights are codes of a few bits with a scale for each group of
// columns of a row. It is what the readers of the formats of folders give.
type packed struct {
	name, stored string
	shape        [2]int
	// stack is the number of matrices that lie one below the other in one tensor of three
	// dimensions, 0 where the tensor is the matrix.
	stack        int
	bits, groups int
	// group has the group of each column; nil where they lie side by side, equally wide.
	group []int32
	// codes, scales and zeros read the rows from a first (inclusive) to a last one
	// (exclusive): codes a byte each, scales and zeros a number for each group. Zeros are
	// taken from the codes, or are added to the products where added is set; nil: middle
	// is taken from every code.
	codes         func(ctx context.Context, from, to int, dst []byte) error
	scales, zeros func(ctx context.Context, from, to int, dst []float32) error
	added         bool
	middle        byte
	// levels has what the codes stand for where that is not their number.
	levels *[256]float32
}

// Shape implements Tensor.
func (p *packed) Shape() []int {
	if p.stack > 0 {
		return []int{p.stack, p.shape[0] / p.stack, p.shape[1]}
	}
	return p.shape[:]
}

// flat returns the matrix of all rows.
func (p *packed) flat() *packed {
	q := *p
	q.stack = 0
	return &q
}

// Stored implements Tensor.
func (p *packed) Stored() string { return p.stored }

// chunkRows returns how many rows are decoded at a time: about a megabyte of codes, in
// multiples of 32, of which every format's words hold whole numbers.
func (p *packed) chunkRows() int { return max(1<<20/p.shape[1]/32*32, 32) }

// part is a run of rows under way: buffers that are used again for the next one.
type part struct {
	codes         []byte
	scales, zeros []float32
}

// read reads a run of rows.
func (p *packed) read(ctx context.Context, from, to int, b *part) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := to - from
	if cap(b.codes) < n*p.shape[1] {
		b.codes = make([]byte, n*p.shape[1])
		b.scales = make([]float32, n*p.groups)
		b.zeros = make([]float32, n*p.groups)
	}
	b.codes, b.scales, b.zeros = b.codes[:n*p.shape[1]], b.scales[:n*p.groups], b.zeros[:n*p.groups]
	if err := p.codes(ctx, from, to, b.codes); err != nil {
		return err
	}
	if err := p.scales(ctx, from, to, b.scales); err != nil {
		return err
	}
	if p.zeros != nil {
		return p.zeros(ctx, from, to, b.zeros)
	}
	for i := range b.zeros {
		b.zeros[i] = float32(p.middle)
	}
	return nil
}

// Rows implements Tensor.
func (p *packed) Rows(ctx context.Context, from, to int, dst []float32) error {
	if _, err := rowWidth(p.Shape(), from, to, len(dst)); err != nil {
		return fmt.Errorf("tensor %s: %w", storage.Quote(p.name), err)
	}
	if p.stack > 0 {
		from, to = from*(p.shape[0]/p.stack), to*(p.shape[0]/p.stack)
	}
	b, columns := &part{}, p.shape[1]
	for at := from; at < to; at += p.chunkRows() {
		end := min(at+p.chunkRows(), to)
		if err := p.read(ctx, at, end, b); err != nil {
			return fmt.Errorf("tensor %s: %w", storage.Quote(p.name), err)
		}
		for r := range end - at {
			row, out := b.codes[r*columns:(r+1)*columns], dst[(at-from+r)*columns:(at-from+r+1)*columns]
			scales, zeros := b.scales[r*p.groups:(r+1)*p.groups], b.zeros[r*p.groups:(r+1)*p.groups]
			p.decode(out, row, scales, zeros)
		}
	}
	return nil
}

// decode computes the weights of a row.
func (p *packed) decode(dst []float32, codes []byte, scales, zeros []float32) {
	if p.group != nil {
		for c, code := range codes {
			g := p.group[c]
			if p.levels != nil {
				dst[c] = scales[g] * p.levels[code]
				continue
			}
			dst[c] = scales[g] * (float32(code) - zeros[g])
		}
		return
	}
	width := len(codes) / p.groups
	for g := range p.groups {
		out, row := dst[g*width:(g+1)*width], codes[g*width:(g+1)*width]
		switch {
		case p.levels != nil:
			for c, code := range row {
				out[c] = scales[g] * p.levels[code]
			}
		case p.added:
			spread(out, row, scales[g], 0, zeros[g])
		default:
			spread(out, row, scales[g], zeros[g], 0)
		}
	}
}

// spread writes scale*(code-zero) + low. The product is rounded before the sum.
func spread(dst []float32, codes []byte, scale, zero, low float32) {
	for i, c := range codes {
		dst[i] = float32(scale*(float32(c)-zero)) + low
	}
}

// Codes implements Tensor: where columns are in order, scales are float16 numbers and what
// is taken from the codes are codes.
func (p *packed) Codes(ctx context.Context) (*Codes, error) {
	if p.group != nil || p.levels != nil {
		return nil, nil //nolint:nilnil // as the interface says
	}
	rows, columns := p.shape[0], p.shape[1]
	c := &Codes{Block: columns / p.groups, Scale: make([]uint16, rows*p.groups)}
	offsets := make([]byte, rows*p.groups)
	// The first walk is over the scales and zeros alone: they decide whether and how.
	if ok, err := p.exact(ctx, c.Scale, offsets); err != nil || !ok {
		return nil, err
	}
	flip := p.choose(c, offsets)
	b := &part{}
	c.Data = make([]byte, (rows*columns*c.Type.Bits()+7)/8)
	for at := 0; at < rows; at += p.chunkRows() {
		end := min(at+p.chunkRows(), rows)
		if cap(b.codes) == 0 {
			b.codes = make([]byte, (end-at)*columns)
		}
		codes := b.codes[:(end-at)*columns]
		if err := p.codes(ctx, at, end, codes); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", storage.Quote(p.name), err)
		}
		// Chunks have even numbers of rows, so that each begins with a byte.
		packCodes(c.Data[at*columns*c.Type.Bits()/8:], codes, c.Type.Bits(), flip)
	}
	return c, nil
}

// exact reads scales and zeros, and reports whether all are what [Codes] can hold.
func (p *packed) exact(ctx context.Context, scales []uint16, offsets []byte) (bool, error) {
	top := byte(15)
	if p.bits > 4 {
		top = 255
	}
	for at := 0; at < p.shape[0]; at += p.chunkRows() {
		end := min(at+p.chunkRows(), p.shape[0])
		n := (end - at) * p.groups
		values, zeros := make([]float32, n), make([]float32, n)
		if err := p.scales(ctx, at, end, values); err != nil {
			return false, fmt.Errorf("tensor %s: %w", storage.Quote(p.name), err)
		}
		if p.zeros != nil {
			if err := p.zeros(ctx, at, end, zeros); err != nil {
				return false, fmt.Errorf("tensor %s: %w", storage.Quote(p.name), err)
			}
		}
		for i := range n {
			h := dtype.Float32ToFloat16(values[i])
			if dtype.Float16ToFloat32(h) != values[i] || math.IsInf(float64(values[i]), 0) {
				return false, nil
			}
			offset, ok := p.middle, true
			switch {
			case p.added:
				offset, ok = wholeOffset(values[i], zeros[i], top)
			case p.zeros != nil:
				offset, ok = byte(zeros[i]), zeros[i] >= 0 && zeros[i] <= float32(top)
			}
			if !ok {
				return false, nil
			}
			scales[at*p.groups+i], offsets[at*p.groups+i] = h, offset
		}
	}
	return true, nil
}

// choose sets the type of codes and their offsets: signed ones without offsets where one
// number, taken from every code, leaves codes that fit. It returns that number.
func (p *packed) choose(c *Codes, offsets []byte) (less byte) {
	signed, unsigned, half := dtype.Int4, dtype.UInt4, 8
	if p.bits > 4 {
		signed, unsigned, half = dtype.Int8, dtype.UInt8, 128
	}
	same := true
	for _, o := range offsets {
		same = same && o == offsets[0]
	}
	if first := int(offsets[0]); same && first <= half && 1<<p.bits-1-first < half {
		c.Type = signed
		return offsets[0]
	}
	c.Type = unsigned
	if same && offsets[0] == 0 {
		return 0
	}
	c.Offset = make([]byte, (len(offsets)*unsigned.Bits()+7)/8)
	packCodes(c.Offset, offsets, unsigned.Bits(), 0)
	return 0
}

// packCodes writes codes of 4 or 8 bits, less a number, low bits first.
func packCodes(dst, codes []byte, bits int, less byte) {
	if bits == 8 {
		for i, c := range codes {
			dst[i] = c - less
		}
		return
	}
	for i := 0; i+1 < len(codes); i += 2 {
		dst[i/2] = (codes[i]-less)&15 | (codes[i+1]-less)<<4
	}
	if n := len(codes); n%2 == 1 {
		dst[n/2] = (codes[n-1] - less) & 15
	}
}
