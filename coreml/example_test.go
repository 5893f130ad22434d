package coreml_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/tensor"
)

// inOneStep returns the inputs that feed tokens to a fresh conversation of the
// embedded model.
func inOneStep(ids ...int32) coreml.Features {
	n := len(ids)
	at := tensor.Arange[int32](0, int32(n), 1)
	seen := at.Reshape(1, n).LessEqual(at.Reshape(n, 1))
	mask := tensor.Where(seen, tensor.Scalar[float32](0), tensor.Scalar[float32](-65504))
	return coreml.Features{
		"inputIds":   coreml.MultiArray(tensor.FromSlice(ids, 1, n)),
		"causalMask": coreml.MultiArray(mask.To(tensor.Float16).Reshape(1, 1, n, n)),
	}
}

// open loads the embedded model on the portable engine, which gives the same
// output everywhere.
func open(ctx context.Context) *coreml.Model {
	m, err := coreml.LoadFS(ctx, storyteller.FS(), storyteller.Package, &coreml.Config{Engine: coreml.EnginePortable})
	if err != nil {
		panic(err)
	}
	return m
}

func ExampleLoadFS() {
	ctx := context.Background()
	m, err := coreml.LoadFS(ctx, storyteller.FS(), storyteller.Package, &coreml.Config{
		Engine:       coreml.EnginePortable,
		ComputeUnits: coreml.UnitsCPUAndGPU,
	})
	if err != nil {
		panic(err)
	}
	defer func() { _ = m.Close() }()
	fmt.Println(m.Description().Input("inputIds"))
	fmt.Println(m.Info().Devices, m.Info().Notes)
	// Output:
	// inputIds: multi-array int32 (1 x 1..512)
	// [CPU] [the portable engine has no GPU: it runs on the CPU]
}

func ExampleModel_Predict() {
	ctx := context.Background()
	m := open(ctx)
	defer func() { _ = m.Close() }()
	st, err := m.NewState()
	if err != nil {
		panic(err)
	}
	// These are the tokens of "Once upon a time,".
	out, err := m.Predict(ctx, inOneStep(1, 474, 473, 260, 415, 13), st, nil)
	if err != nil {
		panic(err)
	}
	logits := out.Tensor("logits")
	fmt.Println(logits.DType(), logits.Shape())
	best, err := tensor.Item[int32](logits.Slice(tensor.At(0), tensor.At(-1)).ArgMax(-1))
	fmt.Println(best, err)
	// Output:
	// float16 [1 6 991]
	// 352 <nil>
}

func ExamplePredictOptions() {
	ctx := context.Background()
	m := open(ctx)
	defer func() { _ = m.Close() }()
	st, err := m.NewState()
	if err != nil {
		panic(err)
	}
	// The first call makes the outputs, later ones write into them.
	opts := &coreml.PredictOptions{Outputs: coreml.Features{}}
	if _, err := m.Predict(ctx, inOneStep(1), st, opts); err != nil {
		panic(err)
	}
	first := opts.Outputs.Tensor("logits")
	if err := st.Reset(); err != nil {
		panic(err)
	}
	out, err := m.Predict(ctx, inOneStep(474), st, opts)
	fmt.Println(out.Tensor("logits") == first, err)
	// Output: true <nil>
}

func ExampleState() {
	ctx := context.Background()
	m := open(ctx)
	defer func() { _ = m.Close() }()
	st, err := m.NewState()
	if err != nil {
		panic(err)
	}
	defer func() { _ = st.Close() }()
	if _, err := m.Predict(ctx, inOneStep(1, 474, 473), st, nil); err != nil {
		panic(err)
	}
	var file bytes.Buffer
	if err := st.Save(&file); err != nil {
		panic(err)
	}
	later, err := m.NewState()
	if err != nil {
		panic(err)
	}
	defer func() { _ = later.Close() }()
	if err := later.Restore(&file); err != nil {
		panic(err)
	}
	for _, name := range later.Names() {
		a, _ := st.Read(name)
		b, _ := later.Read(name)
		same, err := tensor.Item[bool](a.Equal(b).All(nil, false))
		fmt.Println(name, b.Shape(), same, err)
	}
	// Output:
	// keyCache [6 1 2 512 32] true <nil>
	// valueCache [6 1 2 512 32] true <nil>
}

func ExampleInputError() {
	ctx := context.Background()
	m := open(ctx)
	defer func() { _ = m.Close() }()
	st, err := m.NewState()
	if err != nil {
		panic(err)
	}
	in := inOneStep(1, 474)
	in["inputIds"] = coreml.MultiArray(tensor.New(tensor.Int32, 1, 1000))
	_, err = m.Predict(ctx, in, st, nil)
	var bad *coreml.InputError
	if errors.As(err, &bad) {
		fmt.Println(bad.Name, errors.Is(err, coreml.ErrShape))
	}
	fmt.Println(err)
	// Output:
	// inputIds true
	// coreml: predict: input "inputIds": shape is not allowed: Size (1000) of dimension (1) is not in allowed range (1..512): want (1 x 1..512): shape does not fit
}

func ExampleFeatureDescription_Check() {
	f := coreml.FeatureDescription{
		Kind: coreml.KindMultiArray, DType: tensor.Float32,
		Enumerated: [][]int{{1, 3, 28, 28}, {1, 3, 56, 56}},
	}
	fmt.Println(f.Check(1, 3, 56, 56))
	fmt.Println(errors.Is(f.Check(1, 3, 29, 29), coreml.ErrShape))
	// Output:
	// <nil>
	// true
}
