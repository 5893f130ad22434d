package pattern

import (
	"encoding/json"
	"slices"
	"testing"
)

// Each case is what Oniguruma finds, the engine of Hugging Face tokenizers, in its
// Ruby syntax: the matches in brackets, and what lies between them. Most of the
// constructs mean something else in Go's own engine or in .NET's, or are in neither.
// testdata/gen/tokenizer/cases.py asks Oniguruma again.
var constructs = []struct {
	name, expr, text string
	want             []string
}{
	// Quantifiers.
	{"* gives back what the rest needs", `a*a`, "aaa", []string{"[aaa]"}},
	{"*? takes as little as it can", `a*?b`, "aab", []string{"[aab]"}},
	{"+? takes as little as it can", `a+?`, "aa", []string{"[a]", "[a]"}},
	{"*+ gives nothing back", `a*+a`, "aaa b", []string{"aaa b"}},
	{"?+ gives nothing back", `a?+a`, "a aa", []string{"a ", "[aa]"}},
	{"++ on a group gives none of its turns back", `(?:ab)++a`, "abab aba", []string{"abab ", "[aba]"}},
	{"++ on a class", `[ab]++b`, "aab", []string{"aab"}},
	{"++ on a set", `\p{L}++b`, "aab", []string{"aab"}},
	{"a range has both ends", `a{2,3}`, "a aa aaaaa", []string{"a ", "[aa]", " ", "[aaa]", "[aa]"}},
	{"a range without an end", `a{2,}`, "a aaaa", []string{"a ", "[aaaa]"}},
	{"a range without a beginning begins at none", `a{,2}b`, "aaab b", []string{"a", "[aab]", " ", "[b]"}},
	{"a range that is lazy", `a{2,3}?`, "aaaaa", []string{"[aa]", "[aa]", "a"}},
	{"a number of times with ? is that or none", `a{2}?b`, "b aab", []string{"[b]", " ", "[aab]"}},
	{"a range with + is repeated", `a{1,2}+b`, "aaaab", []string{"[aaaab]"}},
	{"a lazy quantifier with + is repeated", `a+?+b`, "aab", []string{"[aab]"}},
	{"a lazy option with + is repeated", `a??+b`, "aab", []string{"[aab]"}},
	{"a brace without a number is text", `a{`, "a{", []string{"[a{]"}},
	{"a brace with a comma alone is text", `a{,}`, "a{,}", []string{"[a{,}]"}},
	{"a brace that closes is text", `a}`, "a}", []string{"[a}]"}},
	{"a bracket that closes is text", `a]`, "a]", []string{"[a]]"}},
	{"nothing can be repeated", `(?:)*a`, "aa", []string{"[a]", "[a]"}},
	{"none at all can be asked for", `a{0}b`, "ab", []string{"a", "[b]"}},

	// Groups.
	{"| takes the first that matches, not the longest", `a|ab`, "ab", []string{"[a]", "b"}},
	{"| goes back to the second where the rest needs it", `(?:a|ab)c`, "abc", []string{"[abc]"}},
	{"an atomic group does not go back", `(?>a|ab)c`, "abc ac", []string{"abc ", "[ac]"}},
	{"a group can be called by its number", `(a|b)\1`, "aab bb", []string{"[aa]", "b ", "[bb]"}},
	{"a group can be called by its name", `(?<x>a|b)\k<x>`, "aab bb", []string{"[aa]", "b ", "[bb]"}},
	{"a look ahead says what must not follow", `a(?!b)`, "ab ac", []string{"ab ", "[a]", "c"}},
	{"a look behind says what must not go before", `(?<!a)b`, "ab b", []string{"ab ", "[b]"}},
	{"a look behind takes texts of several lengths", `(?<=ab|c)d`, "abd cd d", []string{"ab", "[d]", " c", "[d]", " d"}},
	{"a look behind sees what was matched before", `(?<=a)a`, "aaa", []string{"a", "[a]", "[a]"}},
	{"a look ahead can be in a look ahead", `a(?=b(?!c))`, "abc abd", []string{"abc ", "[a]", "bd"}},

	// Options.
	{"i: letters of any case", `(?i:ab)c`, "ABc ABC", []string{"[ABc]", " ABC"}},
	{"i for the rest of the pattern", `a(?i)b`, "aB AB", []string{"[aB]", " AB"}},
	{"i for the rest of a group ends with it", `(?:a(?i)b)c`, "aBc aBC", []string{"[aBc]", " aBC"}},
	{"i for the rest binds less than |", `a(?i)b|c`, "aB aC c", []string{"[aB]", " ", "[aC]", " c"}},
	{"i can be switched off", `(?i:a(?-i:b)c)`, "AbC ABC", []string{"[AbC]", " ABC"}},
	{"i can be switched off for the rest", `(?i)a(?-i)b`, "Ab AB", []string{"[Ab]", " AB"}},
	{"i: s is ſ too", `(?i)s`, "sSſ", []string{"[s]", "[S]", "[ſ]"}},
	{"i: k is the sign of Kelvin too", `(?i)k`, "kK\u212a", []string{"[k]", "[K]", "[K]"}},
	{"i: σ has two small letters", `(?i)Σ`, "σΣς", []string{"[σ]", "[Σ]", "[ς]"}},
	{"i: the sign for micro is the letter", `(?i)µ`, "µμΜ", []string{"[µ]", "[μ]", "[Μ]"}},
	{"i: the sign for Ohm is the letter", `(?i)ω`, "ωΩ\u2126", []string{"[ω]", "[Ω]", "[Ω]"}},
	{"i: title case", `(?i)ǆ`, "ǆǅǄ", []string{"[ǆ]", "[ǅ]", "[Ǆ]"}},
	{"i: İ is no i", `(?i)İ`, "İiıI", []string{"[İ]", "iıI"}},
	{"i: ı is no i", `(?i)i`, "İiıI", []string{"İ", "[i]", "ı", "[I]"}},
	{"i: letters of other planes", `(?i)𐐀`, "𐐨𐐀", []string{"[𐐨]", "[𐐀]"}},
	{"i: a letter by its number", `(?i)\x6B\u0073\x{E9}`, "Ksé kſÉ", []string{"[Ksé]", " ", "[kſÉ]"}},
	{"i: a class", `(?i)[a-z]+`, "aB\u212aſ1", []string{"[aBKſ]", "1"}},
	{"i: a class that is negated leaves out all cases", `(?i)[^a]`, "aAb", []string{"aA", "[b]"}},
	{"i: a range that is negated", `(?i)[^à-ö]`, "ÀÖa", []string{"ÀÖ", "[a]"}},
	{"i: an intersection", `(?i)[a-z&&[^b]]`, "aAbB", []string{"[a]", "[A]", "bB"}},
	{"i: a negated intersection", `(?i)[^a-z&&[^b]]`, "aAbB1", []string{"aA", "[b]", "[B]", "[1]"}},
	{"i: a class in a class is taken as it is written", `(?i)[^[^a]]`, "aAb", []string{"aAb"}},
	{"i: a set in a class has all cases", `(?i)[\p{Lu}]`, "aA1", []string{"[a]", "[A]", "1"}},
	{"i: a set by itself has its own case only", `(?i)\p{Lu}`, "aA1", []string{"a", "[A]", "1"}},
	{"i: a set that is negated too", `(?i)\P{Lu}`, "aA1", []string{"[a]", "A", "[1]"}},
	{"i: a group that is called", `(?i:(a)\1)`, "aA Aa ab", []string{"[aA]", " ", "[Aa]", " ab"}},
	{"i: ß is ss", `(?i)ß`, "ß ss Sſ ẞ s", []string{"[ß]", " ", "[ss]", " ", "[Sſ]", " ", "[ẞ]", " s"}},
	{"i: ss is ß", `(?i)straße|ass`, "STRASSE straẞe aß", []string{"[STRASSE]", " ", "[straẞe]", " ", "[aß]"}},
	{"i: s with a quantifier is in no row", `(?i)ss+`, "ß ss", []string{"ß ", "[ss]"}},
	{"i: s in a group that is counted is in no row", `(?i)(s)(s)`, "ß ss", []string{"ß ", "[ss]"}},
	{"i: s in brackets that say nothing is in the row", `(?i)s(?:s)`, "ß", []string{"[ß]"}},
	{"i: a row of numbers", `(?i)\x73\u0073`, "ß", []string{"[ß]"}},
	{"i: the longest row counts", `(?i)ffi`, "ffi ﬃ ﬀi", []string{"[ffi]", " ", "[ﬃ]", " ﬀi"}},
	{"i: ﬅ and ﬆ are st", `(?i)st`, "ﬅ ﬆ", []string{"[ﬅ]", " ", "[ﬆ]"}},
	{"i: a dotted capital I is i with its dot", `(?i)İ`, "i̇ İ i", []string{"[i̇]", " ", "[İ]", " i"}},
	{"i: a class with ß has ss", `(?i)[ßa]+`, "sSaß s", []string{"[sSaß]", " s"}},
	{"i: a class tries its characters first", `(?i)[sß]`, "ss", []string{"[s]", "[s]"}},
	{"i: a class that is negated has no rows", `(?i)[^sß]`, "ss", []string{"ss"}},
	{"i: a look behind has no rows", `(?i)(?<=ß)x`, "ßx ssx", []string{"ß", "[x]", " ssx"}},
	{"i: white space that says nothing is in no row", `(?ix)s s`, "ß", []string{"[ß]"}},
	{"i: letters of Unicode 16", `(?i)ꟛ`, "ꟛꟚ", []string{"[ꟛ]", "[Ꟛ]"}},
	{"i: the contractions of a tokenizer", `(?i:'s|'t|'re|'ve|'m|'ll|'d)`, "I'M he'ſ we'Ve it's", []string{"I", "['M]", " he", "['ſ]", " we", "['Ve]", " it", "['s]"}},
	{"m: the dot takes line breaks", `(?m:a.b)`, "a\nb", []string{"[a\nb]"}},
	{"m for the rest of the pattern", `(?m)a.`, "a\nab", []string{"[a\n]", "[ab]"}},
	{"m says nothing of ^ and $, which always see lines", `(?m)^b`, "a\nb", []string{"a\n", "[b]"}},
	{"x: white space says nothing", `(?x: a b )c`, "abc", []string{"[abc]"}},
	{"several options, some off", `(?im-x:a.)`, "A\n", []string{"[A\n]"}},

	// Anchors.
	{"^ is the beginning of each line", `^b`, "b\nb\nab", []string{"[b]", "\n", "[b]", "\nab"}},
	{"^ is not behind the last line break", `\n^`, "a\n", []string{"a\n"}},
	{"$ is the end of each line", `a$`, "a\na", []string{"[a]", "\n", "[a]"}},
	{"$ is not before a carriage return", `a$`, "a\r\n", []string{"a\r\n"}},
	{`\A is the beginning of the text`, `\Aa`, "aa\na", []string{"[a]", "a\na"}},
	{`\z is the end of the text`, `a\z`, "a\na\n", []string{"a\na\n"}},
	{`\Z may have a line break behind it`, `a\Z`, "a\na\n", []string{"a\n", "[a]", "\n"}},
	{`\b is between a word and what is none`, `\ba`, "a ba-a", []string{"[a]", " ba-", "[a]"}},
	{`\b takes letters of any script for a word`, `\bд`, "д дд éд", []string{"[д]", " ", "[д]", "д éд"}},
	{`\b takes marks for a part of their word`, `e\b`, "e\u0301 e", []string{"e\u0301 ", "[e]"}},
	{`\B is inside a word`, `\Bb`, "ab b", []string{"a", "[b]", " b"}},

	// Sets by a letter.
	{`\s is the white space of Unicode`, `\s`, "\t\v\u0085\u00a0\u1680\u2003\u2028\u3000x", []string{"[\t]", "[\x0b]", "[\u0085]", "[\u00a0]", "[\u1680]", "[\u2003]", "[\u2028]", "[\u3000]", "x"}},
	{`\s has no width of zero`, `\s`, "\u200b\ufeff\u180e", []string{"\u200b\ufeff\u180e"}},
	{`\S is the rest`, `\S+`, "a\u200b \u00a0b", []string{"[a\u200b]", " \u00a0", "[b]"}},
	{`\w has letters, marks, numbers and what connects them`, `\w+`, "aé中_1٣\u0301\u203f-", []string{"[aé中_1٣\u0301‿]", "-"}},
	{`\w has the numbers of other kinds`, `\w`, "²½Ⅳ", []string{"[²]", "[½]", "[Ⅳ]"}},
	{`\w in a class leaves ² and ½ out`, `[\w]`, "²½Ⅳ", []string{"²½", "[Ⅳ]"}},
	{`\W in a class has them`, `[\W]`, "²½Ⅳ-", []string{"[²]", "[½]", "Ⅳ", "[-]"}},
	{`\W is the rest`, `\W`, "a-²é ", []string{"a", "[-]", "²é", "[ ]"}},
	{`\d is any decimal digit`, `\d`, "1٣²½", []string{"[1]", "[٣]", "²½"}},
	{`\D is the rest`, `\D`, "1a²", []string{"1", "[a]", "[²]"}},
	{`\h is a hexadecimal digit`, `\h+`, "0aFg٣", []string{"[0aF]", "g٣"}},
	{`\H is the rest`, `\H`, "0ag", []string{"0a", "[g]"}},
	{`\R is a line break of any kind`, `\R`, "a\r\n\n\v\u0085\u2028b", []string{"a", "[\r\n]", "[\n]", "[\x0b]", "[\u0085]", "[\u2028]", "b"}},
	{`\R takes both characters of one break`, `\R\n`, "\r\n\r\n\n", []string{"\r\n", "[\r\n\n]"}},
	{"the dot is any character but a line feed", `.`, "é\r\n🙂", []string{"[é]", "[\r]", "\n", "[🙂]"}},

	// Sets by a property.
	{"a category", `\p{Lu}`, "aAÉǅ", []string{"a", "[A]", "[É]", "ǅ"}},
	{"a category of categories", `\p{L}+`, "aAʰ中1", []string{"[aAʰ中]", "1"}},
	{"a category by its long name, in any case", `\p{uppercase_letter}`, "aA", []string{"a", "[A]"}},
	{`\P is the rest`, `\P{L}+`, "a1-b", []string{"a", "[1-]", "b"}},
	{"^ negates within the braces", `\p{^L}+`, "a1-b", []string{"a", "[1-]", "b"}},
	{"twice is once more", `\P{^L}+`, "a1-b", []string{"[a]", "1-", "[b]"}},
	{"what is not for private use ends before what is", `\P{Co}`, "\ud7ff\ue000\uf8ff\uf900", []string{"[\ud7ff]", "\ue000\uf8ff", "[\uf900]"}},
	{"numbers of any kind", `\p{N}`, "1½Ⅳ一", []string{"[1]", "[½]", "[Ⅳ]", "一"}},
	{"punctuation is no symbol", `\p{P}`, "a,-$+", []string{"a", "[,]", "[-]", "$+"}},
	{"symbols", `\p{S}`, "a,-$+", []string{"a,-", "[$]", "[+]"}},
	{"separators are no line breaks", `\p{Z}`, " \u00a0\u2028\n", []string{"[ ]", "[\u00a0]", "[\u2028]", "\n"}},
	{"what is no character of a text", `\p{C}`, "\n\u200b\ue000a", []string{"[\n]", "[\u200b]", "[\ue000]", "a"}},
	{"a script", `\p{Han}+`, "中々あa", []string{"[中々]", "あa"}},
	{"a script of letters", `\p{Cyrillic}+`, "где ab", []string{"[где]", " ab"}},
	{"a binary property", `\p{Alphabetic}`, "aⓐ1", []string{"[a]", "[ⓐ]", "1"}},
	{"an emoji can be a digit", `\p{Emoji}`, "🙂1a", []string{"[🙂]", "[1]", "a"}},

	// Classes.
	{"a range", `[b-d]`, "abde", []string{"a", "[b]", "[d]", "e"}},
	{"a negation has line breaks in it", `[^a]`, "a\n", []string{"a", "[\n]"}},
	{"a bracket that closes first is text", `[]a]`, "]a", []string{"[]]", "[a]"}},
	{"a bracket that closes first in a negation too", `[^]a]`, "]ab", []string{"]a", "[b]"}},
	{"a dash at an end is text", `[a-]`, "a-b", []string{"[a]", "[-]", "b"}},
	{"a dash at the beginning is text", `[-a]`, "a-b", []string{"[a]", "[-]", "b"}},
	{"a dash behind a backslash is text", `[a\-z]`, "-bz", []string{"[-]", "b", "[z]"}},
	{"a set in a class", `[\d\s]`, "1 a", []string{"[1]", "[ ]", "a"}},
	{"a set that is negated in a class", `[\Sa]`, " a1", []string{" ", "[a]", "[1]"}},
	{"a property in a negation", `[^\s\p{L}\p{N}]+`, "a-- 1", []string{"a", "[--]", " 1"}},
	{"a class in a class", `[a[bc]d]`, "abcde", []string{"[a]", "[b]", "[c]", "[d]", "e"}},
	{"a negation in a class", `[a[^b]]`, "abc", []string{"[a]", "b", "[c]"}},
	{"a class in a negation", `[^[a]b]`, "abc", []string{"ab", "[c]"}},
	{"an intersection", `[a-z&&[^aeiou]]`, "abce", []string{"a", "[b]", "[c]", "e"}},
	{"two intersections", `[a-z&&[^aeiou]&&[b-d]]`, "abcde", []string{"a", "[b]", "[c]", "[d]", "e"}},
	{"an intersection that is negated", `[^a-z&&b]`, "abB", []string{"[a]", "b", "[B]"}},
	{"an intersection with nothing", `[a&&]`, "a", []string{"a"}},
	{"letters by name", `[[:alpha:]]`, "aé1", []string{"[a]", "[é]", "1"}},
	{"digits by name", `[[:digit:]]`, "1٣a", []string{"[1]", "[٣]", "a"}},
	{"punctuation by name has symbols in it", `[[:punct:]]`, "a,+$", []string{"a", "[,]", "[+]", "[$]"}},
	{"upper and lower case by name", `[[:upper:]][[:lower:]]`, "Éa aA", []string{"[Éa]", " aA"}},
	{"a name beside other characters", `[[:alnum:]_-]+`, "a_1-é.", []string{"[a_1-é]", "."}},
	{"control characters by letters", `[\n\t\r\f\v\a\e]`, "\n\t\r\f\v\a\x1b ", []string{"[\n]", "[\t]", "[\r]", "[\x0c]", "[\x0b]", "[\x07]", "[\x1b]", " "}},
	{`\b in a class is a backspace`, `[\b]`, "\ba", []string{"[\x08]", "a"}},
	{"numbers of characters", `[\x41\u0042\x{1F600}-\x{1F64F}]`, "AB😀C", []string{"[A]", "[B]", "[😀]", "C"}},
	{"a range up to the last character", `[b-\x{10FFFF}]`, "a🙂", []string{"a", "[🙂]"}},
	{"what is no letter stands for itself behind a backslash", `[\.\]\[\&\^]`, ".][&^a", []string{"[.]", "[]]", "[[]", "[&]", "[^]", "a"}},

	// Single characters.
	{"a character by its number", `\x41\u00e9\x{1F600}`, "Aé😀", []string{"[Aé😀]"}},
	{"a number is one character for what follows", `\u0041++`, "AAB", []string{"[AA]", "B"}},
	{"a character by its number in octal", `\101+`, "AA", []string{"[AA]"}},
	{"control characters outside of a class", `\t\n\f\v\a\e`, "\t\n\f\v\a\x1b", []string{"[\t\n\x0c\x0b\x07\x1b]"}},
	{"a control character by its letter", `\cA`, "\x01A", []string{"[\x01]", "A"}},
	{"what means something, behind a backslash", `\.\*\(\)\[\\`, ".*()[\\", []string{"[.*()[\\]"}},
	{"what means nothing, behind a backslash", `\-\/\"`, `-/"`, []string{"[-/\"]"}},
	{"characters of several bytes", `é🙂+`, "é🙂🙂e", []string{"[é🙂🙂]", "e"}},
}

func TestEachConstructMatchesAsInOniguruma(t *testing.T) {
	for _, c := range constructs {
		t.Run(c.name, func(t *testing.T) {
			m, err := (&Compiler{}).compile(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			got := find(t, m, c.text)
			told, err := json.Marshal(map[string]any{"name": c.name, "expr": c.expr, "text": c.text, "want": slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "[]" })})
			if err != nil {
				t.Fatal(err)
			}
			if t.Attr("pattern", string(told)); !slices.Equal(got, c.want) {
				t.Errorf("%s in %q: got %q, want %q", c.expr, c.text, got, c.want)
			}
		})
	}
}
