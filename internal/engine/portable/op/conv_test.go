package op_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/workpool"
)

// upTo is [1,1,n] of the numbers 1, 2, 3 to n. With a kernel whose taps are powers of
// ten the digits of a result say which input met which tap.
func upTo(n int) (v *array.Value) {
	v = counting(1, 1, n)
	for k := range v.F32 {
		v.F32[k]++
	}
	return v
}

// The wanted results are those of PyTorch 2.7 or, for the paddings that PyTorch lacks,
// read off the digits.
func TestConv(t *testing.T) {
	tens := f32(dims{1, 1, 2}, 1, 10)
	testExamples(t, []example{
		{
			name: "a kernel slides over the input and is not turned", op: "conv",
			in: operands{"x": upTo(5), "weight": tens}, want: f32(dims{1, 1, 4}, 21, 32, 43, 54),
		},
		{
			name: "a dilated kernel skips inputs", op: "conv",
			in: operands{"x": upTo(5), "weight": tens, "dilations": ints(2)}, want: f32(dims{1, 1, 3}, 31, 42, 53),
		},
		{
			name: "a stride skips results", op: "conv",
			in: operands{"x": upTo(5), "weight": tens, "strides": ints(2)}, want: f32(dims{1, 1, 2}, 21, 43),
		},
		{
			name: "custom padding is given for either end", op: "conv",
			in:   operands{"x": upTo(5), "weight": tens, "pad_type": text("custom"), "pad": ints(1, 2)},
			want: f32(dims{1, 1, 7}, 10, 21, 32, 43, 54, 5, 0),
		},
		{
			name: "pad counts for custom padding alone", op: "conv",
			in: operands{"x": upTo(5), "weight": tens, "pad_type": text("valid"), "pad": ints(1, 2)}, want: f32(dims{1, 1, 4}, 21, 32, 43, 54),
		},
		{
			name: "same keeps the size, with the odd zero at the end", op: "conv",
			in: operands{"x": upTo(5), "weight": tens, "pad_type": text("same")}, want: f32(dims{1, 1, 5}, 21, 32, 43, 54, 5),
		},
		{
			name: "same_lower keeps the size, with the odd zero at the beginning", op: "conv",
			in: operands{"x": upTo(5), "weight": tens, "pad_type": text("same_lower")}, want: f32(dims{1, 1, 5}, 10, 21, 32, 43, 54),
		},
		{
			name: "same with a stride has a result for every stride begun", op: "conv",
			in: operands{"x": upTo(5), "weight": tens, "pad_type": text("same"), "strides": ints(2)}, want: f32(dims{1, 1, 3}, 21, 43, 5),
		},
		{
			name: "a bias is added to its channel", op: "conv",
			in:   operands{"x": upTo(2), "weight": f32(dims{2, 1, 2}, 1, 10, 0, 1), "bias": f32(dims{2}, 100, 200)},
			want: f32(dims{1, 2, 1}, 121, 202),
		},
		{
			name: "in two dimensions", op: "conv",
			in: operands{"x": counting(1, 1, 3, 3), "weight": counting(1, 1, 2, 2)}, want: f32(dims{1, 1, 2, 2}, 19, 25, 37, 43),
		},
		{
			name: "each dimension has its own stride and dilation", op: "conv",
			in:   operands{"x": counting(1, 1, 5, 6), "weight": counting(1, 1, 2, 2), "strides": ints(2, 1), "dilations": ints(1, 3)},
			want: f32(dims{1, 1, 2, 3}, 42, 48, 54, 114, 120, 126),
		},
		{
			name: "in three dimensions", op: "conv",
			in: operands{"x": counting(1, 1, 2, 2, 3), "weight": counting(1, 1, 2, 2, 2)}, want: f32(dims{1, 1, 1, 1, 2}, 202, 230),
		},
		{
			name: "a group sees its own channels", op: "conv",
			in:   operands{"x": counting(1, 2, 2, 2), "weight": counting(2, 1, 1, 2), "groups": whole(2)},
			want: f32(dims{1, 2, 2, 1}, 1, 3, 23, 33),
		},
		{
			name: "a group may have more channels than it sees", op: "conv",
			in:   operands{"x": counting(1, 2, 3), "weight": counting(4, 1, 2), "groups": whole(2)},
			want: f32(dims{1, 4, 2}, 1, 2, 3, 8, 32, 41, 46, 59),
		},
		{
			name: "no batch gives no batch", op: "conv",
			in: operands{"x": f32(dims{0, 1, 3}), "weight": tens}, want: f32(dims{0, 1, 2}),
		},
		{
			// 2049 lies between the fp16 numbers 2048 and 2050; with its bias it is one.
			name: "the sum with its bias is rounded once", op: "conv",
			in:   operands{"x": f16(dims{1, 1, 2}, 2048, 1), "weight": f32(dims{1, 1, 2}, 1, 1), "bias": f32(dims{1}, 1)},
			want: f16(dims{1, 1, 1}, 2050),
		},
	})
}

