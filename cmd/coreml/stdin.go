package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
)

// maxPrompt bounds the texts that are read from standard input and from files.
const maxPrompt = 64 << 20

// readInput reads standard input to its end, and says so where a person has to
// type it. It gives up when ctx ends, whether
// or not something ever comes: nobody can take a read back, so it is left
// behind.
func readInput(ctx context.Context, s *streams) ([]byte, error) {
	if err := s.tellReading(); err != nil {
		return nil, err
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

// tellReading says where a person has to type something: a program that waits for
// input in silence looks as if it hung.
func (s *streams) tellReading() error {
	if !isTerminal(s.in) {
		return nil
	}
	end := "Ctrl-D"
	if runtime.GOOS == "windows" {
		end = "Ctrl-Z and Enter"
	}
	_, err := fmt.Fprintf(s.err, "coreml: reading standard input, which %s on a line of its own ends\n", end)
	return err
}

// confirm asks a person a question that is answered by yes or no, and takes everything
// but yes for no.
func (s *streams) confirm(ctx context.Context, question string) (bool, error) {
	if _, err := fmt.Fprintf(s.err, "%s [y/N] ", question); err != nil {
		return false, err
	}
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(s.in, 1<<10)).ReadString('\n') // no answer is a no
		answer <- line
	}()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case line := <-answer:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes", nil
	}
}
