package objc

// CoreVideo lists the functions and constants of pixel buffers, which carry
// float16 results without a copy, and the release of what they create.
var CoreVideo = struct {
	Create, CreateWithIOSurface, Lock, Unlock, BaseAddress, BytesPerRow *Function
	Width, Height, PixelFormat, IOSurface, Release                      *Function
	IOSurfacePropertiesKey                                              *Symbol
}{
	Create:                 function("CoreVideo", "CVPixelBufferCreate", "i@QQI@^^{__CVBuffer=}", ""),
	CreateWithIOSurface:    function("CoreVideo", "CVPixelBufferCreateWithIOSurface", "i@^{__IOSurface=}@^^{__CVBuffer=}", ""),
	Lock:                   function("CoreVideo", "CVPixelBufferLockBaseAddress", "i^{__CVBuffer=}Q", ""),
	Unlock:                 function("CoreVideo", "CVPixelBufferUnlockBaseAddress", "i^{__CVBuffer=}Q", ""),
	BaseAddress:            function("CoreVideo", "CVPixelBufferGetBaseAddress", "^v^{__CVBuffer=}", ""),
	BytesPerRow:            function("CoreVideo", "CVPixelBufferGetBytesPerRow", "Q^{__CVBuffer=}", ""),
	Width:                  function("CoreVideo", "CVPixelBufferGetWidth", "Q^{__CVBuffer=}", ""),
	Height:                 function("CoreVideo", "CVPixelBufferGetHeight", "Q^{__CVBuffer=}", ""),
	PixelFormat:            function("CoreVideo", "CVPixelBufferGetPixelFormatType", "I^{__CVBuffer=}", ""),
	IOSurface:              function("CoreVideo", "CVPixelBufferGetIOSurface", "^{__IOSurface=}^{__CVBuffer=}", ""),
	Release:                function("CoreFoundation", "CFRelease", "v@", ""),
	IOSurfacePropertiesKey: symbol("CoreVideo", "kCVPixelBufferIOSurfacePropertiesKey"),
}

// CoreML lists the functions and constants of Core ML.
var CoreML = struct {
	AllComputeDevices *Function
	ErrorDomain       *Symbol
	AuthorKey         *Symbol
	DescriptionKey    *Symbol
	LicenseKey        *Symbol
	VersionStringKey  *Symbol
	CreatorDefinedKey *Symbol
}{
	AllComputeDevices: function("CoreML", "MLAllComputeDevices", "@", "14.0"),
	ErrorDomain:       symbol("CoreML", "MLModelErrorDomain"),
	AuthorKey:         symbol("CoreML", "MLModelAuthorKey"),
	DescriptionKey:    symbol("CoreML", "MLModelDescriptionKey"),
	LicenseKey:        symbol("CoreML", "MLModelLicenseKey"),
	VersionStringKey:  symbol("CoreML", "MLModelVersionStringKey"),
	CreatorDefinedKey: symbol("CoreML", "MLModelCreatorDefinedKey"),
}

// Foundation lists the constants of Foundation.
var Foundation = struct {
	UnderlyingErrorKey *Symbol
}{
	UnderlyingErrorKey: symbol("Foundation", "NSUnderlyingErrorKey"),
}
