package coreml_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tensor"
)

// pipelineOf makes a compiled pipeline, the folder m, of programs whose text is given, all
// with the description model.
func pipelineOf(d, model *milpb.ModelDescription, stages ...string) fstest.MapFS {
	data := modelpkg.CompiledData(9, d)
	data = data[:len(data)-16]
	binary.LittleEndian.PutUint32(data, uint32(milpb.TypePipeline))
	data = binary.LittleEndian.AppendUint64(data, uint64(len(stages)))
	fsys := fstest.MapFS{"m/coremldata.bin": &fstest.MapFile{Data: data}}
	for i, text := range stages {
		dir := "m/model" + strconv.Itoa(i) + "/"
		fsys[dir+"coremldata.bin"] = &fstest.MapFile{Data: modelpkg.CompiledData(9, model)}
		fsys[dir+"model.mil"] = &fstest.MapFile{Data: []byte("program(1.3){" + text + "}")}
	}
	return fsys
}

// TestAPipelineKeepsTheStatesOfItsModels has a model that sums what it is given, in
// float16, and one that takes the sum in float32 beside the pipeline's own input.
func TestAPipelineKeepsTheStatesOfItsModels(t *testing.T) {
	feature := func(name string, kind milpb.FeatureKind, t milpb.ArrayDataType) milpb.FeatureDescription {
		return milpb.FeatureDescription{Name: name, Type: &milpb.FeatureType{Kind: kind, Array: &milpb.ArrayFeatureType{Shape: []int64{2}, DataType: t}}}
	}
	states := []milpb.FeatureDescription{feature("acc", milpb.StateFeature, milpb.ArrayFloat16)}
	first := `func main<ios18>(state<tensor<fp16, [2]>> acc, tensor<fp32, [2]> x) {
		tensor<fp16, [2]> h = cast(dtype = string("fp16"), x = x);
		tensor<fp16, [2]> old = read_state(input = acc);
		tensor<fp16, [2]> sum = add(x = old, y = h);
		write_state(data = sum, input = acc);
	} -> (sum);`
	second := `func main<ios16>(tensor<fp32, [2]> sum, tensor<fp32, [2]> x) {
		tensor<fp32, [2]> h = mul(x = x, y = fp32(0x1.4p+3));
		tensor<fp32, [2]> y = add(x = sum, y = h);
	} -> (y);`
	for name, described := range map[string][]milpb.FeatureDescription{"described by the pipeline": states, "described by the models": nil} {
		t.Run(name, func(t *testing.T) {
			fsys := pipelineOf(&milpb.ModelDescription{
				Input: []milpb.FeatureDescription{feature("x", milpb.MultiArrayFeature, milpb.ArrayFloat32)}, State: described,
				Output: []milpb.FeatureDescription{feature("sum", milpb.MultiArrayFeature, milpb.ArrayFloat16), feature("y", milpb.MultiArrayFeature, milpb.ArrayFloat32)},
			}, &milpb.ModelDescription{State: states}, first, second)
			loaded, err := coreml.LoadFS(t.Context(), fsys, "m", &coreml.Config{Engine: coreml.EnginePortable})
			if err != nil {
				t.Fatal(err)
			}
			m, err := loaded.LoadFunction(t.Context(), "") // keeps the files of all its models
			if err = errors.Join(err, loaded.Close()); err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			st := newState(t, m)
			for n := range 3 {
				out, err := m.Predict(t.Context(), coreml.Features{"x": coreml.MultiArray(tensor.FromSlice([]float32{1, -2}, 2))}, st, nil)
				if err != nil {
					t.Fatal(err)
				}
				times := float32(n + 1)
				if sum, y := floats(t, out.Tensor("sum")), floats(t, out.Tensor("y")); !slices.Equal(sum, []float32{times, -2 * times}) || !slices.Equal(y, []float32{times + 10, -2*times - 20}) {
					t.Errorf("prediction %d: sum %v, y %v", n, sum, y)
				}
			}
		})
	}
}
