package checkpoint

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
	"github.com/gocoreml/coreml/internal/checkpoint/llamacpp"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
)

// ggufTensor is a weight of a GGUF file.
type ggufTensor struct{ *llamacpp.Weight }

// Shape implements Tensor.
func (t ggufTensor) Shape() []int { return t.Weight.Shape }

// Stored implements Tensor: the name that llama.cpp gives the type.
func (t ggufTensor) Stored() string { return t.Source.Type.String() }

// ggufForm is a block format of 32 elements whose codes can be carried over.
type ggufForm struct {
	dtype dtype.Type
	bytes int // of a block's codes
	// codes writes the codes of a block.
	codes func(dst, block []byte)
	// offset returns what is taken from each code, and false where it is no code; nil
	// where it is nothing.
	offset func(block []byte) (byte, bool)
}

// ggufForms are those formats. The scale is the first thing in each block.
var ggufForms = map[gguf.Type]ggufForm{
	gguf.Q4_0: {dtype.Int4, 16, func(dst, block []byte) { pairCodes(dst, block[2:18], 0x88) }, nil},
	gguf.Q4_1: {dtype.UInt4, 16, func(dst, block []byte) { pairCodes(dst, block[4:20], 0) }, minimumOffset},
	gguf.Q5_0: {dtype.Int8, 32, fiveBitCodes, nil},
	gguf.Q8_0: {dtype.Int8, 32, func(dst, block []byte) { copy(dst, block[2:34]) }, nil},
}

// pairCodes puts the codes of 16 bytes in order: the low halves are the first 16 elements,
// the high ones the others. Flip turns the bits that make codes less eight signed ones.
func pairCodes(dst, src []byte, flip byte) {
	for i := range 8 {
		a, b := src[2*i], src[2*i+1]
		dst[i] = (a&15 | b<<4) ^ flip
		dst[8+i] = (a>>4 | b&0xf0) ^ flip
	}
}

// fiveBitCodes writes the codes of Q5_0 as signed bytes.
func fiveBitCodes(dst, block []byte) {
	high := binary.LittleEndian.Uint32(block[2:])
	for i, b := range block[6:22] {
		dst[i] = byte(uint32(b&15)|high>>i<<4&16) - 16
		dst[16+i] = byte(uint32(b>>4)|high>>(i+12)&16) - 16
	}
}

// minimumOffset returns the code that stands for zero in a block of Q4_1, where there is
// one: w = scale*code + minimum, and the minimum is a whole number of scales.
func minimumOffset(block []byte) (byte, bool) {
	scale := dtype.Float16ToFloat32(binary.LittleEndian.Uint16(block))
	low := dtype.Float16ToFloat32(binary.LittleEndian.Uint16(block[2:]))
	return wholeOffset(scale, low, 15)
}

// wholeOffset returns the offset from 0 to top for which scale*(code-offset) is
// scale*code + low exactly, whatever the code.
func wholeOffset(scale, low float32, top byte) (byte, bool) {
	if scale == 0 {
		return 0, low == 0
	}
	// In float64 the product is exact.
	offset := math.Round(-float64(low) / float64(scale))
	return byte(offset), offset >= 0 && offset <= float64(top) && float64(scale)*offset == -float64(low)
}

// fits reports whether a block has a scale that is a number, and an offset if it needs one.
func (f *ggufForm) fits(block []byte) bool {
	if binary.LittleEndian.Uint16(block)&0x7c00 == 0x7c00 {
		return false
	}
	if f.offset == nil {
		return true
	}
	_, ok := f.offset(block)
	return ok
}

// Codes implements Tensor: for Q4_0, Q5_0 and Q8_0, and for Q4_1 where every minimum is a
// whole number of scales.
func (t ggufTensor) Codes(ctx context.Context) (_ *Codes, err error) {
	form, ok := ggufForms[t.Source.Type]
	if !ok || !t.Plain() {
		return nil, nil //nolint:nilnil // as the interface says
	}
	rows, blocks, size := t.Weight.Shape[0], t.Weight.Shape[1]/32, t.Source.Type.RowBytes(32)
	c := &Codes{Type: form.dtype, Block: 32, Scale: make([]uint16, rows*blocks), Data: make([]byte, rows*blocks*form.bytes)}
	if form.offset != nil {
		c.Offset = make([]byte, (rows*blocks+1)/2)
	}
	defer storage.EndFaults(storage.WatchFaults(), &err)
	for r := range rows {
		if r%256 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row := t.Source.Row(t.SourceRow(r))
		for b := range blocks {
			i, block := r*blocks+b, row[b*size:(b+1)*size]
			if !form.fits(block) {
				return nil, nil //nolint:nilnil // as the interface says
			}
			c.Scale[i] = binary.LittleEndian.Uint16(block)
			form.codes(c.Data[i*form.bytes:(i+1)*form.bytes], block)
			if form.offset != nil {
				offset, _ := form.offset(block)
				c.Offset[i/2] |= offset << (i % 2 * 4)
			}
		}
	}
	return c, t.Source.Err()
}
