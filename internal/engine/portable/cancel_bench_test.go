package portable

import (
	"maps"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/internal/mil"
)

// BenchmarkCancel measures how late each large operation returns once its context
// has ended.
func BenchmarkCancel(b *testing.B) {
	rows := largeOperations()
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		b.Run(name, func(b *testing.B) {
			l := &large{t: b, b: mil.NewBuilder("main", "CoreML8")}
			rows[name](l)
			enginetest.AfterCancel(b, l.frame().run)
		})
	}
}
