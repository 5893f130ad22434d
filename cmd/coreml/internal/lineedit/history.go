package lineedit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// The bounds of a history.
const (
	mostLines = 1000
	// longest is how long a message may be that goes into the file, in bytes.
	longest = 64 << 10
	// mostRead is how much of a file is read, from its end. One that is larger than half of
	// it is written anew.
	mostRead = 2 << 20
)

// History are the messages that were typed, the oldest first. It lies in a file that its
// owner alone may read, a JSON string a line. Several programs may add to one file at the
// same time; each sees what was there when it began. One goroutine at a time may use it.
type History struct {
	file  string // empty for none
	lines []string
}

// OpenHistory reads the history in a file, which need not exist: the first message makes
// it, and its folder. A file that is no regular one, such as the null device, is left
// alone, and the history is that of the process. An empty name means the same.
func OpenHistory(name string) (*History, error) {
	h := &History{}
	if name == "" {
		return h, nil
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.file = name
		return h, nil
	case err != nil:
		return h, fmt.Errorf("history: %w", err)
	case !info.Mode().IsRegular():
		return h, nil
	}
	h.file = name
	total, err := h.read(info.Size())
	if err != nil {
		h.file = ""
		return h, fmt.Errorf("history: %w", err)
	}
	if total > 2*mostLines || info.Size() > mostRead/2 {
		return h, h.rewrite()
	}
	return h, nil
}

// read reads the end of the file and returns how many lines there were in it.
func (h *History) read(size int64) (total int, err error) {
	f, err := storage.Open(h.file)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size > mostRead {
		if _, err := f.Seek(size-mostRead, io.SeekStart); err != nil {
			return 0, err
		}
	}
	in := bufio.NewReader(io.LimitReader(f, mostRead))
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			total++
			h.take(line)
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// take adds a line of the file; one that is no message of a history, such as the half of
// one, is passed over.
func (h *History) take(line []byte) {
	var text string
	if json.Unmarshal(bytes.TrimSpace(line), &text) == nil && text != "" {
		h.keep(Clean(text))
	}
}

// keep adds a message in memory.
func (h *History) keep(text string) {
	h.lines = append(h.lines, text)
	if n := len(h.lines) - mostLines; n > 0 {
		h.lines = append(h.lines[:0], h.lines[n:]...)
	}
}

// rewrite replaces the file by the messages that are kept. The bytes are the size of a
// message and more, so that a bound of lines alone would not do.
func (h *History) rewrite() error {
	var text bytes.Buffer
	for _, line := range h.lines {
		text.Write(encoded(line))
	}
	err := storage.WriteFile(context.Background(), h.file, func(w io.Writer) error {
		_, err := w.Write(text.Bytes())
		return err
	})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// encoded is a message as a line of the file.
func encoded(text string) []byte {
	line, err := json.Marshal(text)
	if err != nil { // there is no such text
		return nil
	}
	return append(line, '\n')
}

// Write adds a message and returns how many there are. One that is blank, begins with a
// space, or is the last one again is not added. The error is that of the file; the message
// is kept in memory all the same.
func (h *History) Write(text string) (int, error) {
	text = Clean(text)
	if strings.TrimSpace(text) == "" || strings.HasPrefix(text, " ") || len(h.lines) > 0 && h.lines[len(h.lines)-1] == text {
		return len(h.lines), nil
	}
	h.keep(text)
	if h.file == "" || len(text) > longest {
		return len(h.lines), nil
	}
	return len(h.lines), h.append(encoded(text))
}

// append adds a line to the file. It is one write, so that those of several programs do
// not mix.
func (h *History) append(line []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return err
		}
	}
	_, err = f.Write(line)
	return err
}

// GetLine returns message i, from 0.
func (h *History) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.lines) {
		return "", fmt.Errorf("history: there is no message %d of %d", i, len(h.lines))
	}
	return h.lines[i], nil
}

// Len returns the number of messages.
func (h *History) Len() int { return len(h.lines) }
