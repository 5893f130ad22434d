package workpool

import "runtime"

// Parked reports whether a caller waits for the workers and is to be woken.
func Parked(p *Pool) bool { return p.waiting.Load() }

// AlertLate does what is left to do for a worker that finished the last chunk of an earlier
// loop and lost its core right after: it finds a caller parked, and wakes it.
func AlertLate(p *Pool) {
	for !Parked(p) {
		runtime.Gosched()
	}
	p.alert()
}
