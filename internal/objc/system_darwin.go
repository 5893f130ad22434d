//go:build amd64 || arm64

package objc

import "syscall"

// dialect is how this system's runtime may differ from the table.
var dialect = appleDifferences

// OSVersion returns the version of macOS, as it was given to the system itself.
func OSVersion() Version {
	s, err := syscall.Sysctl("kern.osproductversion")
	if err != nil {
		return Version{}
	}
	v, err := ParseVersion(s)
	if err != nil {
		return Version{}
	}
	return v
}

// OSBuild returns the build of macOS ("24A335"), which changes with every update
// and with it what compiled models are worth.
func OSBuild() string {
	s, err := syscall.Sysctl("kern.osversion")
	if err != nil {
		return "unknown"
	}
	return s
}
