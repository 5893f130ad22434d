//go:build !linux

package storage

// LargePages does nothing here: systems without the call choose pages by themselves.
func LargePages([]byte, func() bool) {}
