//go:build !noasm

package kernel

func fastPairVNNI(k kernelKind, w *byte, s, o, x, dst *float32, rows, pairs int) {
	switch k {
	case kind4sPlain:
		fastsPairVNNI(w, s, x, dst, rows, pairs, 1)
	case kind4sOffset:
		fastsoPairVNNI(w, s, o, x, dst, rows, pairs, 1)
	case kind4uPlain:
		fastuPairVNNI(w, s, x, dst, rows, pairs, 1)
	case kind4uOffset:
		fastuoPairVNNI(w, s, o, x, dst, rows, pairs, 1)
	}
}

func fastLongVNNI(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) {
	switch k {
	case kind4sPlain:
		fastsLongVNNI(w, s, x, dst, rows, blocks, vecs)
	case kind4sOffset:
		fastsoLongVNNI(w, s, o, x, dst, rows, blocks, vecs)
	case kind4uPlain:
		fastuLongVNNI(w, s, x, dst, rows, blocks, vecs)
	case kind4uOffset:
		fastuoLongVNNI(w, s, o, x, dst, rows, blocks, vecs)
	}
}

func runTileVNNI(n int, w, x *float32, ldx int, dst *float32, ldd, blocks int) {
	switch n {
	case 1:
		tile1VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 2:
		tile2VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 3:
		tile3VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 4:
		tile4VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 5:
		tile5VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 6:
		tile6VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 7:
		tile7VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 8:
		tile8VNNI(w, x, 4*ldx, dst, 4*ldd, blocks)
	}
}

// streamPair512 reports false for kinds that have no kernel.
func streamPair512(k kernelKind, w *byte, s, o, x, dst *float32, rows, pairs int) bool {
	switch k {
	case kind4sPlain:
		streamsPairAVX512(w, s, x, dst, rows, pairs, 1)
	case kind4sOffset:
		streamsoPairAVX512(w, s, o, x, dst, rows, pairs, 1)
	case kind4uPlain:
		streamuPairAVX512(w, s, x, dst, rows, pairs, 1)
	case kind4uOffset:
		streamuoPairAVX512(w, s, o, x, dst, rows, pairs, 1)
	default:
		return false
	}
	return true
}

// streamLong512 reports false for kinds that have no kernel.
func streamLong512(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) bool {
	switch k {
	case kind4sPlain:
		streamsLongAVX512(w, s, x, dst, rows, blocks, vecs)
	case kind4sOffset:
		streamsoLongAVX512(w, s, o, x, dst, rows, blocks, vecs)
	case kind4uPlain:
		streamuLongAVX512(w, s, x, dst, rows, blocks, vecs)
	case kind4uOffset:
		streamuoLongAVX512(w, s, o, x, dst, rows, blocks, vecs)
	default:
		return false
	}
	return true
}