func TestConvRefusesWhatDoesNotFit(t *testing.T) {
	x, w := f32(dims{1, 4, 5}, make([]float32, 20)...), f32(dims{4, 2, 2}, make([]float32, 16)...)
	with := func(more operands) operands {
		in := operands{"x": x, "weight": w, "groups": whole(2)}
		for name, v := range more {
			in[name] = v
		}
		return in
	}
	testExamples(t, []example{
		{name: "channels that the weight does not have", op: "conv", in: with(operands{"groups": whole(1)}), refused: "in 1 groups"},
		{name: "groups that do not divide the channels", op: "conv", in: with(operands{"groups": whole(3)}), refused: "in 3 groups"},
		{name: "no groups", op: "conv", in: with(operands{"groups": whole(0)}), refused: "in 0 groups"},
		{name: "a bias for other channels", op: "conv", in: with(operands{"bias": f32(dims{3}, 1, 2, 3)}), refused: "bias of 3 for 4 channels"},
		{name: "a stride of zero", op: "conv", in: with(operands{"strides": ints(0)}), refused: "stride 0"},
		{name: "a kernel larger than the input", op: "conv", in: with(operands{"dilations": ints(5)}), refused: "kernel of 6 is larger than the padded input of 5"},
		{name: "padding that takes away", op: "conv", in: with(operands{"pad_type": text("custom"), "pad": ints(-1, 0)}), refused: "padding of -1 and 0"},
		{name: "a kernel of another rank", op: "conv", in: operands{"x": x, "weight": f32(dims{1, 4}, 1, 2, 3, 4)}, refused: "does not fit weight"},
		{name: "a padding that does not exist", op: "conv", in: with(operands{"pad_type": text("full")}), refused: `pad_type "full"`},
	})
}

// A 1x1 convolution over a constant weight is a linear over channels.
func TestPointwiseConv(t *testing.T) {
	in := operands{"x": counting(2, 3, 1, 2), "weight": counting(2, 3, 1, 1), "bias": f32(dims{2}, 100, 200)}
	want := f32(dims{2, 2, 1, 2}, 110, 113, 228, 240, 128, 131, 300, 312) // PyTorch 2.7
	testExamples(t, []example{
		{name: "of a weight that is computed", op: "conv", in: in, want: want},
		{name: "of a constant weight", op: "conv", in: in, constant: []string{"weight"}, want: want},
		{name: "of a constant weight with a stride is no linear", op: "conv", constant: []string{"weight"}, in: operands{
			"x": upTo(4), "weight": f32(dims{1, 1, 1}, 10), "strides": ints(2),
		}, want: f32(dims{1, 1, 2}, 10, 30)},
		{name: "of a constant weight with padding is no linear", op: "conv", constant: []string{"weight"}, in: operands{
			"x": upTo(2), "weight": f32(dims{1, 1, 1}, 10), "pad_type": text("custom"), "pad": ints(1, 0),
		}, want: f32(dims{1, 1, 3}, 0, 10, 20)},
	})
}

