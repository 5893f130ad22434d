package kernel

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
)

// QuantConfig describes a matrix of integer codes with block scales: w =
// scale·(q-offset), as constexpr_blockwise_shift_scale defines it. The codes
// stay packed as the file has them, row-major, the columns innermost.
type QuantConfig struct {
	Rows, Cols int
	// Bits is the width of a code, 4 or 8; Signed says two's complement. 4-bit
	// codes are packed low nibble first over the flattened tensor, so a row of an
	// odd number of columns ends in the middle of a byte.
	Bits   int
	Signed bool
	// It must have as many bytes as the packed codes take, and may have more.
	Codes []byte
	// Each scale covers RowBlock rows and ColBlock columns; both divide the
	// shape. Scales lie row-major, [Rows/RowBlock, Cols/ColBlock].
	RowBlock, ColBlock int
	// Exactly one of Scale16 (binary16) and Scale32 is set.
	Scale16 []uint16
	Scale32 []float32
	// At most one of Offset and OffsetCodes is set, in the layout of the scales.
	// OffsetCodes holds packed codes of the width and signedness of Codes.
	Offset      []float32
	OffsetCodes []byte
	// Round makes every decoded weight the nearest binary16 value (ties to
	// even) of the float32 product scale·(q-offset). It is for arithmetic
	// Faithful.
	Round bool
	// Fast permits kernels that quantise the input to 8 bits in blocks of at most
	// 32, each with a step of at most max|x|/126 over the block; or, with 8-bit codes, to
	// 16 bits with a step of max|x|/32639 over the vector. It adds an error of half a step times
	// Σ|w|. Where there is no such kernel, and with Round, it has no effect.
	Fast bool
}

// Quant is a matrix of integer codes with block scales. fast says that blocks
// are whole vectors of 8 codes, and so begin at whole bytes.
type Quant struct {
	shape
	c QuantConfig
	// rb and cb are the number of scales along each axis.
	rb, cb int
	fast   bool
	// lone is the matrix with alone set: it multiplies every vector as if there were no
	// others. It is nil where that makes no difference.
	lone  *Quant
	alone bool
}

// NewQuant checks the lengths and returns the matrix. The slices are used in
// place and must not change. Sizes come from a file: each is checked before a
// product of them is used.
func NewQuant(c QuantConfig) (*Quant, error) {
	if err := checkShape(c.Rows, c.Cols); err != nil {
		return nil, err
	}
	if c.Bits != 4 && c.Bits != 8 {
		return nil, fmt.Errorf("%w: %d-bit codes", ErrMat, c.Bits)
	}
	if c.RowBlock <= 0 || c.ColBlock <= 0 || c.Rows%c.RowBlock != 0 || c.Cols%c.ColBlock != 0 {
		return nil, fmt.Errorf("%w: blocks of [%d, %d] do not divide [%d, %d]", ErrMat, c.RowBlock, c.ColBlock, c.Rows, c.Cols)
	}
	q := &Quant{shape: shape{c.Rows, c.Cols}, c: c, rb: c.Rows / c.RowBlock, cb: c.Cols / c.ColBlock}
	blocks := q.rb * q.cb
	if err := checkLen("codes", len(c.Codes), (c.Rows*c.Cols*c.Bits+7)/8); err != nil {
		return nil, err
	}
	if (c.Scale16 == nil) == (c.Scale32 == nil) && blocks > 0 {
		return nil, fmt.Errorf("%w: needs scales of one type", ErrMat)
	}
	if err := checkLen("scale", max(len(c.Scale16), len(c.Scale32)), blocks); err != nil {
		return nil, err
	}
	if c.Offset != nil && c.OffsetCodes != nil {
		return nil, fmt.Errorf("%w: two kinds of offsets", ErrMat)
	}
	if c.Offset != nil {
		if err := checkLen("offset", len(c.Offset), blocks); err != nil {
			return nil, err
		}
	}
	if c.OffsetCodes != nil {
		if err := checkLen("offset codes", len(c.OffsetCodes), (blocks*c.Bits+7)/8); err != nil {
			return nil, err
		}
	}
	q.fast = c.ColBlock%8 == 0
	if q.int8Inputs() {
		lone := *q
		lone.alone = true
		q.lone = &lone
	}
	return q, nil
}

// Format returns the code type and the block length: "int4/32", "uint8/channel".
func (q *Quant) Format() string {
	name := fmt.Sprintf("int%d", q.c.Bits)
	if !q.c.Signed {
		name = "u" + name
	}
	switch {
	case q.rb <= 1 && q.cb <= 1:
		return name + "/tensor"
	case q.cb == 1 && q.c.RowBlock == 1:
		return name + "/channel"
	case q.c.RowBlock == 1:
		return fmt.Sprintf("%s/%d", name, q.c.ColBlock)
	}
	return fmt.Sprintf("%s/%dx%d", name, q.c.RowBlock, q.c.ColBlock)
}

// Bytes returns the stored size of codes, scales and offsets.
func (q *Quant) Bytes() int {
	blocks := q.rb * q.cb
	n := (q.rows*q.cols*q.c.Bits + 7) / 8
	if q.c.Scale16 != nil {
		n += 2 * blocks
	} else {
		n += 4 * blocks
	}
	if q.c.Offset != nil {
		n += 4 * blocks
	}
	if q.c.OffsetCodes != nil {
		n += (blocks*q.c.Bits + 7) / 8
	}
	return n
}

// code returns element i of a packed tensor of codes. Shifting left and back
// carries bit 3 into the sign.
func (q *Quant) code(codes []byte, i int) int {
	if q.c.Bits == 8 {
		if q.c.Signed {
			return int(int8(codes[i]))
		}
		return int(codes[i])
	}
	v := codes[i>>1] >> (i & 1 * 4) & 15
	if q.c.Signed {
		return int(int8(v<<4) >> 4)
	}
	return int(v)
}

// block returns scale and offset number b. Blocks are numbered row-major.
func (q *Quant) block(b int) (scale, offset float32) {
	if q.c.Scale16 != nil {
		scale = dtype.Float16ToFloat32(q.c.Scale16[b])
	} else {
		scale = q.c.Scale32[b]
	}
	switch {
	case q.c.Offset != nil:
		offset = q.c.Offset[b]
	case q.c.OffsetCodes != nil:
		offset = float32(q.code(q.c.OffsetCodes, b))
	}
	return scale, offset
}

// decode stores W[r, c0:c0+len(dst)] in dst: the definition. Each product is
// rounded to float32, and with Round again to a half. The assembly gives the
// same bits.
func (q *Quant) decode(dst []float32, r, c0 int) {
	row := r / q.c.RowBlock * q.cb
	for i := 0; i < len(dst); {
		b := (c0 + i) / q.c.ColBlock
		end := min(len(dst), (b+1)*q.c.ColBlock-c0)
		scale, offset := q.block(row + b)
		for ; i < end; i++ {
			w := scale * (float32(q.code(q.c.Codes, r*q.cols+c0+i)) - offset)
			if q.c.Round {
				w = dtype.RoundFloat16(w)
			}
			dst[i] = w
		}
	}
}

// offsets reports whether something is subtracted from codes.
func (q *Quant) offsets() bool { return q.c.Offset != nil || q.c.OffsetCodes != nil }

// int8Inputs reports whether the caller allows the input to be quantised.
// Arithmetic that rounds each weight never does.
func (q *Quant) int8Inputs() bool { return q.c.Fast && !q.c.Round }
