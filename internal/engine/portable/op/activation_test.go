package op_test

import (
	"math"
	"testing"
)

var inf = float32(math.Inf(1))

func TestActivations(t *testing.T) {
	testExamples(t, []example{
		{
			name: "relu keeps what is positive", op: "relu",
			in: operands{"x": f32(dims{2, 2}, -1, 0, 2, -inf)}, want: f32(dims{2, 2}, 0, 0, 2, 0),
		},
		{
			name: "relu6 ends at six", op: "relu6",
			in: operands{"x": f32(dims{3}, -1, 5, 7)}, want: f32(dims{3}, 0, 5, 6),
		},
	})
}
