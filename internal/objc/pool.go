//go:build (darwin || linux) && (amd64 || arm64)

package objc

import "runtime"

// WithPool calls f with an autorelease pool of its own, on a goroutine that is
// locked to its thread meanwhile, because the pool belongs to the thread. Pools
// nest. f must be short: it must not wait for other goroutines, and it must never
// yield to code of the program's user, whose iterators may run it on another
// thread. Without a loaded runtime f runs without a pool.
func WithPool(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rt := current.Load()
	if rt == nil {
		f()
		return
	}
	pool := rt.push(rt)
	defer rt.pop(rt, pool)
	f()
}

// WithPoolError is WithPool for a function that can fail.
func WithPoolError(f func() error) error {
	var err error
	WithPool(func() { err = f() })
	return err
}
