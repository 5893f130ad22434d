package tensor_test

import (
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/tensor"
)

// The next token of a language model needs no arithmetic of one's own.
func Example() {
	logits := tensor.FromSlice([]float32{
		0, 0, 0, 0,
		1, 4, 2, 3, // the scores that follow the last token
	}, 1, 2, 4)
	last := logits.Slice(tensor.At(0), tensor.At(-1))

	best, err := tensor.Item[int32](last.ArgMax(-1))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("token", best)
	probs := last.Softmax(-1)
	fmt.Println("percent", probs.Mul(probs.Scalar(100)).Round())
	// Output:
	// token 1
	// percent float32[4] [3 64 9 24]
}

func ExampleTensor_Softmax() {
	scores := tensor.FromSlice([]float32{0, 0, 1, 1}, 2, 2)
	probs := scores.Softmax(0).To(tensor.Float16)
	fmt.Println(probs)
	// Output:
	// float16[2 2] [[0.269 0.269] [0.731 0.731]]
}

func ExampleTensor_Add() {
	column := tensor.FromSlice([]int32{10, 20}, 2, 1)
	row := tensor.Vector[int32](1, 2, 3)
	fmt.Println(column.Add(row))
	fmt.Println(row.Mul(row.Scalar(2)))
	// Output:
	// int32[2 3] [[11 12 13] [21 22 23]]
	// int32[3] [2 4 6]
}

func ExampleTensor_Slice() {
	x := tensor.Arange[int32](0, 12, 1).Reshape(3, 4)
	fmt.Println(x.Slice(tensor.At(-1)))
	fmt.Println(x.Slice(tensor.All(), tensor.From(-2)))
	fmt.Println(x.Slice(tensor.Until(2), tensor.All().By(2)))
	fmt.Println(x.Slice(tensor.Rest(), tensor.At(0), tensor.NewAxis()))
	// Output:
	// int32[4] [8 9 10 11]
	// int32[3 2] [[2 3] [6 7] [10 11]]
	// int32[2 2] [[0 2] [4 6]]
	// int32[3 1] [[0] [4] [8]]
}

func ExampleTensor_TopK() {
	logits := tensor.Vector[float32](0.5, 3, -1, 3, 2)
	values, indices := logits.TopK(3, -1)
	fmt.Println(values)
	fmt.Println(indices)
	// Output:
	// float32[3] [3 3 2]
	// int32[3] [1 3 4]
}

// A seed makes the draws repeatable. Tokens that were cut off by a mask are
// never drawn.
func ExampleTensor_Sample() {
	logits := tensor.FromSlice([]float32{2, 1, 0.5, -1}, 1, 4)
	banned := tensor.Vector(false, true, false, false)
	masked := logits.Replace(logits.Scalar(math.Inf(-1)), banned)
	probs := masked.Div(masked.Scalar(0.7)).Softmax(-1)
	fmt.Println(probs.Broadcast(8, 4).Sample(42))
	// Output:
	// int32[8] [0 2 0 2 0 0 2 0]
}

func ExampleRandomUniform() {
	fmt.Println(tensor.RandomUniform(tensor.Float32, -1, 1, 7, 3))
	fmt.Println(tensor.RandomUniform(tensor.Int32, 0, 10, 7, 6))
	// Output:
	// float32[3] [0.08749287 0.18519956 -0.2402054]
	// int32[6] [5 5 3 6 1 2]
}

// An error travels through a chain and is checked once, at its end.
func ExampleTensor_Err() {
	a, b := tensor.New(tensor.Float32, 2, 3), tensor.New(tensor.Float32, 4)
	sum := a.Add(b).Softmax(-1).Sum(nil, false)
	fmt.Println(sum.Err())
	fmt.Println(errors.Is(sum.Err(), tensor.ErrShape))
	// Output:
	// tensor: add: [2 3] and [4] do not broadcast: shape does not fit
	// true
}

func ExampleData() {
	x := tensor.New(tensor.Float16, 2, 2)
	memory, err := tensor.Data[tensor.Half](x)
	if err != nil {
		fmt.Println(err)
		return
	}
	memory[3] = tensor.HalfOf(1.5) // writes to x
	fmt.Println(x)
	// Output:
	// float16[2 2] [[0 0] [0 1.5]]
}
