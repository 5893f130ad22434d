package uni

import (
	"slices"
	"sort"
	"strings"
	"sync"
)

// propertyTables are the named sets and the lower case.
type propertyTables struct {
	sets map[string]ranges // by folded name
	word ranges
	// What the normalizers StripAccents and BertNormalizer and the
	// pre-tokenizer of BERT look for.
	marks, accents, controls, punct ranges
	scripts                         []scriptRange
	numScripts                      uint8
	from                            []rune // characters with a lower case, sorted
	lower                           []rune
}

// scriptRange is a range of characters of one script.
type scriptRange struct {
	lo, hi rune
	script uint8
}

// properties are read when they are first needed.
var properties = sync.OnceValue(buildProperties)

// buildProperties unpacks the tables, which are written as gen.go says: named sets,
// then the lower case, each character as the distance to the one before it.
func buildProperties() *propertyTables {
	r := open(propertyData)
	n := r.next()
	t := &propertyTables{sets: make(map[string]ranges, n)}
	for range n {
		var name []byte
		for range r.next() {
			name = append(name, byte(r.next()))
		}
		t.add(string(name), r.ranges())
	}
	slices.SortFunc(t.scripts, func(a, b scriptRange) int { return int(a.lo - b.lo) })
	last := rune(0)
	for range r.next() {
		last += rune(r.next())
		d := r.next() // zigzag: the lower case can lie before its capital
		t.from = append(t.from, last)
		t.lower = append(t.lower, last+rune(int64(d>>1)^-int64(d&1)))
	}
	t.groups()
	return t
}

// add takes in a stored set. Names of small letters are those of the parts of the
// reference that have tables of their own, "sp:" is a script that UnicodeScripts
// tells apart, and all others are what a pattern can ask for.
func (t *propertyTables) add(name string, set ranges) {
	switch {
	case name == "word":
		t.word = set
	case name == "marks":
		t.marks = set
	case name == "bertmarks":
		t.accents = set
	case name == "bertcontrols":
		t.controls = set
	case name == "bertpunct":
		t.punct = set
	case strings.HasPrefix(name, "sp:"):
		t.numScripts++
		for _, part := range set {
			t.scripts = append(t.scripts, scriptRange{part[0], part[1], t.numScripts})
		}
	default:
		t.sets[fold(name)] = set
	}
}

// groups makes the categories that consist of others, and the long names of all. C is
// without Cs: surrogates are in no text.
func (t *propertyTables) groups() {
	t.group("L", "Lu", "Ll", "Lt", "Lm", "Lo")
	t.group("M", "Mn", "Mc", "Me")
	t.group("N", "Nd", "Nl", "No")
	t.group("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po")
	t.group("S", "Sm", "Sc", "Sk", "So")
	t.group("Z", "Zs", "Zl", "Zp")
	t.group("C", "Cc", "Cf", "Co", "Cn")
	for long, short := range longNames {
		t.sets[fold(long)] = t.sets[fold(short)]
	}
}

// longNames are the long names of categories.
var longNames = map[string]string{
	"Letter": "L", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt", "Modifier_Letter": "Lm", "Other_Letter": "Lo",
	"Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me",
	"Number": "N", "Decimal_Number": "Nd", "Letter_Number": "Nl", "Other_Number": "No",
	"Punctuation": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe",
	"Initial_Punctuation": "Pi", "Final_Punctuation": "Pf", "Other_Punctuation": "Po",
	"Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So",
	"Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp",
	"Other": "C", "Control": "Cc", "Format": "Cf", "Private_Use": "Co", "Unassigned": "Cn",
}

// group makes a set of several.
func (t *propertyTables) group(name string, parts ...string) {
	var all ranges
	for _, p := range parts {
		all = append(all, t.sets[fold(p)]...)
	}
	t.sets[fold(name)] = slices.Clip(Join(all))
}

// Join sorts ranges of code points and makes one of those that touch or overlap.
// It works in the memory of all, which it returns shortened.
func Join(all [][2]rune) [][2]rune {
	slices.SortFunc(all, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	out := all[:0]
	for _, r := range all {
		if n := len(out); n > 0 && out[n-1][1]+1 >= r[0] {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

// fold brings the name of a property into the form that names are compared in: without
// case, spaces, dashes and underscores (UAX44-LM3, but for the prefix "is").
func fold(name string) string {
	return strings.NewReplacer("_", "", " ", "", "-", "").Replace(strings.ToLower(name))
}

// Property returns the ranges of a general category, a script or a binary
// property by its name, without regard to case. The ranges are sorted and do
// not touch; they are shared and must not be changed. Surrogates are in no set.
func Property(name string) ([][2]rune, bool) {
	r, ok := properties().sets[fold(name)]
	return r, ok && len(r) > 0
}

// IsWord reports whether r matches \w in the sense of Unicode Technical
// Standard 18.
func IsWord(r rune) bool {
	if r < 0x80 {
		return r == '_' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return properties().word.has(r)
}

// IsDecimal reports whether r is a digit of any script, as \d in Python's patterns.
func IsDecimal(r rune) bool {
	if r < 0x80 {
		return '0' <= r && r <= '9'
	}
	return properties().sets["nd"].has(r)
}

// Script returns a number for the script of r, 0 where it belongs to any. Han,
// Hiragana and Katakana are one.
func Script(r rune) uint8 {
	s := properties().scripts
	i := sort.Search(len(s), func(i int) bool { return s[i].hi >= r })
	if i < len(s) && s[i].lo <= r {
		return s[i].script
	}
	return 0
}

// ToLower returns the lower case of r. U+0130, whose lower case is two
// characters, stays as it is.
func ToLower(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			return r + 0x20
		}
		return r
	}
	t := properties()
	if i, ok := slices.BinarySearch(t.from, r); ok {
		return t.lower[i]
	}
	return r
}
