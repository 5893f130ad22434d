package main

import (
	"math/rand/v2"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// operation is something that both programs compute: a program of ours and a module of
// PyTorch with the shapes of its inputs. Weights are random on both sides.
type operation struct {
	name    string
	inputs  [][]int
	results [][]int
	build   func(p *program)
	// module is a module or a function, in the words of Python.
	module string
	half   bool // ours has fp16 where PyTorch has fp32
}

// program is a program of ours under construction.
type program struct {
	*mil.Builder
	random  *rand.Rand
	half    bool // inputs, results and weights are fp16
	in      []*mil.Value
	results [][]int
}

func (p *program) dtype() dtype.Type {
	if p.half {
		return dtype.Float16
	}
	return dtype.Float32
}

// weight is a constant of small random numbers.
func (p *program) weight(shape ...int) *mil.Value {
	n := 1
	for _, d := range shape {
		n *= d
	}
	x := make([]float32, n)
	for k := range x {
		x[k] = float32(p.random.NormFloat64() / 32)
	}
	return p.Floats("", p.dtype(), shape, x...)
}

// do adds an operation whose results are those of the program.
func (p *program) do(name string, args mil.Args) {
	var types []mil.Type
	for _, shape := range p.results {
		types = append(types, mil.TensorType(p.dtype(), shape...))
	}
	for k, v := range p.MultiOp(name, "result", types, args) {
		p.Output("out"+strings.Repeat("_", k), v)
	}
}

// conv is a convolution of the first input; pads is nil for none.
func conv(name string, weight, strides, pads []int, groups int) func(p *program) {
	return func(p *program) {
		out := weight[0]
		if name == "conv_transpose" {
			out = weight[1] * groups
		}
		args := mil.Args{
			"x": p.in[0], "weight": p.weight(weight...), "bias": p.weight(out), "strides": p.Ints("", strides...),
			"pad_type": p.Text("", "valid"), "groups": p.Int("", groups),
		}
		if pads != nil {
			args["pad_type"], args["pad"] = p.Text("", "custom"), p.Ints("", pads...)
		}
		p.do(name, args)
	}
}

// lstm is a layer of both directions.
func lstm(hidden, input int) func(p *program) {
	return func(p *program) {
		state := func() *mil.Value { return p.Floats("", p.dtype(), []int{1, 2 * hidden}, make([]float32, 2*hidden)...) }
		args := mil.Args{
			"x": p.in[0], "initial_h": state(), "initial_c": state(), "direction": p.Text("", "bidirectional"), "output_sequence": p.Bool("", true),
		}
		for _, end := range []string{"", "_back"} {
			args["weight_ih"+end], args["weight_hh"+end] = p.weight(4*hidden, input), p.weight(4*hidden, hidden)
			args["bias"+end] = p.weight(4 * hidden)
		}
		p.do("lstm", args)
	}
}

// chained are n convolutions one after another, for those that take less time than their
// input and result to be copied.
func chained(n int, weight, strides, pads []int, groups int) func(p *program) {
	return func(p *program) {
		x := p.in[0]
		for range n {
			x = p.Op("conv", "", mil.TensorType(p.dtype(), p.results[0]...), mil.Args{
				"x": x, "weight": p.weight(weight...), "bias": p.weight(weight[0]), "strides": p.Ints("", strides...),
				"pad_type": p.Text("", "custom"), "pad": p.Ints("", pads...), "groups": p.Int("", groups),
			})
		}
		p.Output("out", x)
	}
}

func product(p *program) {
	p.do("linear", mil.Args{"x": p.in[0], "weight": p.weight(p.results[0][1], 768), "bias": p.weight(p.results[0][1])})
}

// operations are the rows of the table.
var operations = []operation{
	{
		"conv 3x3, 64 to 64, 40x40, fp16",
		[][]int{{1, 64, 40, 40}},
		[][]int{{1, 64, 40, 40}},
		conv("conv", []int{64, 64, 3, 3}, []int{1, 1}, []int{1, 1, 1, 1}, 1), "nn.Conv2d(64, 64, 3, padding=1)", true,
	},
	{
		"conv 3x3, 64 to 64, 80x80",
		[][]int{{1, 64, 80, 80}},
		[][]int{{1, 64, 80, 80}},
		conv("conv", []int{64, 64, 3, 3}, []int{1, 1}, []int{1, 1, 1, 1}, 1), "nn.Conv2d(64, 64, 3, padding=1)", false,
	},
	{
		"conv 3x3 by 2, 64 to 128, 56x56",
		[][]int{{1, 64, 56, 56}},
		[][]int{{1, 128, 28, 28}},
		conv("conv", []int{128, 64, 3, 3}, []int{2, 2}, []int{1, 1, 1, 1}, 1), "nn.Conv2d(64, 128, 3, padding=1, stride=2)", false,
	},
	{
		"conv 1x1, 256 to 64, 56x56",
		[][]int{{1, 256, 56, 56}},
		[][]int{{1, 64, 56, 56}},
		conv("conv", []int{64, 256, 1, 1}, []int{1, 1}, nil, 1), "nn.Conv2d(256, 64, 1)", false,
	},
	{
		"conv 3, 80 to 384, 3000",
		[][]int{{1, 80, 3000}},
		[][]int{{1, 384, 3000}},
		conv("conv", []int{384, 80, 3}, []int{1}, []int{1, 1}, 1), "nn.Conv1d(80, 384, 3, padding=1)", false,
	},
	{
		"depthwise 3x3, 64, 80x80, 8 times",
		[][]int{{1, 64, 80, 80}},
		[][]int{{1, 64, 80, 80}},
		chained(8, []int{64, 1, 3, 3}, []int{1, 1}, []int{1, 1, 1, 1}, 64),
		"nn.Sequential(*[nn.Conv2d(64, 64, 3, padding=1, groups=64) for _ in range(8)])", false,
	},
	{
		"transposed 16 by 8, 512 to 256, 100",
		[][]int{{1, 512, 100}},
		[][]int{{1, 256, 800}},
		conv("conv_transpose", []int{512, 256, 16}, []int{8}, []int{4, 4}, 1), "nn.ConvTranspose1d(512, 256, 16, stride=8, padding=4)", false,
	},
	{
		"patches 16x16, 3 to 768, 224x224",
		[][]int{{1, 3, 224, 224}},
		[][]int{{1, 768, 14, 14}},
		conv("conv", []int{768, 3, 16, 16}, []int{16, 16}, nil, 1), "nn.Conv2d(3, 768, 16, stride=16)", false,
	},
	{
		"max_pool 3x3 by 2, 64, 112x112",
		[][]int{{1, 64, 112, 112}},
		[][]int{{1, 64, 56, 56}},
		func(p *program) {
			p.do("max_pool", mil.Args{
				"x": p.in[0], "kernel_sizes": p.Ints("", 3, 3), "strides": p.Ints("", 2, 2), "pad_type": p.Text("", "custom"),
				"pad": p.Ints("", 1, 1, 1, 1), "ceil_mode": p.Bool("", false),
			})
		}, "nn.MaxPool2d(3, 2, 1)", false,
	},
	{
		"lstm both ways, 512 to 512, 100 steps",
		[][]int{{100, 1, 512}},
		[][]int{{100, 1, 1024}, {1, 1024}, {1, 1024}},
		lstm(512, 512), "nn.LSTM(512, 512, bidirectional=True)", false,
	},
	{"linear 768 to 3072, 512 rows", [][]int{{512, 768}}, [][]int{{512, 3072}}, product, "nn.Linear(768, 3072)", false},
	{"linear 768 to 3072, 512 rows, fp16", [][]int{{512, 768}}, [][]int{{512, 3072}}, product, "nn.Linear(768, 3072)", true},
	{
		"matmul 12 of 512x64x512",
		[][]int{{1, 12, 512, 64}, {1, 12, 64, 512}},
		[][]int{{1, 12, 512, 512}},
		func(p *program) { p.do("matmul", mil.Args{"x": p.in[0], "y": p.in[1]}) }, "torch.matmul", false,
	},
	{
		"attention, 12 heads of 64, 512 rows",
		[][]int{{1, 12, 512, 64}, {1, 12, 512, 64}, {1, 12, 512, 64}},
		[][]int{{1, 12, 512, 64}},
		func(p *program) {
			p.do("scaled_dot_product_attention", mil.Args{"query": p.in[0], "key": p.in[1], "value": p.in[2]})
		}, "nn.functional.scaled_dot_product_attention", false,
	},
}
