package coreml_test

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzRestore: no file makes Restore panic, and one that is refused changes
// nothing.
func FuzzRestore(f *testing.F) {
	m, _ := load(f, "adder")
	st := newState(f, m)
	step(f, m, st, 1, 2)
	var saved bytes.Buffer
	if err := st.Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes())
	f.Add(saved.Bytes()[:saved.Len()-2])
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, _ := load(t, "adder")
		st := newState(t, m)
		step(t, m, st, 3)
		acc, steps := read(t, st, "acc"), read(t, st, "steps")
		if err := st.Restore(bytes.NewReader(raw)); err == nil {
			return
		}
		if st.Err() != nil || !slices.Equal(read(t, st, "acc"), acc) || !slices.Equal(read(t, st, "steps"), steps) {
			t.Error("a refused file changed the state")
		}
	})
}
