//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// retains returns an object's retain count.
func retains(id ID) int64 {
	return SendInt(id, testMethod("NSObject", "retainCount", "Q@:", nothing))
}

func TestAnObjectOwnsOneRetain(t *testing.T) {
	load(t)
	before := Owned()
	kept, err := New(NSObject.Init)
	if err != nil {
		t.Fatal(err)
	}
	id := kept.ID()
	if n := retains(id); n != 1 {
		t.Errorf("a new object has %d retains", n)
	}
	second := Retain(id)
	if n := retains(id); n != 2 || Owned() != before+2 {
		t.Errorf("a retained object has %d retains, %d owned", n, Owned()-before)
	}
	for range 3 {
		second.Close()
	}
	if n := retains(id); n != 1 || second.ID() != 0 || Owned() != before+1 {
		t.Errorf("three Closes left %d retains, %d owned", n, Owned()-before)
	}
	kept.Close()
	if Owned() != before {
		t.Errorf("%d retains are left", Owned()-before)
	}
	var none *Object
	none.Close()
	if none.ID() != 0 || Adopt(0) != nil || Retain(0) != nil {
		t.Error("nil is owned")
	}
}

func TestTakeFollowsTheMethodsOwnership(t *testing.T) {
	load(t)
	WithPool(func() {
		s := String("a string that is no constant of any kind")
		for _, c := range []struct {
			name string
			m    *Method
			recv ID
			args []uintptr
			want int64
		}{
			{"a new object is adopted", NSObject.New, NSObject.Class.ID(), nil, 1},
			{"a retained one is adopted", NSObject.Retain, s, nil, 2},
			{"a borrowed one is retained", testMethod("NSObject", "self", "@@:", borrowed), s, nil, 2},
		} {
			o, err := Take(c.recv, c.m, c.args...)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if n := retains(o.ID()); n != c.want {
				t.Errorf("%s: %d retains, want %d", c.name, n, c.want)
			}
			o.Close()
		}
		if _, err := Take(0, NSObject.Description); !errors.Is(err, ErrNoResult) {
			t.Errorf("an object was taken from nil: %v", err)
		}
	})
}

func TestWhatNobodyClosedIsReleasedInTheEnd(t *testing.T) {
	load(t)
	before := Owned()
	var watch *Object
	WithPool(func() { watch = Retain(Data([]byte("watched"))) })
	defer watch.Close()
	// The collector may release each as soon as nothing refers to it.
	kept := make([]*Object, 50)
	for i := range kept {
		kept[i] = Retain(watch.ID())
	}
	if n := retains(watch.ID()); n != 51 {
		t.Fatalf("%d retains", n)
	}
	runtime.KeepAlive(kept)
	deadline := time.Now().Add(2 * time.Minute)
	for retains(watch.ID()) != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("%d retains are left", retains(watch.ID()))
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if n := Owned() - before; n != 1 {
		t.Errorf("%d owned", n)
	}
}

func TestClosingAtOnceReleasesOnce(t *testing.T) {
	load(t)
	watch, err := New(NSObject.Init)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	for range 200 {
		o := Retain(watch.ID())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(o.Close)
		}
		wg.Wait()
	}
	if n := retains(watch.ID()); n != 1 {
		t.Errorf("%d retains are left", n)
	}
}

