//go:build linux && (amd64 || arm64)

package rig

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestCompilersThatLackSomethingAreUnavailable puts scripts in the place of the
// compiler, which answer as real ones do that know no Objective-C.
func TestCompilersThatLackSomethingAreUnavailable(t *testing.T) {
	for name, script := range map[string]string{
		"gcc without its Objective-C part": "echo \"gcc: fatal error: cannot execute 'cc1obj': execvp: No such file or directory\" >&2; exit 1",
		"clang without GNUstep":            "echo \"standin.m:1:9: fatal error: 'Foundation/Foundation.h' file not found\" >&2; exit 1",
		"a compiler that speaks German":    "echo \"gcc: Fehler: Sprache objective-c nicht erkannt\" >&2; exit 1",
		"a compiler that says nothing":     "exit 1",
	} {
		t.Run(name, func(t *testing.T) {
			useCompiler(t, script)
			if err := Build(filepath.Join(t.TempDir(), "standin.so")); !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
	}
	t.Run("no compiler", func(t *testing.T) {
		t.Setenv(Compiler, filepath.Join(t.TempDir(), "absent"))
		if err := Build(filepath.Join(t.TempDir(), "standin.so")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
}

// TestAStandInThatDoesNotCompileIsAFault has a compiler that takes the least
// program and not the stand-in: a mistake of ours, which no test may skip.
func TestAStandInThatDoesNotCompileIsAFault(t *testing.T) {
	useCompiler(t, `case "$*" in *least.m*) exit 0;; esac; echo "standin.m:7: error: expected expression" >&2; exit 1`)
	err := Build(filepath.Join(t.TempDir(), "standin.so"))
	if err == nil || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want an error that is not ErrUnavailable", err)
	}
}

func useCompiler(t *testing.T, script string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "gcc")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(Compiler, name)
}
