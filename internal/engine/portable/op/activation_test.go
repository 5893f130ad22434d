package op_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

// sevens are places left of zero, at zero and right of it; the wanted results are
// those of PyTorch 2.7 in float64.
var sevens = f32(dims{7}, -3, -1, -0.5, 0, 0.5, 1, 3)

func TestActivations(t *testing.T) {
	testExamples(t, []example{
		{
			name: "relu keeps what is positive", op: "relu",
			in: operands{"x": f32(dims{2, 2}, -1, 0, 2, -inf)}, want: f32(dims{2, 2}, 0, 0, 2, 0),
		},
		{
			name: "relu hands NaN on", op: "relu",
			in: operands{"x": f32(dims{2}, nan, inf)}, want: f32(dims{2}, nan, inf),
		},
		{
			name: "relu6 ends at six", op: "relu6",
			in: operands{"x": f32(dims{3}, -1, 5, 7)}, want: f32(dims{3}, 0, 5, 6),
		},
		{
			name: "clamped_relu has a slope below zero and an end above", op: "clamped_relu",
			in:   operands{"x": f32(dims{4}, -4, -1, 1, 4), "alpha": num(0.5), "beta": num(3)},
			want: f32(dims{4}, -2, -0.5, 1, 3),
		},
		{
			// min(max(x,0), -1) + min(min(x,0)·0.5, -1), by hand.
			name: "clamped_relu limits both halves, so a negative beta counts twice", op: "clamped_relu",
			in:   operands{"x": f32(dims{3}, -4, 0, 4), "alpha": num(0.5), "beta": num(-1)},
			want: f32(dims{3}, -3, -2, -2),
		},
		{
			name: "leaky_relu has a slope below zero", op: "leaky_relu",
			in: operands{"x": sevens, "alpha": num(0.25)}, want: f32(dims{7}, -0.75, -0.25, -0.125, 0, 0.5, 1, 3),
		},
		{
			name: "thresholded_relu keeps what reaches alpha", op: "thresholded_relu",
			in: operands{"x": sevens, "alpha": num(0.5)}, want: f32(dims{7}, 0, 0, 0, 0, 0.5, 1, 3),
		},
		{
			name: "elu approaches -alpha", op: "elu",
			in:   operands{"x": sevens, "alpha": num(0.5)},
			want: f32(dims{7}, -0.475106466, -0.316060279, -0.19673467, 0, 0.5, 1, 3),
		},
		{
			name: "softsign is x/(1+|x|)", op: "softsign",
			in: operands{"x": sevens}, want: f32(dims{7}, -0.75, -0.5, -1./3, 0, 1./3, 0.5, 0.75),
		},
		{
			name: "softplus is log(1+exp(x))", op: "softplus",
			in:   operands{"x": sevens},
			want: f32(dims{7}, 0.0485873516, 0.313261688, 0.474076984, 0.693147181, 0.974076984, 1.31326169, 3.04858735),
		},
		{
			name: "softplus of large numbers does not overflow", op: "softplus",
			in: operands{"x": f32(dims{3}, -200, 100, 3e38)}, want: f32(dims{3}, 0, 100, 3e38),
		},
		{
			name: "linear_activation is alpha·x+beta", op: "linear_activation",
			in: operands{"x": f32(dims{2}, -1, 4), "alpha": num(2), "beta": num(3)}, want: f32(dims{2}, 1, 11),
		},
		{
			name: "scaled_tanh is alpha·tanh(beta·x)", op: "scaled_tanh",
			in:   operands{"x": sevens, "alpha": num(1.5), "beta": num(0.5)},
			want: f32(dims{7}, -1.35772238, -0.693175736, -0.367377994, 0, 0.367377994, 0.693175736, 1.35772238),
		},
		{
			name: "sigmoid_hard is a ramp between zero and one", op: "sigmoid_hard",
			in:   operands{"x": sevens, "alpha": num(0.2), "beta": num(0.5)},
			want: f32(dims{7}, 0, 0.3, 0.4, 0.5, 0.6, 0.7, 1),
		},
		{
			name: "sigmoid is 1/(1+exp(-x))", op: "sigmoid",
			in:   operands{"x": sevens},
			want: f32(dims{7}, 0.0474258732, 0.268941421, 0.377540669, 0.5, 0.622459331, 0.731058579, 0.952574127),
		},
		{
			name: "sigmoid of large numbers is zero or one", op: "sigmoid",
			in: operands{"x": f32(dims{3}, -1000, 1000, -inf)}, want: f32(dims{3}, 0, 1, 0),
		},
		{
			name: "silu is x·sigmoid(x)", op: "silu",
			in:   operands{"x": sevens},
			want: f32(dims{7}, -0.14227762, -0.268941421, -0.188770334, 0, 0.311229666, 0.731058579, 2.85772238),
		},
		{
			name: "parameters that are lists are refused", op: "elu",
			in: operands{"x": sevens, "alpha": f32(dims{2}, 1, 2)}, refused: "alpha holds 2 values where one is expected",
		},
		{
			name: "fp16 results are rounded to fp16", op: "linear_activation",
			in:   operands{"x": f16(dims{2}, 2048, 60000), "alpha": num(1), "beta": num(9000)},
			want: f16(dims{2}, 11048, inf),
		},
	})
}

