//go:build !noasm

package kernel

import "testing"

func TestTheWayOfFetchingIsTheProcessors(t *testing.T) {
	for _, c := range []struct {
		vendor string
		family int
		want   int
	}{
		{"AuthenticAMD", 0x17, fetchSecond},
		{"AuthenticAMD", 0x19, fetchSecond},
		{"AuthenticAMD", 0x1a, fetchPast},
		{"AuthenticAMD", 0x1b, fetchPast},
		{"GenuineIntel", 6, fetchFirst},
		{"GenuineIntel", 0x1a, fetchFirst},
		{"", 0, fetchFirst},
	} {
		if got := fetchOf(c.vendor, c.family); got != c.want {
			t.Errorf("%q of family %#x fetches in way %d, want %d", c.vendor, c.family, got, c.want)
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
