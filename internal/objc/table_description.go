package objc

// Core ML: what a model says of its inputs, outputs and states.

// MLModelDescription lists the methods of a model's description.
var MLModelDescription = struct {
	Class                                                                                            *ClassRef
	Inputs, Outputs, States, Metadata, PredictedFeatureName, PredictedProbabilitiesName, ClassLabels *Method
}{
	Class:                      class("MLModelDescription", "10.13"),
	Inputs:                     inst("MLModelDescription", "inputDescriptionsByName", "@@:", borrowed, "10.13"),
	Outputs:                    inst("MLModelDescription", "outputDescriptionsByName", "@@:", borrowed, "10.13"),
	States:                     inst("MLModelDescription", "stateDescriptionsByName", "@@:", borrowed, "15.0"),
	Metadata:                   inst("MLModelDescription", "metadata", "@@:", borrowed, "10.13"),
	PredictedFeatureName:       inst("MLModelDescription", "predictedFeatureName", "@@:", borrowed, "10.13"),
	PredictedProbabilitiesName: inst("MLModelDescription", "predictedProbabilitiesName", "@@:", borrowed, "10.13"),
	ClassLabels:                inst("MLModelDescription", "classLabels", "@@:", borrowed, "11.0"),
}

// MLFeatureDescription lists the methods of a feature's description.
var MLFeatureDescription = struct {
	Class                                                                                                                                    *ClassRef
	Name, Type, IsOptional, IsAllowedValue, MultiArrayConstraint, ImageConstraint, DictionaryConstraint, SequenceConstraint, StateConstraint *Method
}{
	Class:                class("MLFeatureDescription", "10.13"),
	Name:                 inst("MLFeatureDescription", "name", "@@:", borrowed, "10.13"),
	Type:                 inst("MLFeatureDescription", "type", "q@:", nothing, "10.13"),
	IsOptional:           inst("MLFeatureDescription", "isOptional", "B@:", nothing, "10.13"),
	IsAllowedValue:       inst("MLFeatureDescription", "isAllowedValue:", "B@:@", nothing, "10.13"),
	MultiArrayConstraint: inst("MLFeatureDescription", "multiArrayConstraint", "@@:", borrowed, "10.13"),
	ImageConstraint:      inst("MLFeatureDescription", "imageConstraint", "@@:", borrowed, "10.13"),
	DictionaryConstraint: inst("MLFeatureDescription", "dictionaryConstraint", "@@:", borrowed, "10.13"),
	SequenceConstraint:   inst("MLFeatureDescription", "sequenceConstraint", "@@:", borrowed, "10.14"),
	StateConstraint:      inst("MLFeatureDescription", "stateConstraint", "@@:", borrowed, "15.0"),
}

// MLMultiArrayConstraint lists the methods of what an array may be.
var MLMultiArrayConstraint = struct {
	Class                            *ClassRef
	DataType, Shape, ShapeConstraint *Method
}{
	Class:           class("MLMultiArrayConstraint", "10.13"),
	DataType:        inst("MLMultiArrayConstraint", "dataType", "q@:", nothing, "10.13"),
	Shape:           inst("MLMultiArrayConstraint", "shape", "@@:", borrowed, "10.13"),
	ShapeConstraint: inst("MLMultiArrayConstraint", "shapeConstraint", "@@:", borrowed, "10.14"),
}

// MLMultiArrayShapeConstraint lists the methods of the shapes that an array may have.
var MLMultiArrayShapeConstraint = struct {
	Class                              *ClassRef
	Type, EnumeratedShapes, SizeRanges *Method
}{
	Class:            class("MLMultiArrayShapeConstraint", "10.14"),
	Type:             inst("MLMultiArrayShapeConstraint", "type", "q@:", nothing, "10.14"),
	EnumeratedShapes: inst("MLMultiArrayShapeConstraint", "enumeratedShapes", "@@:", borrowed, "10.14"),
	SizeRanges:       inst("MLMultiArrayShapeConstraint", "sizeRangeForDimension", "@@:", borrowed, "10.14"),
}

// MLStateConstraint lists the methods of a state's shape and type.
var MLStateConstraint = struct {
	Class                 *ClassRef
	DataType, BufferShape *Method
}{
	Class:       class("MLStateConstraint", "15.0"),
	DataType:    inst("MLStateConstraint", "dataType", "q@:", nothing, "15.0"),
	BufferShape: inst("MLStateConstraint", "bufferShape", "@@:", borrowed, "15.0"),
}

// MLImageConstraint lists the methods of what an image may be.
var MLImageConstraint = struct {
	Class                                                   *ClassRef
	PixelsHigh, PixelsWide, PixelFormatType, SizeConstraint *Method
}{
	Class:           class("MLImageConstraint", "10.13"),
	PixelsHigh:      inst("MLImageConstraint", "pixelsHigh", "q@:", nothing, "10.13"),
	PixelsWide:      inst("MLImageConstraint", "pixelsWide", "q@:", nothing, "10.13"),
	PixelFormatType: inst("MLImageConstraint", "pixelFormatType", "I@:", nothing, "10.13"),
	SizeConstraint:  inst("MLImageConstraint", "sizeConstraint", "@@:", borrowed, "10.14"),
}

// MLImageSizeConstraint lists the methods of the sizes that an image may have.
var MLImageSizeConstraint = struct {
	Class                                       *ClassRef
	Type, EnumeratedSizes, HighRange, WideRange *Method
}{
	Class:           class("MLImageSizeConstraint", "10.14"),
	Type:            inst("MLImageSizeConstraint", "type", "q@:", nothing, "10.14"),
	EnumeratedSizes: inst("MLImageSizeConstraint", "enumeratedImageSizes", "@@:", borrowed, "10.14"),
	HighRange:       inst("MLImageSizeConstraint", "pixelsHighRange", "{_NSRange=QQ}@:", nothing, "10.14"),
	WideRange:       inst("MLImageSizeConstraint", "pixelsWideRange", "{_NSRange=QQ}@:", nothing, "10.14"),
}

// MLImageSize lists the methods of one image size.
var MLImageSize = struct {
	Class                  *ClassRef
	PixelsHigh, PixelsWide *Method
}{
	Class:      class("MLImageSize", "10.14"),
	PixelsHigh: inst("MLImageSize", "pixelsHigh", "q@:", nothing, "10.14"),
	PixelsWide: inst("MLImageSize", "pixelsWide", "q@:", nothing, "10.14"),
}

// MLDictionaryConstraint lists the methods of what a dictionary may hold.
var MLDictionaryConstraint = struct {
	Class   *ClassRef
	KeyType *Method
}{
	Class:   class("MLDictionaryConstraint", "10.13"),
	KeyType: inst("MLDictionaryConstraint", "keyType", "q@:", nothing, "10.13"),
}

// MLSequenceConstraint lists the methods of what a sequence may hold.
var MLSequenceConstraint = struct {
	Class                        *ClassRef
	CountRange, ValueDescription *Method
}{
	Class:            class("MLSequenceConstraint", "10.14"),
	CountRange:       inst("MLSequenceConstraint", "countRange", "{_NSRange=QQ}@:", nothing, "10.14"),
	ValueDescription: inst("MLSequenceConstraint", "valueDescription", "@@:", borrowed, "10.14"),
}
