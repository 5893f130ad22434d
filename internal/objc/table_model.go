package objc

// Core ML: models, their settings, states and devices.

// MLModel lists the methods of loaded models.
var MLModel = struct {
	Class                                                                                                                                                     *ClassRef
	Compile, Load, LoadAsset, LoadSync, AvailableComputeDevices, Description, Configuration, NewState, Predict, PredictAsync, PredictState, PredictStateAsync *Method
}{
	Class:                   class("MLModel", "10.13"),
	Compile:                 meta("MLModel", "compileModelAtURL:completionHandler:", "v@:@@?", nothing, "13.0").calling("v@?@@", escaping),
	Load:                    meta("MLModel", "loadContentsOfURL:configuration:completionHandler:", "v@:@@@?", nothing, "11.0").calling("v@?@@", escaping),
	LoadAsset:               meta("MLModel", "loadModelAsset:configuration:completionHandler:", "v@:@@@?", nothing, "13.0").calling("v@?@@", escaping),
	LoadSync:                meta("MLModel", "modelWithContentsOfURL:configuration:error:", "@@:@@^@", borrowed, "10.14").failing(),
	AvailableComputeDevices: meta("MLModel", "availableComputeDevices", "@@:", borrowed, "14.0"),
	Description:             inst("MLModel", "modelDescription", "@@:", borrowed, "10.13"),
	Configuration:           inst("MLModel", "configuration", "@@:", borrowed, "10.14"),
	NewState:                inst("MLModel", "newState", "@@:", owned, "15.0"),
	Predict:                 inst("MLModel", "predictionFromFeatures:options:error:", "@@:@@^@", borrowed, "10.13").failing(),
	PredictAsync:            inst("MLModel", "predictionFromFeatures:options:completionHandler:", "v@:@@@?", nothing, "14.0").calling("v@?@@", escaping),
	PredictState:            inst("MLModel", "predictionFromFeatures:usingState:options:error:", "@@:@@@^@", borrowed, "15.0").failing(),
	PredictStateAsync:       inst("MLModel", "predictionFromFeatures:usingState:options:completionHandler:", "v@:@@@@?", nothing, "15.0").calling("v@?@@", escaping),
}

// MLModelAsset lists the methods of models that are described but not loaded.
var MLModelAsset = struct {
	Class                                                    *ClassRef
	WithURL, FunctionNames, Description, FunctionDescription *Method
}{
	Class:               class("MLModelAsset", "13.0"),
	WithURL:             meta("MLModelAsset", "modelAssetWithURL:error:", "@@:@^@", borrowed, "15.0").failing(),
	FunctionNames:       inst("MLModelAsset", "functionNamesWithCompletionHandler:", "v@:@?", nothing, "15.0").calling("v@?@@", escaping),
	Description:         inst("MLModelAsset", "modelDescriptionWithCompletionHandler:", "v@:@?", nothing, "15.0").calling("v@?@@", escaping),
	FunctionDescription: inst("MLModelAsset", "modelDescriptionOfFunctionNamed:completionHandler:", "v@:@@?", nothing, "15.0").calling("v@?@@", escaping),
}

// MLModelConfiguration lists the methods of a model's settings.
var MLModelConfiguration = struct {
	Class                                                                                                                                                                   *ClassRef
	Init, ComputeUnits, SetComputeUnits, FunctionName, SetFunctionName, OptimizationHints, SetOptimizationHints, LowPrecision, SetLowPrecision, DisplayName, SetDisplayName *Method
}{
	Class:                class("MLModelConfiguration", "10.14"),
	Init:                 inst("MLModelConfiguration", "init", "@@:", consuming, "10.14"),
	ComputeUnits:         inst("MLModelConfiguration", "computeUnits", "q@:", nothing, "10.14"),
	SetComputeUnits:      inst("MLModelConfiguration", "setComputeUnits:", "v@:q", nothing, "10.14"),
	FunctionName:         inst("MLModelConfiguration", "functionName", "@@:", borrowed, "15.0"),
	SetFunctionName:      inst("MLModelConfiguration", "setFunctionName:", "v@:@", nothing, "15.0"),
	OptimizationHints:    inst("MLModelConfiguration", "optimizationHints", "@@:", borrowed, "14.4"),
	SetOptimizationHints: inst("MLModelConfiguration", "setOptimizationHints:", "v@:@", nothing, "14.4"),
	LowPrecision:         inst("MLModelConfiguration", "allowLowPrecisionAccumulationOnGPU", "B@:", nothing, "10.15"),
	SetLowPrecision:      inst("MLModelConfiguration", "setAllowLowPrecisionAccumulationOnGPU:", "v@:B", nothing, "10.15"),
	DisplayName:          inst("MLModelConfiguration", "modelDisplayName", "@@:", borrowed, "13.0"),
	SetDisplayName:       inst("MLModelConfiguration", "setModelDisplayName:", "v@:@", nothing, "13.0"),
}

// MLOptimizationHints lists the methods of hints for a model's compilation.
var MLOptimizationHints = struct {
	Class                                                                                          *ClassRef
	Init, ReshapeFrequency, SetReshapeFrequency, SpecializationStrategy, SetSpecializationStrategy *Method
}{
	Class:                     class("MLOptimizationHints", "14.4"),
	Init:                      inst("MLOptimizationHints", "init", "@@:", consuming, "14.4"),
	ReshapeFrequency:          inst("MLOptimizationHints", "reshapeFrequency", "q@:", nothing, "14.4"),
	SetReshapeFrequency:       inst("MLOptimizationHints", "setReshapeFrequency:", "v@:q", nothing, "14.4"),
	SpecializationStrategy:    inst("MLOptimizationHints", "specializationStrategy", "q@:", nothing, "15.0"),
	SetSpecializationStrategy: inst("MLOptimizationHints", "setSpecializationStrategy:", "v@:q", nothing, "15.0"),
}

// MLPredictionOptions lists the methods of one prediction's settings.
var MLPredictionOptions = struct {
	Class                                   *ClassRef
	Init, OutputBackings, SetOutputBackings *Method
}{
	Class:             class("MLPredictionOptions", "10.13"),
	Init:              inst("MLPredictionOptions", "init", "@@:", consuming, "10.13"),
	OutputBackings:    inst("MLPredictionOptions", "outputBackings", "@@:", borrowed, "11.0"),
	SetOutputBackings: inst("MLPredictionOptions", "setOutputBackings:", "v@:@", nothing, "11.0"),
}

// MLState lists the methods of a model's state.
var MLState = struct {
	Class         *ClassRef
	GetMultiArray *Method
}{
	Class:         class("MLState", "15.0"),
	GetMultiArray: inst("MLState", "getMultiArrayForStateNamed:handler:", "v@:@@?", nothing, "15.0").calling("v@?@", noescape),
}

// MLNeuralEngineComputeDevice lists the methods of the Neural Engine.
var MLNeuralEngineComputeDevice = struct {
	Class          *ClassRef
	TotalCoreCount *Method
}{
	Class:          class("MLNeuralEngineComputeDevice", "14.0"),
	TotalCoreCount: inst("MLNeuralEngineComputeDevice", "totalCoreCount", "q@:", nothing, "14.0"),
}

// MLGPUComputeDevice lists the methods of graphics processors.
var MLGPUComputeDevice = struct {
	Class       *ClassRef
	MetalDevice *Method
}{
	Class:       class("MLGPUComputeDevice", "14.0"),
	MetalDevice: inst("MLGPUComputeDevice", "metalDevice", "@@:", borrowed, "14.0"),
}
