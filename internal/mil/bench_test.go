package mil_test

import (
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
)

func BenchmarkRead(b *testing.B) {
	for _, path := range fixturePackages(b) {
		b.Run(filepath.Base(filepath.Dir(path)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pkg := open(b, path)
				if _, err := mil.Read(b.Context(), pkg); err != nil {
					b.Fatal(err)
				}
				if err := pkg.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
