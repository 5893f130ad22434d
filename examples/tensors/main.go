// The program tensors shows what the arrays of this module can do: views that
// share memory, conversions, broadcasting, and the steps from a model's logits
// to a choice of token.
//
//	go run ./examples/tensors
package main

import (
	"fmt"
	"os"

	"github.com/gocoreml/coreml/tensor"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "tensors:", err)
		os.Exit(1)
	}
}

func run() error {
	for _, show := range []func() error{views, mask, choose, similarity, mistakes} {
		if err := show(); err != nil {
			return err
		}
	}
	return nil
}

// views cuts and turns a matrix without copying it.
func views() error {
	m := tensor.Arange[int32](0, 12, 1).Reshape(3, 4)
	column := m.Slice(tensor.All(), tensor.At(1))
	corner := m.Slice(tensor.Until(2), tensor.From(-2)).Transpose()
	// A view shares memory: what is written to the matrix shows in it.
	data, err := tensor.Data[int32](m)
	if err != nil {
		return err
	}
	data[1] = 100
	values, err := tensor.Values[int32](column)
	if err != nil {
		return err
	}
	fmt.Println("column 1:", values)
	turned, err := tensor.Values[int32](corner)
	if err != nil {
		return err
	}
	fmt.Println("corner, turned:", corner.Shape(), turned)
	return nil
}

// mask makes the causal mask that a decoder wants for three new tokens after
// two old ones: 0 where a token may look, the lowest number where it may not.
func mask() error {
	const fresh, past = 3, 2
	from := tensor.Arange[int32](0, fresh, 1).Reshape(fresh, 1).Add(tensor.Scalar[int32](past))
	to := tensor.Arange[int32](0, fresh+past, 1).Reshape(1, fresh+past)
	allowed := to.LessEqual(from) // broadcast to [3, 5]
	m := tensor.Where(allowed, tensor.Scalar[float32](0), tensor.Scalar[float32](-65504)).To(tensor.Float16)
	rows, err := m.Unstack(0)
	if err != nil {
		return err
	}
	fmt.Println("mask:", m.DType(), m.Shape())
	for _, row := range rows {
		v, err := tensor.Values[float32](row)
		if err != nil {
			return err
		}
		fmt.Println(" ", v)
	}
	return nil
}

// choose turns logits into probabilities, keeps the three best, and samples.
func choose() error {
	logits := tensor.Vector[float32](1, 3, 2, -1, 2.5)
	const temperature = 0.5
	p := logits.Div(tensor.Scalar[float32](temperature)).Softmax(-1)
	best, ids := p.TopK(3, -1)
	probabilities, err := tensor.Values[float32](best)
	if err != nil {
		return err
	}
	tokens, err := tensor.Values[int32](ids)
	if err != nil {
		return err
	}
	for i, id := range tokens {
		fmt.Printf("token %d: %.3f\n", id, probabilities[i])
	}
	greedy, err := tensor.Item[int32](logits.ArgMax(-1))
	if err != nil {
		return err
	}
	fmt.Println("greedy choice:", greedy)
	return nil
}

// similarity compares embeddings by the cosine of their angle.
func similarity() error {
	e := tensor.FromSlice([]float32{
		1, 0, 1,
		2, 0, 2,
		0, 1, 0,
	}, 3, 3)
	length := e.Square().Sum([]int{-1}, true).Sqrt()
	unit := e.Div(length)
	cosines := unit.MatMul(unit.Transpose())
	v, err := tensor.Values[float32](cosines.Slice(tensor.At(0)))
	if err != nil {
		return err
	}
	fmt.Printf("cosines with the first: %.2f\n", v)
	return nil
}

// mistakes shows that an error travels along a chain of operations, so that one
// check at the end is enough.
func mistakes() error {
	bad := tensor.New(tensor.Float32, 2, 3).Add(tensor.New(tensor.Float32, 4)).Softmax(-1).Reshape(6)
	fmt.Println("error:", bad.Err())
	return nil
}
