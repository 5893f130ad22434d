package testutil

import "testing"

var sink *[64]byte

func TestAllocationsOfOthersAreNotCounted(t *testing.T) {
	calls := 0
	once := func() {
		if calls++; calls < 10 { // within the first count
			sink = new([64]byte)
		}
	}
	if n := Allocs(4, once); n != 0 {
		t.Errorf("what is allocated in the first count counts as %v", n)
	}
	if n := Allocs(4, func() { sink = new([64]byte) }); n != 1 {
		t.Errorf("one allocation in each run counts as %v", n)
	}
}
