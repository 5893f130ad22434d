package gguf

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math/bits"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
)

// Bounds of what is read of a file's tensors. The largest models in use have some
// thousands, with names of some tens of bytes.
const (
	maxTensors = 1 << 17
	maxName    = 256
	maxDims    = 4
)

// File is an open file. It is safe for concurrent use.
type File struct {
	// Version is that of the format: 2 or 3.
	Version int
	// Metadata has the values by their keys.
	Metadata map[string]Value
	// Tensors are in the order of the file's header.
	Tensors []*Tensor

	bytes *storage.Bytes
}

// Tensor is what a file says of a tensor.
type Tensor struct {
	Name string
	Type Type
	// Shape has the longest stride first, as usual, where the file has it last.
	Shape []int

	file *File
	data []byte // mapped
}

// Open opens a file of fsys. It reads the header, no tensor.
func Open(fsys fs.FS, name string) (*File, error) {
	b, err := storage.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	f := &File{bytes: b}
	if err = f.parse(); err != nil {
		_ = b.Release() // what was only read has nothing to lose
		return nil, fmt.Errorf("%s: %w", storage.Quote(name), err)
	}
	return f, nil
}

// Parse reads a file that is in memory; its tensors refer to data.
func Parse(data []byte) (*File, error) {
	f := &File{bytes: storage.Wrap(data, nil)}
	if err := f.parse(); err != nil {
		return nil, err
	}
	return f, nil
}

// Close gives the file back. Its tensors are of no use afterwards.
func (f *File) Close() error { return f.bytes.Release() }

// parse reads the header. Values refer to a copy of it, since a mapped file can change.
func (f *File) parse() (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	data := f.bytes.Data()
	c := &cursor{data: data[:min(len(data), maxHeader)]}
	keys, tensors := f.counts(c)
	f.metadata(c, keys)
	if c.err != nil {
		return c.err
	}
	// A second walk over a copy: no value is looked at while it is mapped.
	c = &cursor{data: bytes.Clone(c.data[:c.at])}
	f.counts(c)
	f.metadata(c, keys)
	c.data = data[:min(len(data), maxHeader)]
	places := f.infos(c, tensors)
	if c.err != nil {
		return c.err
	}
	return f.place(data, c.at, places)
}

// counts reads the fixed part of the header.
func (f *File) counts(c *cursor) (keys, tensors uint64) {
	if string(c.take(4)) != "GGUF" {
		c.fail("the file does not begin with GGUF")
		return 0, 0
	}
	switch v := c.uint32(); {
	case c.err != nil:
	case v == 2 || v == 3:
		f.Version = int(v)
	case v&0xffff == 0 && v != 0:
		c.fail("the file is big-endian (version %d), which is not read: convert it with llama.cpp's gguf_convert_endian.py", bits.ReverseBytes32(v))
	case v == 1:
		c.fail("version 1 of the format is not read: convert the model anew with a llama.cpp of after August 2023")
	default:
		c.fail("version %d of the format is not known, 2 and 3 are", v)
	}
	tensors, keys = c.uint64(), c.uint64()
	if c.err == nil && tensors > maxTensors {
		c.fail("%d tensors are announced, at most %d are read", tensors, maxTensors)
	}
	if c.err == nil && keys > maxKeys {
		c.fail("%d keys of metadata are announced, at most %d are read", keys, maxKeys)
	}
	return keys, tensors
}

// metadata reads keys with their values.
func (f *File) metadata(c *cursor, keys uint64) {
	f.Metadata = map[string]Value{}
	for range keys {
		key := c.text("a key", maxKey)
		v := c.value()
		if c.err != nil {
			return
		}
		if _, twice := f.Metadata[key]; twice {
			c.fail("the key %s is there twice", storage.Quote(key))
			return
		}
		f.Metadata[key] = v
	}
}

// infos reads the descriptions of the tensors, and returns their places relative to the
// start of the data.
func (f *File) infos(c *cursor, tensors uint64) []uint64 {
	var places []uint64
	seen := map[string]bool{}
	for range tensors {
		t := &Tensor{Name: c.text("a tensor's name", maxName), file: f}
		dims := c.uint32()
		if c.err == nil && (dims == 0 || dims > maxDims) {
			c.fail("tensor %s has %d dimensions, 1 to %d are possible", storage.Quote(t.Name), dims, maxDims)
		}
		if c.err != nil {
			return nil
		}
		for range dims {
			n := c.uint64()
			if c.err == nil && (n == 0 || n > 1<<40 || uint64(int(n)) != n) {
				c.fail("tensor %s has a dimension of %d", storage.Quote(t.Name), n)
			}
			t.Shape = append(t.Shape, int(n))
		}
		slices.Reverse(t.Shape)
		t.Type = Type(c.uint32())
		at := c.uint64()
		if c.err == nil && seen[t.Name] {
			c.fail("the tensor %s is there twice", storage.Quote(t.Name))
		}
		if c.err != nil {
			return nil
		}
		seen[t.Name] = true
		f.Tensors = append(f.Tensors, t)
		places = append(places, at)
	}
	return places
}

