package asmtest

import (
	"fmt"
	"slices"
	"strings"
)

// Value is an integer, or a pointer into memory of that name.
type Value struct {
	Into string
	N    int
}

// Walk goes through a function as a processor would, with integers and addresses
// only: vectors have no value here. It notes which bytes of each argument are read
// and stored.
type Walk struct {
	// Fill is what all bytes in memory are that nothing else is said of: a kernel
	// that looks something up in a table reads its first or its last entry.
	Fill byte

	// Words are what pointers to integers point to.
	Words map[string][]Value

	// StackAt is how far the stack pointer is above a multiple of 64.
	StackAt int

	regs  map[string]Value
	args  map[string]Value
	frame int // its size
	sign  int // of the last result that set the flags
	seen  map[string]*marks
	err   error
}

// stack is the name of the memory that is a function's own frame.
const stack = "the frame"

// marks are the bytes of one memory. A masked access may leave lanes out.
type marks struct{ read, stored, maybe []bool }

// maxSteps ends a walk that goes in circles, maxBytes one that leaves its memory.
const (
	maxSteps = 1 << 17
	maxBytes = 1 << 20
)

// Run walks from the first instruction to the return. Pointers point to memory of
// their own name, or are nil where args has their name with "nil " before it.
func (w *Walk) Run(m Machine, fn *Function, args map[string]int) error {
	w.regs, w.args, w.seen = map[string]Value{}, map[string]Value{}, map[string]*marks{}
	for _, p := range fn.Params {
		switch {
		case !p.Pointer:
			w.args[p.Name] = Value{N: args[p.Name]}
		case args["nil "+p.Name] == 0:
			w.args[p.Name] = Value{Into: p.Name}
		}
	}
	w.frame, w.err = fn.Frame, nil
	w.Set("SP", Value{Into: stack})
	labels := map[string]int{}
	for i, l := range fn.Lines {
		for _, label := range l.Labels {
			labels[label] = i
		}
	}
	effects := make([]Effect, len(fn.Lines))
	for i, l := range fn.Lines {
		var err error
		if effects[i], err = m(l); err != nil {
			return err
		}
	}
	for i, steps := 0, 0; ; steps++ {
		if steps == maxSteps {
			return fmt.Errorf("%s: still running after %d steps", fn.Name, steps)
		}
		e := effects[i]
		for _, a := range e.Memory {
			w.touch(a)
		}
		w.regs["jump"] = Value{}
		if e.Do != nil {
			e.Do(w)
		}
		switch {
		case w.err != nil:
			return fmt.Errorf("%s: %v: %w", fn.Name, fn.Lines[i], w.err)
		case e.Returns:
			return w.inside(fn)
		case e.Jump != "" && w.regs["jump"].N != 0:
			i = labels[e.Jump]
		default:
			i++
		}
	}
}

// inside checks that constants and the frame were not left.
func (w *Walk) inside(fn *Function) error {
	for name, m := range w.seen {
		size, ok := fn.file.Data[name]
		if name == stack {
			size, ok = fn.Frame, true
		}
		if ok && max(len(m.read), len(m.stored)) > size {
			return fmt.Errorf("%s: leaves %s, which has %d bytes", fn.Name, name, size)
		}
	}
	return nil
}

// Fail ends the walk.
func (w *Walk) Fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// Get returns the value of a register.
func (w *Walk) Get(r string) Value { return w.regs[r] }

// Set sets it.
func (w *Walk) Set(r string, v Value) { w.regs[r] = v }

// Jump tells whether the instruction's jump is taken.
func (w *Walk) Jump(taken bool) {
	if taken {
		w.Set("jump", Value{N: 1})
	}
}

// Result sets the flags by a result, or by the difference of two values.
func (w *Walk) Result(v Value) { w.sign = v.N }

// Sign returns the sign of what set the flags.
func (w *Walk) Sign() int { return w.sign }

