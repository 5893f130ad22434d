package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

const (
	// smallRequest is the length up to which requests are read while others wait.
	// Of longer ones one at a time is in memory.
	smallRequest = 1 << 20
	// hugeRequest is the length from which memory goes back to the system once a
	// request has been read.
	hugeRequest = 32 << 20
)

// errLongLine is the error about a line above the limit.
var errLongLine = fmt.Errorf("the request is longer than %d bytes: pass large arrays as files", maxRequest)

// lineReader reads lines of which only one at a time may be large.
type lineReader struct {
	in    *bufio.Reader
	limit int
	large chan struct{} // holds an element while a large line is in memory
}

// next returns the next line without its end. free is nil for a small line; it
// must be called when a large one is not used any more. A line above the limit is
// skipped and gives errLongLine.
func (r *lineReader) next(ctx context.Context) (text []byte, free func(), err error) {
	// Waiting here holds up small requests behind the line as well: order is kept,
	// and memory bounded.
	text, err = readLineFunc(r.in, nil, r.limit, func() error {
		select {
		case r.large <- struct{}{}:
			free = func() { <-r.large }
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err != nil && free != nil {
		free()
		free = nil
	}
	if len(text) > hugeRequest {
		// The next one must not come on top of what is left of this one.
		let := free
		return text, func() { debug.FreeOSMemory(); let() }, err
	}
	return text, free, err
}

// readLineFunc appends a line to buf. The last one need not end with a newline.
// It asks before it holds more than a small line.
func readLineFunc(b *bufio.Reader, buf []byte, limit int, grow func() error) ([]byte, error) {
	var parts [][]byte // of a large line: one that grew would be copied over and over
	size, tooLong := len(buf), false
	for {
		part, err := b.ReadSlice('\n')
		// The line is read to its end all the same: what follows it is the next
		// request.
		if size += len(part); !tooLong && size > limit {
			buf, parts, tooLong = nil, nil, true
		}
		switch {
		case tooLong:
		case size <= smallRequest:
			buf = append(buf, part...)
		default:
			if parts == nil {
				if err := grow(); err != nil {
					return nil, err
				}
				parts = append(parts, buf)
			}
			parts = append(parts, bytes.Clone(part))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLongLine
		case parts != nil:
			buf = join(parts, size)
		}
		if errors.Is(err, io.EOF) && len(buf) > 0 {
			return buf, nil
		}
		return buf, err
	}
}

// join puts parts together and lets go of each as it does.
func join(parts [][]byte, size int) []byte {
	out := make([]byte, 0, size)
	for i, part := range parts {
		out = append(out, part...)
		parts[i] = nil
	}
	return out
}
