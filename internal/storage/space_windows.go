package storage

import (
	"syscall"
	"unsafe"
)

// golang.org/x/sys/windows has this call too, and would link package net.
var getDiskFreeSpace = syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")

// FreeSpace is how many bytes a user may still write where dir is; ok is false
// where the system does not say.
func FreeSpace(dir string) (free uint64, ok bool) {
	name, err := syscall.UTF16PtrFromString(dir)
	if err != nil || getDiskFreeSpace.Find() != nil {
		return 0, false
	}
	done, _, _ := getDiskFreeSpace.Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&free)), 0, 0)
	return free, done != 0
}
