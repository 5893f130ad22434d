package kernel_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

func TestTheCapChoosesAtOrBelowIt(t *testing.T) {
	best := kernel.Variants()[0]
	avx512, avx2 := best, best
	if slices.Contains(kernel.Variants(), kernel.AVX512) {
		avx512 = kernel.AVX512
	}
	if slices.Contains(kernel.Variants(), kernel.AVX2) {
		avx2 = kernel.AVX2
	}
	for _, c := range []struct {
		limit, want string
		problem     bool
	}{
		{"", best, false},
		{"amx", best, false},
		{"avx512", avx512, false},
		{"AVX2", avx2, false},
		{"neon", best, false},
		{"generic", kernel.Generic, false},
		{"sse9", best, true},
	} {
		in := kernel.Choose(c.limit)
		if in.Variant != c.want || (in.Problem != "") != c.problem || in.Requested != c.limit || in.Best != best {
			t.Errorf("cap %q gives %+v, want variant %s", c.limit, in, c.want)
		}
	}
}

func TestGenericIsAlwaysThereAndUnknownIsRefused(t *testing.T) {
	v := kernel.Variants()
	if v[len(v)-1] != kernel.Generic {
		t.Errorf("variants %v do not end with generic", v)
	}
	if err := kernel.SetVariant("sse9"); err == nil {
		t.Error("an unknown variant was accepted")
	}
}
