//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
)

// unitsValues translates compute units. They are no hint: Core ML uses no other
// devices, but may use fewer.
var unitsValues = map[engine.ComputeUnits]uintptr{
	engine.UnitsAll: objc.MLComputeUnitsAll, engine.UnitsCPUOnly: objc.MLComputeUnitsCPUOnly,
	engine.UnitsCPUAndGPU: objc.MLComputeUnitsCPUAndGPU, engine.UnitsCPUAndNeuralEngine: objc.MLComputeUnitsCPUAndNeuralEngine,
}

// configuration makes the settings that a model is loaded with. function is
// empty unless another one than the default is wanted. The notes say which
// wishes the system does not know; they are no more than hints for speed.
// chooseFunction has made sure that the model has the function. The caller
// closes the result. It is kept as long as the program: a compute plan has to
// be asked for with the settings that the model was loaded with.
func configuration(cfg engine.Config, function string) (_ *objc.Object, notes []string, err error) {
	units, ok := unitsValues[cfg.ComputeUnits]
	if !ok {
		return nil, nil, fmt.Errorf("compute units %d do not exist", cfg.ComputeUnits)
	}
	if function != "" {
		if err := need("function "+function, objc.MLModelConfiguration.SetFunctionName); err != nil {
			return nil, nil, err
		}
	}
	var c *objc.Object
	err = objc.WithPoolError(func() error {
		if c, err = objc.New(objc.MLModelConfiguration.Init); err != nil {
			return failed("make a configuration", err)
		}
		objc.Send(c.ID(), objc.MLModelConfiguration.SetComputeUnits, units)
		// Sums in float16 on the GPU, faster and less exact. False is Core ML's
		// default.
		if cfg.Framework.LowPrecisionAccumulation {
			objc.Send(c.ID(), objc.MLModelConfiguration.SetLowPrecision, 1)
		}
		if function != "" {
			objc.Send(c.ID(), objc.MLModelConfiguration.SetFunctionName, uintptr(objc.String(function)))
		}
		notes, err = hints(c.ID(), cfg.Framework)
		return err
	})
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return c, notes, nil
}

// hints passes on what a caller knows of its predictions. The framework's own
// choices stay where a caller says nothing. They came with macOS 14.4; an older
// system runs the model without them, and the notes say so. It must be called
// inside a pool.
func hints(c objc.ID, cfg engine.Framework) (notes []string, err error) {
	if !cfg.InfrequentReshapes && !cfg.FastPrediction {
		return nil, nil
	}
	m := &objc.MLOptimizationHints
	if !objc.MLModelConfiguration.SetOptimizationHints.Available() || !m.Init.Available() {
		return []string{"the system knows no hints for optimisation: it needs macOS 14.4"}, nil
	}
	h, err := objc.New(m.Init)
	if err != nil {
		return nil, failed("make hints", err)
	}
	defer h.Close()
	if cfg.InfrequentReshapes {
		objc.Send(h.ID(), m.SetReshapeFrequency, objc.MLReshapeFrequencyHintInfrequent)
	}
	if cfg.FastPrediction {
		if m.SetSpecializationStrategy.Available() {
			objc.Send(h.ID(), m.SetSpecializationStrategy, objc.MLSpecializationStrategyFastPrediction)
		} else {
			notes = append(notes, "the system knows no specialisation for fast predictions: it needs macOS 15.0")
		}
	}
	objc.Send(c, objc.MLModelConfiguration.SetOptimizationHints, h.Word())
	return notes, nil
}
