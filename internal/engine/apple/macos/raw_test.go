//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/objc"
)

// The functions of this file speak to Core ML as the engine does, but without
// its checks, to find out what happens without them.

// rawUnits are the values of MLComputeUnits.
var rawUnits = map[coreml.ComputeUnits]uintptr{
	coreml.UnitsCPUOnly: 0, coreml.UnitsCPUAndGPU: 1, coreml.UnitsAll: 2, coreml.UnitsCPUAndNeuralEngine: 3,
}

// rawModel loads a compiled model. An empty function means the default one.
func rawModel(dir, function string, units coreml.ComputeUnits) (m *objc.Object, err error) {
	err = objc.WithPoolError(func() error {
		c, err := objc.New(objc.MLModelConfiguration.Init)
		if err != nil {
			return err
		}
		defer c.Close()
		objc.Send(c.ID(), objc.MLModelConfiguration.SetComputeUnits, rawUnits[units])
		if function != "" {
			objc.Send(c.ID(), objc.MLModelConfiguration.SetFunctionName, uintptr(objc.String(function)))
		}
		id, err := objc.SendClassError(objc.MLModel.LoadSync, uintptr(objc.FileURL(dir, true)), c.Word())
		if err == nil {
			m = objc.Retain(id)
		}
		return err
	})
	return m, err
}

// rawProvider makes a provider of arrays. It must be called inside a pool.
func rawProvider(arrays map[string]objc.ID) (*objc.Object, error) {
	var keys, values []objc.ID
	for name, a := range arrays {
		keys = append(keys, objc.String(name))
		values = append(values, objc.SendClass(objc.MLFeatureValue.WithMultiArray, uintptr(a)))
	}
	d, err := objc.Dictionary(keys, values)
	if err != nil {
		return nil, err
	}
	return objc.New(objc.MLDictionaryFeatureProvider.InitWithDictionary, uintptr(d))
}

// rawArray makes an array with memory of its own.
func rawArray(dataType uintptr, shape ...int) (*objc.Object, error) {
	return objc.New(objc.MLMultiArray.InitWithShape, uintptr(objc.Ints(shape)), dataType)
}

// rawPredict makes one prediction and returns its result, borrowed. A nil state
// or nil options are left out. It must be called inside a pool.
func rawPredict(m, state, options *objc.Object, arrays map[string]objc.ID) (objc.ID, error) {
	provider, err := rawProvider(arrays)
	if err != nil {
		return 0, err
	}
	defer provider.Close()
	if options == nil {
		if options, err = objc.New(objc.MLPredictionOptions.Init); err != nil {
			return 0, err
		}
		defer options.Close()
	}
	if state != nil {
		return objc.SendError(m.ID(), objc.MLModel.PredictState, provider.Word(), state.Word(), options.Word())
	}
	return objc.SendError(m.ID(), objc.MLModel.Predict, provider.Word(), options.Word())
}

// rawResult returns an output's array, borrowed.
func rawResult(result objc.ID, name string) (objc.ID, error) {
	v := objc.Send(result, objc.MLFeatureProvider.FeatureValue, uintptr(objc.String(name)))
	a := objc.Send(v, objc.MLFeatureValue.MultiArray)
	if a == 0 {
		return 0, fmt.Errorf("there is no array %s", name)
	}
	return a, nil
}

// layout describes an array: type, shape, strides, and whether it lies in a pixel
// buffer.
func layout(t testing.TB, a objc.ID) (string, []int, []int) {
	t.Helper()
	shape, err := objc.GoInts(objc.Send(a, objc.MLMultiArray.Shape))
	if err != nil {
		t.Error(err)
	}
	strides, err := objc.GoInts(objc.Send(a, objc.MLMultiArray.Strides))
	if err != nil {
		t.Error(err)
	}
	text := fmt.Sprintf("type %#x shape %v strides %v", objc.SendInt(a, objc.MLMultiArray.DataType), shape, strides)
	if objc.Send(a, objc.MLMultiArray.PixelBuffer) != 0 {
		text += " in a pixel buffer"
	}
	return text, shape, strides
}

// zero clears an array's memory.
func zero(a objc.ID) error {
	return objc.WithBlock(objc.MLMultiArray.GetMutableBytes, func(at, size, _ uintptr) {
		clear(objc.Bytes(at, int(size)))
	}, func(block uintptr) { objc.Send(a, objc.MLMultiArray.GetMutableBytes, block) })
}
