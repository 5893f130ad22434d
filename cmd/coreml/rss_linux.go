package main

import (
	"os"
	"strconv"
	"strings"
)

// peakRSS returns the most memory that the process had resident, in bytes, or 0
// when the system does not say. VmHWM is of this process alone, where getrusage
// also counts what it was before it became this program.
func peakRSS() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if fields := strings.Fields(rest); len(fields) > 0 {
				kib, _ := strconv.ParseInt(fields[0], 10, 64)
				return kib << 10
			}
		}
	}
	return 0
}
