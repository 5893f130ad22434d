//go:build !linux && !darwin

package main

import "runtime"

// cpuName returns the processor's architecture.
func cpuName() string { return runtime.GOARCH }
