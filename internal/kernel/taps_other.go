//go:build noasm || !(amd64 || arm64)

package kernel

// mulAsm has no kernel here.
func (t *Taps) mulAsm([]float32, int, []float32, int, []float32, int, int, bool) bool { return false }
