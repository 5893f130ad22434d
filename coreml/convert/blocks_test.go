package convert

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/quantize"
)

// The definition is package quantize, which equals coremltools to the bit.
func TestQuickCodesAreThoseOfTheDefinition(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, form := range []string{"int4", "int4:block=64", "int4:block=16"} {
		f, err := quantize.ParseForm(form)
		if err != nil {
			t.Fatal(err)
		}
		for _, spread := range []float64{0.0002, 0.002, 0.05, 3, 900} {
			t.Run(fmt.Sprint(form, " ", spread), func(t *testing.T) {
				const rows, cols = 256, 256
				values := make([]float32, rows*cols)
				for i := range values {
					switch i % 7 {
					case 0: // about half way between two codes
						values[i] = float32(spread * (float64(rnd.IntN(14)-7) + 0.5) / 7)
					default:
						values[i] = float32(rnd.NormFloat64() * spread / 3)
					}
					values[i] = dtype.RoundFloat16(values[i])
				}
				clear(values[:64])
				got, ok := quick(values, rows, cols, quickBlock(f, dtype.Float16, cols))
				if !ok {
					t.Fatal("it is left to the long way")
				}
				want, err := quantize.Encode(t.Context(), f, []int{rows, cols}, values)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got.encoded.Codes.Data, want.Codes.Data) || !bytes.Equal(got.encoded.Scale.Data, want.Scale.Data) {
					t.Error("codes or scales differ")
				}
				lost, err := want.Compare(t.Context(), values)
				if err != nil {
					t.Fatal(err)
				}
				if d := got.lost.RMS/lost.RMS - 1; d > 0.01 || d < -0.01 {
					t.Errorf("the error is %v, want %v", got.lost.RMS, lost.RMS)
				}
			})
		}
	}
}

func TestOtherFormsGoTheLongWay(t *testing.T) {
	for _, form := range []string{"uint4", "int8", "int4:channel", "int4:block=32,asymmetric", "lut4", "prune:0.5+int4", "int4:block=48"} {
		f, err := quantize.ParseForm(form)
		if err != nil {
			t.Fatal(err)
		}
		if n := quickBlock(f, dtype.Float16, 64); n != 0 {
			t.Errorf("%s has quick blocks of %d", form, n)
		}
	}
}

func BenchmarkQuickCodes(b *testing.B) {
	values := make([]float32, 1<<19)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = dtype.RoundFloat16(float32(rnd.NormFloat64()))
	}
	b.SetBytes(int64(len(values)))
	for b.Loop() {
		quick(values, 128, 4096, 32)
	}
}
