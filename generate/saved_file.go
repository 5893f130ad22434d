package generate

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

// A saved session is savedMagic, the version and the length of the header (32 bits each,
// little-endian), the header as JSON, the buffers that it lists one behind the other as
// runs (saved_sparse.go), and the CRC-32C of all that.
const (
	savedMagic   = "coreml session\r\n"
	savedVersion = 1
	// maxSavedHeader bounds the messages and tokens of a session.
	maxSavedHeader = 64 << 20
	// savedBufferSize is that of what is read and written at a time.
	savedBufferSize = 1 << 16
)

// savedHeader is what a file says of itself.
type savedHeader struct {
	identity
	Function string        `json:"function,omitempty"`
	Session  *savedSession `json:"session,omitempty"`
	// Tokens are those of the sequence; the buffers hold the caches of all of them.
	Tokens  []int         `json:"tokens"`
	Buffers []savedBuffer `json:"buffers"`
}

// savedSession is what a session is besides its sequence.
type savedSession struct {
	Messages []tokenizer.Message `json:"messages"`
	Text     bool                `json:"text,omitempty"` // a text that goes on, without messages
	Calls    int                 `json:"calls,omitempty"`
	// Generation counts the changes of the conversation: of two files the one with more is newer.
	Generation uint64    `json:"generation,omitempty"`
	Last       *lastTurn `json:"last,omitempty"`
}

// savedBuffer names a buffer of a lane.
type savedBuffer struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
}

// savedWriter writes a file.
type savedWriter struct {
	to  *bufio.Writer
	sum hash.Hash32
	out io.Writer
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// newSavedWriter writes the header.
func newSavedWriter(w io.Writer, h *savedHeader) (*savedWriter, error) {
	header, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if len(header) > maxSavedHeader {
		return nil, fmt.Errorf("messages and tokens have %d bytes, more than the %d that are saved", len(header), maxSavedHeader)
	}
	s := &savedWriter{sum: crc32.New(castagnoli), out: w}
	s.to = bufio.NewWriterSize(io.MultiWriter(w, s.sum), savedBufferSize)
	start := binary.LittleEndian.AppendUint32([]byte(savedMagic), savedVersion)
	start = binary.LittleEndian.AppendUint32(start, uint32(len(header)))
	if _, err := s.to.Write(start); err != nil {
		return nil, err
	}
	_, err = s.to.Write(header)
	return s, err
}

// buffer writes the next buffer.
func (s *savedWriter) buffer(t *tensor.Tensor) error {
	b, err := t.Bytes()
	if err != nil {
		if b, err = t.Contiguous().Bytes(); err != nil {
			return err
		}
	}
	return writeSparse(s.to, b)
}

// close writes the checksum.
func (s *savedWriter) close() error {
	if err := s.to.Flush(); err != nil {
		return err
	}
	_, err := s.out.Write(binary.LittleEndian.AppendUint32(nil, s.sum.Sum32()))
	return err
}
