package fnmatch_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/internal/fnmatch"
)

// lines calls what with each line of a file of recorded answers.
func lines(t *testing.T, name string, what func(line []byte)) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for scanner := bufio.NewScanner(f); scanner.Scan(); n++ {
		what(scanner.Bytes())
	}
	if n < 100 {
		t.Fatalf("%s has only %d lines", name, n)
	}
}

func decode(t *testing.T, line []byte, into ...any) {
	t.Helper()
	if err := json.Unmarshal(line, &into); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
}

func TestMatchAnswersAsPython(t *testing.T) {
	taken, refused := 0, 0
	lines(t, "testdata/fnmatch.txt", func(line []byte) {
		var pattern string
		var names [2][]string
		decode(t, line, &pattern, &names)
		p := fnmatch.Compile(pattern)
		for i, want := range []bool{true, false} {
			for _, name := range names[i] {
				if got := p.Match(name); got != want {
					t.Errorf("%q against %q: got %v, want %v", name, pattern, got, want)
				}
			}
		}
		taken, refused = taken+len(names[0]), refused+len(names[1])
	})
	if taken < 1000 || refused < 1000 {
		t.Errorf("the recorded answers are one-sided: %d match, %d do not", taken, refused)
	}
}

func TestFilterChoosesAsHuggingfaceHub(t *testing.T) {
	lines(t, "testdata/filter.txt", func(line []byte) {
		var allow, ignore, files, want []string
		decode(t, line, &allow, &ignore, &files, &want)
		f := fnmatch.NewFilter(allow, ignore)
		got := slices.DeleteFunc(files, func(name string) bool { return !f.Takes(name) })
		if !slices.Equal(got, want) {
			t.Errorf("allow %q, ignore %q: got %q, want %q", allow, ignore, got, want)
		}
	})
}

func TestNoPatternTakesLong(t *testing.T) {
	name := strings.Repeat("a", 4096)
	for _, pattern := range []string{
		strings.Repeat("*a", 2000) + "*b",
		"*" + strings.Repeat("a", 2000) + "*" + strings.Repeat("a", 1000) + "c*",
		strings.Repeat("*?", 2000) + "b",
		strings.Repeat("*[a-z]", 1000) + "*[!a]*",
	} {
		start := time.Now()
		if fnmatch.Compile(pattern).Match(name) {
			t.Errorf("%.20q… matches", pattern)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%.20q… took %v", pattern, d)
		}
	}
}

// TestManyNamesTakeNoLonger asks for each file of a large repository by its name, as
// is done for a package of many files.
func TestManyNamesTakeNoLonger(t *testing.T) {
	const n = 100_000
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("Model.mlpackage/Data/[%d]/weight*.bin", i)
	}
	patterns := make([]string, n)
	for i, name := range names {
		patterns[i] = strings.NewReplacer("[", "[[]", "*", "[*]").Replace(name)
	}
	start := time.Now()
	f := fnmatch.NewFilter(patterns, nil)
	for _, name := range names {
		if !f.Takes(name) || f.Takes(name+"x") {
			t.Fatal(name)
		}
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("%d names took %v", n, d)
	}
}

// slow is the definition: every way is tried.
func slow(p, name []rune) bool {
	switch {
	case len(p) == 0:
		return len(name) == 0
	case p[0] == '*':
		for i := range len(name) + 1 {
			if slow(p[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	return len(name) > 0 && (p[0] == '?' || p[0] == name[0]) && slow(p[1:], name[1:])
}

func FuzzMatch(f *testing.F) {
	f.Add("*.json", "config.json")
	f.Add("[z-a!-c]*", "x")
	f.Add("[]-a]?[!]]*b", "^ab")
	f.Add("[!--a-]", "-")
	f.Add("a[*]b[[]?[?]", "a*b[x?")
	f.Add("\xff\\", "\xfe/")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 64 || len(name) > 64 {
			return
		}
		got := fnmatch.Compile(pattern).Match(name)
		// A filter may know another way, and must come to the same.
		slashed := func(s string) string { return strings.ReplaceAll(s, `\`, "/") }
		full := slashed(pattern)
		if strings.HasSuffix(full, "/") {
			full += "*"
		}
		want := fnmatch.Compile(full).Match(slashed(name))
		if takes := fnmatch.NewFilter([]string{pattern}, nil).Takes(name); takes != want {
			t.Errorf("%q against %q in a filter: got %v, want %v", name, pattern, takes, want)
		}
		if strings.ContainsRune(pattern, '[') || strings.Count(pattern, "*") > 4 {
			return
		}
		if want := slow([]rune(pattern), []rune(name)); got != want {
			t.Errorf("%q against %q: got %v, want %v", name, pattern, got, want)
		}
	})
}
