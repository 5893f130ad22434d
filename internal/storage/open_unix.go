//go:build unix

package storage

import "syscall"

// noWait makes an open return at once where it would wait for another process.
const noWait = syscall.O_NONBLOCK