// Sum adds to a value; one of the two may be a pointer.
func (w *Walk) Sum(a, b Value) Value {
	if a.Into != "" && b.Into != "" {
		w.Fail("adds two pointers, into %s and %s", a.Into, b.Into)
	}
	return Value{a.Into + b.Into, a.N + b.N}
}

// And keeps the bits of a value that the mask has; of an address on the stack, those
// of a multiple of up to 64.
func (w *Walk) And(v Value, mask int) Value {
	if v.Into == stack {
		return Value{stack, (v.N+w.StackAt)&mask - w.StackAt}
	}
	return Value{N: w.Int(v) & mask}
}

// Int returns the value of an integer.
func (w *Walk) Int(v Value) int {
	if v.Into != "" {
		w.Fail("a pointer into %s is no integer", v.Into)
	}
	return v.N
}

// At returns the address of an access.
func (w *Walk) At(a Access) Value {
	switch a.Of {
	case Constant:
		return Value{a.Name, a.Offset}
	case Local:
		return Value{stack, w.frame + a.Offset}
	}
	v := w.Get(a.Base)
	v.N += a.Offset
	if a.Index != "" {
		i := w.Get(a.Index)
		if a.Scale > 1 || v.Into != "" {
			i = Value{N: w.Int(i)}
		}
		v = w.Sum(v, Value{i.Into, a.Scale * i.N})
	}
	return v
}

// Load returns the integer at an access: that of the argument, one of Words, or
// bytes that are all Fill.
func (w *Walk) Load(a Access) Value {
	if a.Of == Argument {
		return w.args[a.Name]
	}
	at := w.At(a)
	if list, ok := w.Words[at.Into]; ok {
		if at.N%8 != 0 || at.N/8 >= len(list) {
			w.Fail("there is no integer at %d of %s", at.N, at.Into)
			return Value{}
		}
		return list[at.N/8]
	}
	n := uint64(0)
	for range a.Size {
		n = n<<8 | uint64(w.Fill)
	}
	return Value{N: int(n)}
}

// touch notes an access.
func (w *Walk) touch(a Access) {
	if a.Address || a.Of == Argument {
		return
	}
	at := w.At(a)
	if at.Into == "" || at.N < 0 || at.N+a.Size > maxBytes {
		w.Fail("touches %d bytes at %d of %q", a.Size, at.N, at.Into)
		return
	}
	m := w.seen[at.Into]
	if m == nil {
		m = &marks{}
		w.seen[at.Into] = m
	}
	bits := &m.read
	if a.Store {
		bits = &m.stored
	}
	if at.Into == stack && !a.Store && (len(m.stored) < at.N+a.Size || slices.Contains(m.stored[at.N:at.N+a.Size], false)) {
		w.Fail("takes %d bytes at %d of the frame, where nothing was stored", a.Size, at.N)
	}
	*bits = mark(*bits, at.N, a.Size)
	if a.Masked {
		m.maybe = mark(m.maybe, at.N, a.Size)
	}
}

func mark(bits []bool, from, n int) []bool {
	if more := from + n - len(bits); more > 0 {
		bits = append(bits, make([]bool, more)...)
	}
	for i := range n {
		bits[from+i] = true
	}
	return bits
}

// Touched returns what was read and stored of an argument's memory, as "r 0-64 w
// 0-32 64-96": the ends are not part of a range.
func (w *Walk) Touched(name string) string {
	m := w.seen[name]
	if m == nil {
		return ""
	}
	return strings.TrimSpace(ranges("r", m.read) + ranges(" w", m.stored) + ranges(" ?", m.maybe))
}

func ranges(kind string, bits []bool) string {
	var b strings.Builder
	for at := 0; at < len(bits); {
		if !bits[at] {
			at++
			continue
		}
		end := slices.Index(bits[at:], false)
		if end < 0 {
			end = len(bits) - at
		}
		fmt.Fprintf(&b, " %d-%d", at, at+end)
		at += end
	}
	if b.Len() == 0 {
		return ""
	}
	return kind + b.String()
}
