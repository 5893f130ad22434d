package objc

// Core ML: values, arrays and the providers that carry them.

// MLFeatureProvider lists the methods of the protocol that named values are passed by.
var MLFeatureProvider = struct {
	Class                      *ClassRef
	FeatureNames, FeatureValue *Method
}{
	Class:        protocol("MLFeatureProvider", "MLDictionaryFeatureProvider", "10.13"),
	FeatureNames: inst("MLFeatureProvider", "featureNames", "@@:", borrowed, "10.13"),
	FeatureValue: inst("MLFeatureProvider", "featureValueForName:", "@@:@", borrowed, "10.13"),
}

// MLDictionaryFeatureProvider lists the methods of the provider that a dictionary makes.
var MLDictionaryFeatureProvider = struct {
	Class                          *ClassRef
	InitWithDictionary, Dictionary *Method
}{
	Class:              class("MLDictionaryFeatureProvider", "10.13"),
	InitWithDictionary: inst("MLDictionaryFeatureProvider", "initWithDictionary:error:", "@@:@^@", consuming, "10.13").failing(),
	Dictionary:         inst("MLDictionaryFeatureProvider", "dictionary", "@@:", borrowed, "10.13"),
}

// MLFeatureValue lists the methods of one value.
var MLFeatureValue = struct {
	Class                                                                                                                                                                                     *ClassRef
	WithMultiArray, WithInt64, WithDouble, WithString, WithDictionary, WithSequence, WithPixelBuffer, Type, IsUndefined, MultiArray, Int64, Double, String, Dictionary, Sequence, ImageBuffer *Method
}{
	Class:           class("MLFeatureValue", "10.13"),
	WithMultiArray:  meta("MLFeatureValue", "featureValueWithMultiArray:", "@@:@", borrowed, "10.13"),
	WithInt64:       meta("MLFeatureValue", "featureValueWithInt64:", "@@:q", borrowed, "10.13"),
	WithDouble:      meta("MLFeatureValue", "featureValueWithDouble:", "@@:d", borrowed, "10.13"),
	WithString:      meta("MLFeatureValue", "featureValueWithString:", "@@:@", borrowed, "10.13"),
	WithDictionary:  meta("MLFeatureValue", "featureValueWithDictionary:error:", "@@:@^@", borrowed, "10.13").failing(),
	WithSequence:    meta("MLFeatureValue", "featureValueWithSequence:", "@@:@", borrowed, "10.14"),
	WithPixelBuffer: meta("MLFeatureValue", "featureValueWithPixelBuffer:", "@@:^{__CVBuffer=}", borrowed, "10.13"),
	Type:            inst("MLFeatureValue", "type", "q@:", nothing, "10.13"),
	IsUndefined:     inst("MLFeatureValue", "isUndefined", "B@:", nothing, "10.13"),
	MultiArray:      inst("MLFeatureValue", "multiArrayValue", "@@:", borrowed, "10.13"),
	Int64:           inst("MLFeatureValue", "int64Value", "q@:", nothing, "10.13"),
	Double:          inst("MLFeatureValue", "doubleValue", "d@:", nothing, "10.13"),
	String:          inst("MLFeatureValue", "stringValue", "@@:", borrowed, "10.13"),
	Dictionary:      inst("MLFeatureValue", "dictionaryValue", "@@:", borrowed, "10.13"),
	Sequence:        inst("MLFeatureValue", "sequenceValue", "@@:", borrowed, "10.14"),
	ImageBuffer:     inst("MLFeatureValue", "imageBufferValue", "^{__CVBuffer=}@:", nothing, "10.13"),
}

// MLSequence lists the methods of sequences.
var MLSequence = struct {
	Class                                          *ClassRef
	WithInt64s, WithStrings, Type, Int64s, Strings *Method
}{
	Class:       class("MLSequence", "10.14"),
	WithInt64s:  meta("MLSequence", "sequenceWithInt64Array:", "@@:@", borrowed, "10.14"),
	WithStrings: meta("MLSequence", "sequenceWithStringArray:", "@@:@", borrowed, "10.14"),
	Type:        inst("MLSequence", "type", "q@:", nothing, "10.14"),
	Int64s:      inst("MLSequence", "int64Values", "@@:", borrowed, "10.14"),
	Strings:     inst("MLSequence", "stringValues", "@@:", borrowed, "10.14"),
}

// MLMultiArray lists the methods of arrays of numbers.
var MLMultiArray = struct {
	Class                                                                                                                                        *ClassRef
	InitWithShape, InitWithDataPointer, InitWithPixelBuffer, Count, DataType, Shape, Strides, GetBytes, GetMutableBytes, PixelBuffer, TransferTo *Method
}{
	Class:               class("MLMultiArray", "10.13"),
	InitWithShape:       inst("MLMultiArray", "initWithShape:dataType:error:", "@@:@q^@", consuming, "10.13").failing(),
	InitWithDataPointer: inst("MLMultiArray", "initWithDataPointer:shape:dataType:strides:deallocator:error:", "@@:^v@q@@?^@", consuming, "10.13").failing().calling("v@?^v", escaping),
	InitWithPixelBuffer: inst("MLMultiArray", "initWithPixelBuffer:shape:", "@@:^{__CVBuffer=}@", consuming, "12.0"),
	Count:               inst("MLMultiArray", "count", "q@:", nothing, "10.13"),
	DataType:            inst("MLMultiArray", "dataType", "q@:", nothing, "10.13"),
	Shape:               inst("MLMultiArray", "shape", "@@:", borrowed, "10.13"),
	Strides:             inst("MLMultiArray", "strides", "@@:", borrowed, "10.13"),
	GetBytes:            inst("MLMultiArray", "getBytesWithHandler:", "v@:@?", nothing, "12.3").calling("v@?^vq", noescape),
	GetMutableBytes:     inst("MLMultiArray", "getMutableBytesWithHandler:", "v@:@?", nothing, "12.3").calling("v@?^vq@", noescape),
	PixelBuffer:         inst("MLMultiArray", "pixelBuffer", "^{__CVBuffer=}@:", nothing, "12.0"),
	TransferTo:          inst("MLMultiArray", "transferToMultiArray:", "v@:@", nothing, "15.0"),
}
