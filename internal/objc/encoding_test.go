package objc

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEncodingsAreSplitIntoTypes(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"nothing at all", "", nil},
		{"a getter", "@@:", []string{"@", "@", ":"}},
		{"stack offsets are dropped", "@24@0:8@16", []string{"@", "@", ":", "@"}},
		{"negative offsets of registers are dropped", "v8@+0:+4c-12", []string{"v", "@", ":", "c"}},
		{"qualifiers are dropped", "Vv24@0:8r^v16", []string{"v", "@", ":", "^v"}},
		{"qualifiers inside pointers are dropped", "@@:r^r@Q", []string{"@", "@", ":", "^@", "Q"}},
		{"a block is one type", "v@:@?", []string{"v", "@", ":", "@?"}},
		{"an object of a named class is an object", `@"NSString"16@0:8`, []string{"@", "@", ":"}},
		{"a structure is one type", "{_NSRange=QQ}16@0:8", []string{"{_NSRange=QQ}", "@", ":"}},
		{"digits inside a structure are no offsets", "{a1=[12i]b3}16@0", []string{"{a1=[12i]b3}", "@"}},
		{"pointers to pointers", "i@^^{__CVBuffer=}", []string{"i", "@", "^^{__CVBuffer=}"}},
		{"a bit field keeps its width", "b13i", []string{"b13", "i"}},
		{"a function pointer", "v^?", []string{"v", "^?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseEncoding(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMalformedEncodingsAreRefused(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"an unknown letter", "@@:x"},
		{"a pointer to nothing", "v^"},
		{"a qualifier of nothing", "vr"},
		{"an open structure", "v{a=i"},
		{"an open class name", `@"NSString`},
		{"a closing brace alone", "v}"},
		{"a bit field without width", "b"},
		{"pointers without end", strings.Repeat("^", 1000) + "v"},
		{"structures without end", strings.Repeat("{", 1000) + strings.Repeat("}", 1000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := parseEncoding(c.in); !errors.Is(err, errEncoding) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestNamedDifferencesAreTheOnlyOnesAllowed(t *testing.T) {
	for _, c := range []struct {
		name, want, got string
		gnu, apple      bool
	}{
		{"equal types", "@@:q", "@24@0:8q16", true, true},
		{"BOOL on Intel Macs", "B@:", "c16@0:8", false, true},
		{"BOOL in the GNU runtime", "B@:", "C16@0:8", true, false},
		{"a block as an object", "v@:@?", "v@:@", true, false},
		{"a block as a pointer", "v@:@?", "v@:^{literal=^v}", true, false},
		{"an incomplete structure of gcc", "@@:^{__CVBuffer=}", "@@:^{__CVBuffer}", true, false},
		{"another structure", "@@:^{__CVBuffer=}", "@@:^{__IOSurface}", false, false},
		{"a string encoding of GNUstep", "@@:^vQQ", "@@:^vQI", true, false},
		{"another width", "v@:q", "v@:i", false, false},
		{"another sign", "v@:q", "v@:Q", false, false},
		{"an object for an integer", "v@:q", "v@:@", false, false},
		{"one argument less", "v@:@@", "v@:@", false, false},
		{"one argument more", "v@:@", "v@:@@", false, false},
		{"nothing readable", "v@:@", "%", false, false},
		{"a double for a float", "d@:", "f@:", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sameTypes(c.want, c.got, gnuDifferences); got != c.gnu {
				t.Errorf("GNU: got %t", got)
			}
			if got := sameTypes(c.want, c.got, appleDifferences); got != c.apple {
				t.Errorf("Apple: got %t", got)
			}
		})
	}
}

func TestVersionsAreReadAndCompared(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		sign       int
	}{
		{"equal", "15.0", "15", 0},
		{"an older major", "14.4", "15.0", -1},
		{"a newer minor", "14.4", "14.3.1", 1},
		{"a newer patch", "15.0.1", "15.0", 1},
		{"ten is more than nine", "10.10", "10.9", 1},
		{"unknown is older", "", "10.0", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := ParseVersion(c.a)
			if err != nil {
				t.Fatal(err)
			}
			b, err := ParseVersion(c.b)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.Compare(b); got != c.sign {
				t.Errorf("got %d, want %d", got, c.sign)
			}
		})
	}
	for _, bad := range []string{"x", "1.", ".1", "1.2.3.4", "-1", "99999999999999999999"} {
		if v, err := ParseVersion(bad); err == nil {
			t.Errorf("%q was read as %v", bad, v)
		}
	}
}

func FuzzParseEncoding(f *testing.F) {
	for _, m := range registry.methods {
		f.Add(m.encoding)
	}
	for _, s := range []string{"@24@0:8@16", "Vv24@0:8r^v16", "{_NSRange=QQ}16@0:8", `@"NSString"16@0:8`, "v{a=[3(u=ib3)]}^?", "b", "^^^", "}{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		types, err := parseEncoding(s)
		if err != nil {
			if !errors.Is(err, errEncoding) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		// What was split can be joined, with offsets that keep "@" and "?" apart,
		// and split again.
		joined := strings.Join(types, "+0")
		again, err := parseEncoding(joined)
		if err != nil {
			t.Fatalf("%q gives %q, which is refused: %v", s, joined, err)
		}
		if diff := cmp.Diff(types, again); diff != "" {
			t.Fatalf("%q: %s", s, diff)
		}
		if !sameTypes(joined, s, nil) {
			t.Fatalf("%q is not the same as itself", s)
		}
	})
}
