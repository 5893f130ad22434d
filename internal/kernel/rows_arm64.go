//go:build !noasm

package kernel

// mulRows reports false: rows of floats and halves go by low tiles.
func (m *F32) mulRows(_ []float32, _ int, _ []float32, _, _, _, _ int, _ []float32) bool {
	return false
}

// mulRows is that of [F32].
func (m *F16) mulRows(_ []float32, _ int, _ []float32, _, _, _, _ int, _ []float32) bool {
	return false
}
