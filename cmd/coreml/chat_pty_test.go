//go:build darwin || linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/term"
)

// window is a terminal with the command in it.
type window struct {
	t       *testing.T
	command *exec.Cmd
	tty     *os.File // its other end
	screen  vt10x.Terminal

	mu    sync.Mutex
	drawn chan struct{} // closed when something was drawn
	ended error         // why nothing more is drawn
}

// openWindow starts the command in a terminal, whose history lies in a file.
func openWindow(t *testing.T, columns, rows int, kind, history string, args ...string) *window {
	t.Helper()
	w := &window{t: t, drawn: make(chan struct{})}
	w.command = exec.CommandContext(t.Context(), os.Args[0], args...)
	w.command.Env = append(os.Environ(), asCommand+"=1", "TERM="+kind, "NO_COLOR=", "INPUTRC="+os.DevNull, "COREML_HISTORY="+history)
	var err error
	if w.tty, err = pty.StartWithSize(w.command, &pty.Winsize{Rows: uint16(rows), Cols: uint16(columns)}); err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	w.screen = vt10x.New(vt10x.WithSize(columns, rows))
	go w.draw()
	t.Cleanup(func() {
		_ = w.command.Process.Kill() // of a test that failed
		_ = w.tty.Close()
	})
	return w
}

