//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"math"
	"slices"
	"syscall"
	"testing"

	"github.com/gocoreml/coreml/internal/objc"
)

// The values of MLMultiArrayDataType.
const (
	float16Type = 0x10010
	int32Type   = 0x20020
)

// page returns page-aligned memory that is none of Go's.
func page(t testing.TB, size int) []byte {
	t.Helper()
	mem, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	return mem
}

// halfArray makes a float16 array over mem. The block, which may be nil, is
// called when Core ML lets go of the memory.
func halfArray(t testing.TB, mem []byte, shape, strides []int, release *objc.Block) (a *objc.Object) {
	t.Helper()
	objc.WithPool(func() {
		var err error
		a, err = objc.New(objc.MLMultiArray.InitWithDataPointer, objc.Address(mem), uintptr(objc.Ints(shape)), float16Type,
			uintptr(objc.Ints(strides)), release.Word())
		if err != nil {
			t.Error(err)
		}
	})
	if a == nil {
		t.FailNow()
	}
	return a
}

// Question B: are messages of eight words passed rightly? This is the longest,
// with the receiver, the selector and the slot of the error.
func TestQuestionB_EightWordsArrive(t *testing.T) {
	start(t)
	balanced(t)
	mem := page(t, 1<<16)
	for i := range mem {
		mem[i] = byte(i)
	}
	shape, strides := []int{2, 3, 4}, []int{64, 16, 1}
	a := halfArray(t, mem, shape, strides, nil)
	defer a.Close()
	objc.WithPool(func() {
		gotShape, err := objc.GoInts(objc.Send(a.ID(), objc.MLMultiArray.Shape))
		if err != nil || !slices.Equal(gotShape, shape) {
			t.Errorf("shape %v, %v, want %v", gotShape, err, shape)
		}
		gotStrides, err := objc.GoInts(objc.Send(a.ID(), objc.MLMultiArray.Strides))
		if err != nil || !slices.Equal(gotStrides, strides) {
			t.Errorf("strides %v, %v, want %v", gotStrides, err, strides)
		}
		if got := objc.SendInt(a.ID(), objc.MLMultiArray.DataType); got != float16Type {
			t.Errorf("data type %#x", got)
		}
		if got := objc.SendInt(a.ID(), objc.MLMultiArray.Count); got != 24 {
			t.Errorf("%d elements", got)
		}
		err = objc.WithBlock(objc.MLMultiArray.GetBytes, func(at, size, _ uintptr) {
			if got := objc.Bytes(at, int(size)); len(got) < 2*(64+2*16+3+1) || got[1] != 1 || got[130] != 130 {
				t.Errorf("%d bytes that begin with % x", len(got), got[:min(len(got), 8)])
			}
		}, func(block uintptr) { objc.Send(a.ID(), objc.MLMultiArray.GetBytes, block) })
		if err != nil {
			t.Error(err)
		}
	})
	tell(t, "eight-words", "arrive")
}

// Question B: is a truth value read right, whatever the rest of its register
// holds?
func TestQuestionB_TruthValues(t *testing.T) {
	start(t)
	balanced(t)
	c, err := objc.New(objc.MLModelConfiguration.Init)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	objc.WithPool(func() {
		for i := range 1000 {
			want := i%3 == 0
			objc.Send(c.ID(), objc.MLModelConfiguration.SetLowPrecision, objc.Word(want))
			if got := objc.SendBool(c.ID(), objc.MLModelConfiguration.LowPrecision); got != want {
				t.Errorf("after %d settings it is %v, want %v", i, got, want)
				return
			}
			if got := objc.GoBool(objc.Bool(want)); got != want {
				t.Errorf("NSNumber %d is %v, want %v", i, got, want)
				return
			}
		}
		if !objc.IsKind(c.ID(), objc.MLModelConfiguration.Class) || objc.IsKind(c.ID(), objc.MLModel.Class) {
			t.Error("an object is not of its own kind, or of a strange one")
		}
	})
	tell(t, "truth-values", "are read right")
}

// Question B: do fractions arrive, as arguments and as results?
func TestQuestionB_Fractions(t *testing.T) {
	start(t)
	balanced(t)
	objc.WithPool(func() {
		for _, x := range []float64{0, 1, -1.5, math.Pi, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1)} {
			if got := objc.GoFloat(objc.Float(x)); got != x {
				t.Errorf("NSNumber of %g is %g", x, got)
			}
			v := objc.SendWithFloat64(objc.MLFeatureValue.WithDouble, x)
			if got := objc.SendFloat64(v, objc.MLFeatureValue.Double); got != x {
				t.Errorf("MLFeatureValue of %g is %g", x, got)
			}
		}
		if !math.IsNaN(objc.GoFloat(objc.Float(math.NaN()))) {
			t.Error("NaN is a number")
		}
		for _, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
			if got := objc.GoInt(objc.Int(n)); got != n {
				t.Errorf("NSNumber of %d is %d", n, got)
			}
		}
	})
	tell(t, "fractions", "arrive")
}
