//go:build !noasm

package kernel

import "syscall"

// The request of arch_prctl(2) for leave to use a kind of registers, and the kind of the
// tiles' contents.
const (
	archReqXCompPerm = 0x1023
	tileData         = 18
)

// permitTiles asks Linux for leave to use tiles, which it gives a whole process: it says no
// where a thread's signal stack could not hold them. Go's have 32 KiB, and it asks before
// there are other threads that have smaller ones.
func permitTiles() bool {
	_, _, err := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, archReqXCompPerm, tileData, 0)
	return err == 0
}
