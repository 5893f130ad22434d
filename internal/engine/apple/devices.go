//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
)

// The names of devices, as Info and PlanText show them.
const (
	deviceCPU          = "CPU"
	deviceGPU          = "GPU"
	deviceNeuralEngine = "Neural Engine"
)

// deviceName names a compute device. It must be called inside a pool. A kind of
// device that this module does not know is shown by the name of its class.
func deviceName(d objc.ID) string {
	name := objc.ClassName(d)
	switch {
	case d == 0:
		return ""
	case objc.IsKind(d, objc.MLNeuralEngineComputeDevice.Class):
		return deviceNeuralEngine
	case objc.IsKind(d, objc.MLGPUComputeDevice.Class):
		return deviceGPU
	case strings.Contains(name, "CPU"):
		return deviceCPU
	}
	return name
}

// device is a compute device of the machine.
type device struct {
	name  string
	cores int // of a Neural Engine
}

// String describes the device, such as Neural Engine (16 cores).
func (d device) String() string {
	if d.cores > 0 {
		return d.name + " (" + strconv.Itoa(d.cores) + " cores)"
	}
	return d.name
}

// devices lists the compute devices of the machine; nothing when the system
// does not tell. Both ways to ask came with macOS 14.0: a method of MLModel,
// and a C function for systems that lack it.
func devices() []device {
	var out []device
	objc.WithPool(func() {
		var all objc.ID
		if objc.MLModel.AvailableComputeDevices.Available() {
			all = objc.SendClass(objc.MLModel.AvailableComputeDevices)
		} else if r, err := objc.Call(objc.CoreML.AllComputeDevices); err == nil {
			all = objc.ID(r)
		}
		for _, d := range objc.Elements(all) {
			v := device{name: deviceName(d)}
			if v.name == deviceNeuralEngine {
				v.cores = int(objc.SendInt(d, objc.MLNeuralEngineComputeDevice.TotalCoreCount))
			}
			out = append(out, v)
		}
	})
	return out
}

// allowed lists the devices that compute units name. The CPU is always among
// them: Core ML runs there what no other device takes.
var allowed = map[engine.ComputeUnits][]string{
	engine.UnitsAll:                {deviceCPU, deviceGPU, deviceNeuralEngine},
	engine.UnitsCPUOnly:            {deviceCPU},
	engine.UnitsCPUAndGPU:          {deviceCPU, deviceGPU},
	engine.UnitsCPUAndNeuralEngine: {deviceCPU, deviceNeuralEngine},
}

// usable says which of the machine's devices the compute units allow, and what
// they allow that the machine lacks. Nothing is refused here: Core ML runs a
// model on the CPU where the rest is missing, and the notes tell why it is
// slow.
func usable(machine []device, units engine.ComputeUnits) (names, notes []string) {
	for _, want := range allowed[units] {
		has := slices.ContainsFunc(machine, func(d device) bool { return d.name == want })
		switch {
		case has, want == deviceCPU: // every machine has a CPU, told or not
			names = append(names, want)
		case len(machine) > 0:
			notes = append(notes, "this machine has no "+want+" that Core ML could use")
		}
	}
	if len(machine) == 0 && units != engine.UnitsCPUOnly {
		notes = append(notes, "the system does not tell its compute devices: it needs macOS 14.0")
	}
	return names, notes
}
