package objc

// Core ML: the compute plan and the structure that it speaks of (macOS 14.4).

// MLComputePlan lists the methods of the plan by which a model would run.
var MLComputePlan = struct {
	Class                                                                      *ClassRef
	Load, LoadAsset, ModelStructure, OperationUsage, OperationCost, LayerUsage *Method
}{
	Class:          class("MLComputePlan", "14.4"),
	Load:           meta("MLComputePlan", "loadContentsOfURL:configuration:completionHandler:", "v@:@@@?", nothing, "14.4").calling("v@?@@", escaping),
	LoadAsset:      meta("MLComputePlan", "loadModelAsset:configuration:completionHandler:", "v@:@@@?", nothing, "14.4").calling("v@?@@", escaping),
	ModelStructure: inst("MLComputePlan", "modelStructure", "@@:", borrowed, "14.4"),
	OperationUsage: inst("MLComputePlan", "computeDeviceUsageForMLProgramOperation:", "@@:@", borrowed, "14.4"),
	OperationCost:  inst("MLComputePlan", "estimatedCostOfMLProgramOperation:", "@@:@", borrowed, "14.4"),
	LayerUsage:     inst("MLComputePlan", "computeDeviceUsageForNeuralNetworkLayer:", "@@:@", borrowed, "14.4"),
}

// MLComputePlanCost lists the methods of an operation's estimated cost.
var MLComputePlanCost = struct {
	Class  *ClassRef
	Weight *Method
}{
	Class:  class("MLComputePlanCost", "14.4"),
	Weight: inst("MLComputePlanCost", "weight", "d@:", nothing, "14.4"),
}

// MLComputePlanDeviceUsage lists the methods of the devices that an operation could run on.
var MLComputePlanDeviceUsage = struct {
	Class                *ClassRef
	Preferred, Supported *Method
}{
	Class:     class("MLComputePlanDeviceUsage", "14.4"),
	Preferred: inst("MLComputePlanDeviceUsage", "preferredComputeDevice", "@@:", borrowed, "14.4"),
	Supported: inst("MLComputePlanDeviceUsage", "supportedComputeDevices", "@@:", borrowed, "14.4"),
}

// MLModelStructure lists the methods of a model's inner form.
var MLModelStructure = struct {
	Class                            *ClassRef
	Program, NeuralNetwork, Pipeline *Method
}{
	Class:         class("MLModelStructure", "14.4"),
	Program:       inst("MLModelStructure", "program", "@@:", borrowed, "14.4"),
	NeuralNetwork: inst("MLModelStructure", "neuralNetwork", "@@:", borrowed, "14.4"),
	Pipeline:      inst("MLModelStructure", "pipeline", "@@:", borrowed, "14.4"),
}

// MLModelStructureProgram lists the methods of an ML program.
var MLModelStructureProgram = struct {
	Class     *ClassRef
	Functions *Method
}{
	Class:     class("MLModelStructureProgram", "14.4"),
	Functions: inst("MLModelStructureProgram", "functions", "@@:", borrowed, "14.4"),
}

// MLModelStructureProgramFunction lists the methods of a program's function.
var MLModelStructureProgramFunction = struct {
	Class         *ClassRef
	Inputs, Block *Method
}{
	Class:  class("MLModelStructureProgramFunction", "14.4"),
	Inputs: inst("MLModelStructureProgramFunction", "inputs", "@@:", borrowed, "14.4"),
	Block:  inst("MLModelStructureProgramFunction", "block", "@@:", borrowed, "14.4"),
}

// MLModelStructureProgramBlock lists the methods of a block of operations.
var MLModelStructureProgramBlock = struct {
	Class                           *ClassRef
	Inputs, Operations, OutputNames *Method
}{
	Class:       class("MLModelStructureProgramBlock", "14.4"),
	Inputs:      inst("MLModelStructureProgramBlock", "inputs", "@@:", borrowed, "14.4"),
	Operations:  inst("MLModelStructureProgramBlock", "operations", "@@:", borrowed, "14.4"),
	OutputNames: inst("MLModelStructureProgramBlock", "outputNames", "@@:", borrowed, "14.4"),
}

// MLModelStructureProgramOperation lists the methods of one operation.
var MLModelStructureProgramOperation = struct {
	Class                                 *ClassRef
	OperatorName, Inputs, Outputs, Blocks *Method
}{
	Class:        class("MLModelStructureProgramOperation", "14.4"),
	OperatorName: inst("MLModelStructureProgramOperation", "operatorName", "@@:", borrowed, "14.4"),
	Inputs:       inst("MLModelStructureProgramOperation", "inputs", "@@:", borrowed, "14.4"),
	Outputs:      inst("MLModelStructureProgramOperation", "outputs", "@@:", borrowed, "14.4"),
	Blocks:       inst("MLModelStructureProgramOperation", "blocks", "@@:", borrowed, "14.4"),
}

// MLModelStructureProgramNamedValueType lists the methods of an operation's result.
var MLModelStructureProgramNamedValueType = struct {
	Class *ClassRef
	Name  *Method
}{
	Class: class("MLModelStructureProgramNamedValueType", "14.4"),
	Name:  inst("MLModelStructureProgramNamedValueType", "name", "@@:", borrowed, "14.4"),
}

// MLModelStructureProgramArgument lists the methods of an operation's argument.
var MLModelStructureProgramArgument = struct {
	Class    *ClassRef
	Bindings *Method
}{
	Class:    class("MLModelStructureProgramArgument", "14.4"),
	Bindings: inst("MLModelStructureProgramArgument", "bindings", "@@:", borrowed, "14.4"),
}

// MLModelStructureProgramBinding lists the methods of what an argument is bound to.
var MLModelStructureProgramBinding = struct {
	Class *ClassRef
	Name  *Method
}{
	Class: class("MLModelStructureProgramBinding", "14.4"),
	Name:  inst("MLModelStructureProgramBinding", "name", "@@:", borrowed, "14.4"),
}

// MLModelStructurePipeline lists the methods of a chain of models.
var MLModelStructurePipeline = struct {
	Class                    *ClassRef
	SubModels, SubModelNames *Method
}{
	Class:         class("MLModelStructurePipeline", "14.4"),
	SubModels:     inst("MLModelStructurePipeline", "subModels", "@@:", borrowed, "14.4"),
	SubModelNames: inst("MLModelStructurePipeline", "subModelNames", "@@:", borrowed, "14.4"),
}

// MLModelStructureNeuralNetwork lists the methods of a network of layers.
var MLModelStructureNeuralNetwork = struct {
	Class  *ClassRef
	Layers *Method
}{
	Class:  class("MLModelStructureNeuralNetwork", "14.4"),
	Layers: inst("MLModelStructureNeuralNetwork", "layers", "@@:", borrowed, "14.4"),
}

// MLModelStructureNeuralNetworkLayer lists the methods of one layer.
var MLModelStructureNeuralNetworkLayer = struct {
	Class      *ClassRef
	Name, Type *Method
}{
	Class: class("MLModelStructureNeuralNetworkLayer", "14.4"),
	Name:  inst("MLModelStructureNeuralNetworkLayer", "name", "@@:", borrowed, "14.4"),
	Type:  inst("MLModelStructureNeuralNetworkLayer", "type", "@@:", borrowed, "14.4"),
}
