package op_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Layers of random weights are recorded from PyTorch. Here a layer has one input and
// one hidden number, or gates that are linear, so that each step can be followed.

// column is a matrix of one column: a weight for one number.
func column(x ...float32) *array.Value { return f32(dims{len(x), 1}, x...) }

// with adds operands to others.
func with(in operands, more operands) operands {
	out := operands{}
	for name, v := range in {
		out[name] = v
	}
	for name, v := range more {
		out[name] = v
	}
	return out
}

func TestRNN(t *testing.T) {
	// h = x + 10·h, from h = 1.
	layer := operands{
		"x": f32(dims{3, 1, 1}, 1, 2, 3), "initial_h": f32(dims{1, 1}, 1),
		"weight_ih": column(1), "weight_hh": column(10), "activation": text("linear"),
	}
	testExamples(t, []example{
		{
			name: "the last state alone by default", op: "rnn",
			in: layer, want: f32(dims{1, 1, 1}, 1123), more: results{f32(dims{1, 1}, 1123)},
		},
		{
			name: "every state where that is asked for", op: "rnn",
			in:   with(layer, operands{"output_sequence": flag(true)}),
			want: f32(dims{3, 1, 1}, 11, 112, 1123), more: results{f32(dims{1, 1}, 1123)},
		},
		{
			name: "a reversed layer gives its states in the order in which it computes them", op: "rnn",
			in:   with(layer, operands{"output_sequence": flag(true), "direction": text("reverse")}),
			want: f32(dims{3, 1, 1}, 13, 132, 1321), more: results{f32(dims{1, 1}, 1321)},
		},
		{
			name: "a bias is added in every step", op: "rnn",
			in:   with(layer, operands{"bias": f32(dims{1}, 5), "output_sequence": flag(true)}),
			want: f32(dims{3, 1, 1}, 16, 167, 1678), more: results{f32(dims{1, 1}, 1678)},
		},
		{
			name: "tanh by default", op: "rnn",
			in: operands{
				"x": f32(dims{1, 1, 1}, 0.5), "initial_h": f32(dims{1, 1}, 0),
				"weight_ih": column(1), "weight_hh": column(1),
			},
			want: f32(dims{1, 1, 1}, 0.46211716), more: results{f32(dims{1, 1}, 0.46211716)},
		},
		{
			name: "a hard sigmoid is 0.2·x + 0.5 between zero and one", op: "rnn",
			in: operands{
				"x": f32(dims{1, 3, 1}, 1, 9, -9), "initial_h": f32(dims{3, 1}, 0, 0, 0),
				"weight_ih": column(1), "weight_hh": column(1), "activation": text("hard_sigmoid"),
			},
			want: f32(dims{1, 3, 1}, 0.7, 1, 0), more: results{f32(dims{3, 1}, 0.7, 1, 0)},
		},
		{
			name: "elements of a batch have states of their own", op: "rnn",
			in: with(layer, operands{
				"x": f32(dims{2, 2, 1}, 1, 2, 3, 4), "initial_h": f32(dims{2, 1}, 0, 1), "output_sequence": flag(true),
			}),
			want: f32(dims{2, 2, 1}, 1, 12, 13, 124), more: results{f32(dims{2, 1}, 13, 124)},
		},
		{
			name: "more initial states than sequences are not read", op: "rnn",
			in:   with(layer, operands{"initial_h": f32(dims{2, 1}, 1, 100)}),
			want: f32(dims{1, 1, 1}, 1123), more: results{f32(dims{1, 1}, 1123)},
		},
		{
			name: "a bias of another length is refused", op: "rnn",
			in: with(layer, operands{"bias": f32(dims{2}, 5, 5)}), more: results{nil}, refused: "bias of 2 elements where 1 are expected",
		},
		{
			name: "no steps are refused", op: "rnn",
			in: with(layer, operands{"x": f32(dims{0, 1, 1})}), more: results{nil}, refused: "x of shape [0 1 1] has no steps",
		},
		{
			name: "weights for another input are refused", op: "rnn",
			in: with(layer, operands{"weight_ih": f32(dims{1, 2}, 1, 1)}), more: results{nil},
			refused: "weights of shapes [1 2] and [1 1] do not fit",
		},
		{
			name: "an x without a batch is refused", op: "rnn",
			in: with(layer, operands{"x": counting(3, 1)}), more: results{nil},
			refused: "x, initial_h and weights of rank 2, 2, 2 and 2",
		},
		{
			name: "both directions are refused but for an lstm", op: "rnn",
			in: with(layer, operands{"direction": text("bidirectional")}), more: results{nil},
			refused: `direction "bidirectional" is unknown`,
		},
		{
			name: "another activation is refused", op: "rnn",
			in: with(layer, operands{"activation": text("gelu")}), more: results{nil}, refused: `activation "gelu" is unknown`, late: true,
		},
	})
}

