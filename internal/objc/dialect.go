package objc

import "strings"

// difference is a way in which a runtime may write a type that the table writes
// otherwise, though both mean the same to a call. No other difference is allowed.
type difference struct {
	// why names the difference.
	why string
	// same reports whether want and got are such a pair.
	same func(want, got string) bool
}

// boolIsSignedChar is BOOL on macOS on Intel, which predates _Bool.
var boolIsSignedChar = difference{
	why:  "BOOL is a signed char on Intel Macs",
	same: func(want, got string) bool { return want == "B" && got == "c" },
}

// gnuDifferences are those of the GNU runtime and GNUstep.
var gnuDifferences = []difference{
	{
		why:  "BOOL is an unsigned char in the GNU runtime",
		same: func(want, got string) bool { return want == "B" && got == "C" },
	},
	{
		why: "gcc has no blocks, so their literals are passed as pointers or objects",
		same: func(want, got string) bool {
			return want == "@?" && (got == "@" || got == "?" || strings.HasPrefix(got, "^"))
		},
	},
	{
		why: "gcc writes an incomplete structure without an equals sign",
		same: func(want, got string) bool {
			return strings.HasPrefix(want, "^") && strings.ReplaceAll(want, "=}", "}") == got
		},
	},
	{
		why:  "NSStringEncoding has 32 bits in GNUstep",
		same: func(want, got string) bool { return want == "Q" && got == "I" },
	},
}

// appleDifferences are those of Apple's runtime.
var appleDifferences = []difference{boolIsSignedChar}

// sameTypes compares the table's encoding with a runtime's, type by type.
func sameTypes(want, got string, allowed []difference) bool {
	w, err := parseEncoding(want)
	if err != nil {
		return false
	}
	g, err := parseEncoding(got)
	if err != nil || len(g) != len(w) {
		return false
	}
	for i := range w {
		if w[i] != g[i] && !differs(w[i], g[i], allowed) {
			return false
		}
	}
	return true
}

// differs reports whether one of the allowed differences explains a pair.
func differs(want, got string, allowed []difference) bool {
	for _, d := range allowed {
		if d.same(want, got) {
			return true
		}
	}
	return false
}
