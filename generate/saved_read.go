package generate

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/gocoreml/coreml/tensor"
)

// savedReader reads a saved session. Nothing in it is believed: memory grows with what is
// there, and buffers are as large as the model's own.
type savedReader struct {
	header savedHeader
	from   *bufio.Reader
	sum    hash.Hash32
	one    [1]byte
}

// Read and ReadByte count what is read into the checksum.
func (s *savedReader) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.sum.Write(p[:n])
	return n, err
}

// ReadByte reads a byte of a varint.
func (s *savedReader) ReadByte() (byte, error) {
	b, err := s.from.ReadByte()
	if err == nil {
		s.one[0] = b
		s.sum.Write(s.one[:])
	}
	return b, err
}

// openSaved reads the header.
func openSaved(r io.Reader) (*savedReader, error) {
	s := &savedReader{from: bufio.NewReaderSize(r, savedBufferSize), sum: crc32.New(castagnoli)}
	start := make([]byte, len(savedMagic)+8)
	n, err := io.ReadFull(s, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n < len(start) || string(start[:len(savedMagic)]) != savedMagic {
		return nil, &SavedError{Part: "file", Reason: "it is no saved session", kind: ErrSaved}
	}
	if version := binary.LittleEndian.Uint32(start[len(savedMagic):]); version != savedVersion {
		return nil, &SavedError{Part: "version", Reason: fmt.Sprintf("its version is %d, and this program reads %d", version, savedVersion), kind: ErrSavedMismatch}
	}
	size := binary.LittleEndian.Uint32(start[len(savedMagic)+4:])
	if size > maxSavedHeader {
		return nil, &SavedError{Part: "header", Reason: fmt.Sprintf("its header claims %d bytes, more than %d", size, maxSavedHeader), kind: ErrSaved}
	}
	var header bytes.Buffer
	if _, err := io.CopyN(&header, s, int64(size)); err != nil {
		return nil, damaged("header", err)
	}
	if err := json.Unmarshal(header.Bytes(), &s.header); err != nil {
		return nil, damaged("header", err)
	}
	return s, nil
}

// buffer reads the next buffer, which is as the model has it.
func (s *savedReader) buffer(b *laneBuffer) (*tensor.Tensor, error) {
	t := tensor.New(b.dtype, b.shape...)
	data, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	if err := readSparse(s, data); err != nil {
		return nil, damaged(b.name, err)
	}
	return t, nil
}

// close compares the checksum. Only then is what was read good for anything.
func (s *savedReader) close() error {
	var sum [4]byte
	if _, err := io.ReadFull(s.from, sum[:]); err != nil {
		return damaged("checksum", cutShort(err))
	}
	if binary.LittleEndian.Uint32(sum[:]) != s.sum.Sum32() {
		return &SavedError{Part: "checksum", Reason: "its checksum is not that of the content", kind: ErrSaved}
	}
	return nil
}

// damaged is the error of a part that cannot be read. Those of the reader itself, such as
// that of a disk, are not the file's.
func damaged(part string, err error) error {
	err = cutShort(err)
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, typ := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &SavedError{Part: part, Reason: "the file ends in the midst of its " + part, kind: ErrSaved, Err: err}
	case syntax, typ, errors.Is(err, errSparse), part == "header":
		return &SavedError{Part: part, Reason: part + ": " + err.Error(), kind: ErrSaved, Err: err}
	}
	return err
}
