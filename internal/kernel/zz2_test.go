package kernel_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/kernel"
)

func BenchmarkGemm(b *testing.B) {
	for _, d := range [][2]int{{1536, 576}, {128, 4096}, {576, 1536}} {
		for i, m := range benchMats(b, d[0], d[1]) {
			if i != 0 && i != 6 {
				continue
			}
			for _, n := range []int{8, 32, 128} {
				x := make([]float32, n*m.Cols())
				task := kernel.MatMulTask{Mat: m, Dst: make([]float32, n*m.Rows()), X: x, Ldd: m.Rows(), Ldx: m.Cols(), N: n}
				best := time.Hour
				end := time.Now().Add(100 * time.Millisecond)
				for k := 0; k < 5 || time.Now().Before(end); k++ {
					s := time.Now()
					task.Go(nil, 0)
					best = min(best, time.Since(s))
				}
				fmt.Printf("%s %dx%d n=%d: %.1f; ", m.Format(), d[0], d[1], n, 2*float64(d[0]*d[1]*n)/best.Seconds()/1e9)
			}
		}
	}
	fmt.Println()
}
