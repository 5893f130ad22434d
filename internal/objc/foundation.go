//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// utf8Encoding is NSUTF8StringEncoding.
const utf8Encoding = 4

// autorelease hands one owned retain to the innermost pool.
func autorelease(id ID) ID { return Send(id, NSObject.Autorelease) }

// String returns an autoreleased NSString of s, in which bytes that are not UTF-8
// are replaced by U+FFFD; NUL is kept. A byte order mark at the beginning may be
// lost, as the runtime likes.
func String(s string) ID {
	s = strings.ToValidUTF8(s, "\uFFFD")
	b := []byte(s)
	if len(b) == 0 {
		b = []byte{0}
	}
	raw := Send(NSString.Class.ID(), NSObject.Alloc)
	return autorelease(Send(raw, NSString.InitWithBytes, uintptr(unsafe.Pointer(&b[0])), uintptr(len(s)), utf8Encoding))
}

// GoString copies an NSString; nil, or an object of another class, is "".
func GoString(id ID) string {
	if !IsKind(id, NSString.Class) {
		return ""
	}
	return goString(id)
}

// goString copies what is known to be a string.
func goString(id ID) string {
	text := uintptr(Send(id, NSString.UTF8String))
	n := SendInt(id, NSString.ByteLength, utf8Encoding)
	return string(Bytes(text, int(n)))
}

// Int returns an autoreleased NSNumber.
func Int(v int64) ID { return SendClass(NSNumber.WithInt64, uintptr(v)) }

// Float returns an autoreleased NSNumber.
func Float(v float64) ID { return SendWithFloat64(NSNumber.WithDouble, v) }

// Bool returns an autoreleased NSNumber of a BOOL.
func Bool(v bool) ID { return SendClass(NSNumber.WithBool, Word(v)) }

// Word returns a BOOL as an argument of a send.
func Word(v bool) uintptr {
	if v {
		return 1
	}
	return 0
}

// GoInt reads an NSNumber as an integer; nil, or an object of another class, is 0.
func GoInt(id ID) int64 {
	if !IsKind(id, NSNumber.Class) {
		return 0
	}
	return SendInt(id, NSNumber.Int64)
}

// GoFloat reads an NSNumber as a double; nil, or an object of another class, is
// NaN.
func GoFloat(id ID) float64 {
	if !IsKind(id, NSNumber.Class) {
		return math.NaN()
	}
	return SendFloat64(id, NSNumber.Double)
}

// GoBool reads an NSNumber as a BOOL; nil, or an object of another class, is
// false.
func GoBool(id ID) bool { return IsKind(id, NSNumber.Class) && SendBool(id, NSNumber.Bool) }

// Data returns an autoreleased NSData with a copy of b.
func Data(b []byte) ID {
	if len(b) == 0 {
		return SendClass(NSData.WithBytes, 0, 0)
	}
	return SendClass(NSData.WithBytes, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
}

// GoBytes copies an NSData; nil, or an object of another class, is nil.
func GoBytes(id ID) []byte {
	if !IsKind(id, NSData.Class) {
		return nil
	}
	n := SendInt(id, NSData.Length)
	return append([]byte(nil), Bytes(uintptr(Send(id, NSData.Bytes)), int(n))...)
}

// FileURL returns an autoreleased NSURL of a file or a directory.
func FileURL(path string, directory bool) ID {
	return SendClass(NSURL.FileURL, uintptr(String(path)), Word(directory))
}

// GoPath returns the path of a file's NSURL, "" for any other.
func GoPath(url ID) string {
	if !IsKind(url, NSURL.Class) || !SendBool(url, NSURL.IsFileURL) {
		return ""
	}
	return GoString(Send(url, NSURL.Path))
}

// Array returns an autoreleased NSArray. A nil element, which would raise, is
// ErrNil.
func Array(ids ...ID) (ID, error) {
	for i, id := range ids {
		if id == 0 {
			return 0, fmt.Errorf("%w: element %d of an array", ErrNil, i)
		}
	}
	return newArray(ids), nil
}

// newArray makes an array of elements that are known not to be nil.
func newArray(ids []ID) ID {
	if len(ids) == 0 {
		return SendClass(NSArray.WithObjects, 0, 0)
	}
	return SendClass(NSArray.WithObjects, uintptr(unsafe.Pointer(&ids[0])), uintptr(len(ids)))
}

// Ints returns an autoreleased NSArray of NSNumbers: how Core ML takes shapes and
// strides. It is 0 without a loaded runtime.
func Ints[T ~int | ~int32 | ~int64](v []T) ID {
	ids := make([]ID, len(v))
	for i, n := range v {
		if ids[i] = Int(int64(n)); ids[i] == 0 {
			return 0
		}
	}
	return newArray(ids)
}

// Strings returns an autoreleased NSArray of NSStrings. It is 0 without a loaded
// runtime.
func Strings(v []string) ID {
	ids := make([]ID, len(v))
	for i, s := range v {
		if ids[i] = String(s); ids[i] == 0 {
			return 0
		}
	}
	return newArray(ids)
}

// Len returns the number of elements of an NSArray; nil, or an object of another
// class, has none.
func Len(array ID) int {
	if !IsKind(array, NSArray.Class) {
		return 0
	}
	return int(SendInt(array, NSArray.Count))
}

// At returns an element of an NSArray, borrowed; 0 if the index is not in it,
// which would raise.
func At(array ID, i int) ID {
	if i < 0 || i >= Len(array) {
		return 0
	}
	return Send(array, NSArray.At, uintptr(i))
}

// Elements returns the elements of an NSArray, borrowed.
func Elements(array ID) []ID {
	n := Len(array)
	if n <= 0 {
		return nil
	}
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = Send(array, NSArray.At, uintptr(i))
	}
	return ids
}

