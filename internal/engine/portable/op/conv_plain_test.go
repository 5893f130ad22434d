package op_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// sliding is a convolution or a transposed one of random sizes.
type sliding struct {
	batch, in, out, groups                     int
	size, kernel, stride, dilation, pad, after []int
	transposed                                 bool
}

// randomSliding makes one with results, or without where sizes are empty.
func randomSliding(r *rand.Rand, transposed bool) sliding {
	for {
		s := sliding{batch: 1 + r.IntN(2), groups: 1 + r.IntN(3), transposed: transposed}
		s.in, s.out = s.groups*(1+r.IntN(4)), s.groups*(1+r.IntN(10))
		if r.IntN(20) == 0 {
			s.batch = 0
		}
		for range 1 + r.IntN(3) {
			s.size = append(s.size, 1+r.IntN(12))
			s.kernel = append(s.kernel, 1+r.IntN(4))
			s.stride = append(s.stride, 1+r.IntN(4))
			s.dilation = append(s.dilation, 1+r.IntN(3))
			s.pad, s.after = append(s.pad, r.IntN(4)), append(s.after, r.IntN(4))
		}
		if fits := s.result(); fits != nil {
			return s
		}
	}
}

// result is the shape of the result, nil when there is none.
func (s *sliding) result() (shape []int) {
	shape = []int{s.batch, s.out}
	for d, n := range s.size {
		span := (s.kernel[d]-1)*s.dilation[d] + 1
		if s.transposed {
			n = (n-1)*s.stride[d] + span - s.pad[d] - s.after[d]
		} else if n = n + s.pad[d] + s.after[d] - span; n >= 0 {
			n = n/s.stride[d] + 1
		}
		if n <= 0 {
			return nil
		}
		shape = append(shape, n)
	}
	return shape
}

// operands are those of the operation.
func (s *sliding) operands(r *rand.Rand) operands {
	w := []int{s.out, s.in / s.groups}
	if s.transposed {
		w = []int{s.in, s.out / s.groups}
	}
	var pads []int32
	for d := range s.pad {
		pads = append(pads, int32(s.pad[d]), int32(s.after[d]))
	}
	in := operands{
		"x": randomValue(r, append([]int{s.batch, s.in}, s.size...)), "weight": randomValue(r, append(w, s.kernel...)),
		"strides": someInts(s.stride), "dilations": someInts(s.dilation), "pad": ints(pads...), "pad_type": text("custom"), "groups": whole(int32(s.groups)),
	}
	if r.IntN(2) == 0 {
		in["bias"] = randomValue(r, []int{s.out})
	}
	return in
}

func (s *sliding) String() string {
	return fmt.Sprintf("%d of %v, %d to %d channels in %d groups, kernel %v, strides %v, dilations %v, pads %v and %v, transposed %v",
		s.batch, s.size, s.in, s.out, s.groups, s.kernel, s.stride, s.dilation, s.pad, s.after, s.transposed)
}

func someInts(list []int) *array.Value {
	var x []int32
	for _, v := range list {
		x = append(x, int32(v))
	}
	return ints(x...)
}

func randomValue(r *rand.Rand, shape []int) *array.Value {
	v := f32(shape)
	v.F32 = make([]float32, v.Len())
	for k := range v.F32 {
		v.F32[k] = float32(r.NormFloat64())
	}
	return v
}

// plainly is the definition, element by element in float64, and what may be wrong with a
// sum of float32: twice the number of products times the least difference, for each.
func (s *sliding) plainly(in operands) (want, within []float64) {
	x, w := in["x"].F32, in["weight"].F32
	shape := s.result()
	places, elements, taps := product(shape[2:]), product(s.size), product(s.kernel)
	want, within = make([]float64, product(shape)), make([]float64, product(shape))
	perIn, perOut := s.in/s.groups, s.out/s.groups
	for b := range s.batch {
		for o := range s.out {
			for i := o / perOut * perIn; i < (o/perOut+1)*perIn; i++ {
				for k := range taps {
					weight := w[(o*perIn+i%perIn)*taps+k]
					if s.transposed {
						weight = w[(i*perOut+o%perOut)*taps+k]
					}
					for p := range places {
						if e, ok := s.meets(p, k, shape[2:]); ok {
							v := float64(x[(b*s.in+i)*elements+e]) * float64(weight)
							want[(b*s.out+o)*places+p] += v
							within[(b*s.out+o)*places+p] += math.Abs(v)
						}
					}
				}
			}
		}
	}
	for k := range want {
		within[k] *= 2 * float64(perIn*taps+4) / (1 << 24)
		if bias := in["bias"]; bias != nil {
			v := float64(bias.F32[k/places%s.out])
			want[k] += v
			within[k] += (math.Abs(want[k]) + math.Abs(v)) / (1 << 23)
		}
	}
	return want, within
}

