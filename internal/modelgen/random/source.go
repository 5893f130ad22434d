package random

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
)

// The standard deviations of the stored integers: evenly spread over -7 to 7
// with a second zero, and over -127 to 127 with a second zero.
var (
	int4Deviation = deviation(7, 16)
	int8Deviation = deviation(127, 256)
)

// deviation is the standard deviation of integers from -most to most that are
// equally likely among so many codes. Dividing the wanted deviation by it gives
// the mean scale.
func deviation(most, codes int) float64 {
	sum := 0
	for i := 1; i <= most; i++ {
		sum += 2 * i * i
	}
	return math.Sqrt(float64(sum) / float64(codes))
}

// spread is how far the scales of blocks lie apart: they are 1-spread to
// 1+spread times what the deviation asks for, so that a scale read from the
// wrong place shows. It changes the deviation of the weights by a few per cent
// only.
const spread = 0.25

// headGain is the standard deviation of the logits. With 3 the likeliest of some
// thousand tokens has a share that sampling finds, as in a trained model.
const headGain = 3

// Source is a modelgen.Source of random weights. The same configuration,
// format, blocks and seed give the same weights. A Source serves one package.
// buf is reused from weight to weight: the largest has hundreds of megabytes.
type Source struct {
	format Format
	blocks int
	layers int
	tied   bool
	rnd    *rand.ChaCha8
	buf    []byte
}

// New returns a source of weights in that format. Block is the number of
// columns that share a scale, or of rows that share a palette. 0 is what is
// usual: 32 columns for int4, a row for int8, 16 rows for palettes. -1 is a
// whole row, or the whole matrix for palettes. ChaCha8 is fixed by its
// definition, so a seed gives the same package with every version of Go.
func New(format Format, block int, seed uint64) *Source {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], "coreml synth weights")
	return &Source{format: format, blocks: block, rnd: rand.NewChaCha8(key)}
}

// Check says whether the format and the blocks fit the model's matrices.
func (s *Source) Check(c *modelgen.Model) error {
	switch {
	case s.format.name == "":
		return fmt.Errorf("%w: no weight format", modelgen.ErrConfig)
	case s.blocks < -1:
		return fmt.Errorf("%w: block %d", modelgen.ErrConfig, s.blocks)
	}
	for _, m := range c.Matrices() {
		if _, err := s.block(m[0], m[1]); err != nil {
			return err
		}
	}
	s.layers, s.tied = len(c.Layers), c.Tied
	return nil
}

// Weight puts a random weight into the package: the factors of a norm around 1,
// the elements of a matrix with the deviation that keeps activations in range.
func (s *Source) Weight(to *modelgen.Store, w modelgen.Weight) (*mil.Value, error) {
	if w.Cols == 0 {
		return to.Put(w.Name, dtype.Float16, []int{w.Rows}, s.scales(w.Rows, 1))
	}
	return s.matrix(to, w, s.deviation(w))
}

// deviation is the standard deviation of a matrix's elements. The residual
// stream takes two contributions of each layer; together they are as large as
// the embedding. A product over n inputs of deviation 1 has deviation 1 when
// the weights have 1/sqrt(n).
func (s *Source) deviation(w modelgen.Weight) float64 {
	root := math.Sqrt(float64(w.Cols))
	residual := 1 / math.Sqrt(2*float64(s.layers))
	switch w.Role {
	case modelgen.Embedding:
		if !s.tied {
			return 1
		}
		return headGain / root
	case modelgen.Head:
		return headGain / root
	case modelgen.AttentionOut, modelgen.Down:
		return residual / root
	default:
		return 1 / root
	}
}

