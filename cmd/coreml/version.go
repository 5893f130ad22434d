package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Run is called by kong.
func (versionCmd) Run(io *streams) error {
	_, err := fmt.Fprintln(io.out, versionText())
	return err
}

// versionText is what version and --version print.
func versionText() string {
	return fmt.Sprintf("coreml %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version returns the module's version, (devel) when it was built in a checkout.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
