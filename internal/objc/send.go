//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// maxSendWords is the most words of a call: the table's longest method has eight
// with receiver and selector, which is what Apple's arm64 convention passes in
// registers.
const maxSendWords = 8

// Range is an NSRange.
type Range struct {
	// Location is the first index.
	Location uint64
	// Length is the number of indices.
	Length uint64
}

// Send sends a message and returns the result's word: an object, a pointer or an
// integer of 64 bits. A nil receiver, or a method that the system lacks, gives 0.
// Sending with another number of arguments than the method has panics.
//
// Arguments that point to Go memory are written as uintptr(unsafe.Pointer(p)) in
// the call itself; memory that the framework keeps must not be Go's.
//
//go:uintptrescapes
func Send(recv ID, m *Method, args ...uintptr) ID {
	r, _, _ := m.call(recv, args)
	return ID(r)
}

// SendClass sends a message to the method's own class.
//
//go:uintptrescapes
func SendClass(m *Method, args ...uintptr) ID {
	r, _, _ := m.call(m.class.ID(), args)
	return ID(r)
}

// SendInt sends a message that returns an integer and widens it by its type.
//
//go:uintptrescapes
func SendInt(recv ID, m *Method, args ...uintptr) int64 {
	r, _, _ := m.call(recv, args)
	switch m.result {
	case 'i':
		return int64(int32(r))
	case 'I':
		return int64(uint32(r))
	case 'B':
		return int64(r & 0xff)
	}
	return int64(r)
}

// SendBool sends a message that returns a BOOL, of which only the low byte means
// anything.
//
//go:uintptrescapes
func SendBool(recv ID, m *Method, args ...uintptr) bool {
	r, _, _ := m.call(recv, args)
	return r&0xff != 0
}

// SendRange sends a message that returns an NSRange: two words, which both
// calling conventions return in registers.
func SendRange(recv ID, m *Method) Range {
	r1, r2, _ := m.call(recv, nil)
	return Range{Location: uint64(r1), Length: uint64(r2)}
}

// SendError sends a message whose last argument is an NSError**, which it
// supplies. The result decides: nil or NO is a failure, and only then is the
// error read; it is an *Error, or wraps ErrNoResult if the method set none.
//
//go:uintptrescapes
func SendError(recv ID, m *Method, args ...uintptr) (ID, error) {
	return m.callError(recv, args)
}

// SendClassError is SendError to the method's own class.
//
//go:uintptrescapes
func SendClassError(m *Method, args ...uintptr) (ID, error) {
	return m.callError(m.class.ID(), args)
}

// Take sends a message that returns an object and takes one retain of it,
// adopted or new as the method's ownership says. Nil is an error: the NSError if
// the method reports one, else one that wraps ErrNoResult.
//
//go:uintptrescapes
func Take(recv ID, m *Method, args ...uintptr) (*Object, error) {
	return m.take(recv, args)
}

// New allocates an object of an initialiser's class and sends it the initialiser.
// A failed initialiser has released what was allocated.
//
//go:uintptrescapes
func New(m *Method, args ...uintptr) (*Object, error) {
	if m.ownership != consuming {
		panic("objc: New of " + m.String() + ", which is no initialiser")
	}
	if !m.Available() {
		return nil, m.unavailable()
	}
	return m.take(Send(m.class.ID(), NSObject.Alloc), args)
}

// Call calls a C function of the table with integer arguments.
//
//go:uintptrescapes
func Call(f *Function, args ...uintptr) (uintptr, error) {
	return f.call(args)
}

// CallOut calls a C function whose last argument is the address of an object
// that it creates, and returns its status and that object.
//
//go:uintptrescapes
func CallOut(f *Function, args ...uintptr) (int32, ID, error) {
	slot := new(ID)
	var pin runtime.Pinner
	pin.Pin(slot)
	defer pin.Unpin()
	all := make([]uintptr, len(args), len(args)+1)
	copy(all, args)
	r, err := f.call(append(all, uintptr(unsafe.Pointer(slot))))
	return int32(r), *slot, err
}

// call checks a C function's arguments and calls it.
func (f *Function) call(args []uintptr) (uintptr, error) {
	if len(args) != f.args {
		panic(fmt.Sprintf("objc: %s called with %d arguments", f.name, len(args)))
	}
	addr := f.address()
	if addr == 0 {
		return 0, fmt.Errorf("%w: %s", ErrUnavailable, f.name)
	}
	r, _, _ := purego.SyscallN(addr, args...)
	return r, nil
}

// take sends and owns the result.
func (m *Method) take(recv ID, args []uintptr) (*Object, error) {
	var id ID
	var err error
	if m.errorOut {
		id, err = m.callError(recv, args)
	} else {
		var r uintptr
		r, _, err = m.call(recv, args)
		id = ID(r)
	}
	switch {
	case err != nil:
		return nil, err
	case id == 0:
		return nil, fmt.Errorf("%w: %s", ErrNoResult, m)
	case m.ownership == borrowed:
		return Retain(id), nil
	}
	return Adopt(id), nil
}

// callError sends with an error slot behind the arguments.
func (m *Method) callError(recv ID, args []uintptr) (ID, error) {
	if !m.errorOut {
		panic("objc: " + m.String() + " reports no error")
	}
	slot := new(ID)
	var pin runtime.Pinner
	pin.Pin(slot)
	defer pin.Unpin()
	words := make([]uintptr, 0, maxSendWords)
	words = append(append(words, args...), uintptr(unsafe.Pointer(slot)))
	r, _, err := m.call(recv, words)
	if m.result == 'B' {
		r &= 0xff
	}
	switch {
	case err != nil:
		return 0, err
	case r != 0:
		return ID(r), nil
	case *slot == 0:
		return 0, fmt.Errorf("%w: %s", ErrNoResult, m)
	}
	return 0, GoError(*slot)
}

// call sends one message and returns the two result registers.
func (m *Method) call(recv ID, args []uintptr) (r1, r2 uintptr, err error) {
	if len(args) != m.args {
		panic(fmt.Sprintf("objc: %s sent with %d arguments", m, len(args)))
	}
	rt := current.Load()
	if rt == nil {
		return 0, 0, ErrNotLoaded
	}
	if recv == 0 {
		if m.meta && !m.class.Available() {
			return 0, 0, m.unavailable()
		}
		return 0, 0, nil
	}
	if !m.Available() && !Responds(recv, m) {
		return 0, 0, m.unavailable()
	}
	sel := m.register(rt)
	var words [maxSendWords]uintptr
	words[0], words[1] = uintptr(recv), uintptr(sel)
	n := 2 + copy(words[2:], args)
	r1, r2, _ = purego.SyscallN(rt.imp(recv, sel), words[:n]...)
	return r1, r2, nil
}

// unavailable is the error of a send that was not made.
func (m *Method) unavailable() error {
	if m.min.IsZero() {
		return fmt.Errorf("%w: %s", ErrUnavailable, m)
	}
	return fmt.Errorf("%w: %s needs macOS %s", ErrUnavailable, m, m.min)
}