// matrix puts a random matrix into the package, whose elements have that standard
// deviation.
func (s *Source) matrix(to *modelgen.Store, w modelgen.Weight, deviation float64) (*mil.Value, error) {
	block, err := s.block(w.Rows, w.Cols)
	if err != nil {
		return nil, err
	}
	t, shape := s.format.code, []int{w.Rows, w.Cols}
	typ := mil.TensorType(dtype.Float16, shape...)
	if t == dtype.Float16 {
		return to.Put(w.Name, t, shape, s.normals(w.Rows*w.Cols, deviation))
	}
	if s.format.lut {
		groups, table := w.Rows/block, normalQuantiles(1<<t.Bits())
		indices, err := to.Put(w.Name+"_indices", t, shape, s.codes(w.Rows*w.Cols))
		lut, err2 := to.Put(w.Name+"_lut", dtype.Float16, []int{groups, 1, len(table), 1}, s.palettes(table, groups, deviation))
		return to.Op("constexpr_lut_to_dense", w.Name+"_palettized", typ, mil.Args{"indices": indices, "lut": lut}), errors.Join(err, err2)
	}
	unit := int4Deviation
	if t == dtype.Int8 {
		unit = int8Deviation
	}
	data, err := to.Put(w.Name+"_data", t, shape, s.codes(w.Rows*w.Cols))
	scale, err2 := to.Put(w.Name+"_scale", dtype.Float16, []int{w.Rows, w.Cols / block}, s.scales(w.Rows*(w.Cols/block), deviation/unit))
	return to.Op("constexpr_blockwise_shift_scale", w.Name+"_quantized", typ, mil.Args{"data": data, "scale": scale}), errors.Join(err, err2)
}

// bytes returns n random bytes, which the next call overwrites. The result is
// valid until then.
func (s *Source) bytes(n int) []byte {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	s.buf = s.buf[:n]
	// A ChaCha8 fills every slice.
	_, _ = s.rnd.Read(s.buf)
	return s.buf
}

// symmetric4 replaces -8, which has no opposite, by 0 in both halves of a byte.
var symmetric4 = func() (t [256]byte) {
	for i := range t {
		lo, hi := byte(i)&15, byte(i)>>4
		if lo == 8 {
			lo = 0
		}
		if hi == 8 {
			hi = 0
		}
		t[i] = hi<<4 | lo
	}
	return t
}()

// codes returns n packed random codes.
func (s *Source) codes(n int) []byte {
	t := s.format.code
	size, _ := t.PackedLen(n)
	data := s.bytes(size)
	switch t {
	case dtype.Int4:
		for i, b := range data {
			data[i] = symmetric4[b]
		}
	case dtype.Int8:
		for i, b := range data {
			if b == 0x80 {
				data[i] = 0
			}
		}
	}
	if used := n * t.Bits() % 8; used != 0 {
		data[size-1] &= 1<<used - 1 // what lies behind the last code is zero
	}
	return data
}

// scales returns n fp16 numbers around mean. A table of 256 values spares a
// conversion for each.
func (s *Source) scales(n int, mean float64) []byte {
	var table [256]uint16
	for i := range table {
		table[i] = half(mean * (1 - spread + 2*spread*float64(i)/255))
	}
	out := make([]byte, 2*n)
	for i, r := range s.bytes(n) {
		binary.LittleEndian.PutUint16(out[2*i:], table[r])
	}
	return out
}

// palettes returns fp16 tables, each the same one at a scale of its own. The entries are
// quantiles of a normal distribution, as a clustering of trained weights finds them.
func (s *Source) palettes(table []float64, groups int, deviation float64) []byte {
	out := make([]byte, 0, 2*groups*len(table))
	for _, r := range s.bytes(groups) {
		scale := deviation * (1 - spread + 2*spread*float64(r)/255)
		for _, x := range table {
			out = binary.LittleEndian.AppendUint16(out, half(scale*x))
		}
	}
	return out
}

// normals returns n fp16 numbers of a normal distribution in 4096 steps.
func (s *Source) normals(n int, deviation float64) []byte {
	const steps = 4096 // divides 2^16, so that all are equally likely
	var table [steps]uint16
	for i, x := range normalQuantiles(steps) {
		table[i] = half(deviation * x)
	}
	out := s.bytes(2 * n)
	for i := 0; i < len(out); i += 2 {
		r := binary.LittleEndian.Uint16(out[i:])
		binary.LittleEndian.PutUint16(out[i:], table[r%steps])
	}
	return out
}

// normalQuantiles returns n equally likely values of a normal distribution, in
// rising order and with a standard deviation of exactly 1. They are taken at
// the middles of n equal shares.
func normalQuantiles(n int) []float64 {
	q := make([]float64, n)
	sum := 0.0
	for i := range q {
		q[i] = math.Sqrt2 * math.Erfinv((2*float64(i)+1)/float64(n)-1)
		sum += q[i] * q[i]
	}
	for i := range q {
		q[i] /= math.Sqrt(sum / float64(n))
	}
	return q
}

// half rounds to binary16. Numbers beyond binary16 would become infinite;
// deviations are far from that.
func half(x float64) uint16 { return dtype.Float32ToFloat16(float32(x)) }
