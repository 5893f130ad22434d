//go:build !linux

package kernel_test

import "testing"

// guarded returns a slice with a pattern behind it that is checked when the
// test ends.
func guarded[T any](tb testing.TB, n int) []T {
	tb.Helper()
	return make([]T, n, n+1)[:n:n]
}
