package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gocoreml/coreml/cmd/coreml/internal/lineedit"
)

// messages reads a stream to its end.
func readMessages(t *testing.T, in io.Reader) (list []string) {
	t.Helper()
	r := newMessageLines(in, nil, nil)
	for {
		typed, err := r.Read(t.Context(), chatPrompt)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, messageOf(typed))
	}
}

func TestMessagesOfSeveralLines(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"lines", "one\r\ntwo\n\nthree", []string{"one", "two", "", "three"}},
		{"nothing", "", nil},
		{"triple quotes", "\"\"\"one\n  two\n\nthree\"\"\"\nfour\n", []string{"one\n  two\n\nthree", "four"}},
		{"triple quotes on their own lines", "\"\"\"\none\n\"\"\" \nfour\n", []string{"one", "four"}},
		{"triple quotes of one line", "\"\"\"one\"\"\"\n", []string{"one"}},
		{"nothing in triple quotes", "\"\"\"\n\"\"\"\n", []string{""}},
		{"six quotes", "\"\"\"\"\"\"\nfour\n", []string{"", "four"}},
		{"quotes within", "say \"\"\"x\n", []string{"say \"\"\"x"}},
		{"a backslash in triple quotes", "\"\"\"one\\\ntwo\"\"\"\n", []string{"one\\\ntwo"}},
		{"quotes that stay open", "\"\"\"one\ntwo", []string{"one\ntwo"}},
		{"backslashes", "one\\\ntwo\\\nthree\nfour\n", []string{"one\ntwo\nthree", "four"}},
		{"an even number of them", "C:\\\\\nfour\n", []string{"C:\\\\", "four"}},
		{"a backslash at the end", "one\\", []string{"one\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := readMessages(t, strings.NewReader(c.in)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := readMessages(t, iotest.OneByteReader(strings.NewReader(c.in))); !slices.Equal(got, c.want) {
				t.Errorf("byte by byte %q, want %q", got, c.want)
			}
		})
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	in, out := io.Pipe()
	pressed := make(chan struct{}, 1)
	r := newMessageLines(in, nil, pressed)
	pressed <- struct{}{}
	if _, err := r.Read(t.Context(), ""); !errors.Is(err, lineedit.ErrInterrupt) {
		t.Errorf("an interrupt: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go stop()
	if _, err := r.Read(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("the end of the context: %v", err)
	}
	// What was read behind these is the next line.
	go func() { _, _ = io.WriteString(out, "late\n") }()
	if text, err := r.Read(t.Context(), ""); text != "late" || err != nil {
		t.Errorf("got %q (%v)", text, err)
	}
	broken := newMessageLines(iotest.ErrReader(errors.New("broken")), nil, nil)
	if _, err := broken.Read(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "standard input: broken") {
		t.Errorf("a stream that breaks: %v", err)
	}
	endless := newMessageLines(iotest.DataErrReader(io.LimitReader(zeros{}, maxPrompt+9)), nil, nil)
	if _, err := endless.Read(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a line without an end: %v", err)
	}
}

// zeros are letters without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestWhereTheHistoryLies(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("LocalAppData", filepath.Join(home, "local"))
	t.Setenv("XDG_STATE_HOME", "")
	want := filepath.Join(home, ".local", "state", "coreml", "chat_history")
	switch runtime.GOOS {
	case "darwin":
		want = filepath.Join(home, "Library", "Application Support", "coreml", "chat_history")
	case "windows":
		want = filepath.Join(home, "local", "coreml", "chat_history")
	}
	if got := historyFile(); filepath.Clean(got) != want {
		t.Errorf("it lies in %s, want %s", got, want)
	}
	if runtime.GOOS != "windows" {
		for dir, want := range map[string]string{"/state": "/state/coreml/chat_history", "relative": want} {
			t.Setenv("XDG_STATE_HOME", dir)
			if got := historyFile(); got != want {
				t.Errorf("XDG_STATE_HOME=%s: it lies in %s, want %s", dir, got, want)
			}
		}
	}
	for value, want := range map[string]string{"": "", "none": "", "elsewhere": "elsewhere"} {
		t.Setenv("COREML_HISTORY", value)
		if got := historyFile(); got != want {
			t.Errorf("COREML_HISTORY=%s: it lies in %q, want %q", value, got, want)
		}
	}
}

func TestWhatIsACommand(t *testing.T) {
	for typed, want := range map[string][2]string{
		"/help": {"help", ""}, "  /SET  top-k   4 ": {"set", "top-k   4"}, "/?": {"?", ""},
		"/system Be kind.\nAnd short.": {"system", "Be kind.\nAnd short."}, "/system\nBe kind.": {"system", "Be kind."},
		"/usr/bin/env": {}, "// x": {}, "/": {}, "/ x": {}, "no /help": {}, "/1": {}, "": {},
	} {
		name, arg, is := commandOf(typed)
		if is != (want[0] != "") || name != want[0] || arg != want[1] {
			t.Errorf("%q: %q with %q, %v", typed, name, arg, is)
		}
	}
}

// errInterruptText is Ctrl-C behind a text that was typed.
type errInterruptText string

// prompted is a reader that gives texts and interrupts.
type prompted struct{ answers []any }

func (p *prompted) Read(context.Context, string) (string, error) {
	if len(p.answers) == 0 {
		return "", io.EOF
	}
	next := p.answers[0]
	p.answers = p.answers[1:]
	if text, is := next.(errInterruptText); is {
		return string(text), lineedit.ErrInterrupt
	}
	text, _ := next.(string)
	return text, nil
}
