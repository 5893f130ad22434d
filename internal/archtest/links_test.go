package archtest_test

import (
	"slices"
	"strings"
	"testing"
)

// TestLinksInComments has one comment for each way in which a link is written, in a
// package that declares a type, its field and its method, a function and a constant.
func TestLinksInComments(t *testing.T) {
	const declared = `
// Kind is one.
type Kind struct {
	// Size is a number.
	Size int
}

// Reset does nothing.
func (k *Kind) Reset() {}

// Reader is an interface.
type Reader interface {
	// Read reads.
	Read()
}

// Make makes one.
func Make() *Kind { return nil }

// Most is a number.
const Most = 3
`
	tests := []struct {
		name, link string
		leads      bool
	}{
		{"a type", "[Kind]", true},
		{"a pointer to a type", "[*Kind]", true},
		{"a field", "[Kind.Size]", true},
		{"a method", "[Kind.Reset]", true},
		{"a method of an interface", "[Reader.Read]", true},
		{"a function", "[Make]", true},
		{"a constant", "[Most]", true},
		{"the package's own name before one of its names", "[tensor.Make]", true},
		{"a package of the library", "[strings.Builder]", true},
		{"a shape in letters", "[N]", true},
		{"a shape of several dimensions", "[Batch, Rows]", true},
		{"an index behind a word", "sizes[Last]", true},
		{"a link of Markdown", "[NumPy's rules]", true},
		{"a type that is not there", "[Kinds]", false},
		{"a pointer to a type that is not there", "[*Kinds]", false},
		{"a field that is not there", "[Kind.Length]", false},
		{"a method that is not there", "[Kind.Close]", false},
		{"a name that the package itself has not", "[tensor.Builder]", false},
		{"at the beginning of a line", "\n// [Kinds] is what it was", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := pkg("tensor") + declared + "\n// All is as in " + test.link + ".\nconst All = 4\n"
			found := write(t, map[string]string{"tensor/a.go": text})
			complains := slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, "leads nowhere") })
			if complains == test.leads {
				t.Errorf("%s: found %q", test.link, found)
			}
		})
	}
}
