package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// maxPrompt bounds the texts that are read from standard input and from files.
const maxPrompt = 64 << 20

// readInput reads standard input to its end, and says so where a person has to
// type it. It gives up when ctx ends, whether
// or not something ever comes: nobody can take a read back, so it is left
// behind.
func readInput(ctx context.Context, s *streams) ([]byte, error) {
	// Said at once: a program that waits for input in silence looks as if it hung.
	if isTerminal(s.in) {
		end := "Ctrl-D"
		if runtime.GOOS == "windows" {
			end = "Ctrl-Z and Enter"
		}
		if _, err := fmt.Fprintf(s.err, "coreml: reading standard input, which %s on a line of its own ends\n", end); err != nil {
			return nil, err
		}
	}
	type read struct {
		data []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		// One byte more than allowed, to tell that there was more.
		data, err := io.ReadAll(io.LimitReader(s.in, maxPrompt+1))
		done <- read{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("standard input: %w", r.err)
		}
		if len(r.data) > maxPrompt {
			return nil, fmt.Errorf("standard input: more than %s", bytesText(maxPrompt))
		}
		return r.data, nil
	}
}
