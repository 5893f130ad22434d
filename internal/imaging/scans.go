package imaging

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A scan of a JPEG may be a dozen bytes long and have the decoder go through every
// pixel. Encoders write about ten of them; the standard has no limit.
const (
	maxScans = 100
	// maxScanned bounds the pixels of all scans together: a few seconds' work.
	maxScanned = 1 << 29
)

// CheckScans refuses a JPEG of so many pixels that takes too long to decode.
func CheckScans(r io.ReadSeeker, pixels int) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	most := min(maxScans, maxScanned/pixels)
	n, err := countScans(bufio.NewReaderSize(r, 1<<16), most+1)
	// A file that ends too early is for the decoder to refuse.
	if n > most {
		return fmt.Errorf("a JPEG of more than %d scans: at most %d are read, and %d pixels in all scans together", most, maxScans, maxScanned)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// countScans counts the scans of a JPEG up to a number.
//
// It has to find every scan that the decoder does, and so follows the markers in
// the same way: any bytes may lie before the next one.
func countScans(r *bufio.Reader, most int) (n int, err error) {
	if _, err := r.Discard(2); err != nil {
		return 0, err
	}
	for n < most {
		marker, err := skipToMarker(r)
		if err != nil {
			return n, err
		}
		switch {
		case marker == 0xd9: // the end
			return n, nil
		case marker >= 0xd0 && marker <= 0xd7: // restarts within a scan
			continue
		case marker == 0xda:
			n++
		}
		var length [2]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return n, err
		}
		if _, err := r.Discard(max(int(binary.BigEndian.Uint16(length[:]))-2, 0)); err != nil {
			return n, err
		}
	}
	return n, nil
}

// skipToMarker returns the next marker, whatever lies before it.
func skipToMarker(r *bufio.Reader) (byte, error) {
	marked := false
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch {
		case b == 0xff:
			marked = true
		case marked && b != 0: // 0xff 0x00 is a byte of pixels
			return b, nil
		default:
			marked = false
		}
	}
}
