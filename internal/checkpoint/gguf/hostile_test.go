package gguf_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
)

// file is a GGUF file under way.
type file []byte

func header(version uint32, tensors, keys uint64) file {
	return file("GGUF").u32(version).u64(tensors).u64(keys)
}
func (f file) u32(v uint32) file   { return binary.LittleEndian.AppendUint32(f, v) }
func (f file) u64(v uint64) file   { return binary.LittleEndian.AppendUint64(f, v) }
func (f file) bytes(b []byte) file { return append(f, b...) }
func (f file) text(s string) file  { return append(f.u64(uint64(len(s))), s...) }
func (f file) pad() file           { return append(f, make([]byte, (32-len(f)%32)%32)...) }
func (f file) key(s string) file   { return f.text(s).u32(4).u32(1) }
func (f file) align(n uint32) file { return f.text("general.alignment").u32(4).u32(n) }
func (f file) array(kind uint32, n uint64) file {
	return f.text("a").u32(9).u32(kind).u64(n)
}

func (f file) tensor(name string, kind uint32, at uint64, dims ...uint64) file {
	f = f.text(name).u32(uint32(len(dims)))
	for _, d := range dims {
		f = f.u64(d)
	}
	return f.u32(kind).u64(at)
}

func TestBrokenFilesAreRefused(t *testing.T) {
	data := make([]byte, 256)
	for name, c := range map[string]struct {
		file file
		want string
	}{
		"empty":                      {nil, "announced"},
		"another file":               {file("GGML").bytes(data), "does not begin"},
		"version 1":                  {header(1, 0, 0), "version 1"},
		"version 4":                  {header(4, 0, 0), "version 4"},
		"big-endian":                 {header(3<<24, 0, 0), "big-endian"},
		"ten million tensors":        {header(3, 10_000_000, 0), "10000000 tensors"},
		"as many tensors as can be":  {header(3, math.MaxUint64, 0), "tensors are announced"},
		"as many keys as can be":     {header(3, 0, math.MaxUint64), "keys of metadata"},
		"keys that are not there":    {header(3, 0, 1000), "announced"},
		"tensors that are not there": {header(3, 100_000, 0), "announced"},
		"a key of 2^64 bytes":        {header(3, 0, 1).u64(math.MaxUint64), "at most"},
		"a text of 2^63 bytes":       {header(3, 0, 1).text("a").u32(8).u64(1 << 63), "announced"},
		"an array of 2^60 bytes":     {header(3, 0, 1).array(0, 1<<60), "at most"},
		"an array of a million texts that are not there": {header(3, 0, 1).array(8, 1e6).bytes(data[:8]), "announced"},
		"an array of numbers that are not there":         {header(3, 0, 1).array(10, 1<<22).bytes(data), "announced"},
		"an array of arrays":                             {header(3, 0, 1).array(9, 1).u32(9).u32(9), "array of arrays"},
		"a value of an unknown type":                     {header(3, 0, 1).text("a").u32(99), "unknown type 99"},
		"a key twice":                                    {header(3, 0, 2).key("a").key("a"), "twice"},
		"an alignment of zero":                           {header(3, 0, 1).align(0), "alignment"},
		"an alignment of three":                          {header(3, 0, 1).align(3), "alignment"},
		"an alignment that is a text":                    {header(3, 0, 1).text("general.alignment").u32(8).text("x"), "alignment"},
		"a tensor beyond the end":                        {header(3, 1, 0).tensor("x", 0, 32, 64).pad().bytes(data), "256 bytes at 32"},
		"an offset of 2^63":                              {header(3, 1, 0).tensor("x", 0, 1<<63, 8).pad().bytes(data), "broken off"},
		"a shape whose product wraps":                    {header(3, 1, 0).tensor("x", 0, 0, 1<<40, 1<<40).pad().bytes(data), "too large"},
		"a shape of bytes beyond counting":               {header(3, 1, 0).tensor("x", 0, 0, 1<<40, 1<<22).pad().bytes(data), "too large"},
		"a dimension of zero":                            {header(3, 1, 0).tensor("x", 0, 0, 0).pad(), "dimension of 0"},
		"no dimensions":                                  {header(3, 1, 0).tensor("x", 0, 0).pad().bytes(data), "0 dimensions"},
		"five dimensions":                                {header(3, 1, 0).tensor("x", 0, 0, 1, 1, 1, 1, 1).pad().bytes(data), "5 dimensions"},
		"rows that are no whole blocks":                  {header(3, 1, 0).tensor("x", 2, 0, 48, 2).pad().bytes(data), "whole blocks of Q4_0"},
		"an unknown type":                                {header(3, 1, 0).tensor("x", 77, 0, 48).pad().bytes(data), "unknown type 77"},
		"a tensor out of line":                           {header(3, 1, 0).tensor("x", 0, 8, 8).pad().bytes(data), "multiple of 32"},
		"tensors that overlap":                           {header(3, 2, 0).tensor("x", 0, 0, 16).tensor("y", 0, 32, 8).pad().bytes(data), "overlap"},
		"a tensor twice":                                 {header(3, 2, 0).tensor("x", 0, 0, 8).tensor("x", 0, 32, 8).pad().bytes(data), "twice"},
		"no data at all":                                 {header(3, 1, 0).tensor("x", 0, 0, 8), "ends before"},
		"a name of a megabyte":                           {header(3, 1, 0).tensor(strings.Repeat("x", 1<<20), 0, 0, 8), "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := gguf.Parse(c.file)
			if _, ok := errors.AsType[*gguf.FormatError](err); !ok || !errors.Is(err, gguf.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
}

func TestAnArrayIsNotAllocatedFromItsCount(t *testing.T) {
	f := header(3, 0, 1).array(8, 8_000_000)
	if n := testing.AllocsPerRun(10, func() { _, _ = gguf.Parse(f) }); n > 50 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParse wants no panic, and every tensor of a file that is taken to be readable.
func FuzzParse(f *testing.F) {
	if b, err := os.ReadFile("testdata/types.gguf"); err == nil {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte(header(3, 1, 1).align(32).tensor("x", 2, 0, 32, 2).pad().bytes(make([]byte, 36))))
	f.Add([]byte(header(2, 1, 1).array(8, 2).text("a").text("b").tensor("x", 14, 0, 256).pad().bytes(make([]byte, 210))))
	f.Add([]byte(header(3, 0, 1).array(9, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			if !errors.Is(err, gguf.ErrFormat) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		for _, v := range file.Metadata {
			v.Int()
			v.Float()
			v.Bool()
			v.Text()
			v.Ints()
			v.Floats()
			v.Texts()
		}
		for _, x := range file.Tensors {
			err := x.Rows(t.Context(), []int{x.Height() - 1}, make([]float32, x.Width()))
			if err != nil && x.Type.Decodes() {
				t.Fatal(err)
			}
		}
	})
}
