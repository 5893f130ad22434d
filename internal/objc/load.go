//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ebitengine/purego"
)

// ID is an object, borrowed: it owns nothing. 0 is nil.
type ID uintptr

// Class is a class of the runtime. 0 is Nil.
type Class uintptr

// SEL is a registered selector.
type SEL uintptr

// runtimeLib is what one system's Objective-C runtime offers. The functions are
// addresses of C functions.
type runtimeLib struct {
	lookUpClass    uintptr // Class (const char *)
	registerName   uintptr // SEL (const char *)
	className      uintptr // const char *(Class)
	respondsTo     uintptr // BOOL (Class, SEL)
	instanceMethod uintptr // Method (Class, SEL)
	classMethod    uintptr // Method (Class, SEL)
	typeEncoding   uintptr // const char *(Method)

	// msgSend is the function that every message goes through; 0 where lookup
	// finds each one's own.
	msgSend uintptr
	lookup  uintptr

	// classOf returns an object's class.
	classOf func(ID) Class

	// push and pop make and drain an autorelease pool of the current thread.
	push func(*runtimeLib) uintptr
	pop  func(*runtimeLib, uintptr)

	// warm makes the runtime ready for several threads, nil if it is born so.
	warm func()

	// blockISA is the class of block literals that are never freed.
	blockISA uintptr

	// libraries are the handles that symbols are looked for in.
	libraries []uintptr

	// loaded are the names behind the handles.
	loaded map[string]bool
}

// current is the loaded runtime, nil before Load.
var current atomic.Pointer[runtimeLib]

var loading sync.Mutex

// Load loads the Objective-C runtime, Foundation and the libraries that go with
// them on this system (on macOS Core ML and CoreVideo), and then libs. It may be
// called again, with more libraries too: what is loaded stays. The error is a
// *LoadError.
func Load(libs ...string) error {
	loading.Lock()
	defer loading.Unlock()
	old := current.Load()
	if old == nil {
		first, err := loadRuntime()
		if err != nil {
			return err
		}
		old = first
	}
	next := *old
	next.libraries = append([]uintptr(nil), old.libraries...)
	next.loaded = make(map[string]bool, len(old.loaded)+len(libs))
	for name := range old.loaded {
		next.loaded[name] = true
	}
	for _, name := range libs {
		if err := next.open(name); err != nil {
			current.CompareAndSwap(nil, old)
			return err
		}
	}
	current.Store(&next)
	if next.warm != nil {
		next.warm()
	}
	return nil
}

// Loaded reports whether Load has succeeded.
func Loaded() bool { return current.Load() != nil }

// open loads one library and remembers its handle.
func (rt *runtimeLib) open(name string) error {
	if rt.loaded[name] {
		return nil
	}
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return &LoadError{Library: name, Err: err}
	}
	rt.libraries = append(rt.libraries, handle)
	if rt.loaded == nil {
		rt.loaded = make(map[string]bool)
	}
	rt.loaded[name] = true
	return nil
}

// find returns the address of a C symbol, 0 if no library has it.
func (rt *runtimeLib) find(name string) uintptr {
	for _, handle := range rt.libraries {
		if addr, err := purego.Dlsym(handle, name); err == nil && addr != 0 {
			return addr
		}
	}
	return 0
}

// resolve fills the addresses of the runtime's functions.
func (rt *runtimeLib) resolve(names map[string]*uintptr) error {
	for name, slot := range names {
		addr := rt.find(name)
		if addr == 0 {
			return &LoadError{Library: "the Objective-C runtime", Err: fmt.Errorf("symbol %s is absent", name)}
		}
		*slot = addr
	}
	return nil
}

// common lists the functions that both runtimes have.
func (rt *runtimeLib) common() map[string]*uintptr {
	return map[string]*uintptr{
		"objc_lookUpClass":         &rt.lookUpClass,
		"sel_registerName":         &rt.registerName,
		"class_getName":            &rt.className,
		"class_respondsToSelector": &rt.respondsTo,
		"class_getInstanceMethod":  &rt.instanceMethod,
		"class_getClassMethod":     &rt.classMethod,
		"method_getTypeEncoding":   &rt.typeEncoding,
	}
}