// GoInts reads an NSArray of NSNumbers. Another element is an error.
func GoInts(array ID) ([]int, error) {
	ids := Elements(array)
	v := make([]int, len(ids))
	for i, id := range ids {
		if !IsKind(id, NSNumber.Class) {
			return nil, fmt.Errorf("%w: element %d is %s, not a number", ErrType, i, ClassName(id))
		}
		v[i] = int(SendInt(id, NSNumber.Int64))
	}
	return v, nil
}

// GoStrings reads an NSArray of NSStrings. Another element is an error.
func GoStrings(array ID) ([]string, error) {
	ids := Elements(array)
	v := make([]string, len(ids))
	for i, id := range ids {
		if !IsKind(id, NSString.Class) {
			return nil, fmt.Errorf("%w: element %d is %s, not a string", ErrType, i, ClassName(id))
		}
		v[i] = goString(id)
	}
	return v, nil
}

// SetElements returns the elements of an NSSet, borrowed.
func SetElements(set ID) []ID {
	if !IsKind(set, NSSet.Class) {
		return nil
	}
	return Elements(Send(set, NSSet.AllObjects))
}

// Dictionary returns an autoreleased NSDictionary. A nil key or value, or unequal
// numbers of them, which would raise, are errors.
func Dictionary(keys, values []ID) (ID, error) {
	if len(keys) != len(values) {
		return 0, fmt.Errorf("objc: %d keys for %d values of a dictionary", len(keys), len(values))
	}
	for i := range keys {
		if keys[i] == 0 || values[i] == 0 {
			return 0, fmt.Errorf("%w: entry %d of a dictionary", ErrNil, i)
		}
	}
	if len(keys) == 0 {
		return SendClass(NSDictionary.WithObjects, 0, 0, 0), nil
	}
	return SendClass(NSDictionary.WithObjects,
		uintptr(unsafe.Pointer(&values[0])), uintptr(unsafe.Pointer(&keys[0])), uintptr(len(keys))), nil
}

// Lookup returns the value of a string key, borrowed; 0 if there is none.
func Lookup(dictionary ID, key string) ID {
	return Get(dictionary, String(key))
}

// Get returns the value of a key that is any object, borrowed; 0 if there is none.
func Get(dictionary, key ID) ID {
	if key == 0 || !IsKind(dictionary, NSDictionary.Class) {
		return 0
	}
	return Send(dictionary, NSDictionary.ObjectForKey, uintptr(key))
}

// Keys returns the keys of an NSDictionary, borrowed.
func Keys(dictionary ID) []ID {
	if !IsKind(dictionary, NSDictionary.Class) {
		return nil
	}
	return Elements(Send(dictionary, NSDictionary.AllKeys))
}

// Entries returns the values of an NSDictionary with string keys, borrowed.
// Entries with other keys are left out.
func Entries(dictionary ID) map[string]ID {
	keys := Keys(dictionary)
	m := make(map[string]ID, len(keys))
	for _, k := range keys {
		if IsKind(k, NSString.Class) {
			m[goString(k)] = Get(dictionary, k)
		}
	}
	return m
}

// GoRange reads an NSValue that holds an NSRange.
func GoRange(value ID) (Range, error) {
	if !IsKind(value, NSValue.Class) {
		return Range{}, fmt.Errorf("%w: %s is not a range", ErrType, ClassName(value))
	}
	if t := cString(uintptr(Send(value, NSValue.ObjCType))); !strings.HasPrefix(t, "{_NSRange=") {
		return Range{}, fmt.Errorf("%w: a value of the type %q is not a range", ErrType, t)
	}
	return SendRange(value, NSValue.Range), nil
}

// End returns the first index behind the range, or the largest integer if that
// does not fit: Core ML writes ranges without an upper bound so.
func (r Range) End() uint64 {
	if r.Length > math.MaxInt64 || r.Location > math.MaxInt64-r.Length {
		return math.MaxInt64
	}
	return r.Location + r.Length
}

// maxErrorDepth bounds a chain of errors, which may be a ring.
const maxErrorDepth = 8

// GoError copies an NSError into an *Error; nil is nil.
func GoError(id ID) error {
	if e := copyError(id, 0); e != nil {
		return e
	}
	return nil
}

// copyError copies an error and those under it.
func copyError(id ID, depth int) *Error {
	if id == 0 || depth >= maxErrorDepth || !IsKind(id, NSError.Class) {
		return nil
	}
	e := &Error{
		Domain:        GoString(Send(id, NSError.Domain)),
		Code:          SendInt(id, NSError.Code),
		Description:   GoString(Send(id, NSError.LocalizedDescription)),
		FailureReason: GoString(Send(id, NSError.LocalizedFailureReason)),
	}
	e.Underlying = copyError(Get(Send(id, NSError.UserInfo), Foundation.UnderlyingErrorKey.ID()), depth+1)
	return e
}

// NewError returns an autoreleased NSError without further information.
func NewError(domain string, code int64) ID {
	return SendClass(NSError.WithDomain, uintptr(String(domain)), uintptr(code), 0)
}
