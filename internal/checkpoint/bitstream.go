package checkpoint

import "encoding/binary"

// Codes of a few bits lie in words of 32 bits, little-endian, the lowest bits first: in
// all formats that are read here that is one stream of bits over the bytes.

// unpackBits fills dst with the numbers of a stream that begins at src. Bits are 1 to 8.
func unpackBits(dst, src []byte, bits int) {
	switch bits {
	case 8:
		copy(dst, src)
	case 4:
		n := len(dst) / 2
		for i, b := range src[:n] {
			dst[2*i], dst[2*i+1] = b&15, b>>4
		}
		if len(dst)%2 == 1 {
			dst[2*n] = src[n] & 15
		}
	default:
		mask := byte(1<<bits - 1)
		for i := range dst {
			dst[i] = bitsAt(src, i*bits) & mask
		}
	}
}

// bitsAt returns eight bits of a stream, zeros behind its end.
func bitsAt(src []byte, bit int) byte {
	v := uint16(src[bit/8])
	if bit/8+1 < len(src) {
		v |= uint16(src[bit/8+1]) << 8
	}
	return byte(v >> (bit % 8))
}

// words returns how many words of 32 bits n numbers take.
func words(n, bits int) int { return (n*bits + 31) / 32 }

// unpackColumns reads numbers that are packed along the first dimension: of a block of
// `bits` words for each of n columns, 32 numbers, it writes those of column c to
// dst[c*stride], dst[c*stride+1] and so on, as many as count.
func unpackColumns(dst []byte, stride, count int, block []byte, n, bits int) {
	mask := byte(1<<bits - 1)
	if bits == 4 || bits == 8 || bits == 2 {
		per := 32 / bits
		for w := range min(bits, (count+per-1)/per) {
			in := min(per, count-w*per)
			for c := range n {
				v := binary.LittleEndian.Uint32(block[4*(w*n+c):])
				out := dst[c*stride+w*per:][:in]
				for i := range out {
					out[i] = byte(v) & mask
					v >>= bits
				}
			}
		}
		return
	}
	for c := range n {
		var stream [32]byte
		for w := range bits {
			copy(stream[4*w:], block[4*(w*n+c):4*(w*n+c)+4])
		}
		unpackBits(dst[c*stride:][:count], stream[:4*bits], bits)
	}
}