// imp returns the address that a message to recv is sent by calling.
func (rt *runtimeLib) imp(recv ID, sel SEL) uintptr {
	if rt.msgSend != 0 {
		return rt.msgSend
	}
	r, _, _ := purego.SyscallN(rt.lookup, uintptr(recv), uintptr(sel))
	return r
}

// withName calls a function of the runtime that takes a C string.
func withName(fn uintptr, name string) uintptr {
	c := append([]byte(name), 0)
	r, _, _ := purego.SyscallN(fn, uintptr(unsafe.Pointer(&c[0])))
	return r
}

// LookupClass returns a class by its name.
func LookupClass(name string) (Class, bool) {
	rt := current.Load()
	if rt == nil {
		return 0, false
	}
	c := withName(rt.lookUpClass, name)
	return Class(c), c != 0
}

// ID returns the class as the receiver of its own methods, 0 if the system does
// not have it.
func (c *ClassRef) ID() ID {
	if id := c.id.Load(); id != 0 {
		return ID(id)
	}
	id, _ := LookupClass(c.via)
	c.id.Store(uintptr(id))
	return ID(id)
}

// Available reports whether the system has the class.
func (c *ClassRef) Available() bool { return c.ID() != 0 }

// register returns the method's selector in the runtime.
func (m *Method) register(rt *runtimeLib) SEL {
	if s := m.sel.Load(); s != 0 {
		return SEL(s)
	}
	s := withName(rt.registerName, m.selector)
	m.sel.Store(s)
	return SEL(s)
}

// find returns the runtime's own record of the method, 0 if there is none.
func (m *Method) find(rt *runtimeLib) uintptr {
	class := m.class.ID()
	if class == 0 {
		return 0
	}
	fn := rt.instanceMethod
	if m.meta {
		fn = rt.classMethod
	}
	r, _, _ := purego.SyscallN(fn, uintptr(class), uintptr(m.register(rt)))
	return r
}

// Available reports whether the system has the method, which is what to ask
// before anything that is newer than the oldest supported system.
func (m *Method) Available() bool {
	if m.present.Load() {
		return true
	}
	rt := current.Load()
	if rt == nil || m.find(rt) == 0 {
		return false
	}
	m.present.Store(true)
	return true
}

// Responds reports whether an object has the method, whatever its class.
func Responds(recv ID, m *Method) bool {
	rt := current.Load()
	if rt == nil || recv == 0 {
		return false
	}
	r, _, _ := purego.SyscallN(rt.respondsTo, uintptr(rt.classOf(recv)), uintptr(m.register(rt)))
	return r&0xff != 0
}

// ClassName returns the name of an object's class, "" for nil.
func ClassName(recv ID) string {
	rt := current.Load()
	if rt == nil || recv == 0 {
		return ""
	}
	r, _, _ := purego.SyscallN(rt.className, uintptr(rt.classOf(recv)))
	return cString(r)
}

// IsKind reports whether an object is of the class or of one that inherits it.
func IsKind(recv ID, c *ClassRef) bool {
	class := c.ID()
	return recv != 0 && class != 0 && SendBool(recv, NSObject.IsKindOfClass, uintptr(class))
}

// Available reports whether the system has the function.
func (f *Function) Available() bool { return f.address() != 0 }

// address returns where the function is, 0 if nowhere.
func (f *Function) address() uintptr {
	if a := f.addr.Load(); a != 0 {
		return a
	}
	rt := current.Load()
	if rt == nil {
		return 0
	}
	a := rt.find(f.name)
	f.addr.Store(a)
	return a
}

// ID returns the string object that the constant holds, 0 if the system does not
// have it. It is never released.
func (s *Symbol) ID() ID {
	rt := current.Load()
	if rt == nil {
		return 0
	}
	addr := rt.find(s.name)
	if addr == 0 {
		return 0
	}
	return *(*ID)(pointer(addr))
}
