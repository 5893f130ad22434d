//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestABlockGetsTheWordsOfItsSignature(t *testing.T) {
	load(t)
	for _, c := range []struct {
		name, signature string
		want            [3]uintptr
	}{
		{"none", "v@?", [3]uintptr{}},
		{"one", "v@?@", [3]uintptr{11, 0, 0}},
		{"two", "v@?@@", [3]uintptr{11, 12, 0}},
		{"three", "v@?^vq@", [3]uintptr{11, 12, 13}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := testMethod("NSObject", "description", "@@:", borrowed).calling(c.signature, escaping)
			var got [3]uintptr
			b, err := NewBlock(m, func(x, y, z uintptr) { got = [3]uintptr{x, y, z} })
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			callBlock(b.Word(), 11, 12, 13)
			if got != c.want || b.Calls() != 1 || b.Err() != nil {
				t.Errorf("got %v after %d calls, %v", got, b.Calls(), b.Err())
			}
		})
	}
}

func TestALiteralIsWhatTheBlockABISays(t *testing.T) {
	load(t)
	b, err := NewBlock(calling(), func(_, _, _ uintptr) {})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	l := (*literal)(pointer(b.Word()))
	d := (*descriptor)(pointer(l.descriptor))
	if l.flags&blockIsGlobal == 0 || l.flags&blockHasSignature == 0 || b.Word()%16 != 0 {
		t.Errorf("flags %#x at %#x", l.flags, b.Word())
	}
	if d.size != 40 || cString(d.signature) != "v@?^vq@" {
		t.Errorf("size %d, signature %q", d.size, cString(d.signature))
	}
}

