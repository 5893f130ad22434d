package op_test

import "testing"

// Results on odd shapes are recorded from PyTorch; those here are worked out by hand.
func TestNorms(t *testing.T) {
	half := num(0.5)
	testExamples(t, []example{
		{
			// mean 2, variance 1: the deviation is that of the population, not of a sample.
			name: "layer_norm over all axes by default", op: "layer_norm",
			in:   operands{"x": f32(dims{2, 2}, 1, 3, 1, 3), "epsilon": num(0)},
			want: f32(dims{2, 2}, -1, 1, -1, 1),
		},
		{
			name: "layer_norm of equal elements is zero thanks to epsilon", op: "layer_norm",
			in:   operands{"x": f32(dims{1, 3}, 5, 5, 5), "axes": ints(-1)},
			want: f32(dims{1, 3}, 0, 0, 0),
		},
		{
			name: "layer_norm keeps its accuracy far from zero", op: "layer_norm",
			in:   operands{"x": f32(dims{1, 2}, 1e6, 1e6+2), "axes": ints(1), "epsilon": num(0)},
			want: f32(dims{1, 2}, -1, 1),
		},
		{
			name: "layer_norm of columns is that of rows", op: "layer_norm",
			in:   operands{"x": f32(dims{2, 2, 1}, 1, 5, 3, 9), "axes": ints(0), "epsilon": num(0), "gamma": f32(dims{2}, 2, 3), "beta": f32(dims{2}, 10, 20)},
			want: f32(dims{2, 2, 1}, 8, 8, 23, 23),
		},
		{
			name: "layer_norm of a NaN poisons its row alone", op: "layer_norm",
			in:   operands{"x": f32(dims{2, 2}, nan, 1, 1, 3), "axes": ints(1), "epsilon": num(0)},
			want: f32(dims{2, 2}, nan, nan, -1, 1),
		},
		{
			name: "layer_norm of nothing", op: "layer_norm",
			in: operands{"x": f32(dims{0, 4}), "axes": ints(1)}, want: f32(dims{0, 4}),
		},
		{
			name: "layer_norm refuses a gamma of another length", op: "layer_norm",
			in:      operands{"x": counting(2, 3), "axes": ints(1), "gamma": f32(dims{2}, 1, 1)},
			refused: "gamma holds 2 elements where 3 are normalised",
		},
		{
			name: "layer_norm refuses a beta of another length", op: "layer_norm",
			in:      operands{"x": counting(2, 3), "axes": ints(0), "beta": f32(dims{3}, 1, 1, 1)},
			refused: "beta holds 3 elements where 2 are normalised",
		},
		{
			name: "layer_norm refuses an axis outside", op: "layer_norm",
			in: operands{"x": counting(2, 3), "axes": ints(2)}, refused: "axis 2 is outside rank 2",
		},
		{
			// (x - mean)·2/sqrt(0.75 + 0.25) + 1 in the first channel.
			name: "batch_norm has numbers for each channel", op: "batch_norm",
			in: operands{
				"x": f32(dims{1, 2, 2}, 1, 2, 3, 4), "mean": f32(dims{2}, 1, 3), "variance": f32(dims{2}, 0.75, 3.75),
				"gamma": f32(dims{2}, 2, 4), "beta": f32(dims{2}, 1, 0), "epsilon": num(0.25),
			},
			want: f32(dims{1, 2, 2}, 1, 3, 0, 2),
		},
		{
			name: "batch_norm without gamma and beta", op: "batch_norm",
			in: operands{
				"x": f32(dims{2, 1, 1}, 3, 5), "mean": f32(dims{1}, 1), "variance": f32(dims{1}, 4), "epsilon": num(0),
			},
			want: f32(dims{2, 1, 1}, 1, 2),
		},
		{
			name: "batch_norm refuses means for other channels", op: "batch_norm",
			in:      operands{"x": counting(1, 2, 2), "mean": f32(dims{3}, 1, 2, 3), "variance": f32(dims{2}, 1, 1)},
			refused: "mean holds 3 elements for 2 channels",
		},
		{
			name: "batch_norm refuses a vector", op: "batch_norm",
			in:      operands{"x": counting(2), "mean": f32(dims{2}, 1, 2), "variance": f32(dims{2}, 1, 1)},
			refused: "x of rank 1 has no channels",
		},
		{
			name: "instance_norm treats every plane alone", op: "instance_norm",
			in: operands{
				"x": f32(dims{2, 1, 2}, 1, 3, 10, 50), "gamma": f32(dims{1}, 2), "beta": f32(dims{1}, 1), "epsilon": num(0),
			},
			want: f32(dims{2, 1, 2}, -1, 3, -1, 3),
		},
		{
			name: "instance_norm of nothing", op: "instance_norm",
			in: operands{"x": f32(dims{0, 2, 3})}, want: f32(dims{0, 2, 3}),
		},
		{
			name: "instance_norm refuses a gamma for other channels", op: "instance_norm",
			in: operands{"x": counting(1, 2, 2), "gamma": half}, refused: "gamma holds 1 elements for 2 channels",
		},
		{
			name: "l2_norm divides by the length of all of three dimensions", op: "l2_norm",
			in:   operands{"x": f32(dims{1, 2, 1}, 3, 4), "epsilon": num(0)},
			want: f32(dims{1, 2, 1}, 0.6, 0.8),
		},
		{
			name: "l2_norm takes what comes before three dimensions as batches", op: "l2_norm",
			in:   operands{"x": f32(dims{2, 1, 1, 2}, 3, 4, 6, 8), "epsilon": num(0)},
			want: f32(dims{2, 1, 1, 2}, 0.6, 0.8, 0.6, 0.8),
		},
		{
			name: "l2_norm of zeros is zero thanks to epsilon", op: "l2_norm",
			in: operands{"x": f32(dims{1, 1, 2}, 0, 0)}, want: f32(dims{1, 1, 2}, 0, 0),
		},
		{
			name: "l2_norm of large fp16 numbers does not overflow on the way", op: "l2_norm",
			in:   operands{"x": f16(dims{1, 1, 2}, 30000, 40000), "epsilon": num(0)},
			want: f16(dims{1, 1, 2}, 0.6001, 0.8), within: 1e-3,
		},
		{
			name: "l2_norm refuses a matrix", op: "l2_norm",
			in: operands{"x": counting(2, 2)}, refused: "x of rank 2 has fewer than 3 dimensions",
		},
		{
			// x/(1 + 2/2·(squares of a channel and the one before)).
			name: "local_response_norm takes one channel more before than after", op: "local_response_norm",
			in: operands{
				"x": f32(dims{1, 3, 1}, 1, 2, 3), "size": whole(2), "alpha": num(2), "beta": num(1), "k": num(1),
			},
			want: f32(dims{1, 3, 1}, 1./2, 2./6, 3./14),
		},
		{
			name: "local_response_norm of one channel is of itself alone", op: "local_response_norm",
			in: operands{
				"x": f32(dims{1, 2, 1}, 1, 2), "size": whole(1), "alpha": num(1), "beta": num(1), "k": num(1),
			},
			want: f32(dims{1, 2, 1}, 0.5, 0.4),
		},
		{
			name: "local_response_norm of a window wider than the channels", op: "local_response_norm",
			in: operands{
				"x": f32(dims{1, 2, 1}, 1, 2), "size": whole(10), "alpha": num(10), "beta": num(1), "k": num(0),
			},
			want: f32(dims{1, 2, 1}, 0.2, 0.4),
		},
		{
			name: "local_response_norm refuses no channels at all", op: "local_response_norm",
			in: operands{"x": counting(1, 2, 1), "size": whole(0)}, refused: "size is 0",
		},
		{
			name: "local_response_norm refuses a vector", op: "local_response_norm",
			in: operands{"x": counting(2), "size": whole(1)}, refused: "x of rank 1 has no channels",
		},
	})
}
