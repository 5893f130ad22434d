package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// versionCmd is the verb version.
type versionCmd struct {
	JSON bool `help:"Print one JSON object."`
}

// Help is printed by kong above the flags.
func (*versionCmd) Help() string {
	return `Examples:

    coreml version
    coreml version --json`
}

// Run is called by kong.
func (c versionCmd) Run(io *streams) error {
	if c.JSON {
		return printJSON(io.out, versionJSON{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
	}
	_, err := fmt.Fprintln(io.out, versionText())
	return err
}

// versionFlag is --version.
type versionFlag bool

// BeforeReset is called by kong, before it misses a command.
func (versionFlag) BeforeReset(app *kong.Kong, s *streams) error {
	if err := (versionCmd{}).Run(s); err != nil {
		return err
	}
	app.Exit(exitOK)
	return nil
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
