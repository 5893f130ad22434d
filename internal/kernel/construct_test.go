package kernel_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

func TestConstructorsRefuseWhatDoesNotFit(t *testing.T) {
	quant := func(change func(*kernel.QuantConfig)) error {
		c := kernel.QuantConfig{Rows: 4, Cols: 64, Bits: 4, Codes: make([]byte, 128), RowBlock: 1, ColBlock: 32, Scale16: make([]uint16, 8)}
		change(&c)
		_, err := kernel.NewQuant(c)
		return err
	}
	lut := func(change func(*kernel.LUTConfig)) error {
		c := kernel.LUTConfig{Rows: 4, Cols: 64, Bits: 4, Indices: make([]byte, 128), RowGroup: 4, ColGroup: 64, Table16: make([]uint16, 16)}
		change(&c)
		_, err := kernel.NewLUT(c)
		return err
	}
	if err := quant(func(*kernel.QuantConfig) {}); err != nil {
		t.Error(err)
	}
	if err := lut(func(*kernel.LUTConfig) {}); err != nil {
		t.Error(err)
	}
	_, f16 := kernel.NewF16(2, 3, make([]uint16, 5))
	_, f32 := kernel.NewF32(-1, 3, nil)
	_, dec := kernel.NewDecoded(2, 3, "x", 0, nil)
	for name, err := range map[string]error{
		"short fp16":         f16,
		"negative shape":     f32,
		"no row function":    dec,
		"5-bit codes":        quant(func(c *kernel.QuantConfig) { c.Bits = 5 }),
		"short codes":        quant(func(c *kernel.QuantConfig) { c.Codes = c.Codes[:127] }),
		"short scales":       quant(func(c *kernel.QuantConfig) { c.Scale16 = c.Scale16[:7] }),
		"no scales":          quant(func(c *kernel.QuantConfig) { c.Scale16 = nil }),
		"two scales":         quant(func(c *kernel.QuantConfig) { c.Scale32 = make([]float32, 8) }),
		"block of 24":        quant(func(c *kernel.QuantConfig) { c.ColBlock = 24 }),
		"block of 0":         quant(func(c *kernel.QuantConfig) { c.RowBlock = 0 }),
		"short offsets":      quant(func(c *kernel.QuantConfig) { c.Offset = make([]float32, 7) }),
		"short offset codes": quant(func(c *kernel.QuantConfig) { c.OffsetCodes = make([]byte, 3) }),
		"huge shape":         quant(func(c *kernel.QuantConfig) { c.Rows, c.Cols = math.MaxInt, math.MaxInt }),
		"5-bit indices":      lut(func(c *kernel.LUTConfig) { c.Bits = 5 }),
		"short indices":      lut(func(c *kernel.LUTConfig) { c.Indices = c.Indices[:1] }),
		"short table":        lut(func(c *kernel.LUTConfig) { c.Table16 = c.Table16[:15] }),
		"no table":           lut(func(c *kernel.LUTConfig) { c.Table16 = nil }),
		"short row scales":   lut(func(c *kernel.LUTConfig) { c.Scale16 = make([]uint16, 3) }),
		"group of 3":         lut(func(c *kernel.LUTConfig) { c.RowGroup = 3 }),
	} {
		if !errors.Is(err, kernel.ErrMat) {
			t.Errorf("%s: error %v, want ErrMat", name, err)
		}
	}
}

func TestFormatsAndSizes(t *testing.T) {
	r := newRand(1)
	for _, c := range []struct {
		s interface {
			make(testing.TB, *rand.Rand) (kernel.Mat, []float32)
		}
		format string
		bytes  int
	}{
		{quantSpec{8, 64, 4, true, 1, 32, false, 0, false, 0}, "int4/32", 8*32 + 2*16},
		{quantSpec{8, 64, 8, false, 1, 64, true, 1, false, 0}, "uint8/channel", 8*64 + 4*8 + 4*8},
		{quantSpec{8, 64, 8, true, 8, 64, false, 2, false, 0}, "int8/tensor", 8*64 + 2 + 1},
		{quantSpec{8, 64, 4, false, 2, 16, false, 0, false, 0}, "uint4/2x16", 8*32 + 2*16},
		{lutSpec{8, 64, 6, 8, 64, false, 0, false}, "lut6", 8*48 + 128},
		{lutSpec{8, 64, 4, 2, 64, false, 1, false}, "lut4/2", 8*32 + 4*32 + 16},
	} {
		m, _ := c.s.make(t, r)
		if m.Format() != c.format || m.Bytes() != c.bytes {
			t.Errorf("%v: format %s, %d bytes; want %s, %d", c.s, m.Format(), m.Bytes(), c.format, c.bytes)
		}
	}
}
