package mil_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// TestAListingShowsForeignNamesWholeAndHarmless has names as a package may give
// them: with what a terminal would obey, with quotation marks, and long.
func TestAListingShowsForeignNamesWholeAndHarmless(t *testing.T) {
	long := strings.Repeat("n", 5000)
	for name, want := range map[string]string{
		"plain":         "%plain:",
		"a\x1b[2Jb":     `%a\x1b[2Jb:`,
		"two\nlines":    `%two\nlines:`,
		"\u202ereverse": `%\u202ereverse:`,
		"a mark\a\"":    `%a mark\a":`,
		`a \ b`:         `%a \ b:`,
		long:            "%" + long + ":",
	} {
		b := mil.NewBuilder("main", "CoreML8")
		x := b.Input(name, dtype.Float32, 2)
		b.Output("out", b.Op("relu", "", mil.TensorType(dtype.Float32, 2), mil.Args{"x": x}))
		f, err := b.Function()
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := mil.PrintFunction(&out, f); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%.40q: the listing does not show %.40s:\n%.300s", name, want, out.String())
		}
	}
}
