package objc

// Foundation: the few classes that Core ML's methods take and return.

// NSObject lists the methods that every object has.
var NSObject = struct {
	Class                                                                                          *ClassRef
	New, Alloc, Init, Retain, Release, Autorelease, Description, IsKindOfClass, RespondsToSelector *Method
}{
	Class:              class("NSObject", "10.0"),
	New:                meta("NSObject", "new", "@@:", owned, "10.0"),
	Alloc:              meta("NSObject", "alloc", "@@:", owned, "10.0"),
	Init:               inst("NSObject", "init", "@@:", consuming, "10.0"),
	Retain:             inst("NSObject", "retain", "@@:", retained, "10.0"),
	Release:            inst("NSObject", "release", "v@:", nothing, "10.0"),
	Autorelease:        inst("NSObject", "autorelease", "@@:", borrowed, "10.0"),
	Description:        inst("NSObject", "description", "@@:", borrowed, "10.0"),
	IsKindOfClass:      inst("NSObject", "isKindOfClass:", "B@:#", nothing, "10.0"),
	RespondsToSelector: inst("NSObject", "respondsToSelector:", "B@::", nothing, "10.0"),
}

// NSAutoreleasePool lists the methods of the pools that the GNU runtime has; macOS pools are functions of its runtime.
var NSAutoreleasePool = struct {
	Class      *ClassRef
	New, Drain *Method
}{
	Class: class("NSAutoreleasePool", ""),
	New:   meta("NSAutoreleasePool", "new", "@@:", owned, ""),
	Drain: inst("NSAutoreleasePool", "drain", "v@:", nothing, ""),
}

// NSString lists the methods of strings.
var NSString = struct {
	Class                                 *ClassRef
	InitWithBytes, UTF8String, ByteLength *Method
}{
	Class:         class("NSString", ""),
	InitWithBytes: inst("NSString", "initWithBytes:length:encoding:", "@@:^vQQ", consuming, ""),
	UTF8String:    inst("NSString", "UTF8String", "*@:", interior, ""),
	ByteLength:    inst("NSString", "lengthOfBytesUsingEncoding:", "Q@:Q", nothing, ""),
}

// NSURL lists the methods of URLs, of which only those of files are used.
var NSURL = struct {
	Class                    *ClassRef
	FileURL, IsFileURL, Path *Method
}{
	Class:     class("NSURL", ""),
	FileURL:   meta("NSURL", "fileURLWithPath:isDirectory:", "@@:@B", borrowed, ""),
	IsFileURL: inst("NSURL", "isFileURL", "B@:", nothing, ""),
	Path:      inst("NSURL", "path", "@@:", borrowed, ""),
}

// NSArray lists the methods of arrays.
var NSArray = struct {
	Class                  *ClassRef
	WithObjects, Count, At *Method
}{
	Class:       class("NSArray", ""),
	WithObjects: meta("NSArray", "arrayWithObjects:count:", "@@:^@Q", borrowed, ""),
	Count:       inst("NSArray", "count", "Q@:", nothing, ""),
	At:          inst("NSArray", "objectAtIndex:", "@@:Q", borrowed, ""),
}

// NSSet lists the methods of sets.
var NSSet = struct {
	Class      *ClassRef
	AllObjects *Method
}{
	Class:      class("NSSet", ""),
	AllObjects: inst("NSSet", "allObjects", "@@:", borrowed, ""),
}

// NSDictionary lists the methods of dictionaries.
var NSDictionary = struct {
	Class                                     *ClassRef
	WithObjects, Count, AllKeys, ObjectForKey *Method
}{
	Class:        class("NSDictionary", ""),
	WithObjects:  meta("NSDictionary", "dictionaryWithObjects:forKeys:count:", "@@:^@^@Q", borrowed, ""),
	Count:        inst("NSDictionary", "count", "Q@:", nothing, ""),
	AllKeys:      inst("NSDictionary", "allKeys", "@@:", borrowed, ""),
	ObjectForKey: inst("NSDictionary", "objectForKey:", "@@:@", borrowed, ""),
}

// NSNumber lists the methods of numbers.
var NSNumber = struct {
	Class                                                *ClassRef
	WithInt64, WithDouble, WithBool, Int64, Double, Bool *Method
}{
	Class:      class("NSNumber", ""),
	WithInt64:  meta("NSNumber", "numberWithLongLong:", "@@:q", borrowed, ""),
	WithDouble: meta("NSNumber", "numberWithDouble:", "@@:d", borrowed, ""),
	WithBool:   meta("NSNumber", "numberWithBool:", "@@:B", borrowed, ""),
	Int64:      inst("NSNumber", "longLongValue", "q@:", nothing, ""),
	Double:     inst("NSNumber", "doubleValue", "d@:", nothing, ""),
	Bool:       inst("NSNumber", "boolValue", "B@:", nothing, ""),
}

// NSValue lists the methods of boxed C values, of which only ranges are read.
var NSValue = struct {
	Class           *ClassRef
	ObjCType, Range *Method
}{
	Class:    class("NSValue", ""),
	ObjCType: inst("NSValue", "objCType", "*@:", interior, ""),
	Range:    inst("NSValue", "rangeValue", "{_NSRange=QQ}@:", nothing, ""),
}

// NSData lists the methods of byte strings.
var NSData = struct {
	Class                    *ClassRef
	WithBytes, Bytes, Length *Method
}{
	Class:     class("NSData", ""),
	WithBytes: meta("NSData", "dataWithBytes:length:", "@@:^vQ", borrowed, ""),
	Bytes:     inst("NSData", "bytes", "^v@:", interior, ""),
	Length:    inst("NSData", "length", "Q@:", nothing, ""),
}

// NSError lists the methods of errors.
var NSError = struct {
	Class                                                                            *ClassRef
	WithDomain, Code, Domain, LocalizedDescription, LocalizedFailureReason, UserInfo *Method
}{
	Class:                  class("NSError", ""),
	WithDomain:             meta("NSError", "errorWithDomain:code:userInfo:", "@@:@q@", borrowed, ""),
	Code:                   inst("NSError", "code", "q@:", nothing, ""),
	Domain:                 inst("NSError", "domain", "@@:", borrowed, ""),
	LocalizedDescription:   inst("NSError", "localizedDescription", "@@:", borrowed, ""),
	LocalizedFailureReason: inst("NSError", "localizedFailureReason", "@@:", borrowed, ""),
	UserInfo:               inst("NSError", "userInfo", "@@:", borrowed, ""),
}
