package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// ggmlBlock is the number of columns that share a scale in Q4_0 and Q8_0.
const ggmlBlock = 32

// weight is a matrix of the package in the form that GGML reads without loss.
type weight struct {
	rows, cols int
	typ        uint32
	codes      *mil.Const
	scales     *mil.Const // nil for fp16
	block      int        // columns that share a scale in the package
}

// newWeight finds the lossless form of an operand of the program.
func newWeight(v *mil.Value) (*weight, error) {
	if v.Const != nil {
		if v.Const.DType != dtype.Float16 || len(v.Const.Shape) != 2 {
			return nil, fmt.Errorf("%s is %v, where fp16 matrices are known", v.Name, v.Type)
		}
		return &weight{rows: v.Const.Shape[0], cols: v.Const.Shape[1], typ: ggmlF16, codes: v.Const}, nil
	}
	// An offset has no place in Q4_0 and Q8_0, whose codes are symmetric; to round
	// them anew would measure other numbers.
	op := v.Producer
	if op == nil || op.Type != "constexpr_blockwise_shift_scale" || op.Input("offset") != nil ||
		op.Input("data").Const == nil || op.Input("scale").Const == nil {
		return nil, fmt.Errorf("%s is stored in a way that no GGML format equals", v.Name)
	}
	codes, scales := op.Input("data").Const, op.Input("scale").Const
	if len(codes.Shape) != 2 || len(scales.Shape) != 2 || scales.DType != dtype.Float16 || scales.Shape[0] != codes.Shape[0] {
		return nil, fmt.Errorf("%s has scales of shape %v and type %v", v.Name, scales.Shape, scales.DType)
	}
	w := &weight{rows: codes.Shape[0], cols: codes.Shape[1], codes: codes, scales: scales}
	if w.block = w.cols / max(scales.Shape[1], 1); w.block%ggmlBlock != 0 {
		return nil, fmt.Errorf("%s has blocks of %d, which GGML's blocks of %d do not divide", v.Name, w.block, ggmlBlock)
	}
	switch codes.DType {
	// The two whose codes are the package's own.
	case dtype.Int4:
		w.typ = ggmlQ4_0
	case dtype.Int8:
		w.typ = ggmlQ8_0
	default:
		return nil, fmt.Errorf("%s is stored as %v, which no GGML format equals", v.Name, codes.DType)
	}
	return w, nil
}

// rowBytes returns the size of a row.
//
// The 2 bytes are a block's scale, or a number of fp16.
func (w *weight) rowBytes() int {
	switch w.typ {
	case ggmlQ4_0:
		return w.cols / ggmlBlock * (2 + ggmlBlock/2)
	case ggmlQ8_0:
		return w.cols / ggmlBlock * (2 + ggmlBlock)
	}
	return 2 * w.cols
}

// tensor returns the matrix under a name, with its rows in the order that from
// gives; nil leaves them as they are.
func (w *weight) tensor(name string, from func(row int) int) tensor {
	return tensor{
		name: name, rows: w.rows, cols: w.cols, typ: w.typ, size: int64(w.rows) * int64(w.rowBytes()),
		write: func(out io.Writer) error {
			// A row at a time: a matrix of a large model has hundreds of megabytes.
			row := make([]byte, 0, w.rowBytes())
			for r := range w.rows {
				at := r
				if from != nil {
					at = from(r)
				}
				row = w.appendRow(row[:0], at)
				if _, err := out.Write(row); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// appendRow appends a row. A block of Q4_0 is an fp16 scale and 16 bytes, of which
// byte i holds code i low and code i+16 high, 8 above the number that they mean;
// one of Q8_0 is a scale and 32 signed bytes.
func (w *weight) appendRow(b []byte, r int) []byte {
	// fp16 as it is: both are little-endian.
	if w.scales == nil {
		return append(b, w.codes.Data[2*r*w.cols:2*(r+1)*w.cols]...)
	}
	// A block of the package may be several of GGML's, which then have its scale
	// each.
	perRow := w.cols / w.block
	for c := 0; c < w.cols; c += ggmlBlock {
		scale := 2 * (r*perRow + c/w.block)
		b = append(b, w.scales.Data[scale:scale+2]...)
		at := r*w.cols + c
		if w.typ == ggmlQ8_0 {
			b = append(b, w.codes.Data[at:at+ggmlBlock]...)
			continue
		}
		for i := range ggmlBlock / 2 {
			// From -8..7 to 0..15.
			lo := mil.IntAt(w.codes.Data, dtype.Int4, at+i) + 8
			hi := mil.IntAt(w.codes.Data, dtype.Int4, at+i+ggmlBlock/2) + 8
			b = append(b, byte(lo|hi<<4))
		}
	}
	return b
}

// vector returns the numbers of a norm, which GGML wants in fp32.
func vector(name string, values []float32) tensor {
	return tensor{name: name, cols: len(values), typ: ggmlF32, size: 4 * int64(len(values)), write: func(out io.Writer) error {
		var b []byte
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		_, err := out.Write(b)
		return err
	}}
}
