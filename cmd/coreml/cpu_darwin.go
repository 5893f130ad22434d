package main

import (
	"runtime"
	"syscall"
)

// cpuName returns the processor's name, or its architecture where the system
// does not say.
func cpuName() string {
	if name, err := syscall.Sysctl("machdep.cpu.brand_string"); err == nil && name != "" {
		return name
	}
	return runtime.GOARCH
}

// loadAverage returns false: it is read on Linux alone.
func loadAverage() (float64, bool) { return 0, false }