// The three modes differ from the third digit on.
func TestGelu(t *testing.T) {
	exact := f32(dims{7}, -0.00404969409, -0.158655254, -0.154268769, 0, 0.345731231, 0.841344746, 2.99595031)
	testExamples(t, []example{
		{name: "without a mode it is exact", op: "gelu", in: operands{"x": sevens}, want: exact, within: 2e-6},
		{name: "EXACT uses the error function", op: "gelu", in: operands{"x": sevens, "mode": text("EXACT")}, want: exact, within: 2e-6},
		{
			name: "TANH_APPROXIMATION is that of GPT-2", op: "gelu",
			in:     operands{"x": sevens, "mode": text("TANH_APPROXIMATION")},
			want:   f32(dims{7}, -0.00363739208, -0.158808009, -0.15428599, 0, 0.34571401, 0.841191991, 2.99636261),
			within: 2e-6,
		},
		{
			name: "SIGMOID_APPROXIMATION is x·sigmoid(1.702x)", op: "gelu",
			in:   operands{"x": sevens, "mode": text("SIGMOID_APPROXIMATION")},
			want: f32(dims{7}, -0.0180713097, -0.154204234, -0.149611563, 0, 0.350388437, 0.845795766, 2.98192869),
		},
		{name: "other modes are refused", op: "gelu", in: operands{"x": sevens, "mode": text("tanh")}, late: true, refused: `mode "tanh" is unknown`},
	})
}

func TestSoftmax(t *testing.T) {
	rows := f32(dims{2, 3}, 1, 2, 3, 3, 2, 1)
	testExamples(t, []example{
		{
			name: "the last axis is the default", op: "softmax",
			in:   operands{"x": rows},
			want: f32(dims{2, 3}, 0.0900305732, 0.244728471, 0.665240956, 0.665240956, 0.244728471, 0.0900305732),
		},
		{
			name: "another axis makes its columns add up to one", op: "softmax",
			in:   operands{"x": rows, "axis": whole(0)},
			want: f32(dims{2, 3}, 0.119202922, 0.5, 0.880797078, 0.880797078, 0.5, 0.119202922),
		},
		{
			name: "axes count from the end too", op: "softmax",
			in:   operands{"x": rows, "axis": whole(-2)},
			want: f32(dims{2, 3}, 0.119202922, 0.5, 0.880797078, 0.880797078, 0.5, 0.119202922),
		},
		{
			name: "large numbers do not overflow", op: "softmax",
			in: operands{"x": f32(dims{2}, 1000, 1001)}, want: f32(dims{2}, 0.268941421, 0.731058579),
		},
		{
			name: "what is masked by -inf gets nothing", op: "softmax",
			in: operands{"x": f32(dims{3}, 0, -inf, 1)}, want: f32(dims{3}, 0.268941421, 0, 0.731058579),
		},
		{
			name: "a row that is masked as a whole is NaN", op: "softmax",
			in: operands{"x": f32(dims{2}, -inf, -inf)}, want: f32(dims{2}, nan, nan),
		},
		{name: "a scalar becomes one", op: "softmax", in: operands{"x": num(7)}, want: num(1)},
		{name: "no rows stay no rows", op: "softmax", in: operands{"x": f32(dims{0, 3})}, want: f32(dims{0, 3})},
		{name: "an axis that is not there is refused", op: "softmax", in: operands{"x": rows, "axis": whole(2)}, refused: "axis 2 is outside rank 2"},
	})
}

