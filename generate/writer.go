package generate

import (
	"context"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/samebits"
	"github.com/gocoreml/coreml/tensor"
)

// span is the part of a text that a prediction takes.
type span struct {
	ctx  context.Context //nolint:containedctx // a span lives as long as one call
	past int             // the tokens before it
	q    int             // its places
	ids  []int           // its tokens; the places behind them are padding
	pad  int
	rows *rows // what differs between the rows of a batch, nil where they are the same
}

// write fills an input for a prediction.
func (in *boundInput) write(dst *tensor.Tensor, w *span) error {
	if err := dst.Err(); err != nil {
		return err
	}
	switch dst.DType() {
	case tensor.Int32:
		return writeAs(in, dst, w, func(v float64) int32 { return int32(v) })
	case tensor.Float32:
		return writeAs(in, dst, w, func(v float64) float32 { return float32(v) })
	case tensor.Int8:
		return writeAs(in, dst, w, func(v float64) int8 { return int8(v) })
	case tensor.Float16:
		return writeAs(in, dst, w, func(v float64) tensor.Half { return tensor.HalfOf(float32(v)) })
	}
	return fmt.Errorf("%w: input %s is of a type that has no tokens or masks", ErrDriver, in.f)
}

// writeAs is write for one element type.
func writeAs[T tensor.Element](in *boundInput, dst *tensor.Tensor, w *span, number func(float64) T) error {
	data, err := tensor.Data[T](dst)
	if err != nil {
		return err
	}
	r := &in.role
	switch r.Role {
	case RoleTokens:
		for i := range data {
			id := w.pad
			if k := i % w.q; k < len(w.ids) {
				if id = w.ids[k]; w.rows != nil {
					id = w.rows.ids[i/w.q][w.past+k]
				}
			}
			data[i] = number(float64(id))
		}
	case RolePositions:
		if w.rows != nil {
			w.rows.positions(len(data), w, func(i, at int) { data[i] = number(float64(at)) })
			return nil
		}
		for i := range data {
			data[i] = number(float64(w.past + i%w.q))
		}
	case RoleCursor, RoleLength:
		n := w.past
		if r.Role == RoleLength {
			if n += len(w.ids); r.Padded {
				n = w.past + w.q
			}
		}
		if r.Modulo > 0 {
			n %= r.Modulo
		}
		fill(data, number(float64(n)))
	case RoleAttentionMask:
		width := dst.Dim(-1)
		fill(data, number(0))
		for i := range data {
			if i%width < w.past+len(w.ids) {
				data[i] = number(1)
			}
		}
	case RoleCausalMask:
		err := writeCausal(in, data, dst.Dim(-1), w, number(0), number(r.maskFill()))
		if err == nil && w.rows != nil {
			hidePads(data, dst.Dim(-1), w, number(0), number(r.maskFill()))
		}
		return err
	case RoleUpdateMask:
		fill(data, number(0))
		return writeUpdate(in, data, dst, w, number(1))
	case RoleCos, RoleSin:
		writeRotary(in, data, w, number)
	case RoleEmbeddings:
		return writeRows(in, data, w, number)
	}
	return nil
}

// fill sets all elements to one value.
func fill[T any](data []T, v T) {
	for i := range data {
		data[i] = v
	}
}

// writeCausal writes an additive mask of any width. A row that saw nothing would
// give NaN: every row sees at least the token's own place.
func writeCausal[T any](in *boundInput, data []T, width int, w *span, zero, hidden T) error {
	r := &in.role
	rows := len(data) / width
	for i := range rows {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		row, at := data[i*width:(i+1)*width], w.past+i%w.q
		from, to := 0, min(at+1, width) // the columns that are seen
		switch {
		case r.Ring:
			to = min(at+1, width)
		case r.Window > 0:
			from = max(min(at+1, width)-r.Window, 0)
		}
		fill(row[:from], hidden)
		fill(row[from:to], zero)
		fill(row[to:], hidden)
	}
	return nil
}

// writeUpdate writes ones at the slots of the tokens into a mask of zeros.
func writeUpdate[T any](in *boundInput, data []T, dst *tensor.Tensor, w *span, one T) error {
	slots := dst.Len() / w.q
	for i := range w.q {
		slot := w.past + i
		if in.role.Modulo > 0 {
			slot %= in.role.Modulo
		}
		if slot >= slots {
			return fmt.Errorf("%w: input %s has no slot %d", ErrContextFull, in.f, slot)
		}
		if in.query == len(in.base)-1 {
			data[slot*w.q+i] = one
		} else {
			data[i*slots+slot] = one
		}
	}
	return nil
}

// writeRotary writes rows of cosines or sines, one for each token.
func writeRotary[T any](in *boundInput, data []T, w *span, number func(float64) T) {
	r := &in.role
	width := len(data) / w.q
	half := width / 2
	if r.Layout == "once" {
		half = width
	}
	theta := r.Theta
	if theta == 0 {
		theta = 10000
	}
	across := in.query > 0 && in.query == len(in.base)-1 // [1, width, 1, q]
	for i := range w.q {
		for k := range width {
			at := k % max(half, 1)
			if r.Layout == "pairs" {
				at = k / 2
			}
			angle := float64(w.past+i) * samebits.Pow(theta, -float64(at)/float64(max(half, 1)))
			v := samebits.Cos(angle)
			if r.Role == RoleSin {
				v = samebits.Sin(angle)
			}
			place := i*width + k
			if across {
				place = k*w.q + i
			}
			data[place] = number(v)
		}
	}
}

// writeRows writes rows of a table of embeddings, one for each token.
func writeRows[T any](in *boundInput, data []T, w *span, number func(float64) T) error {
	r := &in.role
	if len(data) != w.q*r.Width {
		return fmt.Errorf("%w: input %s has no room for rows of %d", ErrDriver, in.f, r.Width)
	}
	table := in.table.Data()
	size := tableType(r.Type).Size()
	across := in.query == len(in.base)-1 // [1, width, 1, q]
	for i := range w.q {
		id := w.pad
		if i < len(w.ids) {
			id = w.ids[i]
		}
		if id >= r.Rows {
			return &TokenError{ID: id, Where: "the tokens", Vocabulary: r.Rows}
		}
		row := table[id*r.Width*size : (id+1)*r.Width*size]
		for k := range r.Width {
			at := i*r.Width + k
			if across {
				at = k*w.q + i
			}
			data[at] = number(tableValue(row[k*size:], size))
		}
	}
	return nil
}

// tableValue reads a little-endian element of a table.
func tableValue(b []byte, size int) float64 {
	if size == 4 {
		return float64(math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24))
	}
	return float64(tensor.Half(uint16(b[0]) | uint16(b[1])<<8).Float32())
}
