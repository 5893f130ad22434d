package pattern

import (
	"slices"
	"testing"
	"unicode"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Go's Unicode is older than Oniguruma's, which has all of its cases.
func TestTheCasesAreThoseOfTheToolchainAndMore(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if c := unicode.SimpleFold(r); c != r && !slices.Contains(uni.Cases(r), c) {
			t.Errorf("%U is no case of %U", c, r)
		}
	}
}

func TestASetGetsAllCasesOfWhatIsInIt(t *testing.T) {
	for _, c := range []struct{ name, set, want string }{
		{"a letter", "a", "Aa"},
		{"a letter with three cases", "K", "Kk\u212a"},
		{"a letter reached from its third case", "ς", "Σςσ"},
		{"a title case letter", "ǅ", "ǄǅǆǄ"},
		{"what has no other case", "1中", "1中"},
		{"the dotless i, whose capital is another letter's", "ı", "ı"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := withCases(setOf(c.set)), setOf(c.want); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// setOf returns the characters of a text as a set.
func setOf(text string) (set [][2]rune) {
	for _, r := range text {
		set = append(set, [2]rune{r, r})
	}
	return Union(set, nil)
}

func TestSetsAreJoinedNegatedAndIntersected(t *testing.T) {
	digits, all := [][2]rune{{'0', '9'}}, [][2]rune{{0, unicode.MaxRune}}
	for _, c := range []struct {
		name      string
		got, want [][2]rune
	}{
		{"the union of ranges that touch is one", Union([][2]rune{{'a', 'c'}}, [][2]rune{{'d', 'f'}}), [][2]rune{{'a', 'f'}}},
		{"the union of ranges that overlap is one", Union([][2]rune{{'a', 'd'}}, [][2]rune{{'b', 'f'}}), [][2]rune{{'a', 'f'}}},
		{"the union of ranges apart is sorted", Union([][2]rune{{'x', 'x'}}, digits), [][2]rune{{'0', '9'}, {'x', 'x'}}},
		{"the union with nothing is the set", Union(digits, nil), digits},
		{"what is in none is in the complement", Complement(digits), [][2]rune{{0, '0' - 1}, {'9' + 1, unicode.MaxRune}}},
		{"the complement of nothing is everything", Complement(nil), all},
		{"the complement of everything is nothing", Complement(all), nil},
		{"the complement of the complement is the set", Complement(Complement(digits)), digits},
		{"the intersection is what is in both", intersect([][2]rune{{'5', 'b'}}, [][2]rune{{'0', '9'}, {'b', 'z'}}), [][2]rune{{'5', '9'}, {'b', 'b'}}},
		{"the intersection with nothing is nothing", intersect(digits, nil), nil},
	} {
		if len(c.got)+len(c.want) > 0 && !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}