// draw shows what the command writes.
func (w *window) draw() {
	buf := make([]byte, 4096)
	for {
		n, err := w.tty.Read(buf)
		if n > 0 {
			_, _ = w.screen.Write(buf[:n])
		}
		w.mu.Lock()
		w.ended = err
		close(w.drawn)
		w.drawn = make(chan struct{})
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// lines are those of the screen, without empty ones at the end.
func (w *window) lines() []string {
	var list []string
	for line := range strings.SplitSeq(w.screen.String(), "\n") {
		list = append(list, strings.TrimRight(line, " "))
	}
	for len(list) > 0 && list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

// keys types something.
func (w *window) keys(text string) {
	w.t.Helper()
	if _, err := w.tty.WriteString(text); err != nil {
		w.t.Fatal(err)
	}
}

// until waits until the screen looks as wanted. The test fails where it does not, and only
// then the time counts.
func (w *window) until(what string, is func(lines []string) bool) {
	w.t.Helper()
	timeout := time.After(2 * time.Minute)
	for {
		w.mu.Lock()
		drawn, ended := w.drawn, w.ended
		w.mu.Unlock()
		lines := w.lines()
		if is(lines) {
			return
		}
		if ended != nil {
			w.t.Fatalf("%s: the command has ended; the screen is\n%s", what, strings.Join(lines, "\n"))
		}
		select {
		case <-drawn:
		case <-timeout:
			w.t.Fatalf("%s: the screen is\n%s", what, strings.Join(lines, "\n"))
		}
	}
}

// see waits for texts above an empty prompt.
func (w *window) see(texts ...string) {
	w.t.Helper()
	w.until(strings.Join(texts, ", "), func(lines []string) bool {
		return len(lines) > 0 && lines[len(lines)-1] == ">>>" && has(lines, texts...)
	})
}

// typed waits for the lines that are being edited, the last of the screen.
func (w *window) typed(want ...string) {
	w.t.Helper()
	w.until(strings.Join(want, "\n"), func(lines []string) bool {
		return len(lines) >= len(want) && reflect.DeepEqual(lines[len(lines)-len(want):], want)
	})
}

// has reports whether all texts are on lines.
func has(lines []string, texts ...string) bool {
	all := strings.Join(lines, "\n")
	for _, text := range texts {
		if !strings.Contains(all, text) {
			return false
		}
	}
	return true
}

// wait returns the exit status.
func (w *window) wait() int {
	w.t.Helper()
	_ = w.command.Wait() // the status says it
	return w.command.ProcessState.ExitCode()
}

func TestAConversationInAWindow(t *testing.T) {
	history := filepath.Join(t.TempDir(), "history")
	w := openWindow(t, 80, 24, "xterm", history, "chat", "--temperature", "0", "-n", "12")
	w.see("The storyteller, 512 tokens of context.", "goes on with the text that is typed.")
	w.keys("Once upon a time\r")
	w.see(">>> Once upon a time", "/continue goes on")
	// An answer without an end is stopped, and the conversation goes on.
	w.keys("/set min-new-tokens 1000000\r")
	w.see("min-new-tokens is 1000000.")
	w.keys("/set max-tokens 1000000\r")
	w.see("max-tokens is 1000000.")
	w.keys("And then\r")
	w.until("an answer that is longer than the screen", func(lines []string) bool { return len(lines) == 24 && !has(lines, ">>>") })
	w.keys("\x03")
	w.see("Stopped; /continue goes on.")
	w.keys("/set max-tokens 5\r")
	w.see("max-tokens is 5.")
	w.keys("/set min-new-tokens default\r")
	w.see("min-new-tokens is 0.")
	// A line is edited: two letters to the left something is put in.
	w.keys("wörd\x1b[D\x1b[Dé")
	w.typed(">>> wöérd")
	w.keys("\x03")
	// Ctrl-C gives a line up, and at an empty prompt says how to leave.
	w.see(">>> wöé")
	w.keys("\x03")
	w.see("Press Ctrl-C again, or Ctrl-D, to leave.")
	// What is pasted is one message, and cannot command the terminal.
	w.keys("\x1b[200~one\x1b[2J\rtwo\rthree\x1b[201~")
	w.typed(">>> one[2J", "    two", "    three")
	w.keys("\r")
	w.see("    three\n")
	// So is what goes on behind Alt-Enter, a backslash or between quotes.
	w.keys("four\x1b\rfive\\\rsix\r")
	w.see(">>> four\n    five\n    six\n")
	w.keys("\"\"\"seven\reight\"\"\"\r")
	w.see("    eight\"\"\"\n")
	// The history has them as they were. The arrow goes from line to line in between.
	w.keys("\x1b[A\x1b[A\x1b[A")
	w.typed(">>> four", "    five", "    six")
	w.keys("\x03")
	w.see("    six\n>>>")
	w.keys("\x12upon")
	w.until("a search", func(lines []string) bool { return has(lines, ">>> Once upon a time", "inc-search") })
	w.keys("\r")
	w.see(">>> Once upon a time\n")
	// Commands are completed.
	w.keys("/sav\t")
	w.until("a completion", func(lines []string) bool { return strings.HasPrefix(lines[len(lines)-1], ">>> /save") })
	w.keys("\x03")
	w.see(">>> /save\n>>>")
	w.keys("\x04")
	if status := w.wait(); status != exitOK {
		t.Errorf("status %d", status)
	}
	data, err := os.ReadFile(history)
	if err != nil || !strings.Contains(string(data), "\"Once upon a time\"\n") || !strings.Contains(string(data), `"four\nfive\nsix"`) {
		t.Errorf("the history is %s (%v)", data, err)
	}
}

func TestAWindowThatChangesItsSize(t *testing.T) {
	w := openWindow(t, 80, 24, "xterm", "none", "chat", "--temperature", "0", "-n", "40")
	w.see("The storyteller")
	const line = "Once upon a time there was a very small village near the sea, and"
	w.keys(line)
	w.typed(">>> " + line)
	w.screen.Resize(40, 24)
	if err := pty.Setsize(w.tty, &pty.Winsize{Rows: 24, Cols: 40}); err != nil {
		t.Fatal(err)
	}
	w.keys(" x\x7f\x7f")
	w.typed(">>> Once upon a time there was a very sm", "all village near the sea, and")
	w.keys("\r")
	w.see("/continue goes")
	// The answer is wrapped at the new width: no word of it is cut.
	whole := " " + strings.Join(strings.Fields(call(t, "generate", "--temperature", "0", "-n", "40", "-q", line).out), " ") + " "
	lines, at := w.lines(), 0
	for at < len(lines) && lines[at] != "all village near the sea, and" {
		at++
	}
	for _, l := range lines[at+1:] {
		if strings.HasPrefix(l, "At the limit") {
			break
		}
		if len(l) > 40 || !strings.Contains(whole, " "+strings.TrimSpace(l)+" ") {
			t.Errorf("%q is a line of %q", l, whole)
		}
	}
	w.keys("/bye\r")
	if status := w.wait(); status != exitOK {
		t.Errorf("status %d", status)
	}
}

func TestATerminalIsLeftAsItWas(t *testing.T) {
	w := openWindow(t, 80, 24, "xterm", "none", "chat")
	before, err := term.GetState(int(w.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	w.see("The storyteller")
	if raw, err := term.GetState(int(w.tty.Fd())); err != nil || reflect.DeepEqual(raw, before) {
		t.Skipf("the terminal's settings do not show at this end (%v)", err)
	}
	if err := w.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	w.until("the end", func([]string) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.ended != nil
	})
	if status := w.wait(); status != exitInterrupted {
		t.Errorf("status %d", status)
	}
	if after, err := term.GetState(int(w.tty.Fd())); err == nil && !reflect.DeepEqual(after, before) {
		t.Errorf("its settings are %+v and were %+v", after, before)
	}
}

func TestADumbTerminalIsReadLineByLine(t *testing.T) {
	w := openWindow(t, 80, 24, "dumb", "none", "chat", "--temperature", "0", "-n", "4")
	w.see("The storyteller")
	w.keys("Once upon a time\r")
	w.see("/continue goes on")
	w.keys("\x03")
	w.see("Press Ctrl-C again")
	w.keys("\x04")
	if status := w.wait(); status != exitOK {
		t.Errorf("status %d", status)
	}
}