// meets returns which element of the input tap k sees at place p, or spreads to it.
func (s *sliding) meets(p, k int, result []int) (int, bool) {
	e, mul := 0, 1
	for d := len(s.size) - 1; d >= 0; d-- {
		at, tap := p%result[d], k%s.kernel[d]*s.dilation[d]
		p, k = p/result[d], k/s.kernel[d]
		i := at*s.stride[d] + tap - s.pad[d]
		if s.transposed {
			if i = at + s.pad[d] - tap; i%s.stride[d] != 0 {
				return 0, false
			}
			i /= s.stride[d]
		}
		if i < 0 || i >= s.size[d] {
			return 0, false
		}
		e += i * mul
		mul *= s.size[d]
	}
	return e, true
}

func product(list []int) int {
	n := 1
	for _, v := range list {
		n *= v
	}
	return n
}

// name is the operator.
func (s *sliding) name() string {
	if s.transposed {
		return "conv_transpose"
	}
	return "conv"
}

func TestConvsOfAnySizesAreTheirDefinition(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	r := rand.New(rand.NewPCG(5, 6))
	cases := 400
	if testing.Short() {
		cases = 120
	}
	for n := range cases {
		s := randomSliding(r, n%2 == 1)
		in := s.operands(r)
		want, within := s.plainly(in)
		x := example{op: s.name(), in: in}
		got := floatsOf(t, x)
		if len(got) != len(want) {
			t.Fatalf("%v: %d results, want %d", &s, len(got), len(want))
		}
		for k, v := range got {
			if d := math.Abs(float64(v) - want[k]); !(d <= within[k]) {
				t.Fatalf("%v: element %d is %v, want %v within %v", &s, k, v, want[k], within[k])
			}
		}
		sameOnAnyMachine(t, s.String(), x, pool, got)
	}
}

// sameOnAnyMachine runs an example with every kernel set and several threads.
func sameOnAnyMachine(t *testing.T, name string, x example, pool *workpool.Pool, want []float32) {
	t.Helper()
	withEveryKernelSet(t, x, pool, func(variant string, c *op.Call) {
		for k, v := range c.F32(&c.Env.Values[c.Step.Out[0]]) {
			if math.Float32bits(v) != math.Float32bits(want[k]) {
				t.Fatalf("%s: %s and three threads give %v for element %d, one thread of the best %v", name, variant, v, k, want[k])
			}
		}
	})
}

// withEveryKernelSet runs an example on a pool with each kernel set.
func withEveryKernelSet(t *testing.T, x example, pool *workpool.Pool, look func(variant string, c *op.Call)) {
	t.Helper()
	defer func(was string) {
		if err := kernel.SetVariant(was); err != nil {
			t.Fatal(err)
		}
	}(kernel.CPU().Variant)
	for _, variant := range kernel.Variants() {
		if err := kernel.SetVariant(variant); err != nil {
			t.Fatal(err)
		}
		c := bind(t, &x, forms[0])
		c.Env.Pool = pool
		if err := once(c); err != nil {
			t.Fatal(err)
		}
		look(variant, c)
	}
}

// What is large enough for several boxes, parts of the depth and blocks of channels.
func TestLargeConvsAreTheirDefinition(t *testing.T) {
	pool := workpool.New(2)
	defer pool.Close()
	r := rand.New(rand.NewPCG(7, 8))
	one := []int{1, 1}
	for _, s := range []sliding{
		{batch: 1, in: 70, out: 17, groups: 1, size: []int{14, 45}, kernel: []int{3, 3}, stride: one, dilation: one, pad: one, after: one},
		{batch: 2, in: 3, out: 270, groups: 1, size: []int{16, 48}, kernel: []int{16, 16}, stride: []int{16, 16}, dilation: one, pad: []int{0, 0}, after: []int{0, 0}},
		{batch: 1, in: 2, out: 3, groups: 1, size: []int{30, 40}, kernel: []int{25, 27}, stride: one, dilation: one, pad: []int{12, 0}, after: []int{12, 5}},
		{batch: 1, in: 550, out: 17, groups: 1, size: []int{520}, kernel: []int{1}, stride: []int{1}, dilation: []int{1}, pad: []int{0}, after: []int{0}},
		{batch: 1, in: 8, out: 8, groups: 8, size: []int{70, 90}, kernel: []int{3, 5}, stride: []int{1, 2}, dilation: one, pad: one, after: one},
		{batch: 1, in: 2, out: 5, groups: 1, size: []int{9000}, kernel: []int{3}, stride: []int{1}, dilation: []int{4000}, pad: []int{500}, after: []int{500}},
		{batch: 1, in: 2, out: 5, groups: 1, size: []int{300}, kernel: []int{2}, stride: []int{5}, dilation: []int{1 << 20}, pad: []int{1 << 20}, after: []int{300}},
		{batch: 1, in: 2, out: 3, groups: 1, size: []int{700}, kernel: []int{640}, stride: []int{1}, dilation: []int{1}, pad: []int{50}, after: []int{50}},
		{batch: 1, in: 20, out: 17, groups: 1, size: []int{130}, kernel: []int{16}, stride: []int{8}, dilation: []int{1}, pad: []int{4}, after: []int{4}, transposed: true},
		{batch: 1, in: 10, out: 6, groups: 2, size: []int{20, 31}, kernel: []int{4, 3}, stride: []int{2, 3}, dilation: one, pad: one, after: one, transposed: true},
		{batch: 1, in: 1, out: 1, groups: 1, size: []int{3}, kernel: []int{1200}, stride: []int{2}, dilation: []int{1}, pad: []int{0}, after: []int{0}, transposed: true},
	} {
		t.Run(s.String(), func(t *testing.T) {
			in := s.operands(r)
			want, within := s.plainly(in)
			x := example{op: s.name(), in: in}
			got := floatsOf(t, x)
			for k, v := range got {
				if d := math.Abs(float64(v) - want[k]); !(d <= within[k]) {
					t.Fatalf("element %d is %v, want %v within %v", k, v, want[k], within[k])
				}
			}
			sameOnAnyMachine(t, "", x, pool, got)
		})
	}
}

