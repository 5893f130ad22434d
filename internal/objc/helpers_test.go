//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"os"
	"testing"

	"github.com/ebitengine/purego"
)

// load loads the runtime or skips the test where there is none. With
// COREML_RIG=required in the environment there must be one.
func load(t testing.TB) {
	t.Helper()
	err := Load()
	switch {
	case err == nil:
	case os.Getenv("COREML_RIG") == "required":
		t.Fatal(err)
	default:
		t.Skipf("no Objective-C runtime on this system (Debian: gobjc, libgnustep-base-dev): %v", err)
	}
}

// testMethod makes a row that is not in the table, of a method that NSObject has
// or has not.
func testMethod(class, selector, encoding string, ownership Ownership) *Method {
	types, err := parseEncoding(encoding)
	if err != nil {
		panic(err)
	}
	return &Method{
		class: &ClassRef{name: class, via: class}, selector: selector, encoding: encoding,
		args: len(types) - 3, result: types[0][0], ownership: ownership,
	}
}

// completing and calling are rows whose blocks the tests call themselves.
func completing() *Method {
	return testMethod("NSObject", "description", "@@:", borrowed).calling("v@?@@", escaping)
}

func calling() *Method {
	return testMethod("NSObject", "description", "@@:", borrowed).calling("v@?^vq@", noescape)
}

// callBlock calls a block as compiled code does: through its literal.
func callBlock(block uintptr, a, b, c uintptr) {
	l := (*literal)(pointer(block))
	purego.SyscallN(l.invoke, block, a, b, c)
}

// callBlockOnThread calls a block on a thread that Go did not make, and waits for
// the thread's end. What the block's arguments hold is left to chance.
func callBlockOnThread(t testing.TB, block uintptr) {
	t.Helper()
	create, err := purego.Dlsym(purego.RTLD_DEFAULT, "pthread_create")
	if err != nil {
		t.Fatal(err)
	}
	join, err := purego.Dlsym(purego.RTLD_DEFAULT, "pthread_join")
	if err != nil {
		t.Fatal(err)
	}
	blocks.Lock()
	memory, err := carve(8)
	blocks.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	thread := Address(memory)
	if r, _, _ := purego.SyscallN(create, thread, 0, (*literal)(pointer(block)).invoke, block); r != 0 {
		t.Fatalf("pthread_create: %d", r)
	}
	purego.SyscallN(join, *(*uintptr)(pointer(thread)), 0)
}
