package main

import (
	"os"
	"runtime"
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
