package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// interrupts says what an interrupt, such as Ctrl-C, does. It ends the command unless a
// verb has taken it: one that holds a conversation ends no more than the answer.
type interrupts struct {
	end context.CancelFunc

	mu    sync.Mutex
	taken func() // nil: the command ends
}

// interruptsKey is what a context has its interrupts under.
type interruptsKey struct{}

// interruptsOf returns what interrupts of the command do whose context this is. Without
// any, as in most tests, nobody presses Ctrl-C.
func interruptsOf(ctx context.Context) *interrupts {
	if i, ok := ctx.Value(interruptsKey{}).(*interrupts); ok {
		return i
	}
	return &interrupts{end: func() {}}
}

// withInterrupts returns a context that ends with an interrupt that nobody has taken.
func withInterrupts(parent context.Context) (context.Context, *interrupts) {
	ctx, end := context.WithCancel(parent)
	i := &interrupts{end: end}
	return context.WithValue(ctx, interruptsKey{}, i), i
}

// take calls do for each interrupt from now on, until the function that it returns is
// called. Calls of do come one after the other.
func (i *interrupts) take(do func()) (giveBack func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.taken = do
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.taken = nil
	}
}

// press is an interrupt.
func (i *interrupts) press() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.taken != nil {
		i.taken()
		return
	}
	i.end()
}

// watchSignals returns the context of the program: it ends when the program is asked to
// terminate, and when it is interrupted unless a verb takes that. Once it has ended,
// another signal ends the program at once.
func watchSignals() context.Context {
	ctx, i := withInterrupts(patient(context.Background()))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for ctx.Err() == nil {
			if sig := <-signals; sig == os.Interrupt {
				i.press()
			} else {
				i.end()
			}
		}
		signal.Stop(signals)
	}()
	return ctx
}
