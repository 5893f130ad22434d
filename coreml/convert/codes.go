package convert

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/quantize"
)

// A checkpoint that is quantised already may hold what the package would: codes with a
// scale for each block of a row. Such codes are carried over, since to decode and to
// quantise them anew would lose, and to decode them alone would make the package several
// times as large.

// carriedOver is what a report says of such a weight.
const carriedOver = "carried over"

// settleCodes notes of which weights the codes can be carried over, and reports whether
// there are any. It is so where the caller asks for nothing else, and the weight is made of
// whole rows of tensors that have codes.
func (s *settings) settleCodes(ctx context.Context, weights []modelgen.Weight, views map[key]*view) (some bool, err error) {
	for _, w := range weights {
		v := views[keyOf(w)]
		if s.Quantize != "" || w.Cols == 0 || v.codeBits != 0 || v.transposed || v.plus != 0 || s.keepsAny(w, v) {
			continue
		}
		for i, t := range v.parts {
			bits, err := checkpoint.CodeBits(ctx, t)
			if err != nil {
				return false, fmt.Errorf("tensor %s: %w", v.names[i], err)
			}
			// Rows have to begin at a byte.
			if bits == 0 || w.Cols*bits%8 != 0 || i > 0 && bits != v.codeBits {
				v.codeBits = 0
				break
			}
			v.codeBits = bits
		}
		some = some || v.codeBits != 0
	}
	return some, nil
}

// span is a run of rows of a tensor's codes.
type span struct {
	*checkpoint.Codes

	from, to int
}

// codes returns the codes of a weight as runs of rows, and none where it has to be decoded:
// its tensors have no codes, or not all of one form, or weights beyond the range of fp16.
func (s *source) codes(w modelgen.Weight, v *view) ([]span, error) {
	if v.codeBits == 0 {
		return nil, nil
	}
	var list []span
	for _, t := range v.parts {
		c, err := t.Codes(s.ctx)
		if err != nil || c == nil || w.Type == dtype.Float16 && !inRange(c) {
			return nil, err
		}
		if len(list) > 0 && !alike(list[0].Codes, c) {
			return nil, nil
		}
		p := v.ref.rows
		if p == nil {
			list = append(list, span{c, 0, t.Shape()[0]})
			continue
		}
		for r := 0; r < w.Rows; {
			n := min(p.run(r), w.Rows-r)
			list = append(list, span{c, p.at(r), p.at(r) + n})
			r += n
		}
	}
	return list, nil
}

// alike reports whether codes can lie in one matrix.
func alike(a, b *checkpoint.Codes) bool {
	return a.Type == b.Type && a.Block == b.Block && (a.Offset == nil) == (b.Offset == nil)
}

// inRange reports whether fp16 surely holds all weights.
func inRange(c *checkpoint.Codes) bool {
	most := float32(int(1) << c.Type.Bits())
	if c.Type.IsSigned() {
		most /= 2
	}
	for _, scale := range c.Scale {
		// A scale that is no number fails the comparison.
		if x := float32(math.Abs(float64(dtype.Float16ToFloat32(scale)))) * most; !(x <= 65504) {
			return false
		}
	}
	return true
}

// carriedForm is the form in which codes are in the package.
func carriedForm(c *checkpoint.Codes, w modelgen.Weight) quantize.Form {
	l := quantize.Linear{Type: c.Type, Grain: quantize.PerBlock, Size: c.Block}
	if c.Block == w.Cols {
		l = quantize.Linear{Type: c.Type, Grain: quantize.PerChannel}
	}
	return quantize.Form{Linear: l}
}

// carryLine is the line of the report of a weight whose codes are carried over.
func carryLine(line *TensorReport, spans []span, w modelgen.Weight) {
	c := spans[0].Codes
	scales := w.Rows * w.Cols / c.Block
	bytes := w.Rows*w.Cols*c.Type.Bits()/8 + scales*w.Type.Size()
	if c.Offset != nil {
		bytes += (scales*c.Type.Bits() + 7) / 8
	}
	line.Form, line.Codes, line.Bytes = carriedForm(c, w).String(), carriedOver, int64(bytes)
}

// carry writes codes as they are, and scales and offsets behind them.
func (s *source) carry(to *modelgen.Store, w modelgen.Weight, spans []span, line *TensorReport) (*stored, error) {
	c := spans[0].Codes
	carryLine(line, spans, w)
	blocks, width := w.Cols/c.Block, w.Cols*c.Type.Bits()/8
	planes := &quantize.Encoded{
		Type: w.Type, Shape: []int{w.Rows, w.Cols},
		Codes: &quantize.Plane{Type: c.Type, Shape: []int{w.Rows, w.Cols}},
		Scale: &quantize.Plane{Type: w.Type, Shape: []int{w.Rows, blocks}},
	}
	at, err := to.Writer().BeginBlob(c.Type, elements(w))
	if err != nil {
		return nil, err
	}
	var scales, offsets []byte
	for _, x := range spans {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		if err := to.Writer().Append(x.Data[x.from*width : x.to*width]); err != nil {
			return nil, err
		}
		for i := x.from * blocks; i < x.to*blocks; i++ {
			scales = appendScale(scales, x.Scale[i], w.Type)
			if x.Offset != nil {
				offsets = append(offsets, codeAt(x.Offset, i, c.Type))
			}
		}
		s.advance((x.to - x.from) * w.Cols)
	}
	out := &stored{encoded: planes, offsets: map[string]uint64{w.Name + "_data": at}}
	if out.offsets[w.Name+"_scale"], err = to.Writer().AddBlob(w.Type, w.Rows*blocks, scales); err != nil || c.Offset == nil {
		return out, err
	}
	planes.Offset = &quantize.Plane{Type: c.Type, Shape: planes.Scale.Shape}
	out.offsets[w.Name+"_offset"], err = to.Writer().AddBlob(c.Type, len(offsets), packed4(offsets, c.Type))
	return out, err
}

// appendScale appends a scale as a number of the weight's type, which holds it.
func appendScale(b []byte, half uint16, t dtype.Type) []byte {
	if t == dtype.Float32 {
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(dtype.Float16ToFloat32(half)))
	}
	return binary.LittleEndian.AppendUint16(b, half)
}

// codeAt returns a packed code as a byte.
func codeAt(data []byte, i int, t dtype.Type) byte {
	if t.Bits() == 8 {
		return data[i]
	}
	return data[i/2] >> (i % 2 * 4) & 15
}

// packed4 packs codes, a byte each, as their type is stored.
func packed4(codes []byte, t dtype.Type) []byte {
	if t.Bits() == 8 {
		return codes
	}
	out := make([]byte, (len(codes)+1)/2)
	for i, c := range codes {
		out[i/2] |= c << (i % 2 * 4)
	}
	return out
}
