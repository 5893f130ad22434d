//go:build !noasm && !linux

package kernel

// permitTiles says no: only Linux is known to save tiles when it is asked to.
func permitTiles() bool { return false }