// A column of an inner axis is computed by other loops than a row; long ones in pieces.
func TestSoftmaxOfLongColumnsEqualsThatOfRows(t *testing.T) {
	const n, inner = 3, array.PollEvery + 5
	columns, rows := f32(dims{n, inner}), f32(dims{inner, n})
	columns.F32, rows.F32 = make([]float32, n*inner), make([]float32, n*inner)
	for k := range columns.F32 {
		x := float32(k*7919%1000)/125 - 4
		columns.F32[k], rows.F32[k%inner*n+k/inner] = x, x
	}
	down := floatsOf(t, example{op: "softmax", in: operands{"x": columns, "axis": whole(0)}})
	across := floatsOf(t, example{op: "softmax", in: operands{"x": rows}})
	for k := range down {
		if d := math.Abs(float64(down[k] - across[k%inner*n+k/inner])); d > 1e-6 {
			t.Fatalf("element %d is %v in a column and %v in a row", k, down[k], across[k%inner*n+k/inner])
		}
	}
}

func TestActivationsWithParametersPerChannel(t *testing.T) {
	x := f32(dims{1, 2, 2}, -1, 1, -1, 1)
	testExamples(t, []example{
		{
			name: "prelu has a slope for each channel", op: "prelu",
			in: operands{"x": x, "alpha": f32(dims{2}, 0.5, -2)}, want: f32(dims{1, 2, 2}, -0.5, 1, 2, 1),
		},
		{
			name: "softplus_parametric is alpha·log(1+exp(beta·x)) of the channel", op: "softplus_parametric",
			in:   operands{"x": x, "alpha": f32(dims{2}, 2, -1), "beta": f32(dims{2}, 0.5, 2)},
			want: f32(dims{1, 2, 2}, 0.948153968, 1.94815397, -0.126928011, -2.12692801),
		},
		{
			name: "channels come again in every batch", op: "prelu",
			in: operands{"x": f32(dims{2, 2}, -1, -1, -2, -2), "alpha": f32(dims{2}, 10, 100)}, want: f32(dims{2, 2}, -10, -100, -20, -200),
		},
		{name: "a vector has no channels", op: "prelu", in: operands{"x": f32(dims{2}, 1, 2), "alpha": f32(dims{2}, 1, 2)}, refused: "has no channels"},
		{name: "a slope too many is refused", op: "prelu", in: operands{"x": x, "alpha": f32(dims{3}, 1, 2, 3)}, refused: "alpha holds 3 elements for 2 channels"},
	})
}

func TestClassify(t *testing.T) {
	classes := func(n int) *array.Value {
		v := value(dtype.String, dims{n})
		v.Repr, v.Text = array.ReprText, make([]string, n)
		return v
	}
	testExamples(t, []example{
		{
			name: "the label is the number of the greatest probability", op: "classify",
			in:   operands{"probabilities": f32(dims{1, 3}, 0.2, 0.7, 0.1), "classes": classes(3)},
			want: whole(1), more: results{f32(dims{3}, 0.2, 0.7, 0.1)},
		},
		{
			name: "of equal probabilities the first counts", op: "classify",
			in:   operands{"probabilities": f32(dims{3}, 0.1, 0.45, 0.45), "classes": classes(3)},
			want: whole(1), more: results{f32(dims{3}, 0.1, 0.45, 0.45)},
		},
		{
			name: "every class needs a probability", op: "classify", more: results{nil},
			in: operands{"probabilities": f32(dims{2}, 0.5, 0.5), "classes": classes(3)}, refused: "2 probabilities for classes of shape [3]",
		},
	})
}
