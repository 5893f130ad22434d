//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// failing is a writer that fails after some bytes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestAReaderThatGoesAwayIsNoError(t *testing.T) {
	for _, args := range [][]string{
		{"generate", "Once upon a time", "--temperature=0"},
		{"generate", "x", "--json"},
		{"inspect", model},
		{"inspect", model, "--json"},
		{"inspect", model, "--mil"},
		{"check", story},
	} {
		var errs strings.Builder
		out := &failing{left: 20, err: &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}}
		if status := run(t.Context(), args, strings.NewReader(""), out, &errs); status != exitOK || errs.String() != "" {
			t.Errorf("%v: status %d, standard error %q", args, status, errs.String())
		}
	}
}

func TestADiskThatIsFullIsAnError(t *testing.T) {
	var errs strings.Builder
	out := &failing{left: 20, err: syscall.ENOSPC}
	status := run(t.Context(), []string{"generate", "Once upon a time"}, strings.NewReader(""), out, &errs)
	if status != exitFailure || !strings.Contains(errs.String(), "no space") {
		t.Errorf("status %d, standard error %q", status, errs.String())
	}
}
