package imaging

import (
	"encoding/binary"
	"errors"
	"io"
)

// maxSegments bounds how many parts of a file are looked at before its pixels.
const maxSegments = 10_000

// The names of formats, as package image gives them.
const (
	JPEG = "jpeg"
	PNG  = "png"
)

// Look looks for EXIF data before the pixels of a file, and for a progressive frame
// in a JPEG. It leaves r at the start. Files of other formats have neither, and one that
// breaks its format is for the decoder to refuse.
func Look(r io.ReadSeeker, format string) (turn Orientation, progressive bool, err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, false, err
	}
	switch format {
	case JPEG:
		turn, progressive, err = lookJPEG(r)
	case PNG:
		turn, err = lookPNG(r)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, false, err
	}
	_, err = r.Seek(0, io.SeekStart)
	return turn, progressive, err
}

// lookJPEG goes through the segments up to the first scan. A file whose
// segments are not to be followed counts as progressive, which takes the most
// memory.
func lookJPEG(r io.ReadSeeker) (turn Orientation, progressive bool, err error) {
	if _, err := r.Seek(2, io.SeekStart); err != nil {
		return 0, true, err
	}
	for range maxSegments {
		marker, err := nextMarker(r)
		if err != nil {
			return turn, true, err
		}
		switch {
		case marker == 0xda: // the first scan
			return turn, progressive, nil
		case marker >= 0xd0 && marker <= 0xd7: // these have no length
			continue
		case marker == 0xc2:
			progressive = true
		}
		var b [2]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return turn, true, err
		}
		n := int64(binary.BigEndian.Uint16(b[:])) - 2
		if n < 0 {
			return turn, true, nil
		}
		// APP1, of which there may be several: the first with an orientation
		// counts.
		if marker != 0xe1 || turn != 0 {
			if _, err := r.Seek(n, io.SeekCurrent); err != nil {
				return turn, true, err
			}
			continue
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return turn, true, err
		}
		const mark = "Exif\x00\x00"
		if len(data) > len(mark) && string(data[:len(mark)]) == mark {
			turn = exifOrientation(data[len(mark):])
		}
	}
	return turn, true, nil
}

// nextMarker reads the marker of the next segment. A little of what does not
// belong there is skipped, as the decoder does.
func nextMarker(r io.Reader) (byte, error) {
	var b [1]byte
	marked := false
	for range 1 << 10 {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return 0, err
		}
		switch {
		case b[0] == 0xff:
			marked = true
		case marked && b[0] != 0:
			return b[0], nil
		default:
			marked = false
		}
	}
	return 0, io.ErrUnexpectedEOF
}

// lookPNG goes through the chunks up to the first one of pixels.
func lookPNG(r io.ReadSeeker) (Orientation, error) {
	if _, err := r.Seek(8, io.SeekStart); err != nil {
		return 0, err
	}
	for range maxSegments {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint32(head[:4])
		switch kind := string(head[4:]); {
		case kind == "IDAT" || kind == "IEND":
			return 0, nil
		// The chunk of the third edition of PNG. It is never this long.
		case kind == "eXIf" && n <= 1<<16:
			data := make([]byte, n)
			_, err := io.ReadFull(r, data)
			return exifOrientation(data), err
		}
		if _, err := r.Seek(int64(n)+4, io.SeekCurrent); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// exifOrientation reads tag 0x0112 of the first directory of TIFF data; 0 when
// there is none.
func exifOrientation(data []byte) Orientation {
	if len(data) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(data[:4]) {
	// Intel's order, which the variable has already.
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return 0
	}
	dir := data[at:]
	count := int(order.Uint16(dir))
	for dir = dir[2:]; count > 0 && len(dir) >= 12; count-- {
		const tag, short = 0x0112, 3
		if order.Uint16(dir) == tag && order.Uint16(dir[2:]) == short {
			return Orientation(order.Uint16(dir[8:]))
		}
		dir = dir[12:]
	}
	return 0
}
