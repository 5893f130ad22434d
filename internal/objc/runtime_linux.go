//go:build amd64 || arm64

package objc

import "github.com/ebitengine/purego"

// foundationNames are the names of GNUstep's Foundation, newest last among those
// that are known to work.
var foundationNames = []string{
	"libgnustep-base.so.1.28", "libgnustep-base.so.1.29", "libgnustep-base.so.1.30", "libgnustep-base.so.1.31", "libgnustep-base.so",
}

// loadRuntime loads the GNU runtime and GNUstep's Foundation. Core ML itself does
// not exist here: tests load a stand-in.
func loadRuntime() (*runtimeLib, error) {
	rt := new(runtimeLib)
	if err := rt.open("libobjc.so.4"); err != nil {
		return nil, err
	}
	var first error
	for _, name := range foundationNames {
		err := rt.open(name)
		if err == nil {
			first = nil
			break
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return nil, first
	}
	names := rt.common()
	names["objc_msg_lookup"] = &rt.lookup
	if err := rt.resolve(names); err != nil {
		return nil, err
	}
	// The GNU runtime's object_getClass is an inline function of its headers: an
	// object's first word is its class.
	rt.classOf = func(id ID) Class { return *(*Class)(pointer(uintptr(id))) }
	rt.push = pushPool
	rt.pop = popPool
	rt.warm = initialiseClasses
	return rt, nil
}

// pushPool makes a pool object, which the GNU runtime keeps on a list of the
// thread's.
func pushPool(rt *runtimeLib) uintptr {
	class := NSAutoreleasePool.Class.ID()
	sel := NSAutoreleasePool.New.register(rt)
	r, _, _ := purego.SyscallN(rt.imp(class, sel), uintptr(class), uintptr(sel))
	return r
}

// popPool drains a pool and those above it.
func popPool(rt *runtimeLib, pool uintptr) {
	sel := NSAutoreleasePool.Drain.register(rt)
	purego.SyscallN(rt.imp(ID(pool), sel), pool, uintptr(sel))
}

// initialiseClasses sends every class of the table a first message and makes one
// object of each kind. The GNU runtime lets a second thread use a class whose
// +initialize has not returned on the first, and NSAutoreleasePool then calls a
// function that it has not looked up yet.
func initialiseClasses() {
	WithPool(func() {
		for _, m := range registry.methods {
			if class := m.class.ID(); class != 0 {
				SendBool(class, NSObject.IsKindOfClass, uintptr(class))
			}
		}
		GoString(String("\u00e9"))
		GoBytes(Data([]byte{1}))
		GoPath(FileURL("/", true))
		Float(0.5)
		Bool(true)
		if d, err := Dictionary([]ID{String("k")}, []ID{Ints([]int{1})}); err == nil {
			Send(d, NSObject.Description)
		}
		_ = GoError(NewError("d", 1))
	})
}