// With linear gates r = xr, z = 0.5 and h = (1-z)·o + z·h, o by the reset gate.
func TestGRU(t *testing.T) {
	layer := operands{
		"x": f32(dims{1, 1, 1}, 2), "initial_h": f32(dims{1, 1}, 4), "recurrent_activation": text("linear"), "activation": text("linear"),
		"weight_ih": column(1, 1, 0), "weight_hh": column(0, 10, 0), "bias": f32(dims{3}, 0, 3, 0.5),
	}
	testExamples(t, []example{
		{
			// r = 2, o = 2 + 10·(2·4) + 3 = 85.
			name: "the reset gate is applied to the state before its product", op: "gru",
			in: layer, want: f32(dims{1, 1, 1}, 44.5), more: results{f32(dims{1, 1}, 44.5)},
		},
		{
			// o = 2 + 2·(10·4 + 3) = 88: the bias is inside.
			name: "reset_after applies it to the product and its bias", op: "gru",
			in:   with(layer, operands{"reset_after": flag(true)}),
			want: f32(dims{1, 1, 1}, 46), more: results{f32(dims{1, 1}, 46)},
		},
		{
			// o = 2 + 7 + 2·(10·4 + 3) = 95: this bias is outside.
			name: "the input's bias is not reset", op: "gru",
			in:   with(layer, operands{"reset_after": flag(true), "input_bias": f32(dims{3}, 0, 7, 0)}),
			want: f32(dims{1, 1, 1}, 49.5), more: results{f32(dims{1, 1}, 49.5)},
		},
		{
			name: "an update gate of one keeps the state", op: "gru",
			in:   with(layer, operands{"bias": f32(dims{3}, 0, 3, 1)}),
			want: f32(dims{1, 1, 1}, 4), more: results{f32(dims{1, 1}, 4)},
		},
		{
			name: "without a bias", op: "gru",
			in: operands{
				"x": f32(dims{1, 1, 1}, 0), "initial_h": f32(dims{1, 1}, 4),
				"weight_ih": column(0, 0, 0), "weight_hh": column(0, 0, 0),
			},
			want: f32(dims{1, 1, 1}, 2), more: results{f32(dims{1, 1}, 2)}, // z is sigmoid(0)
		},
		{
			name: "a bias of another length is refused", op: "gru",
			in: with(layer, operands{"bias": f32(dims{2}, 0, 0)}), more: results{nil}, refused: "bias of 2 elements where 3 are expected",
		},
		{
			name: "an input bias of another length is refused", op: "gru",
			in: with(layer, operands{"input_bias": f32(dims{6}, 0, 0, 0, 0, 0, 0)}), more: results{nil},
			refused: "input_bias of 6 elements where 3 are expected",
		},
	})
}

