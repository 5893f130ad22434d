package storage

import (
	"bytes"
	"testing"
)

// Memory keeps what it holds, whatever the system grants, for any place and length; what
// says stop is asked before each page.
func TestLargePagesKeepWhatMemoryHolds(t *testing.T) {
	const size = 9 << 20
	memory := make([]byte, size)
	for i := range memory {
		memory[i] = byte(i*i>>8 + i)
	}
	want := bytes.Clone(memory)
	for _, part := range [][2]int{{0, 0}, {1, 2}, {0, 4096}, {12345, size - 777}, {0, size}} {
		LargePages(memory[part[0]:part[1]], nil)
		if !bytes.Equal(memory, want) {
			t.Fatalf("bytes %d to %d on large pages hold something else", part[0], part[1])
		}
	}
	asked := 0
	LargePages(memory, func() bool { asked++; return true })
	if asked > 1 {
		t.Errorf("stop was asked %d times after it had said so", asked)
	}
	LargePages(nil, nil)
}
