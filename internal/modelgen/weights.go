package modelgen

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// The standard deviations of the stored integers: evenly spread over -7 to 7
// with a second zero, and over -127 to 127 with a second zero.
var (
	int4Deviation = deviation(7, 16)
	int8Deviation = deviation(127, 256)
)

func deviation(most, codes int) float64 {
	sum := 0
	for i := 1; i <= most; i++ {
		sum += 2 * i * i
	}
	return math.Sqrt(float64(sum) / float64(codes))
}

// spread is how far the scales of blocks lie apart: they are 1-spread to 1+spread
// times what the deviation asks for, so that a scale read from the wrong place
// shows.
const spread = 0.25

// maker writes random weights.
type maker struct {
	c   *Config
	w   *modelpkg.Writer
	b   *mil.Builder
	rnd *rand.ChaCha8
	// err is the first failure to write.
	err error
	buf []byte
}

func newMaker(c *Config, w *modelpkg.Writer, b *mil.Builder) *maker {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], c.Seed)
	copy(seed[8:], "coreml synth weights")
	return &maker{c: c, w: w, b: b, rnd: rand.NewChaCha8(seed)}
}

// matrix writes a random matrix whose elements have that standard deviation and
// returns it as the program sees it: fp16 [rows, cols].
func (m *maker) matrix(name string, rows, cols int, deviation float64) *mil.Value {
	typ := mil.TensorType(dtype.Float16, rows, cols)
	block, err := m.c.block(rows, cols)
	if err != nil {
		m.fail(err)
		return m.b.Float16s(name, []int{0, cols})
	}
	switch {
	case m.c.Weights.code == dtype.Float16:
		return m.stored(name, dtype.Float16, []int{rows, cols}, m.normals(rows*cols, deviation))
	case m.c.Weights.lut:
		groups := rows / block
		table := normalQuantiles(1 << m.c.Weights.code.Bits())
		codes := m.stored(name+"_indices", m.c.Weights.code, []int{rows, cols}, m.codes(rows*cols))
		lut := m.stored(name+"_lut", dtype.Float16, []int{groups, 1, len(table), 1}, m.palettes(table, groups, deviation))
		return m.b.Op("constexpr_lut_to_dense", name+"_palettized", typ, mil.Args{"indices": codes, "lut": lut})
	}
	unit := int4Deviation
	if m.c.Weights.code == dtype.Int8 {
		unit = int8Deviation
	}
	codes := m.stored(name+"_data", m.c.Weights.code, []int{rows, cols}, m.codes(rows*cols))
	scale := m.stored(name+"_scale", dtype.Float16, []int{rows, cols / block}, m.scales(rows*(cols/block), deviation/unit))
	return m.b.Op("constexpr_blockwise_shift_scale", name+"_quantized", typ, mil.Args{"data": codes, "scale": scale})
}

// stored writes elements to the weight file and declares them.
func (m *maker) stored(name string, t dtype.Type, shape []int, data []byte) *mil.Value {
	n, ok := dtype.Count(shape)
	if !ok {
		m.fail(fmt.Errorf("%w: %s of shape %v overflows", ErrConfig, name, shape))
	}
	var offset uint64
	if m.err == nil {
		var err error
		if offset, err = m.w.AddBlob(t, n, data); err != nil {
			m.fail(fmt.Errorf("weight %s: %w", name, err))
		}
	}
	return m.b.Stored(name, t, shape, modelpkg.WeightFileName, offset)
}

func (m *maker) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// bytes returns n random bytes, which the next call overwrites.
func (m *maker) bytes(n int) []byte {
	if cap(m.buf) < n {
		m.buf = make([]byte, n)
	}
	m.buf = m.buf[:n]
	// A ChaCha8 fills every slice.
	_, _ = m.rnd.Read(m.buf)
	return m.buf
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
func (m *maker) codes(n int) []byte {
	t := m.c.Weights.code
	size, _ := t.PackedLen(n)
	data := m.bytes(size)
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

// scales returns n fp16 numbers around mean.
func (m *maker) scales(n int, mean float64) []byte {
	var table [256]uint16
	for i := range table {
		table[i] = half(mean * (1 - spread + 2*spread*float64(i)/255))
	}
	out := make([]byte, 2*n)
	for i, r := range m.bytes(n) {
		binary.LittleEndian.PutUint16(out[2*i:], table[r])
	}
	return out
}

// palettes returns fp16 tables, each the same one at a scale of its own.
func (m *maker) palettes(table []float64, groups int, deviation float64) []byte {
	out := make([]byte, 0, 2*groups*len(table))
	for _, r := range m.bytes(groups) {
		scale := deviation * (1 - spread + 2*spread*float64(r)/255)
		for _, x := range table {
			out = binary.LittleEndian.AppendUint16(out, half(scale*x))
		}
	}
	return out
}

// normals returns n fp16 numbers of a normal distribution in 4096 steps.
func (m *maker) normals(n int, deviation float64) []byte {
	const steps = 4096
	var table [steps]uint16
	for i, x := range normalQuantiles(steps) {
		table[i] = half(deviation * x)
	}
	out := m.bytes(2 * n)
	for i := 0; i < len(out); i += 2 {
		r := binary.LittleEndian.Uint16(out[i:])
		binary.LittleEndian.PutUint16(out[i:], table[r%steps])
	}
	return out
}

// normalQuantiles returns n equally likely values of a normal distribution, in
// rising order and with a standard deviation of exactly 1.
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

func half(x float64) uint16 { return dtype.Float32ToFloat16(float32(x)) }

// gains returns n fp16 factors of a norm, between 0.75 and 1.25.
func (m *maker) gains(n int) []byte { return m.scales(n, 1) }
