//go:build (darwin || linux) && (amd64 || arm64)

package objc

import "unsafe"

// pointer turns an address that the runtime returned into a pointer. It must not
// be an address of Go memory.
func pointer(addr uintptr) unsafe.Pointer {
	// Read through memory: a conversion would look like arithmetic on a Go
	// pointer to vet and checkptr.
	return *(*unsafe.Pointer)(unsafe.Pointer(&addr))
}

// Bytes returns n bytes of the framework's memory, nil if there are none. They
// are valid as long as what owns them.
func Bytes(addr uintptr, n int) []byte {
	if addr == 0 || n <= 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(addr)), n)
}

// Address returns the address of memory that is not Go's (mapped, or the
// framework's), to be stored by the framework. The address of Go memory may only
// be taken in a send's own arguments.
func Address(mapped []byte) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(mapped)))
}

// cString copies a C string, which must be terminated.
func cString(addr uintptr) string {
	if addr == 0 {
		return ""
	}
	p := pointer(addr)
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(p), n))
}
