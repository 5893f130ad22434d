//go:build unix

package cache

import "syscall"

// noWait makes an open return at once where it would wait for another process.
const noWait = syscall.O_NONBLOCK

// diskFull knows the errors of a full disk that are not ENOSPC: a quota.
func diskFull(err error) bool { return isErrno(err, syscall.EDQUOT) }
