package gguf

import (
	"encoding/binary"
	"fmt"
)

// cursor walks the header of a file. After the first error it gives zeros.
type cursor struct {
	data []byte
	at   int
	err  error
}

// fail remembers the first error.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = &FormatError{Offset: int64(c.at), Reason: fmt.Sprintf(format, args...)}
	}
}

// take returns the next n bytes, or nil when there are not so many.
func (c *cursor) take(n uint64) []byte {
	if c.err != nil {
		return nil
	}
	if n > uint64(len(c.data)-c.at) {
		c.fail("%d bytes are announced where the file has %d", n, len(c.data)-c.at)
		return nil
	}
	b := c.data[c.at : c.at+int(n)]
	c.at += int(n)
	return b
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// text returns a string of at most limit bytes.
func (c *cursor) text(what string, limit uint64) string {
	n := c.uint64()
	if c.err == nil && n > limit {
		c.fail("%s of %d bytes, at most %d are read", what, n, limit)
	}
	return string(c.take(n))
}
