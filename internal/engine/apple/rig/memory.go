//go:build linux && (amd64 || arm64)

package rig

import (
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// Element types and pixel formats of standin.h.
const (
	// 0x10000 marks floats, 0x20000 integers; the rest are the bits of an
	// element.
	arrayFloat16 = 0x10000 | 16
	arrayFloat32 = 0x10000 | 32
	arrayFloat64 = 0x10000 | 64
	arrayInt32   = 0x20000 | 32
	arrayInt8    = 0x20000 | 8
	arrayInt64   = 0x20000 | 64

	// Four characters each, as CoreVideo writes its formats: L008, L00h and
	// BGRA.
	pixels8    = 0x4c303038
	pixels16   = 0x4c303068
	pixelsBGRA = 0x42475241
)

// arrayTypes are the element types that the stand-in plays. Core ML has no
// multi-array of int64: it stands for a feature that is one integer.
var arrayTypes = map[tensor.DType]int64{
	tensor.Float16: arrayFloat16, tensor.Float32: arrayFloat32, tensor.Float64: arrayFloat64,
	tensor.Int32: arrayInt32, tensor.Int8: arrayInt8, tensor.Int64: arrayInt64,
}

// dtypeOf is arrayTypes the other way round.
func dtypeOf(kind int64) (tensor.DType, error) {
	for d, k := range arrayTypes {
		if k == kind {
			return d, nil
		}
	}
	return tensor.Invalid, fmt.Errorf("element type %#x is not known", kind)
}

// goString copies a string of C, which ends with a zero byte. nil is the empty
// one.
func goString(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

// describe fills in the type and shape of a result. The stand-in allocates by
// it, and asks for the elements with opTake.
func (a *array) describe(t *tensor.Tensor) error {
	if err := t.Err(); err != nil {
		return err
	}
	shape := t.Shape()
	if len(shape) > maxRank {
		return fmt.Errorf("rank %d is too high", len(shape))
	}
	a.kind, a.rank = arrayTypes[t.DType()], int64(len(shape))
	for i, d := range shape {
		a.shape[i] = int64(d)
	}
	return nil
}

// each calls f for every run of n bytes that lie next to each other in a's
// memory; they are in the order of a contiguous tensor. Strides count elements.
// Trailing dimensions without gaps are one run, so that dense arrays are copied
// in one piece.
func (a *array) each(size int, f func(memory []byte)) {
	rank := int(a.rank)
	for _, d := range a.shape[:rank] {
		if d == 0 {
			return
		}
	}
	run := 1
	for rank > 0 && (a.strides[rank-1] == int64(run) || a.shape[rank-1] == 1) {
		run *= int(a.shape[rank-1])
		rank--
	}
	var at [maxRank]int64
	for {
		offset := int64(0)
		for i := range rank {
			offset += at[i] * a.strides[i]
		}
		f(unsafe.Slice((*byte)(unsafe.Add(a.data, offset*int64(size))), run*size))
		i := rank - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < a.shape[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// load copies an array's elements. The stand-in's memory is valid for the time
// of the request only.
func (a *array) load() (*tensor.Tensor, error) {
	d, err := dtypeOf(a.kind)
	if err != nil {
		return nil, err
	}
	shape, n := make([]int, a.rank), d.Size()
	for i := range shape {
		shape[i] = int(a.shape[i])
		n *= shape[i]
	}
	data := make([]byte, 0, n)
	a.each(d.Size(), func(memory []byte) { data = append(data, memory...) })
	t := tensor.FromBytes(d, data, shape...)
	return t, t.Err()
}

// store converts a tensor to the array's type and copies it there. pixels is
// for images. Rows may be padded, which each takes care of.
func (a *array) store(t *tensor.Tensor, pixels engine.Pixels) error {
	switch a.kind {
	case pixels8, pixels16, pixelsBGRA:
		return a.storePixels(t, pixels)
	}
	d, err := dtypeOf(a.kind)
	if err != nil {
		return err
	}
	data, err := bytesOf(t.To(d).Contiguous())
	if err != nil {
		return err
	}
	a.each(d.Size(), func(memory []byte) { data = data[copy(memory, data):] })
	return nil
}

// bytesOf returns the memory of a contiguous tensor.
func bytesOf(t *tensor.Tensor) ([]byte, error) {
	switch t.DType() {
	case tensor.Float16:
		return raw[tensor.Half](t)
	case tensor.Float32:
		return raw[float32](t)
	case tensor.Float64:
		return raw[float64](t)
	case tensor.Int32:
		return raw[int32](t)
	case tensor.Int64:
		return raw[int64](t)
	case tensor.Int8:
		return raw[int8](t)
	}
	return nil, fmt.Errorf("element type %v is not played: %w", t.DType(), t.Err())
}

// raw views the elements as bytes without a copy.
func raw[T tensor.Element](t *tensor.Tensor) ([]byte, error) {
	data, err := tensor.Data[T](t)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), len(data)*t.DType().Size()), nil
}

// input makes the tensor of a feature.
func (a *array) input(f *engine.Feature) (*tensor.Tensor, error) {
	if f.Kind == engine.Image {
		return a.loadPixels(f)
	}
	t, err := a.load()
	if err != nil {
		return nil, err
	}
	t = t.To(f.DType)
	return t, t.Err()
}

// row returns the bytes of a row of pixels. Of a pixel buffer strides[0] is the
// distance of rows in bytes and strides[1] that of pixels; shape is height and
// width.
func (a *array) row(y int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(a.data, int64(y)*a.strides[0])), a.shape[1]*a.strides[1])
}

// channel returns the byte of a BGRA pixel that holds a channel. Channels are
// those of the program: 0 is red for RGB, and blue for BGR.
func channel(p engine.Pixels, c int) int {
	if p == engine.RGB {
		return 2 - c
	}
	return c
}

// loadPixels makes [1, channels, height, width] of an image. Values are 0 to
// 255, as Core ML gives them to a program.
func (a *array) loadPixels(f *engine.Feature) (*tensor.Tensor, error) {
	h, w := int(a.shape[0]), int(a.shape[1])
	switch a.kind {
	case pixels16:
		data := make([]byte, 0, 2*h*w)
		for y := range h {
			data = append(data, a.row(y)...)
		}
		return tensor.FromBytes(tensor.Float16, data, 1, 1, h, w).To(f.DType), nil
	case pixels8, pixelsBGRA:
		channels := 1
		if a.kind == pixelsBGRA {
			channels = 3
		}
		data := make([]float32, 0, channels*h*w)
		for c := range channels {
			for y := range h {
				row := a.row(y)
				for x := range w {
					data = append(data, float32(row[x*int(a.strides[1])+channel(f.Pixels, c)]))
				}
			}
		}
		if f.Pixels == engine.Gray && channels == 3 {
			return nil, fmt.Errorf("a gray image in colour")
		}
		return tensor.FromSlice(data, 1, channels, h, w), nil
	}
	return nil, fmt.Errorf("pixel format %#x is not played", a.kind)
}

// storePixels writes [1, channels, height, width]. Values beyond 0 to 255 are
// clamped and fractions cut off.
func (a *array) storePixels(t *tensor.Tensor, pixels engine.Pixels) error {
	h, w := int(a.shape[0]), int(a.shape[1])
	if a.kind == pixels16 {
		data, err := bytesOf(t.To(tensor.Float16).Contiguous())
		for y := range h {
			data = data[copy(a.row(y), data):]
		}
		return err
	}
	values, err := tensor.Values[float32](t)
	if err != nil {
		return err
	}
	for i, v := range values {
		c, y, x := i/(h*w), i/w%h, i%w
		a.row(y)[x*int(a.strides[1])+channel(pixels, c)] = byte(max(0, min(255, v)))
	}
	return nil
}
