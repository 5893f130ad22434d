//go:build amd64 || arm64

package objc

import "github.com/ebitengine/purego"

// loadRuntime loads Apple's runtime and frameworks, which live in the shared
// cache of the dynamic loader.
func loadRuntime() (*runtimeLib, error) {
	rt := new(runtimeLib)
	for _, name := range []string{
		"/usr/lib/libobjc.A.dylib",
		"/System/Library/Frameworks/Foundation.framework/Foundation",
		"/System/Library/Frameworks/CoreVideo.framework/CoreVideo",
		"/System/Library/Frameworks/CoreML.framework/CoreML",
	} {
		if err := rt.open(name); err != nil {
			return nil, err
		}
	}
	var push, pop, classOf uintptr
	names := rt.common()
	names["objc_msgSend"] = &rt.msgSend
	names["object_getClass"] = &classOf
	names["objc_autoreleasePoolPush"] = &push
	names["objc_autoreleasePoolPop"] = &pop
	names["_NSConcreteGlobalBlock"] = &rt.blockISA
	if err := rt.resolve(names); err != nil {
		return nil, err
	}
	rt.classOf = func(id ID) Class {
		r, _, _ := purego.SyscallN(classOf, uintptr(id))
		return Class(r)
	}
	rt.push = func(*runtimeLib) uintptr {
		r, _, _ := purego.SyscallN(push)
		return r
	}
	rt.pop = func(_ *runtimeLib, pool uintptr) { purego.SyscallN(pop, pool) }
	return rt, nil
}