func TestChainedPointwiseConvsNeedNoTransposition(t *testing.T) {
	x := example{op: "conv", in: operands{"x": counting(1, 2, 3), "weight": counting(4, 2, 1)}, constant: []string{"weight"}}
	c := bind(t, &x, forms[0])
	if err := once(c); err != nil {
		t.Fatal(err)
	}
	y := c.Env.Values[c.Step.Out[0]]
	if y.Dense || !slices.Equal(y.Stride[:3], []int{12, 1, 4}) {
		t.Errorf("the channels of a place do not lie side by side: strides %v, dense %v", y.Stride[:3], y.Dense)
	}
	// [0,1],[2,3],[4,5],[6,7] times the places (0,3), (1,4) and (2,5), by hand.
	if got, want := c.F32(&y), []float32{3, 4, 5, 9, 14, 19, 15, 24, 33, 21, 34, 47}; !slices.Equal(got, want) {
		t.Errorf("the result is %v, want %v", got, want)
	}
	again := example{op: "conv", in: operands{"x": &y, "weight": f32(dims{1, 4, 1}, 1, 10, 100, 1000)}, constant: []string{"weight"}}
	if got, want := floatsOf(t, again), []float32{22593, 36544, 50495}; !slices.Equal(got, want) {
		t.Errorf("the second of two is %v, want %v", got, want)
	}
}

func TestConvGivesTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	for _, name := range []string{"conv", "conv_transpose"} {
		x := example{op: name, in: operands{"x": counting(2, 4, 9), "weight": counting(4, 4, 3)}}
		one := floatsOf(t, x)
		c := bind(t, &x, forms[0])
		c.Env.Pool = pool
		if err := once(c); err != nil {
			t.Fatal(err)
		}
		if three := c.F32(&c.Env.Values[c.Step.Out[0]]); !slices.Equal(one, three) {
			t.Errorf("%s: three threads give %v, one %v", name, three, one)
		}
	}
}

// Every element is spread over the result by the kernel: the digits of an element show
// which inputs reached it.
func TestConvTranspose(t *testing.T) {
	hundreds := f32(dims{1, 1, 3}, 1, 10, 100)
	testExamples(t, []example{
		{
			name: "every input is spread by the kernel", op: "conv_transpose",
			in: operands{"x": upTo(3), "weight": hundreds}, want: f32(dims{1, 1, 5}, 1, 12, 123, 230, 300),
		},
		{
			name: "a stride moves the inputs apart", op: "conv_transpose",
			in:   operands{"x": upTo(3), "weight": hundreds, "strides": ints(2)},
			want: f32(dims{1, 1, 7}, 1, 10, 102, 20, 203, 30, 300),
		},
		{
			name: "a dilation moves the taps apart", op: "conv_transpose",
			in:   operands{"x": upTo(3), "weight": hundreds, "dilations": ints(2)},
			want: f32(dims{1, 1, 7}, 1, 2, 13, 20, 130, 200, 300),
		},
		{
			name: "custom padding is cut off", op: "conv_transpose",
			in:   operands{"x": upTo(3), "weight": hundreds, "strides": ints(2), "pad_type": text("custom"), "pad": ints(1, 1)},
			want: f32(dims{1, 1, 5}, 10, 102, 20, 203, 30),
		},
		{
			name: "a larger output_shape shows what was cut off at the end", op: "conv_transpose",
			in: operands{
				"x": upTo(3), "weight": hundreds, "strides": ints(2), "pad_type": text("custom"), "pad": ints(1, 1), "output_shape": ints(1, 1, 6),
			},
			want: f32(dims{1, 1, 6}, 10, 102, 20, 203, 30, 300),
		},
		{
			// Seven elements where same wants 3·2: the odd one is cut from the end.
			name: "same has as many results as strides", op: "conv_transpose",
			in:   operands{"x": upTo(3), "weight": hundreds, "strides": ints(2), "pad_type": text("same")},
			want: f32(dims{1, 1, 6}, 1, 10, 102, 20, 203, 30),
		},
		{
			name: "same_lower cuts the odd element from the beginning", op: "conv_transpose",
			in:   operands{"x": upTo(3), "weight": hundreds, "strides": ints(2), "pad_type": text("same_lower")},
			want: f32(dims{1, 1, 6}, 10, 102, 20, 203, 30, 300),
		},
		{
			name: "the weight is [in, out/groups, kernel]", op: "conv_transpose",
			in: operands{"x": counting(1, 2, 2), "weight": counting(2, 3, 1)}, want: f32(dims{1, 3, 2}, 6, 9, 8, 13, 10, 17),
		},
		{
			name: "a group sees its own channels", op: "conv_transpose",
			in:   operands{"x": counting(1, 2, 2), "weight": counting(2, 1, 2), "groups": whole(2)},
			want: f32(dims{1, 2, 3}, 0, 0, 1, 4, 12, 9),
		},
		{
			name: "in two dimensions, with a bias", op: "conv_transpose",
			in:   operands{"x": counting(1, 1, 2, 2), "weight": counting(1, 1, 2, 2), "bias": f32(dims{1}, 100)},
			want: f32(dims{1, 1, 3, 3}, 100, 100, 101, 100, 104, 106, 104, 112, 109),
		},
		{
			name: "padding of more than there is is refused", op: "conv_transpose",
			in: operands{"x": upTo(3), "weight": hundreds, "pad_type": text("custom"), "pad": ints(3, 3)}, refused: "padding of 3 and 3 takes more",
		},
		{
			name: "output_shape for another number of channels is refused", op: "conv_transpose",
			in: operands{"x": upTo(3), "weight": hundreds, "output_shape": ints(1, 2, 5)}, refused: "output_shape [1 2 5] for 1 batches of 1 channels",
		},
		{
			name: "a weight for other channels is refused", op: "conv_transpose",
			in: operands{"x": upTo(3), "weight": counting(2, 1, 2)}, refused: "x of shape [1 1 3] and weight of shape [2 1 2]",
		},
	})
}

