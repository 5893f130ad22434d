package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// The numbers of GGUF version 3, as llama.cpp's gguf.h and ggml.h define them.
const (
	ggufVersion = 3
	ggufAlign   = 32

	typeUint32  = 4
	typeInt32   = 5
	typeFloat32 = 6
	typeString  = 8
	typeArray   = 9

	ggmlF32  = 0
	ggmlF16  = 1
	ggmlQ4_0 = 2
	ggmlQ8_0 = 8
)

// file is a GGUF file in the making.
type file struct {
	pairs   []pair
	tensors []tensor
}

// pair is an entry of the metadata: uint32, float32, string, []string or []int32.
//
// Those are the types that llama.cpp wants for the keys it reads; others are
// refused when they are written.
type pair struct {
	key   string
	value any
}

// tensor is a matrix, or a vector when rows is 0.
type tensor struct {
	name       string
	rows, cols int
	typ        uint32
	size       int64
	// write produces exactly size bytes.
	write func(w io.Writer) error
}

// set adds an entry. The order is kept: general.architecture
// comes first, as in the files of llama.cpp.
func (f *file) set(key string, value any) { f.pairs = append(f.pairs, pair{key, value}) }

// writer counts bytes and keeps the first error.
type writer struct {
	out *bufio.Writer
	n   int64
	err error
}

// Write implements io.Writer.
func (w *writer) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	var n int
	n, w.err = w.out.Write(b)
	w.n += int64(n)
	return n, w.err
}

// GGUF is little-endian. Errors stay in the writer, which a caller asks once.
func (w *writer) u32(v uint32) { _, _ = w.Write(binary.LittleEndian.AppendUint32(nil, v)) }
func (w *writer) u64(v uint64) { _, _ = w.Write(binary.LittleEndian.AppendUint64(nil, v)) }

// text writes a string: its length in bytes, and no end mark.
func (w *writer) text(s string) {
	w.u64(uint64(len(s)))
	_, _ = w.Write([]byte(s))
}

// pad fills up with zeros to where a tensor may begin.
func (w *writer) pad() {
	if rest := w.n % ggufAlign; rest != 0 {
		_, _ = w.Write(make([]byte, ggufAlign-rest))
	}
}

// pair writes a key, the number of its type, and the value.
func (w *writer) pair(p pair) {
	w.text(p.key)
	switch v := p.value.(type) {
	case uint32:
		w.u32(typeUint32)
		w.u32(v)
	case float32:
		w.u32(typeFloat32)
		w.u32(math.Float32bits(v))
	case string:
		w.u32(typeString)
		w.text(v)
	case []string:
		w.array(typeString, len(v))
		for _, s := range v {
			w.text(s)
		}
	case []int32:
		w.array(typeInt32, len(v))
		for _, x := range v {
			w.u32(uint32(x))
		}
	// A mistake of this program; the writer keeps it like an error of the disk.
	default:
		w.err = fmt.Errorf("metadata %s: no form for %T", p.key, v)
	}
}

// array writes the head of a list.
func (w *writer) array(typ uint32, n int) {
	w.u32(typeArray)
	w.u32(typ)
	w.u64(uint64(n))
}

// write makes the file at path.
func (f *file) write(path string) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := &writer{out: bufio.NewWriterSize(out, 1<<20)}
	_, _ = w.Write([]byte("GGUF"))
	w.u32(ggufVersion)
	w.u64(uint64(len(f.tensors)))
	w.u64(uint64(len(f.pairs)))
	for _, p := range f.pairs {
		w.pair(p)
	}
	// Offsets count from the end of the head, which is padded too.
	at := int64(0)
	for _, t := range f.tensors {
		w.text(t.name)
		if t.rows == 0 {
			w.u32(1)
			w.u64(uint64(t.cols))
		} else {
			w.u32(2)
			w.u64(uint64(t.cols))
			w.u64(uint64(t.rows))
		}
		w.u32(t.typ)
		w.u64(uint64(at))
		at = (at + t.size + ggufAlign - 1) / ggufAlign * ggufAlign
	}
	for _, t := range f.tensors {
		w.pad()
		start := w.n
		if err := t.write(w); err != nil {
			return fmt.Errorf("tensor %s: %w", t.name, err)
		}
		// The offsets behind it would all be wrong, and llama.cpp would read noise.
		if w.err == nil && w.n-start != t.size {
			return fmt.Errorf("tensor %s: %d bytes where %d were announced", t.name, w.n-start, t.size)
		}
	}
	w.pad()
	if w.err != nil {
		return w.err
	}
	return w.out.Flush()
}
