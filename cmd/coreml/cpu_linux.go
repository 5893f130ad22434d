package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// cpuName returns the processor's name, or its architecture where the system
// does not say.
func cpuName() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(data)) {
		key, name, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == "model name" && strings.TrimSpace(name) != "" {
			return strings.TrimSpace(name)
		}
	}
	return runtime.GOARCH
}

// loadAverage returns how many threads wanted to run at a time during the last
// minute, and false where the system does not say.
func loadAverage() (float64, bool) {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(data), " ")
	v, err := strconv.ParseFloat(first, 64)
	return v, err == nil
}
