package picture

import (
	"encoding/binary"
	"strings"
	"testing"
)

// framed returns a JPEG that has a frame and ends with the head of its first scan.
func framed(marker byte, w, h uint16) []byte {
	frame := []byte{0xff, 0xd8, 0xff, marker, 0, 17, 8}
	frame = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(frame, h), w)
	return append(frame, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xff, 0xda, 0, 12)
}

// A progressive JPEG takes five times the memory of another while it is decoded.
func TestTheMemoryOfAPictureIsBounded(t *testing.T) {
	const baseline, progressive = 0xc0, 0xc2
	for _, c := range []struct {
		marker byte
		side   uint16
		large  bool
	}{{baseline, 5000, false}, {progressive, 3600, false}, {progressive, 3700, true}, {progressive, 5000, true}} {
		_, err := new(Reader).Read(t.Context(), framed(c.marker, c.side, c.side))
		if err == nil || strings.Contains(err.Error(), "takes more than") != c.large {
			t.Errorf("marker %#x, %d pixels on each side: %v", c.marker, c.side, err)
		}
	}
}
