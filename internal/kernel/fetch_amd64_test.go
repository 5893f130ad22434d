//go:build !noasm

package kernel

import "testing"

func TestTheWayOfFetchingIsTheProcessors(t *testing.T) {
	for _, c := range []struct {
		vendor string
		family int
		avx512 bool
		want   int
	}{
		{"AuthenticAMD", 0x17, false, fetchPast},
		{"AuthenticAMD", 0x19, false, fetchPast},
		{"AuthenticAMD", 0x19, true, fetchSecond},
		{"AuthenticAMD", 0x1a, true, fetchPast},
		{"AuthenticAMD", 0x1b, true, fetchPast},
		{"GenuineIntel", 6, true, fetchNear},
		{"GenuineIntel", 0x1a, true, fetchNear},
		{"", 0, false, fetchNear},
	} {
		if got := fetchOf(c.vendor, c.family, c.avx512); got != c.want {
			t.Errorf("%q of family %#x (AVX-512: %v) fetches in way %d, want %d", c.vendor, c.family, c.avx512, got, c.want)
		}
	}
}

func TestTheProcessorSaysItsName(t *testing.T) {
	vendor, family := identity()
	if len(vendor) != 12 || family == 0 {
		t.Errorf("the processor is %q of family %d", vendor, family)
	}
	for _, b := range []byte(vendor) {
		if b < ' ' || b > '~' {
			t.Errorf("the vendor's name %q has the byte %#x", vendor, b)
		}
	}
}
