package testutil

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/storage"
)

// EachLine calls f with the lines of a file, which are f's to keep. A file whose name ends
// in .gz is one of gzip. It fails the test where the file cannot be read to its end.
func EachLine(tb testing.TB, path string, f func(line []byte)) {
	tb.Helper()
	file, err := storage.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	var plain io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if plain, err = gzip.NewReader(file); err != nil {
			tb.Fatal(err)
		}
	}
	r := bufio.NewReaderSize(plain, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			f(line)
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}
