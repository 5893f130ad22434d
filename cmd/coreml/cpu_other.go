//go:build !linux && !darwin

package main

import "runtime"

// cpuName returns the processor's architecture.
func cpuName() string { return runtime.GOARCH }

// loadAverage returns false: it is read on Linux alone.
func loadAverage() (float64, bool) { return 0, false }