func TestConvQuantized(t *testing.T) {
	codes := integers(dtype.UInt8, dims{2, 1, 2}, 2, 4, 1, 3)
	quantized := func(more operands) operands {
		in := operands{"x": upTo(3), "weight": codes, "quantization_type": text("linear"), "nbits": whole(8)}
		for name, v := range more {
			in[name] = v
		}
		return in
	}
	testExamples(t, []example{
		{
			// The weights are 2, 3 and 1.5, 2.5.
			name: "a weight is its code times a scale plus a bias", op: "conv_quantized",
			in:   quantized(operands{"quant_scale": num(0.5), "quant_bias": num(1)}),
			want: f32(dims{1, 2, 2}, 8, 13, 6.5, 10.5),
		},
		{
			// The weights are 2, 3 and 8, 28.
			name: "scales and biases may be of the channel", op: "conv_quantized",
			in:   quantized(operands{"quant_scale": f32(dims{2}, 0.5, 10), "quant_bias": f32(dims{2}, 1, -2)}),
			want: f32(dims{1, 2, 2}, 8, 13, 64, 100),
		},
		{
			name: "a scale for each of other channels is refused", op: "conv_quantized",
			in: quantized(operands{"quant_scale": f32(dims{3}, 1, 2, 3), "quant_bias": num(0)}), refused: "3 scales and 1 biases for 2 channels",
		},
		{
			name: "lookup tables are not supported", op: "conv_quantized",
			in: quantized(operands{"quant_scale": num(1), "quant_bias": num(0), "quantization_type": text("lut")}), refused: "operator is not supported",
		},
	})
}

// The matrix of a pointwise convolution is made once, and no other kernel's.
func TestWhichConvsAreLinears(t *testing.T) {
	for _, test := range []struct {
		name  string
		shape dims
		want  bool
	}{
		{"one tap", dims{4, 2, 1}, true},
		{"one tap in two dimensions", dims{4, 2, 1, 1}, true},
		{"two taps", dims{4, 2, 2}, false},
		{"two taps in one of two dimensions", dims{4, 2, 1, 2}, false},
	} {
		w := counting(test.shape...)
		data, err := op.Lookup("conv").Prepare(&op.Setup{
			Step: &op.Binding{Def: op.Lookup("conv"), In: []int32{0, 1}},
			Constant: func(slot int32) *array.Value {
				if slot == 1 {
					return w
				}
				return nil
			},
		})
		if err != nil || (data != nil) != test.want {
			t.Errorf("%s: prepared is %v, error %v", test.name, data != nil, err)
		}
	}
}
