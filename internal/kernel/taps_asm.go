//go:build !noasm && (amd64 || arm64)

package kernel

// evenly returns how many of m rows to take at a time where at most so many can be: as
// many each time but for the last.
func evenly(m, most int) int {
	parts := (m + most - 1) / most
	return (m + parts - 1) / parts
}
