package quantize

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
)

// encoded makes one weight in a form.
func encoded(t *testing.T, text string, tensor Tensor) *Encoded {
	t.Helper()
	f, err := ParseForm(text)
	if err != nil {
		t.Fatal(err)
	}
	e, err := EncodeTensor(t.Context(), f, tensor)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

func TestEveryNumberOfThreadsGivesTheSameBytes(t *testing.T) {
	values := gaussian(256*288, 0.1, 5)
	for _, text := range []string{
		"int4", "uint4:block=16", "int8:tensor", "int8:channel", "lut4:group=16", "lut6", "lut4:uniform", "lut2:group=64,vector=2",
		"prune:0.5", "prune:2:4", "prune:0.5+lut4:group=16+int8", "lut4:scale",
	} {
		w := Matrix([]int{256, 288}, values)
		w.Threads = 1
		one := encoded(t, text, w)
		w.Threads = 0
		all := encoded(t, text, w)
		for i, p := range one.Planes() {
			if q := all.Planes()[i]; !bytes.Equal(p.Data, q.Data) {
				t.Errorf("%s: plane %d differs", text, i)
			}
		}
	}
}

func TestCodesAreNearTheWeights(t *testing.T) {
	values := gaussian(64*96, 0.1, 9)
	for text, most := range map[string]float64{
		"int4": 0.03, "uint4": 0.03, "int8": 0.002, "uint8": 0.002, "int8:tensor": 0.004, "lut4": 0.012, "lut8": 0.002, "lut4:uniform": 0.03,
		"lut4+int8": 0.015, "lut4:scale": 0.015, "lut6:vector=2": 0.06, "prune:0.1": 0.01, "none": 0,
	} {
		e := encoded(t, text, Matrix([]int{64, 96}, values))
		d, err := e.Compare(t.Context(), values)
		if err != nil || d.RMS > most || math.IsNaN(d.RMS) {
			t.Errorf("%s: root mean square error %v, want at most %v; %v", text, d.RMS, most, err)
		}
	}
}

func TestAWeightThatIsNotFiniteIsLeftAsItIs(t *testing.T) {
	for _, bad := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
		values := gaussian(64*64, 1, 2)
		values[777] = bad
		for _, text := range []string{"int4", "uint4", "int8:tensor", "lut4", "lut4:uniform", "prune:0.5"} {
			f, _ := ParseForm(text)
			if _, err := Encode(t.Context(), f, []int{64, 64}, values); !errors.Is(err, ErrUnfit) {
				t.Errorf("%s of %v: %v", text, bad, err)
			}
		}
	}
}

func TestEncodingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, text := range []string{"none", "int4", "lut4:group=16", "prune:0.5"} {
		f, _ := ParseForm(text)
		if _, err := Encode(ctx, f, []int{64, 64}, gaussian(64*64, 1, 2)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The best two entries of a few numbers can be found by trying every cut.
func TestKMeansIsTheBestThereIs(t *testing.T) {
	for seed := range uint64(20) {
		values := gaussian(600, 0.1, seed)
		e := encoded(t, "lut1", Matrix([]int{20, 30}, values))
		got, err := e.Compare(t.Context(), values)
		if err != nil {
			t.Fatal(err)
		}
		p := weigh(values, false)
		s := newSums(p)
		best := math.Inf(1)
		for cut := 1; cut < len(p.x); cut++ {
			best = min(best, s.cost(0, cut)+s.cost(cut, len(p.x)))
		}
		if sum := got.RMS * got.RMS * 600; sum > best*1.0001 {
			t.Errorf("seed %d: sum of squares %v, the best is %v", seed, sum, best)
		}
	}
}
