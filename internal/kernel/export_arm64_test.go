//go:build !noasm

package kernel

// SetDot turns the dot product extension on or off, where there is one, and
// reports whether it is on.
func SetDot(on bool) bool {
	useDot = on && useAsm && hasDot
	return useDot
}
