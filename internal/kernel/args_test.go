package kernel

import (
	"reflect"
	"testing"
)

// frame says where the assembly of a kernel takes its arguments from, and where it
// leaves its result; size is what all of them take. The generator writes the lists.
type frame struct {
	name    string
	kernel  any
	offsets []uintptr
	size    uintptr
}

var frames []frame

// TestTheAssemblyFindsItsArguments lays the arguments out from the declarations that
// Go sees: each at a multiple of its alignment, results from a multiple of a
// pointer's.
func TestTheAssemblyFindsItsArguments(t *testing.T) {
	if len(frames) == 0 {
		t.Skip("this build has no assembly")
	}
	for _, f := range frames {
		declared := reflect.TypeOf(f.kernel)
		var offsets []uintptr
		end := uintptr(0)
		place := func(v reflect.Type) {
			align := uintptr(v.Align())
			end = (end + align - 1) &^ (align - 1)
			offsets = append(offsets, end)
			end += v.Size()
		}
		for i := range declared.NumIn() {
			place(declared.In(i))
		}
		pointer := reflect.TypeFor[uintptr]().Size()
		for i := range declared.NumOut() {
			end = (end + pointer - 1) &^ (pointer - 1)
			place(declared.Out(i))
		}
		if !reflect.DeepEqual(offsets, f.offsets) || end != f.size {
			t.Errorf("%s has its arguments at %v in %d bytes, the assembly at %v in %d", f.name, offsets, end, f.offsets, f.size)
		}
	}
}