// With linear functions c = f·c + i·g and h = o·c.
func TestLSTM(t *testing.T) {
	layer := operands{
		"x": f32(dims{1, 1, 1}, 1), "initial_h": f32(dims{1, 1}, 0), "initial_c": f32(dims{1, 1}, 10),
		"recurrent_activation": text("linear"), "activation": text("linear"), "cell_activation": text("linear"),
		"weight_ih": column(2, 3, 5, 7), "weight_hh": column(0, 0, 0, 0),
	}
	last := func(h, c float32) results { return results{f32(dims{1, 1}, h), f32(dims{1, 1}, c)} }
	testExamples(t, []example{
		{
			// i, f, o, g = 2, 3, 5, 7: c = 3·10 + 2·7, h = 5·44.
			name: "gates lie in the order input, forget, output, cell", op: "lstm",
			in: layer, want: f32(dims{1, 1, 1}, 220), more: last(220, 44),
		},
		{
			name: "a clip bounds the cell", op: "lstm",
			in: with(layer, operands{"clip": num(40)}), want: f32(dims{1, 1, 1}, 200), more: last(200, 40),
		},
		{
			// i = 2 + 1·10, f = 3 + 2·10, c = 23·10 + 12·7 = 314, o = 5 + 3·314.
			name: "peepholes show the old cell to two gates and the new one to the output", op: "lstm",
			in:   with(layer, operands{"peephole": f32(dims{3}, 1, 2, 3)}),
			want: f32(dims{1, 1, 1}, 947*314), more: last(947*314, 314),
		},
		{
			name: "a cell that is not a number stays one under a clip", op: "lstm",
			in:   with(layer, operands{"initial_c": f32(dims{1, 1}, nan), "clip": num(1)}),
			want: f32(dims{1, 1, 1}, nan), more: last(nan, nan),
		},
		{
			// Forward: h = 220 and c = 44 as above. Backward, over the same x: i, f, o, g = 1.
			name: "two directions lie side by side", op: "lstm",
			in: with(layer, operands{
				"direction": text("bidirectional"), "initial_h": f32(dims{1, 2}, 0, 0), "initial_c": f32(dims{1, 2}, 10, 20),
				"weight_ih_back": column(1, 1, 1, 1), "weight_hh_back": column(0, 0, 0, 0),
			}),
			want: f32(dims{1, 1, 2}, 220, 21), more: results{f32(dims{1, 2}, 220, 21), f32(dims{1, 2}, 44, 21)},
		},
		{
			// h = c = c + x from either end; the backward half is in the order of x.
			name: "the backward half is in the order of x", op: "lstm",
			in: with(layer, operands{
				"x": f32(dims{3, 1, 1}, 1, 2, 4), "direction": text("bidirectional"), "output_sequence": flag(true),
				"initial_h": f32(dims{1, 2}, 0, 0), "initial_c": f32(dims{1, 2}, 0, 0),
				"weight_ih": column(0, 0, 0, 1), "bias": f32(dims{4}, 1, 1, 1, 0),
				"weight_ih_back": column(0, 0, 0, 1), "weight_hh_back": column(0, 0, 0, 0), "bias_back": f32(dims{4}, 1, 1, 1, 0),
			}),
			want: f32(dims{3, 1, 2}, 1, 7, 3, 6, 7, 4), more: results{f32(dims{1, 2}, 7, 7), f32(dims{1, 2}, 7, 7)},
		},
		{
			name: "a backward direction without weights is refused", op: "lstm",
			in: with(layer, operands{
				"direction": text("bidirectional"), "initial_h": f32(dims{1, 2}, 0, 0), "initial_c": f32(dims{1, 2}, 0, 0),
			}),
			more: results{nil, nil}, refused: "the weights of the backward direction are missing",
		},
		{
			name: "a cell of another shape is refused", op: "lstm",
			in: with(layer, operands{"initial_c": f32(dims{1, 2}, 0, 0)}), more: results{nil, nil}, refused: "initial_c of shape [1 2]",
		},
		{
			name: "a peephole of another length is refused", op: "lstm",
			in:   with(layer, operands{"peephole": f32(dims{4}, 0, 0, 0, 0)}),
			more: results{nil, nil}, refused: "peephole of 4 elements where 3 are expected",
		},
	})
}

// sigmoid and tanh of an lstm of one number, by hand.
func TestLSTMWithItsOwnFunctions(t *testing.T) {
	s := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	c := s(3)*0.5 + s(2)*math.Tanh(0.25)
	h := s(1) * math.Tanh(c)
	testExamples(t, []example{{
		name: "sigmoid gates and tanh of the cell", op: "lstm",
		in: operands{
			"x": f32(dims{1, 1, 1}, 1), "initial_h": f32(dims{1, 1}, 0), "initial_c": f32(dims{1, 1}, 0.5),
			"weight_ih": column(2, 3, 1, 0.25), "weight_hh": column(0, 0, 0, 0),
		},
		want: f32(dims{1, 1, 1}, float32(h)), more: results{f32(dims{1, 1}, float32(h)), f32(dims{1, 1}, float32(c))},
	}})
}
