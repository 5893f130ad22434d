//go:build linux

package attacks_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// pictures are small files that take long, or much memory, to decode.
func pictures() []*attack {
	list := []*attack{
		{
			name: "picture/a JPEG of thousands of scans", status: 1, says: "scans",
			prepare: picture(func(*testing.T) []byte { return scansJPEG(1000, 1000, 8000) }),
		}, {
			name: "picture/a JPEG of as many scans as are read", status: 0, says: "classLabel",
			prepare: picture(func(*testing.T) []byte { return scansJPEG(2300, 2300, 100) }),
		}, {
			name: "picture/a PNG one pixel wide and 67,108,864 high", status: 1, says: "side",
			prepare: picture(func(t *testing.T) []byte { return zeroPNG(t, 1, 67_108_864, 8) }),
		}, {
			name: "picture/a PNG of 32 megapixels of 16 bits", status: 0, says: "classLabel",
			prepare: picture(func(t *testing.T) []byte { return zeroPNG(t, 5700, 5700, 16) }),
		},
	}
	for _, a := range list {
		a.command = []string{"predict", "m.mlpackage", "--resize", "--input", "image=p"}
	}
	return append(list, &attack{
		name: "picture/a PNG of 32 megapixels with a time limit", status: 1, says: "there was no result within 300ms",
		command: []string{"predict", "m.mlpackage", "--resize", "--timeout", "300ms", "--input", "image=p"},
		prepare: picture(func(t *testing.T) []byte { return zeroPNG(t, 5700, 5700, 16) }),
	})
}

// picture writes a file p beside a classifier of pictures.
func picture(raw func(t *testing.T) []byte) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		model := filepath.Join("..", "..", "cmd", "coreml", "testdata", "picture", "model.mlpackage")
		if err := os.CopyFS(filepath.Join(dir, "m.mlpackage"), os.DirFS(model)); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "p"), raw(t))
	}
}

// zeroPNG is black.
func zeroPNG(t *testing.T, width, height uint32, depth byte) []byte {
	t.Helper()
	var pixels bytes.Buffer
	w := zlib.NewWriter(&pixels)
	// Rows of grey or of colour, each behind the byte of its filter.
	kind, row := byte(2), make([]byte, 1+6*int(width))
	if depth == 8 {
		kind, row = 0, make([]byte, 1+int(width))
	}
	block := bytes.Repeat(row, max(1, 1<<16/len(row)))
	for left := len(row) * int(height); left > 0; left -= len(block) {
		if _, err := w.Write(block[:min(left, len(block))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"),
		pngChunk("IHDR", append(head, depth, kind, 0, 0, 0)), pngChunk("IDAT", pixels.Bytes()), pngChunk("IEND", nil))
}

func pngChunk(kind string, data []byte) []byte {
	body := append([]byte(kind), data...)
	raw := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), body...)
	return binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(body))
}

// scansJPEG is a progressive JPEG of grey pixels whose scans, after the first,
// each refine all coefficients by runs of blocks that are the longest there are.
func scansJPEG(width, height, scans int) []byte {
	blocks := (width + 7) / 8 * ((height + 7) / 8)
	raw := append([]byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{1}, 64)...)
	raw = append(raw, 0xff, 0xc2, 0, 11, 8, byte(height>>8), byte(height), byte(width>>8), byte(width), 1, 1, 0x11, 0)
	// Two tables of one code each, a zero bit: no difference, and a run of 32,767
	// blocks when fourteen ones follow.
	lengths := append([]byte{1}, make([]byte, 15)...)
	raw = slices.Concat(raw, []byte{0xff, 0xc4, 0, 20, 0x00}, lengths, []byte{0}, []byte{0xff, 0xc4, 0, 20, 0x10}, lengths, []byte{0xe0})
	raw = slices.Concat(raw, []byte{0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 1}, make([]byte, (blocks+7)/8))
	runs := bitString("011111111111111", (blocks+32_766)/32_767)
	for i := range scans - 1 {
		raw = append(raw, 0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0x10)
		if i == 0 {
			raw[len(raw)-1] = 0x01 // the first one, which the others refine
		}
		raw = append(raw, runs...)
	}
	return append(raw, 0xff, 0xd9)
}

// bitString packs bits n times, padded with ones, in the way of JPEG.
func bitString(bits string, n int) []byte {
	var out []byte
	next, have := byte(0), 0
	put := func(bit byte) {
		next, have = next<<1|bit, have+1
		if have == 8 {
			out = append(out, next)
			if next == 0xff {
				out = append(out, 0) // which says that this is no marker
			}
			have = 0
		}
	}
	for range n {
		for _, c := range bits {
			put(byte(c - '0'))
		}
	}
	for have > 0 {
		put(1)
	}
	return out
}
