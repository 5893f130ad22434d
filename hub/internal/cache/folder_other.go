//go:build !unix && !windows

package cache

const noWait = 0

// diskFull has nothing to add where ENOSPC is the only word for it.
func diskFull(error) bool { return false }
