package main

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// processMemory is PROCESS_MEMORY_COUNTERS of Windows' psapi.h.
type processMemory struct {
	size                     uint32
	pageFaults               uint32
	peakWorkingSet           uintptr
	workingSet               uintptr
	peakPagedPool, pagedPool uintptr
	peakOtherPool, otherPool uintptr
	pageFile, peakPageFile   uintptr
}

var getProcessMemory = windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")

// peakRSS returns the most memory that the process had resident, in bytes, or 0
// when the system does not say.
func peakRSS() int64 {
	m := processMemory{size: uint32(unsafe.Sizeof(processMemory{}))}
	if getProcessMemory.Find() != nil {
		return 0
	}
	ok, _, _ := getProcessMemory.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&m)), uintptr(m.size))
	if ok == 0 {
		return 0
	}
	return int64(m.peakWorkingSet)
}