func TestWhatTheSystemLacksIsNotSent(t *testing.T) {
	load(t)
	absentMethod := testMethod("NSObject", "predictTheFuture", "@@:", borrowed)
	absentMethod.min = Version{Major: 99}
	absentClass := testMethod("MLOracle", "new", "@@:", owned)
	absentClass.meta = true
	absentError := testMethod("NSObject", "predict:error:", "@@:@^@", borrowed).failing()
	absentInit := testMethod("NSObject", "initWithCrystal:", "@@:@", consuming)
	absentFloat := testMethod("NSObject", "likelihood", "d@:", nothing)
	absentFunction := &Function{library: "Fate", name: "MLDestiny", encoding: "@"}
	WithPool(func() {
		s := String("x")
		if absentMethod.Available() || absentClass.Class().Available() || absentFunction.Available() || Responds(s, absentMethod) {
			t.Error("something absent is available")
		}
		if Send(s, absentMethod) != 0 || SendClass(absentClass) != 0 || !math.IsNaN(SendFloat64(s, absentFloat)) {
			t.Error("something absent answered")
		}
		_, err := SendError(s, absentError, uintptr(s))
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("SendError: %v", err)
		}
		if _, err := Take(s, absentMethod); !errors.Is(err, ErrUnavailable) || err.Error() != "objc: not available on this system: -[NSObject predictTheFuture] needs macOS 99.0" {
			t.Errorf("Take: %v", err)
		}
		if _, err := New(absentInit, uintptr(s)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("New: %v", err)
		}
		if _, err := Take(absentClass.Class().ID(), absentClass); !errors.Is(err, ErrUnavailable) {
			t.Errorf("Take of an absent class: %v", err)
		}
		if _, err := Call(absentFunction); !errors.Is(err, ErrUnavailable) {
			t.Errorf("Call: %v", err)
		}
		if err := WithBlock(testMethod("NSObject", "foresee:", "v@:@?", nothing).calling("v@?@", noescape), nil, nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("WithBlock: %v", err)
		}
		if _, err := NewCompletion[int](testMethod("NSObject", "await:", "v@:@?", nothing).calling("v@?@", escaping), nil, nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("NewCompletion: %v", err)
		}
		// A subclass may have what the declared class has not.
		if got := Send(s, testMethod("NSObject", "length", "Q@:", nothing)); got != 1 {
			t.Errorf("a method of the receiver's own class gave %d", got)
		}
	})
}

func TestWrongNumbersOfArgumentsPanicBeforeTheSend(t *testing.T) {
	load(t)
	for _, c := range []struct {
		name string
		call func()
	}{
		{"too few", func() { Send(NSObject.Class.ID(), NSArray.At) }},
		{"too many", func() { Send(NSObject.Class.ID(), NSArray.Count, 1) }},
		{"an error slot that is not the method's", func() { _, _ = SendError(NSObject.Class.ID(), NSArray.Count) }},
		{"a double of an integer method", func() { SendFloat64(NSObject.Class.ID(), NSArray.Count) }},
		{"a double argument of an integer method", func() { SendWithFloat64(NSNumber.WithInt64, 1) }},
		{"a new object of no initialiser", func() { _, _ = New(NSArray.Count) }},
		{"a block that the method does not take", func() { _, _ = NewBlock(NSArray.Count, nil) }},
		{"a synchronous block of an asynchronous method", func() { _ = WithBlock(completing(), nil, nil) }},
		{"a completion of a synchronous method", func() { _, _ = NewCompletion[int](calling(), nil, nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			c.call()
		})
	}
}

func TestLoadNamesTheLibraryThatIsAbsent(t *testing.T) {
	load(t)
	err := Load("/nowhere/libcrystal.so")
	var got *LoadError
	if !errors.As(err, &got) || got.Library != "/nowhere/libcrystal.so" || errors.Unwrap(err) == nil {
		t.Errorf("got %v", err)
	}
	if !Loaded() || !NSString.Class.Available() {
		t.Error("a library that is absent unloaded the runtime")
	}
	if err := Load(); err != nil {
		t.Errorf("loading again: %v", err)
	}
}

// TestTheSystemIsAsTheTableSays is the live check: on macOS of every entry that the
// running version should have, elsewhere of Foundation's, as Core ML does not exist
// there and the stand-in's own tests look at that.
func TestTheSystemIsAsTheTableSays(t *testing.T) {
	load(t)
	for _, g := range Missing() {
		foundation := strings.HasPrefix(strings.TrimLeft(g.Name, "+-["), "NS")
		if foundation || runtime.GOOS == "darwin" && !g.Expected {
			t.Error(g)
		}
	}
}

func TestTheLiveCheckSeesWhatIsWrong(t *testing.T) {
	load(t)
	rt := current.Load()
	wrong := testMethod("NSArray", "count", "@@:", borrowed)
	if g, ok := wrong.gap(rt); !ok || g.Problem != EncodingDiffers || g.Want != "@@:" || g.Got == "" {
		t.Errorf("another type: %v", g)
	}
	absent := testMethod("NSArray", "predictTheFuture", "@@:", borrowed)
	if g, ok := absent.gap(rt); !ok || g.Problem != MethodAbsent || g.String() != "-[NSArray predictTheFuture]: the method is absent" {
		t.Errorf("an absent method: %v", g)
	}
	if g, ok := NSArray.Count.gap(rt); ok {
		t.Errorf("a method that is there: %v", g)
	}
}
