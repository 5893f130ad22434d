//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestAReaderThatGoesAwayIsNoError(t *testing.T) {
	for _, args := range [][]string{
		{"generate", "Once upon a time", "--temperature=0"},
		{"generate", "x", "--json"},
		{"inspect", model},
		{"inspect", model, "--json"},
		{"inspect", model, "--mil"},
		{"check", story},
		{"--help"},
		{"generate", "--help"},
		{"--version"},
		{"doctor"},
		{"verify", "--engine", "portable", "-n", "2"},
		{"tokenize", "Once upon a time"},
	} {
		var errs strings.Builder
		out := &failing{left: 20, err: &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}}
		if status := run(t.Context(), args, strings.NewReader(""), out, &errs); status != exitOK || errs.String() != "" {
			t.Errorf("%v: status %d, standard error %q", args, status, errs.String())
		}
	}
}

func TestADiskThatIsFullIsAnError(t *testing.T) {
	for _, args := range [][]string{
		{"generate", "Once upon a time"},
		{"inspect", model},
		{"inspect", model, "--mil"},
		{"--help"},
		{"bench", "--help"},
		{"--version"},
		{"doctor"},
		{"tokenize", "Once upon a time"},
		{"tokenize", "--decode", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"},
	} {
		var errs strings.Builder
		out := &failing{left: 20, err: &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}}
		status := run(t.Context(), args, strings.NewReader(""), out, &errs)
		if status != exitFailure || !strings.Contains(errs.String(), "no space") {
			t.Errorf("%v: status %d, standard error %q", args, status, errs.String())
		}
	}
}
