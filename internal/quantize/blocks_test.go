package quantize_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/quantize"
)

// The definition is linear, which equals coremltools to the bit.
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
				got, gotLost, ok := quantize.Quick(f, rows, cols, values)
				if !ok {
					t.Fatal("it is left to the long way")
				}
				want, err := quantize.Encode(t.Context(), f, []int{rows, cols}, values)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got.Codes.Data, want.Codes.Data) || !bytes.Equal(got.Scale.Data, want.Scale.Data) {
					t.Error("codes or scales differ from those of Encode")
				}
				codes, scales, err := quantize.DefinedCodes(t.Context(), f, []int{rows, cols}, values)
				if err != nil {
					t.Fatal(err)
				}
				for i, c := range got.Codes.Data {
					if c&15 != codes[2*i]&15 || c>>4 != codes[2*i+1]&15 {
						t.Fatalf("codes %d and %d are %#x, want %#x and %#x", 2*i, 2*i+1, c, codes[2*i], codes[2*i+1])
					}
				}
				if !bytes.Equal(got.Scale.Data, dtype.HalfBytes(scales)) {
					t.Error("scales differ from the definition's")
				}
				lost, err := want.Compare(t.Context(), values)
				if err != nil {
					t.Fatal(err)
				}
				if d := gotLost.RMS/lost.RMS - 1; d > 0.01 || d < -0.01 {
					t.Errorf("the error is %v, want %v", gotLost.RMS, lost.RMS)
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
		if _, _, ok := quantize.Quick(f, 4, 64, make([]float32, 4*64)); ok {
			t.Errorf("%s is made the quick way", form)
		}
	}
}

func BenchmarkQuickCodes(b *testing.B) {
	form, err := quantize.ParseForm("int4")
	if err != nil {
		b.Fatal(err)
	}
	values := make([]float32, 1<<19)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = dtype.RoundFloat16(float32(rnd.NormFloat64()))
	}
	b.SetBytes(int64(len(values)))
	for b.Loop() {
		quantize.Quick(form, 128, 4096, values)
	}
}
