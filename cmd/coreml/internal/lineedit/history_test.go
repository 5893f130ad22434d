package lineedit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/cmd/coreml/internal/lineedit"
)

// opened opens a history, which has to be in order.
func opened(t *testing.T, name string) *lineedit.History {
	t.Helper()
	h, err := lineedit.OpenHistory(name)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// lines are the messages of a history.
func lines(t *testing.T, h *lineedit.History) []string {
	t.Helper()
	var list []string
	for i := range h.Len() {
		line, err := h.GetLine(i)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, line)
	}
	return list
}

func write(t *testing.T, h *lineedit.History, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := h.Write(text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAHistoryOutlivesTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "folder", "history")
	h := opened(t, file)
	write(t, h, "one", "two\nlines", "two\nlines", "  a secret", " \n", "drei 日本\x1b[2J")
	want := []string{"one", "two\nlines", "drei 日本[2J"}
	if got := lines(t, h); !slices.Equal(got, want) {
		t.Errorf("it has %q, want %q", got, want)
	}
	if got := lines(t, opened(t, file)); !slices.Equal(got, want) {
		t.Errorf("the next program has %q, want %q", got, want)
	}
	if _, err := h.GetLine(3); err == nil {
		t.Error("there is a message behind the last")
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("its permissions are %v", info.Mode())
	}
}

func TestProgramsShareAHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	a, b := opened(t, file), opened(t, file)
	write(t, a, "of a")
	write(t, b, "of b")
	write(t, a, "of a again")
	if got, want := lines(t, opened(t, file)), []string{"of a", "of b", "of a again"}; !slices.Equal(got, want) {
		t.Errorf("it has %q, want %q", got, want)
	}
}

func TestAHistoryIsPrivateAfterwards(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte("\"old\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, opened(t, file), "new")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its permissions are %v (%v)", info.Mode(), err)
	}
}

func TestAHistoryIsBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "\"message %d\"\n", i)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	h := opened(t, file)
	if got := lines(t, h); len(got) != 1000 || got[999] != "message 4999" {
		t.Errorf("%d messages, the last %q", len(got), got[len(got)-1])
	}
	// The file was made shorter.
	if data, err := os.ReadFile(file); err != nil || strings.Count(string(data), "\n") != 1000 {
		t.Errorf("the file has %d lines (%v)", strings.Count(string(data), "\n"), err)
	}
	long := strings.Repeat("x", 100<<10)
	write(t, h, long)
	if got := lines(t, h); got[len(got)-1] != long {
		t.Error("a long message is not in the history of its program")
	}
	if data, err := os.ReadFile(file); err != nil || len(data) > 100<<10 {
		t.Errorf("a long message is in the file (%v)", err)
	}
}

func TestWhatIsNoHistoryIsPassedOver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte("\x00\xff garbage\n\"whole\"\n{\"a\": 1}\n\"ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := lines(t, opened(t, file)), []string{"whole"}; !slices.Equal(got, want) {
		t.Errorf("it has %q, want %q", got, want)
	}
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, append(make([]byte, 5<<20), "\n\"end\"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := lines(t, opened(t, large)), []string{"end"}; !slices.Equal(got, want) {
		t.Errorf("a large one has %q, want %q", got, want)
	}
}

func TestAHistoryThatIsNoFileIsThatOfTheProgram(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", os.DevNull, dir} {
		h := opened(t, name)
		write(t, h, "one")
		if got := lines(t, h); !slices.Equal(got, []string{"one"}) {
			t.Errorf("%q: it has %q", name, got)
		}
	}
	// One that cannot be written is told of.
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := lineedit.OpenHistory(filepath.Join(file, "below"))
	if err == nil {
		_, err = h.Write("x")
	}
	if err == nil || h.Len() > 1 {
		t.Errorf("a history below a file: %v", err)
	}
}
