//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

// literal is a block as the ABI lays it out, with one captured word. It is marked
// global, so that the runtime neither copies nor frees it. Source: "Block
// Implementation Specification" of LLVM's documentation.
type literal struct {
	isa        uintptr
	flags      uint32
	reserved   uint32
	invoke     uintptr
	descriptor uintptr
	handle     uintptr // of the Block that it calls
}

// descriptor is the part of a literal that does not change.
type descriptor struct {
	reserved  uintptr
	size      uintptr
	signature uintptr
}

// Flags of a literal.
const (
	blockIsGlobal     = 1 << 28
	blockHasSignature = 1 << 30
)

// restingLiterals is how many closed literals wait before the oldest is used
// again, so that a framework that calls a block once too often calls nothing.
const restingLiterals = 64

// Block is a block that calls a Go function. Its memory is not Go's and is never
// freed, only used again after Close.
type Block struct {
	literal *literal
	handler func(a, b, c uintptr)
	words   int
	handle  uintptr

	calls atomic.Int64
	fault atomic.Pointer[PanicError]
}

// blocks is the table that literals find their Blocks in.
var blocks struct {
	sync.Mutex
	open        map[uintptr]*Block
	last        uintptr
	resting     []*literal
	slab        []byte
	callback    uintptr
	descriptors map[string]uintptr
}

// OpenBlocks returns how many blocks are not closed: what a test compares before
// and after.
func OpenBlocks() int {
	blocks.Lock()
	defer blocks.Unlock()
	return len(blocks.open)
}

// NewBlock makes a block for a method that takes one. The handler gets the
// block's arguments as words, 0 for those that its signature does not have. It
// may be called on any thread, inside a pool of its own; it must retain what it
// keeps, must not call runtime.Goexit, and a panic in it is recovered and kept
// for Err.
func NewBlock(m *Method, handler func(a, b, c uintptr)) (*Block, error) {
	return newBlock(m, func(a, b, c uintptr) {
		WithPool(func() { handler(a, b, c) })
	})
}

// newBlock is NewBlock for a handler that makes its own pool.
func newBlock(m *Method, handler func(a, b, c uintptr)) (*Block, error) {
	if m.block == "" {
		panic("objc: " + m.String() + " takes no block")
	}
	rt := current.Load()
	if rt == nil {
		return nil, ErrNotLoaded
	}
	blocks.Lock()
	defer blocks.Unlock()
	if blocks.callback == 0 {
		// The only callback of this package: callbacks are few and never freed.
		blocks.callback = purego.NewCallback(invokeLiteral)
		blocks.open = make(map[uintptr]*Block)
		blocks.descriptors = make(map[string]uintptr)
	}
	desc, err := describe(m.block)
	if err != nil {
		return nil, err
	}
	lit, err := newLiteral()
	if err != nil {
		return nil, err
	}
	blocks.last++
	b := &Block{literal: lit, handler: handler, words: m.words, handle: blocks.last}
	lit.isa, lit.invoke, lit.descriptor = rt.blockISA, blocks.callback, desc
	lit.flags = blockIsGlobal | blockHasSignature
	atomic.StoreUintptr(&lit.handle, b.handle)
	blocks.open[b.handle] = b
	return b, nil
}

// Word returns the block as an argument of a send, 0 for a nil Block.
func (b *Block) Word() uintptr {
	if b == nil {
		return 0
	}
	return uintptr(unsafe.Pointer(b.literal))
}

// Calls returns how often the block was called.
func (b *Block) Calls() int { return int(b.calls.Load()) }

// Err returns the first panic of the handler as a *PanicError, nil if there was
// none.
func (b *Block) Err() error {
	if f := b.fault.Load(); f != nil {
		return f
	}
	return nil
}

// Close forgets the handler. Calls that come later do nothing. It may be called
// in the handler itself, and again.
func (b *Block) Close() {
	if b == nil {
		return
	}
	blocks.Lock()
	defer blocks.Unlock()
	if blocks.open[b.handle] != b {
		return
	}
	delete(blocks.open, b.handle)
	atomic.StoreUintptr(&b.literal.handle, 0)
	blocks.resting = append(blocks.resting, b.literal)
}

// WithBlock makes a block for a method that calls it before it returns, lets send
// send the method with the block's word, and closes the block. The error is the
// handler's panic, or wraps ErrUnavailable or ErrNotCalled.
func WithBlock(m *Method, handler func(a, b, c uintptr), send func(block uintptr)) error {
	if m.escape == escaping {
		panic("objc: " + m.String() + " keeps its block")
	}
	if !m.Available() {
		return m.unavailable()
	}
	b, err := NewBlock(m, handler)
	if err != nil {
		return err
	}
	defer b.Close()
	send(b.Word())
	switch {
	case b.Err() != nil:
		return b.Err()
	case b.Calls() == 0:
		return fmt.Errorf("%w: %s", ErrNotCalled, m)
	}
	return nil
}

// invokeLiteral is what every literal's invoke points to.
func invokeLiteral(lit, a, b, c uintptr) uintptr {
	l := (*literal)(pointer(lit))
	handle := atomic.LoadUintptr(&l.handle)
	blocks.Lock()
	block := blocks.open[handle]
	blocks.Unlock()
	if block != nil {
		block.invoke(a, b, c)
	}
	return 0
}

// invoke calls the handler with the words that the signature has: the other
// registers hold whatever the caller left there.
func (b *Block) invoke(words ...uintptr) {
	b.calls.Add(1)
	clear(words[b.words:])
	defer func() {
		if v := recover(); v != nil {
			b.fault.CompareAndSwap(nil, newPanicError(v))
		}
	}()
	b.handler(words[0], words[1], words[2])
}

// newPanicError keeps a recovered panic.
func newPanicError(v any) *PanicError {
	return &PanicError{Value: v, Stack: string(debug.Stack())}
}

// newLiteral returns a literal that nothing uses. The caller holds the lock.
func newLiteral() (*literal, error) {
	if len(blocks.resting) > restingLiterals {
		l := blocks.resting[0]
		blocks.resting = blocks.resting[1:]
		return l, nil
	}
	b, err := carve(unsafe.Sizeof(literal{}))
	if err != nil {
		return nil, err
	}
	return (*literal)(unsafe.Pointer(&b[0])), nil
}

// describe returns the descriptor of blocks of one signature. The caller holds
// the lock.
func describe(signature string) (uintptr, error) {
	if d, ok := blocks.descriptors[signature]; ok {
		return d, nil
	}
	text, err := carve(uintptr(len(signature) + 1))
	if err != nil {
		return 0, err
	}
	copy(text, signature)
	b, err := carve(unsafe.Sizeof(descriptor{}))
	if err != nil {
		return 0, err
	}
	d := (*descriptor)(unsafe.Pointer(&b[0]))
	d.size = unsafe.Sizeof(literal{})
	d.signature = Address(text)
	blocks.descriptors[signature] = Address(b)
	return blocks.descriptors[signature], nil
}

// carve returns zeroed memory that outlives the program and that the collector
// knows nothing of, because the framework keeps its address. The caller holds the
// lock.
func carve(size uintptr) ([]byte, error) {
	const align = 16
	n := int(size+align-1) &^ (align - 1)
	if n > len(blocks.slab) {
		slab, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return nil, fmt.Errorf("objc: memory for blocks: %w", err)
		}
		if n > len(slab) {
			return nil, errors.New("objc: a block that is larger than a page")
		}
		blocks.slab = slab
	}
	b := blocks.slab[:size:n]
	blocks.slab = blocks.slab[n:]
	return b, nil
}
