//go:build noasm || !(amd64 || arm64)

package kernel

func attnMaskAsm(_, _ []float32, _ float32) float32      { return 0 }
func attnMaskRoundAsm(_, _ []float32, _ float32) float32 { return 0 }
func attnShareAsm(_ []float32, _ float32)                {}
func attnExpAsm(_ []float32, _ float32) float32          { return 0 }
func attnJoinAsm(_, _ []float32, _, _ float32)           {}
