package storage

import (
	"os"
	"syscall"
	"unsafe"
)

// mapFile maps a view of the whole file. While it is mapped Windows lets nobody
// shorten the file.
func mapFile(f *os.File, size int) (*Bytes, error) {
	high, low := uint32(uint64(size)>>32), uint32(size)
	handle, err := syscall.CreateFileMapping(syscall.Handle(f.Fd()), nil, syscall.PAGE_READONLY, high, low, nil)
	if err != nil {
		return nil, err
	}
	addr, err := syscall.MapViewOfFile(handle, syscall.FILE_MAP_READ, 0, 0, uintptr(size))
	// The view keeps the mapping alive.
	if cerr := syscall.CloseHandle(handle); err == nil && cerr != nil {
		err = cerr
		_ = syscall.UnmapViewOfFile(addr)
	}
	if err != nil {
		return nil, err
	}
	// The address is the system's, not the garbage collector's. Reading it through
	// a pointer to the variable is the form that vet accepts for such memory.
	data := unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), size)
	return mapped(f, data, func() error { return syscall.UnmapViewOfFile(addr) }), nil
}
