package objc

// The processors that a model may use.
const (
	MLComputeUnitsCPUOnly            = 0
	MLComputeUnitsCPUAndGPU          = 1
	MLComputeUnitsAll                = 2
	MLComputeUnitsCPUAndNeuralEngine = 3
)

// The types that a feature may have.
const (
	MLFeatureTypeInvalid    = 0
	MLFeatureTypeInt64      = 1
	MLFeatureTypeDouble     = 2
	MLFeatureTypeString     = 3
	MLFeatureTypeImage      = 4
	MLFeatureTypeMultiArray = 5
	MLFeatureTypeDictionary = 6
	MLFeatureTypeSequence   = 7
	MLFeatureTypeState      = 8
)

// The element types of arrays; the low byte is the width in bits. Int8 needs macOS 26.
const (
	MLMultiArrayDataTypeFloat16 = 0x10010
	MLMultiArrayDataTypeFloat32 = 0x10020
	MLMultiArrayDataTypeDouble  = 0x10040
	MLMultiArrayDataTypeInt8    = 0x20008
	MLMultiArrayDataTypeInt32   = 0x20020
)

// How an array's shape is bound.
const (
	MLMultiArrayShapeConstraintTypeUnspecified = 1
	MLMultiArrayShapeConstraintTypeEnumerated  = 2
	MLMultiArrayShapeConstraintTypeRange       = 3
)

// How an image's size is bound.
const (
	MLImageSizeConstraintTypeUnspecified = 0
	MLImageSizeConstraintTypeEnumerated  = 2
	MLImageSizeConstraintTypeRange       = 3
)

// How often input shapes change.
const (
	MLReshapeFrequencyHintFrequent   = 0
	MLReshapeFrequencyHintInfrequent = 1
)

// What a model's compilation favours.
const (
	MLSpecializationStrategyDefault        = 0
	MLSpecializationStrategyFastPrediction = 1
)

// The codes of errors in Core ML's domain.
const (
	MLModelErrorGeneric                 = 0
	MLModelErrorFeatureType             = 1
	MLModelErrorIO                      = 3
	MLModelErrorCustomLayer             = 4
	MLModelErrorCustomModel             = 5
	MLModelErrorUpdate                  = 6
	MLModelErrorParameters              = 7
	MLModelErrorModelDecryptionKeyFetch = 8
	MLModelErrorModelDecryption         = 9
	MLModelErrorModelCollection         = 10
	MLModelErrorPredictionCancelled     = 11
)

// Constants of CoreVideo.
const (
	CVPixelFormatOneComponent16Half = 0x4c303068 // kCVPixelFormatType_OneComponent16Half
	CVPixelFormatOneComponent8      = 0x4c303038 // kCVPixelFormatType_OneComponent8
	CVPixelBufferLockReadOnly       = 0x1        // kCVPixelBufferLock_ReadOnly
)
