package coreml

import (
	"cmp"
	"slices"
	"unsafe"

	"github.com/gocoreml/coreml/tensor"
)

// fewPairs bounds the pairs of tensors that are compared one by one, which needs
// no memory. More of them are sorted.
const fewPairs = 1 << 12

// sharing returns an output buffer of the frame that has bytes in common with an
// input, or with a buffer before it, and says which of the two; -1 when there is
// none.
func (f *frame) sharing() (output int, withInput bool) {
	buffers := 0
	for _, t := range f.out {
		if t != nil {
			buffers++
		}
	}
	if buffers*(len(f.in)+len(f.out)) > fewPairs {
		return f.sharingSorted()
	}
	for i, t := range f.out {
		s, ok := spanOf(t)
		if !ok {
			continue
		}
		for _, in := range f.in {
			if s.meets(in) {
				return i, true
			}
		}
		for _, out := range f.out[:i] {
			if s.meets(out) {
				return i, false
			}
		}
	}
	return -1, false
}

// span is the addresses of a contiguous tensor's bytes.
type span struct {
	from, to uintptr
	output   int // -1 for an input
}

// spanOf returns the span of a tensor; false for nil and for one without bytes.
func spanOf(t *tensor.Tensor) (span, bool) {
	if t == nil {
		return span{}, false
	}
	b, err := t.Bytes()
	if err != nil || len(b) == 0 {
		return span{}, false
	}
	from := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return span{from: from, to: from + uintptr(len(b)), output: -1}, true
}

// meets reports whether a tensor, which may be nil, has bytes in s.
func (s span) meets(t *tensor.Tensor) bool {
	o, ok := spanOf(t)
	return ok && s.from < o.to && o.from < s.to
}

// sharingSorted is sharing for many tensors: in the order of their addresses, each
// one is compared with the input and the buffer before it that reach furthest.
func (f *frame) sharingSorted() (output int, withInput bool) {
	var spans []span
	for _, t := range f.in {
		if s, ok := spanOf(t); ok {
			spans = append(spans, s)
		}
	}
	for i, t := range f.out {
		if s, ok := spanOf(t); ok {
			s.output = i
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var input, buffer span
	for _, s := range spans {
		if s.output < 0 {
			if buffer.to > s.from {
				return buffer.output, true
			}
			if s.to > input.to {
				input = s
			}
			continue
		}
		switch {
		case input.to > s.from:
			return s.output, true
		case buffer.to > s.from:
			return max(s.output, buffer.output), false
		}
		buffer = s
	}
	return -1, false
}
