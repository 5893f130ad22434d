// Package checkpoint reads trained models as their publishers store them: a folder in
// the form of Hugging Face's hub, or one GGUF file. Whatever the form, what comes out
// is one: a configuration in the words of config.json, and tensors under the names that
// transformers gives them, with matrices as [outputs, inputs] unless the architecture
// itself stores them otherwise.
//
// Tensors are read when they are asked for, a range of rows at a time.
package checkpoint

import (
	"context"
	"errors"

	"github.com/gocoreml/coreml/internal/dtype"
)

// ErrFormat means that a checkpoint is broken, or in a form that is not read.
var ErrFormat = errors.New("checkpoint cannot be read")

// Tensor is a tensor of a checkpoint. It is safe for concurrent use and valid until its
// checkpoint is closed.
type Tensor interface {
	// Shape returns the sizes, none for a scalar. The caller must not change it.
	Shape() []int
	// Stored names the form on disk, as its publishers call it: "BF16", "Q4_K", "mlx 4-bit".
	Stored() string
	// Rows decodes the rows from (inclusive) to to (exclusive) of the first dimension
	// into dst, which holds exactly these elements, row by row. A tensor of one
	// dimension has rows of one element.
	Rows(ctx context.Context, from, to int, dst []float32) error
	// Codes returns the stored codes where each weight is scale * (code - offset) with
	// a scale for each block of a row, so that they can be carried over without loss.
	// It returns nil where the form is another one.
	Codes(ctx context.Context) (*Codes, error)
}

// Codes are the codes of a matrix that is quantised already: the weight in row r and
// column c is Scale * (code - Offset), where Scale and Offset are those of the block
// c/Block of row r. They are what Core ML's constexpr_blockwise_shift_scale holds.
type Codes struct {
	// Type is dtype.Int4, dtype.UInt4, dtype.Int8 or dtype.UInt8. Data holds the codes
	// packed as weight.bin has them: row by row, low bits first.
	Type dtype.Type
	Data []byte
	// Block is the number of columns that share a scale.
	Block int
	// Scale has rows * columns/Block elements as fp16 bits. Offset is nil, or as many
	// codes of Type, packed like Data.
	Scale  []uint16
	Offset []byte
}