// place finds the tensors' bytes: aligned, within the file, without overlaps.
func (f *File) place(data []byte, end int, places []uint64) error {
	align := uint64(32)
	if v, there := f.Metadata["general.alignment"]; there {
		n, ok := v.Int()
		if !ok || n < 1 || n > 1<<30 || n&(n-1) != 0 {
			return broken("general.alignment is no power of two")
		}
		align = uint64(n)
	}
	start := (uint64(end) + align - 1) / align * align
	if len(f.Tensors) > 0 && start > uint64(len(data)) {
		return broken("the file ends before its tensors begin")
	}
	type span struct {
		at, end uint64
		t       *Tensor
	}
	spans := make([]span, len(f.Tensors))
	for i, t := range f.Tensors {
		size, err := t.size()
		if err != nil {
			return err
		}
		at := places[i]
		if at%align != 0 {
			return broken("tensor %s begins at %d, which is not a multiple of %d", storage.Quote(t.Name), at, align)
		}
		if have := uint64(len(data)) - start; at > have || size > have-at {
			return broken("tensor %s has %d bytes at %d where the file has %d: the download may have broken off", storage.Quote(t.Name), size, at, have)
		}
		t.data = data[start+at : start+at+size]
		spans[i] = span{at, at + size, t}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(spans); i++ {
		if spans[i].at < spans[i-1].end {
			return broken("the tensors %s and %s overlap", storage.Quote(spans[i-1].t.Name), storage.Quote(spans[i].t.Name))
		}
	}
	return nil
}

// size returns the bytes of a tensor, whose rows must be whole blocks.
func (t *Tensor) size() (uint64, error) {
	f, ok := forms[t.Type]
	if !ok {
		return 0, broken("tensor %s is of the unknown type %d: convert the original model, or quantize it anew to Q4_0, Q8_0 or a K-quant", storage.Quote(t.Name), uint32(t.Type))
	}
	n, ok := dtype.Count(t.Shape)
	if width := t.Shape[len(t.Shape)-1]; ok && width%f.block != 0 {
		return 0, broken("tensor %s has rows of %d elements, which are no whole blocks of %s", storage.Quote(t.Name), width, f.name)
	}
	blocks := n / f.block
	if !ok || int64(blocks) > 1<<50/int64(f.bytes) {
		return 0, broken("tensor %s of shape %v is too large", storage.Quote(t.Name), t.Shape)
	}
	return uint64(blocks) * uint64(f.bytes), nil
}

// Width returns the number of elements in a row: the last dimension.
func (t *Tensor) Width() int { return t.Shape[len(t.Shape)-1] }

// Height returns the number of rows: the product of all other dimensions.
func (t *Tensor) Height() int {
	n := 1
	for _, d := range t.Shape[:len(t.Shape)-1] {
		n *= d
	}
	return n
}

// Row returns the bytes of a row. They are mapped: whoever reads them watches for faults.
func (t *Tensor) Row(i int) []byte {
	n := t.Type.RowBytes(t.Width())
	return t.data[i*n : (i+1)*n]
}

// Rows decodes the rows order[0], order[1] and so on into dst, which holds exactly their
// elements.
func (t *Tensor) Rows(ctx context.Context, order []int, dst []float32) (err error) {
	width := t.Width()
	switch {
	case !t.Type.Decodes():
		return broken("tensor %s is stored as %s, which is not read: convert the original model, or quantize it anew to Q4_0, Q8_0 or a K-quant", storage.Quote(t.Name), t.Type)
	case len(dst) != len(order)*width:
		return fmt.Errorf("tensor %s: %d elements for %d rows of %d", storage.Quote(t.Name), len(dst), len(order), width)
	}
	decode := forms[t.Type].decode
	defer storage.EndFaults(storage.WatchFaults(), &err)
	for i, row := range order {
		if i*width%(1<<20) < width { // now and then
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if row < 0 || row >= t.Height() {
			return fmt.Errorf("tensor %s: row %d of %d", storage.Quote(t.Name), row, t.Height())
		}
		decode(dst[i*width:(i+1)*width], t.Row(row))
	}
	return t.file.bytes.Err()
}

// Err says whether the file can be relied on, after reading what [Tensor.Row] gives.
func (t *Tensor) Err() error { return t.file.bytes.Err() }
