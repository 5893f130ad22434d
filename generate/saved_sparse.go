package generate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gocoreml/coreml/internal/storage"
)

// A cache is made for the whole context, and most of it is zero as long as a text is
// short. It is written as runs of zeros and of content in turns: the length of the one,
// the length of the other, both as varints, and the bytes of the content.

// sparseBlock is the number of bytes that are looked at together. The caches of one
// token are seldom shorter, in whatever order the axes lie.
const sparseBlock = 64

// errSparse means that the runs do not make up the bytes.
var errSparse = errors.New("its runs do not fill the buffer")

// writeSparse writes the bytes as runs.
func writeSparse(w *bufio.Writer, data []byte) error {
	var lengths [2 * binary.MaxVarintLen64]byte
	for len(data) > 0 {
		zeros := runOf(data, true)
		content := runOf(data[zeros:], false)
		head := binary.AppendUvarint(lengths[:0], uint64(zeros))
		if _, err := w.Write(binary.AppendUvarint(head, uint64(content))); err != nil {
			return err
		}
		if _, err := w.Write(data[zeros : zeros+content]); err != nil {
			return err
		}
		data = data[zeros+content:]
	}
	return nil
}

// runOf returns the length of the blocks at the beginning that are zero, or are not.
func runOf(data []byte, zero bool) int {
	at := 0
	for at < len(data) {
		n := min(sparseBlock, len(data)-at)
		if storage.IsZero(data[at:at+n]) != zero {
			break
		}
		at += n
	}
	return at
}

// byteReader is what runs are read from.
type byteReader interface {
	io.Reader
	io.ByteReader
}

// readSparse reads runs into bytes that are zero.
func readSparse(r byteReader, data []byte) error {
	for len(data) > 0 {
		zeros, err := binary.ReadUvarint(r)
		if err != nil {
			return cutShort(err)
		}
		content, err := binary.ReadUvarint(r)
		if err != nil {
			return cutShort(err)
		}
		rest := uint64(len(data))
		if zeros > rest || content > rest-zeros || zeros+content == 0 {
			return fmt.Errorf("%w: %d and %d of %d bytes", errSparse, zeros, content, rest)
		}
		data = data[zeros:]
		if _, err := io.ReadFull(r, data[:content]); err != nil {
			return cutShort(err)
		}
		data = data[content:]
	}
	return nil
}

// cutShort calls the end of a file in the midst of something unexpected.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
