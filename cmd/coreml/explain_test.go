package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
)

func TestAPersonIsSparedTheInnerNames(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "m/x.bin", Err: fs.ErrNotExist}
	for want, err := range map[string]error{
		"m: it is broken":                       errors.New("generate: open: coreml: load model: m: it is broken"),
		"reference: m: it is broken":            errors.New("reference: coreml: load model: m: it is broken"),
		"step 3: predict less":                  errors.New("generate: step 3: coreml: predict: predict less"),
		"m/x.bin: no such file or directory":    fmt.Errorf("coreml: load model: %w", missing),
		"m: m/x.bin: no such file or directory": fmt.Errorf("m: m: %w", missing),
		`a\nb: \x1b[2J`:                         errors.New("a\nb: \x1b[2J"),
		"read header: it ends too early":        fmt.Errorf("read header: %w", io.ErrUnexpectedEOF),
		"m: the tokenizer is another model's: the vocabulary has 991 entries, the model's logits 512; use the tokenizer that the model was trained with: --tokenizer FOLDER": fmt.Errorf(
			"generate: open: m: %w", &generate.VocabularyError{Tokenizer: 991, Logits: 512}),
		`operator "generate" and "coreml: "`: errors.New(`operator "generate" and "coreml: "`),
	} {
		if got := explain(err); got != want {
			t.Errorf("%q became %q, want %q", err, got, want)
		}
	}
}

func TestErrorsSideBySideGetALineEach(t *testing.T) {
	var out strings.Builder
	complain(&out, errors.Join(errors.New("one\ncoreml: no"), errors.Join(errors.New("two"), errors.New("three"))))
	if got, want := out.String(), "coreml: one\\ncoreml: no\ncoreml: two\ncoreml: three\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnInterruptEndsACommandThatDoesNotListen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan struct{})
	defer close(stuck)
	ended := make(chan int, 1)
	go func() {
		ended <- supervise(ctx, 10*time.Millisecond, func() int { cancel(); <-stuck; return exitOK })
	}()
	select {
	case status := <-ended:
		if status != exitInterrupted {
			t.Errorf("status %d", status)
		}
	case <-time.After(hang):
		t.Fatal("it goes on")
	}
	// One that listens ends with its own status, in its own time.
	ctx, cancel = context.WithCancel(t.Context())
	if status := supervise(ctx, time.Minute, func() int { cancel(); <-ctx.Done(); return 7 }); status != 7 {
		t.Errorf("status %d, want the command's own", status)
	}
	if status := supervise(t.Context(), 0, func() int { return 3 }); status != 3 {
		t.Errorf("status %d", status)
	}
}

// never is an input from which nothing comes.
type never struct{ until chan struct{} }

func (n never) Read([]byte) (int, error) { <-n.until; return 0, io.EOF }

func TestAnInterruptEndsTheWaitForInput(t *testing.T) {
	in := never{make(chan struct{})}
	defer close(in.until)
	for _, args := range [][]string{{"generate", "-"}, {"tokenize"}, {"tokenize", "--decode"}, {"tokenize", "--chat", "-"}} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan result, 1)
		go func() {
			var out, errs strings.Builder
			ended <- result{run(ctx, args, in, &out, &errs), out.String(), errs.String()}
		}()
		cancel()
		select {
		case r := <-ended:
			if r.status != exitInterrupted || r.err != "" {
				t.Errorf("%v: %+v", args, r)
			}
		case <-time.After(hang):
			t.Fatalf("%v waits on", args)
		}
	}
}
