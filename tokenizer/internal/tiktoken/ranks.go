package tiktoken

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// maxGap bounds the ranks by the lines: those in use leave one out at most.
const maxGap = 1024

// Is reports whether a file begins as one of ranks does.
func Is(data []byte) bool {
	line, _, _ := bytes.Cut(data[:min(len(data), 256)], []byte("\n"))
	token, rank, ok := bytes.Cut(line, []byte(" "))
	return ok && len(token) > 0 && len(rank) > 0 &&
		strings.Trim(string(token), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == "" &&
		strings.Trim(string(rank), "0123456789\r") == ""
}

// Read returns the tokens by their ranks, nil for a rank that none has. Empty lines are
// passed over. A rank or a token that comes twice is an error: which of the two counts
// would be a guess.
func Read(data []byte) ([][]byte, error) {
	lines := bytes.Count(data, []byte("\n")) + 1
	r := &reader{lines: lines, buf: make([]byte, 0, base64.StdEncoding.DecodedLen(len(data)))}
	for n := 1; len(data) > 0; n++ {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := r.add(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if len(r.tokens) == 0 {
		return nil, errors.New("the file has no tokens")
	}
	return r.tokens, nil
}

// reader is what has been read of a file.
type reader struct {
	tokens [][]byte
	seen   map[string]bool
	lines  int
	buf    []byte // of all tokens, so that a vocabulary is one allocation
}

// add reads a line.
func (r *reader) add(line []byte) error {
	fields := bytes.Fields(line)
	if len(fields) != 2 {
		return fmt.Errorf("%q is not a token and its rank", fault.Clip(string(line)))
	}
	rank, err := strconv.ParseUint(string(fields[1]), 10, 31)
	if err != nil || rank > vocab.MaxID || rank > uint64(r.lines+maxGap) {
		return fmt.Errorf("the rank %q is out of range", fault.Clip(string(fields[1])))
	}
	start := len(r.buf)
	r.buf, err = base64.StdEncoding.AppendDecode(r.buf, fields[0])
	token := r.buf[start:len(r.buf):len(r.buf)]
	if err != nil || len(token) == 0 || len(token) > vocab.MaxToken {
		return fmt.Errorf("%q is no token in base64", fault.Clip(string(fields[0])))
	}
	for len(r.tokens) <= int(rank) {
		r.tokens = append(r.tokens, nil)
	}
	if r.tokens[rank] != nil {
		return fmt.Errorf("the rank %d comes twice", rank)
	}
	if r.seen == nil {
		r.seen = make(map[string]bool, r.lines)
	}
	if r.seen[string(token)] {
		return fmt.Errorf("the token %q comes twice", fault.Clip(string(fields[0])))
	}
	r.seen[string(token)] = true
	r.tokens[rank] = token
	return nil
}
