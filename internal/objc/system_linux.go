//go:build amd64 || arm64

package objc

// dialect is how this system's runtime may differ from the table.
var dialect = gnuDifferences

// OSVersion returns the zero Version: this is not macOS.
func OSVersion() Version { return Version{} }

// OSBuild returns a constant: nothing compiled for the stand-in outlives a test.
func OSBuild() string { return "gnu" }