func TestAClosedBlockCallsNothing(t *testing.T) {
	load(t)
	open := OpenBlocks()
	var calls atomic.Int64
	b, err := NewBlock(calling(), func(_, _, _ uintptr) { calls.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	word := b.Word()
	callBlock(word, 0, 0, 0)
	b.Close()
	b.Close()
	callBlock(word, 0, 0, 0)
	if calls.Load() != 1 || OpenBlocks() != open {
		t.Errorf("%d calls, %d blocks open", calls.Load(), OpenBlocks()-open)
	}
	// The literal rests, so that the next blocks do not inherit late calls.
	for range restingLiterals / 2 {
		n, err := NewBlock(calling(), func(_, _, _ uintptr) { t.Error("a call went to another block") })
		if err != nil {
			t.Fatal(err)
		}
		callBlock(word, 0, 0, 0)
		n.Close()
	}
}

func TestLiteralsAreUsedAgain(t *testing.T) {
	load(t)
	seen := make(map[uintptr]bool)
	for range 100 * restingLiterals {
		b, err := NewBlock(calling(), func(_, _, _ uintptr) {})
		if err != nil {
			t.Fatal(err)
		}
		seen[b.Word()] = true
		b.Close()
	}
	if len(seen) > 2*restingLiterals {
		t.Errorf("%d literals were made", len(seen))
	}
}

func TestAPanicInAHandlerBecomesAnError(t *testing.T) {
	load(t)
	open := OpenBlocks()
	err := WithBlock(calling(), func(_, _, _ uintptr) { panic("the handler broke") }, func(block uintptr) {
		callBlock(block, 0, 0, 0)
		callBlock(block, 0, 0, 0)
	})
	var got *PanicError
	if !errors.As(err, &got) || got.Value != "the handler broke" || !strings.Contains(got.Stack, "TestAPanicInAHandler") {
		t.Errorf("got %v", err)
	}
	c, err := NewCompletion(completing(), func(_, _, _ uintptr) (int, error) { panic(errors.New("so did read")) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	callBlockOnThread(t, c.Word())
	if _, err := c.Wait(t.Context()); !errors.As(err, &got) || err.Error() != "objc: panic in a block: so did read" {
		t.Errorf("got %v", err)
	}
	if OpenBlocks() != open {
		t.Errorf("%d blocks are open", OpenBlocks()-open)
	}
}

func TestABlockThatWasNotCalledIsAnError(t *testing.T) {
	load(t)
	open := OpenBlocks()
	if err := WithBlock(calling(), func(_, _, _ uintptr) {}, func(uintptr) {}); !errors.Is(err, ErrNotCalled) {
		t.Errorf("got %v", err)
	}
	c, err := NewCompletion(completing(), func(_, _, _ uintptr) (int, error) { return 1, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Discard()
	if _, err := c.Wait(t.Context()); !errors.Is(err, ErrNotCalled) {
		t.Errorf("got %v", err)
	}
	if OpenBlocks() != open {
		t.Errorf("%d blocks are open", OpenBlocks()-open)
	}
}

func TestACompletionGivesWhatTheHandlerGot(t *testing.T) {
	load(t)
	open, owned := OpenBlocks(), Owned()
	c, err := NewCompletion(completing(), func(id, failure, _ uintptr) (*Object, error) {
		if id == 0 {
			return nil, GoError(ID(failure))
		}
		return Retain(ID(id)), nil
	}, (*Object).Close)
	if err != nil {
		t.Fatal(err)
	}
	WithPool(func() { callBlock(c.Word(), uintptr(Data([]byte("result"))), 0, 0) })
	o, err := c.Wait(t.Context())
	if err != nil || string(GoBytes(o.ID())) != "result" {
		t.Errorf("got %q, %v", GoBytes(o.ID()), err)
	}
	o.Close()
	if _, err := c.Wait(t.Context()); !errors.Is(err, ErrNotCalled) {
		t.Errorf("waiting again: %v", err)
	}
	if OpenBlocks() != open || Owned() != owned {
		t.Errorf("%d blocks and %d objects are left", OpenBlocks()-open, Owned()-owned)
	}
}

func TestALateResultIsDropped(t *testing.T) {
	load(t)
	owned := Owned()
	var c *Completion[*Object]
	c, err := NewCompletion(completing(), func(id, _, _ uintptr) (*Object, error) { return Retain(ID(id)), nil }, func(o *Object) {
		select {
		case <-c.Done():
			t.Error("the completion was done before its value was dropped")
		default:
		}
		o.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o, err := c.Wait(ctx); !errors.Is(err, context.Canceled) || o != nil {
		t.Errorf("got %v, %v", o, err)
	}
	WithPool(func() { callBlock(c.Word(), uintptr(Data([]byte("late"))), 0, 0) })
	select {
	case <-c.Done():
	default:
		t.Error("the late call did not end the completion")
	}
	if Owned() != owned {
		t.Errorf("%d objects are left", Owned()-owned)
	}
}

func TestAHandlerThatIsCalledTwiceCountsOnce(t *testing.T) {
	load(t)
	reads := 0
	c, err := NewCompletion(completing(), func(a, _, _ uintptr) (uintptr, error) { reads++; return a, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	word := c.Word()
	callBlock(word, 1, 0, 0)
	callBlock(word, 2, 0, 0)
	if v, err := c.Wait(t.Context()); v != 1 || err != nil || reads != 1 {
		t.Errorf("got %d, %v after %d reads", v, err, reads)
	}
}

func TestDiscardingWhatIsCompleteChangesNothing(t *testing.T) {
	load(t)
	c, err := NewCompletion(completing(), func(a, _, _ uintptr) (uintptr, error) { return a, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	callBlock(c.Word(), 7, 0, 0)
	c.Discard()
	c.Discard()
	if v, err := c.Wait(t.Context()); v != 7 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}

func TestCancellingAndCompletingAtOnceLosesNothing(t *testing.T) {
	load(t)
	owned, open := Owned(), OpenBlocks()
	for range 300 {
		c, err := NewCompletion(completing(), func(id, _, _ uintptr) (*Object, error) { return Retain(ID(id)), nil }, (*Object).Close)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(cancel)
		wg.Go(func() {
			WithPool(func() { callBlock(c.Word(), uintptr(Data([]byte("x"))), 0, 0) })
		})
		o, err := c.Wait(ctx)
		if (o == nil) == (err == nil) {
			t.Errorf("got %v, %v", o, err)
		}
		o.Close()
		wg.Wait()
	}
	if Owned() != owned || OpenBlocks() != open {
		t.Errorf("%d objects and %d blocks are left", Owned()-owned, OpenBlocks()-open)
	}
}

func TestBlocksAreCalledOnThreadsThatGoDidNotMake(t *testing.T) {
	load(t)
	open := OpenBlocks()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				c, err := NewCompletion(completing(), func(_, _, _ uintptr) (*Object, error) {
					return Retain(String("made on a foreign thread")), nil
				}, (*Object).Close)
				if err != nil {
					t.Error(err)
					return
				}
				callBlockOnThread(t, c.Word())
				o, err := c.Wait(t.Context())
				WithPool(func() {
					if err != nil || GoString(o.ID()) != "made on a foreign thread" {
						t.Errorf("got %v, %v", o, err)
					}
				})
				o.Close()
			}
		})
	}
	wg.Wait()
	if OpenBlocks() != open {
		t.Errorf("%d blocks are open", OpenBlocks()-open)
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	load(t)
	c, err := NewCompletion(completing(), func(_, _, _ uintptr) (int, error) { return 0, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Discard()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
