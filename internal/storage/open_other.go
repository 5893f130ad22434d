//go:build !unix

package storage

// noWait is 0 where opening a file never waits for another process.
const noWait = 0
