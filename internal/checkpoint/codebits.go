package checkpoint

import (
	"context"

	"github.com/gocoreml/coreml/internal/storage"
)

// CodeBits returns how wide the codes are that [Tensor.Codes] would return, 4 or 8 bits,
// and 0 where it would return none. It reads no more than has to be known for that:
// scales and zero points at most.
func CodeBits(ctx context.Context, t Tensor) (int, error) {
	c, ok := t.(interface {
		codeBits(ctx context.Context) (int, error)
	})
	if !ok {
		return 0, nil
	}
	return c.codeBits(ctx)
}

func (p *packed) codeBits(ctx context.Context) (int, error) {
	if p.group != nil || p.levels != nil {
		return 0, nil
	}
	n := p.shape[0] * p.groups
	if ok, err := p.exact(ctx, make([]uint16, n), make([]byte, n)); err != nil || !ok {
		return 0, err
	}
	if p.bits > 4 {
		return 8, nil
	}
	return 4, nil
}

func (t ggufTensor) codeBits(ctx context.Context) (bits int, err error) {
	form, ok := ggufForms[t.Source.Type]
	if !ok || !t.Plain() {
		return 0, nil
	}
	size := t.Source.Type.RowBytes(32)
	defer storage.EndFaults(storage.WatchFaults(), &err)
	for r := range t.Weight.Shape[0] {
		if r%256 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		row := t.Source.Row(t.SourceRow(r))
		for ; len(row) >= size; row = row[size:] {
			if !form.fits(row[:size]) {
				return 0, t.Source.Err()
			}
		}
	}
	return form.dtype.Bits(), t.Source.Err()
}