// The memory that a convolution needs beside its result does not grow with it.
func TestConvsNeedLittleMemory(t *testing.T) {
	defer func(most int) { op.MaxArena = most }(op.MaxArena)
	r := rand.New(rand.NewPCG(15, 16))
	one, none := []int{1, 1}, []int{0, 0}
	for _, s := range []sliding{
		{batch: 1, in: 8, out: 8, groups: 1, size: []int{300, 300}, kernel: []int{3, 3}, stride: one, dilation: one, pad: one, after: one},
		{batch: 1, in: 600, out: 700, groups: 1, size: []int{2, 2}, kernel: []int{2, 2}, stride: one, dilation: one, pad: none, after: none},
		{batch: 1, in: 1, out: 1, groups: 1, size: []int{2}, kernel: []int{2}, stride: []int{1}, dilation: []int{1 << 24}, pad: []int{1 << 24}, after: []int{0}},
		{batch: 1, in: 1, out: 2, groups: 1, size: []int{1 << 18}, kernel: []int{2}, stride: []int{1 << 17}, dilation: []int{1 << 16}, pad: []int{0}, after: []int{0}},
		{batch: 1, in: 4, out: 5, groups: 1, size: []int{12, 12}, kernel: []int{32, 32}, stride: []int{32, 32}, dilation: one, pad: none, after: none, transposed: true},
		{batch: 1, in: 40, out: 50, groups: 1, size: []int{2000}, kernel: []int{16}, stride: []int{8}, dilation: []int{1}, pad: []int{4}, after: []int{4}, transposed: true},
	} {
		t.Run(s.String(), func(t *testing.T) {
			in := s.operands(r)
			w := in["weight"]
			small := f16(w.Shape())
			for _, v := range w.F32 {
				small.F16 = append(small.F16, dtype.Float32ToFloat16(v))
			}
			in["weight"] = small
			op.MaxArena = product(s.result()) + 1<<20
			defer func() {
				if _, ok := recover().(op.ArenaError); ok {
					t.Error("it needs more than 4 MiB beside its result")
				}
			}()
			if got := floatsOf(t, example{op: s.name(), in: in, constant: []string{"weight"}}); len(got) != product(s.result()) {
				t.Errorf("%d results", len(got))
			}
		})
	}
}

// decoder is a compressed constant of the numbers that it was made of.
type decoder []float32

func (d decoder) Decode(dst []float32, start int) { copy(dst, d[start:]) }

func TestConvsReadWeightsAsTheyLie(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for n := range 60 {
		s := randomSliding(r, n%2 == 1)
		in := s.operands(r)
		w := in["weight"]
		small, stored := f16(w.Shape()), f32(w.Shape())
		for k, v := range w.F32 {
			small.F16 = append(small.F16, dtype.Float32ToFloat16(v))
			w.F32[k] = dtype.Float16ToFloat32(small.F16[k])
		}
		stored.Repr, stored.Stored = array.ReprWeight, decoder(w.F32)
		want := floatsOf(t, example{op: s.name(), in: in})
		for name, v := range map[string]*array.Value{"half precision": small, "compressed": stored} {
			got := floatsOf(t, example{op: s.name(), in: with(in, operands{"weight": v}), constant: []string{"weight"}})
			if !sameUnlessLinear(&s, got, want) {
				t.Errorf("%v: a weight in %s gives %v, want %v", &s, name, some(got), some(want))
			}
		}
	}
}

// sameUnlessLinear compares bits. A 1x1 convolution of a constant weight is a linear, whose
// sums have another order.
func sameUnlessLinear(s *sliding, a, b []float32) bool {
	for k := range a {
		if a[k] != b[k] && (product(s.kernel) > 1 || math.Abs(float64(a[k]-b[k])) > 1e-4) {
			return false
		}
	}
	return len(a) == len(b)
}
