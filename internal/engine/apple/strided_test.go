//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// span returns the bytes that a layout reaches over.
func span(l layout) int {
	last := 0
	for k, d := range l.shape {
		if d > 1 {
			last += (d - 1) * l.strides[k]
		}
	}
	return (last + 1) * l.size
}

// slowGather is the definition: every element by its index.
func slowGather(l layout, src []byte) []byte {
	var out []byte
	var visit func(k, offset int)
	visit = func(k, offset int) {
		if k == len(l.shape) {
			out = append(out, src[offset*l.size:(offset+1)*l.size]...)
			return
		}
		for i := range l.shape[k] {
			if i == 0 {
				visit(k+1, offset)
				continue
			}
			visit(k+1, offset+i*l.strides[k])
		}
	}
	visit(0, 0)
	return out
}

func TestStridedCopies(t *testing.T) {
	for _, test := range []struct {
		name           string
		shape, strides []int
		size           int
	}{
		{"a dense array", []int{2, 3, 4}, []int{12, 4, 1}, 4},
		{"rows padded from 3 to 16", []int{4, 3}, []int{16, 1}, 2},
		{"rows padded inside of a batch", []int{2, 4, 3}, []int{64, 16, 1}, 2},
		{"columns first", []int{3, 4}, []int{1, 3}, 4},
		{"every second element", []int{2, 5}, []int{10, 2}, 1},
		{"strides of single dimensions that mean nothing", []int{1, 1, 5}, []int{-7, 1 << 40, 1}, 8},
		{"one element", []int{1}, []int{99}, 2},
		{"no dimensions", nil, nil, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := layout{test.shape, test.strides, test.size}
			src := make([]byte, span(l))
			for k := range src {
				src[k] = byte(k*7 + k>>8)
			}
			if err := l.check(len(src)); err != nil {
				t.Fatal(err)
			}
			if err := l.check(len(src) - 1); err == nil {
				t.Error("memory that is too short by a byte was accepted")
			}
			want := slowGather(l, src)
			got := make([]byte, len(want))
			l.gather(got, src)
			if !bytes.Equal(got, want) {
				t.Errorf("gathered %v, want %v", got, want)
			}
			dst := make([]byte, len(src))
			l.scatter(dst, want)
			back := slowGather(l, dst)
			if !bytes.Equal(back, want) {
				t.Errorf("scattered %v, want %v", back, want)
			}
			l.scatter(src, want) // the padding of src must stay what it was
			for k := range src {
				if src[k] != byte(k*7+k>>8) {
					t.Fatalf("byte %d changed", k)
				}
			}
		})
	}
}

func TestLayoutsThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		name           string
		shape, strides []int
		size, bytes    int
	}{
		{"a stride missing", []int{2, 2}, []int{1}, 4, 1000},
		{"a negative stride", []int{2, 2}, []int{-2, 1}, 4, 1000},
		{"a dimension of zero", []int{2, 0}, []int{2, 1}, 4, 1000},
		{"a negative dimension", []int{2, -1}, []int{2, 1}, 4, 1000},
		{"a stride beyond the memory", []int{2, 2}, []int{1 << 62, 1}, 4, 1000},
		{"a product that overflows", []int{1 << 31, 1 << 31, 1 << 31}, []int{1, 1, 1}, 4, 1000},
		{"strides that add up beyond the memory", []int{5, 5}, []int{200, 60}, 1, 1000},
		{"no memory", []int{1}, []int{1}, 4, 0},
		{"more dimensions than a tensor has", slices.Repeat([]int{1}, 17), slices.Repeat([]int{1}, 17), 1, 10},
	} {
		l := layout{test.shape, test.strides, test.size}
		if err := l.check(test.bytes); err == nil {
			t.Errorf("%s: accepted", test.name)
		}
	}
}

func TestLastRows(t *testing.T) {
	for _, test := range []struct {
		name    string
		shape   []int
		strides []int
		n       int
		want    []byte
		wanted  []int
	}{
		{"the last of three", []int{1, 3, 2}, []int{99, 4, 1}, 1, []byte{8, 9}, []int{1, 1, 2}},
		{"two of three in two batches", []int{2, 3, 2}, []int{12, 4, 1}, 2, []byte{4, 5, 8, 9, 16, 17, 20, 21}, []int{2, 2, 2}},
		{"all that there are", []int{3, 2}, []int{4, 1}, 3, []byte{0, 1, 4, 5, 8, 9}, []int{3, 2}},
		{"more than there are", []int{3, 2}, []int{4, 1}, 9, []byte{0, 1, 4, 5, 8, 9}, []int{3, 2}},
		{"no limit", []int{3, 2}, []int{4, 1}, 0, []byte{0, 1, 4, 5, 8, 9}, []int{3, 2}},
		{"no rows to speak of", []int{3}, []int{2}, 1, []byte{0, 2, 4}, []int{3}},
	} {
		l := layout{slices.Clone(test.shape), test.strides, 1}
		mem := make([]byte, span(l))
		for k := range mem {
			mem[k] = byte(k)
		}
		if got := l.narrow(test.n); !slices.Equal(got, test.wanted) {
			t.Errorf("%s: shape %v, want %v", test.name, got, test.wanted)
		}
		got := make([]byte, len(test.want))
		if err := l.take(got, mem, test.n); err != nil || !bytes.Equal(got, test.want) {
			t.Errorf("%s: %v, %v, want %v", test.name, got, err, test.want)
		}
		if !slices.Equal(l.shape, test.shape) {
			t.Errorf("%s: the layout was changed", test.name)
		}
		if err := l.take(got, mem[:len(mem)-1], test.n); err == nil {
			t.Errorf("%s: memory that is too short by a byte was read", test.name)
		}
		if err := l.put(mem[:len(mem)-1], make([]byte, 100)); err == nil {
			t.Errorf("%s: memory that is too short by a byte was written", test.name)
		}
	}
}

func FuzzStrided(f *testing.F) {
	f.Add([]byte{2, 16, 3, 1}, byte(2), uint16(200))
	f.Add([]byte{1, 255, 4, 1, 2, 2}, byte(4), uint16(64))
	f.Fuzz(func(t *testing.T, pairs []byte, size byte, length uint16) {
		l := layout{size: int(size%8) + 1}
		for k := 0; k+1 < len(pairs) && k < 10; k += 2 {
			l.shape = append(l.shape, int(pairs[k])%7)
			l.strides = append(l.strides, int(int8(pairs[k+1])))
		}
		src := make([]byte, length)
		for k := range src {
			src[k] = byte(binary.LittleEndian.Uint16([]byte{byte(k), byte(k >> 8)}) * 31)
		}
		if err := l.check(len(src)); err != nil {
			return
		}
		want := slowGather(l, src)
		got := make([]byte, len(want))
		l.gather(got, src)
		if !bytes.Equal(got, want) {
			t.Fatalf("%+v: gathered %v, want %v", l, got, want)
		}
		dst := slices.Clone(src)
		l.scatter(dst, want)
		if !bytes.Equal(dst, src) {
			t.Fatalf("%+v: an array written over itself changed", l)
		}
	})
}
