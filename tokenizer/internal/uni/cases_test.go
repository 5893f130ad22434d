package uni_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// tell tells a case to testdata/gen/tokenizer/cases.py, which asks the reference.
func tell(t *testing.T, kind string, c map[string]any) {
	t.Helper()
	told, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Attr(kind, string(told))
}

// Each property is a set of code points; the cases say of some characters which are in
// it, as Oniguruma 6.9.10 (Unicode 16) has it.
func TestAPropertyHasItsCharacters(t *testing.T) {
	for _, c := range []struct{ name, of, want string }{
		{"L", "aAǅʰ中é1_\u0301Ⅳ", "aAǅʰ中é"},
		{"Lu", "aAÉǅΣ", "AÉΣ"},
		{"Ll", "aAéßªº", "aéß"},
		{"Lt", "ǅAa", "ǅ"},
		{"Lm", "ʰaー々", "ʰー々"},
		{"Lo", "中あªa", "中あª"},
		{"M", "\u0301\u0903\u20dda", "\u0301ः⃝"},
		{"Mn", "\u0301\u0903\u20dd", "\u0301"},
		{"Mc", "\u0301\u0903\u20dd", "ः"},
		{"Me", "\u0301\u0903\u20dd", "⃝"},
		{"N", "1½Ⅳ²٣一", "1½Ⅳ²٣"},
		{"Nd", "1½Ⅳ²٣", "1٣"},
		{"Nl", "1Ⅳ〇", "Ⅳ〇"},
		{"No", "1½²①", "½²①"},
		{"P", "!-_(«“$+、", "!-_(«“、"},
		{"Pc", "_‿-", "_‿"},
		{"Pd", "-—_", "-—"},
		{"Ps", "([「)", "([「"},
		{"Pe", ")]」(", ")]」"},
		{"Pi", "«“(", "«“"},
		{"Pf", "»”)", "»”"},
		{"Po", "!,。-", "!,。"},
		{"S", "$+^©!", "$+^©"},
		{"Sc", "$€₩+", "$€₩"},
		{"Sm", "+=∑$", "+=∑"},
		{"Sk", "^`\u02c6", "^`"},
		{"So", "©🙂$", "©🙂"},
		{"Z", " \u00a0\u2028\u2029\n", " \u00a0\u2028\u2029"},
		{"Zs", " \u00a0\u2028\u3000", " \u00a0\u3000"},
		{"Zl", "\u2028\u2029", "\u2028"},
		{"Zp", "\u2028\u2029", "\u2029"},
		{"C", "\n\u200b\ue000\u0378a", "\n\u200b\ue000\u0378"},
		{"Cc", "\n\u007f\u0085\u200b", "\n\x7f\u0085"},
		{"Cf", "\u200b\u00ad\ufeff\n", "\u200b\u00ad\ufeff"},
		{"Co", "\ue000\U000f0000a", "\ue000\U000f0000"},
		{"Cn", "\u0378a", "\u0378"},
		{"Latin", "aéªд中", "aéª"},
		{"Greek", "αΩa\u2126", "αΩΩ"},
		{"Cyrillic", "дa", "д"},
		{"Han", "中々〇あ", "中々〇"},
		{"Hiragana", "あアー", "あ"},
		{"Katakana", "アあｱ", "アｱ"},
		{"Hangul", "가ᄀa", "가ᄀ"},
		{"Arabic", "س1", "س"},
		{"Hebrew", "ש1", "ש"},
		{"Devanagari", "क1", "क"},
		{"Thai", "ก฿", "ก"},
		{"Common", "1 ー\u0301a", "1 ー"},
		{"Inherited", "\u0301a", "\u0301"},
		{"Alphabetic", "aⅣⓐ1\u0301", "aⅣⓐ"},
		{"Uppercase", "AⅣⒶa", "AⅣⒶ"},
		{"Lowercase", "aⅳⓐªA", "aⅳⓐª"},
		{"Emoji", "🙂1#a©", "🙂1#©"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, ok := uni.Property(c.name)
			if !ok {
				t.Fatal("there is no such property")
			}
			got := ""
			for _, r := range c.of {
				if slices.ContainsFunc(set, func(part [2]rune) bool { return part[0] <= r && r <= part[1] }) {
					got += string(r)
				}
			}
			tell(t, "members", map[string]any{"name": c.name, "expr": `\p{` + c.name + `}`, "text": c.of, "want": strings.Split(got, "")})
			if got != c.want {
				t.Errorf("of %+q it has %+q, want %+q", c.of, got, c.want)
			}
		})
	}
}

func TestAPropertyHasSeveralNames(t *testing.T) {
	letters, _ := uni.Property("L")
	for _, name := range []string{"l", "Letter", "letter", "LETTER"} {
		if set, ok := uni.Property(name); !ok || !slices.Equal(set, letters) {
			t.Errorf("%s has %d ranges, L has %d", name, len(set), len(letters))
		}
	}
	upper, _ := uni.Property("Lu")
	for _, name := range []string{"Uppercase_Letter", "uppercase letter", "Uppercase-Letter", "UPPERCASELETTER"} {
		if set, ok := uni.Property(name); !ok || !slices.Equal(set, upper) {
			t.Errorf("%s has %d ranges, Lu has %d", name, len(set), len(upper))
		}
	}
	for _, name := range []string{"", "Letters", "Script=Latin", "word", "marks", "sp:Han"} {
		if _, ok := uni.Property(name); ok {
			t.Errorf("%q is a property", name)
		}
	}
}

func TestThePropertiesShareOutAllCharacters(t *testing.T) {
	var all [][2]rune
	for _, name := range []string{"L", "M", "N", "P", "S", "Z", "C"} {
		set, _ := uni.Property(name)
		all = append(all, set...)
	}
	count := 0
	for _, r := range all {
		count += int(r[1]-r[0]) + 1
	}
	if want := int(utf8.MaxRune) + 1 - 0x800; count != want { // all but the surrogates, once
		t.Errorf("they have %d code points, want %d", count, want)
	}
	if joined := uni.Join(all); len(joined) != 2 || joined[0] != [2]rune{0, 0xd7ff} || joined[1] != [2]rune{0xe000, utf8.MaxRune} {
		t.Errorf("together they are %v", joined)
	}
}

// The reference's lower case is Rust's, of one character at a time.
func TestLowerCaseIsThatOfTheReference(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ASCII", "AZaz09@[`{", "azaz09@[`{"},
		{"Latin letters", "ÀÞßÿŸ", "àþßÿÿ"},
		{"Greek, whose small letter depends on no place", "ΑΣΩ", "ασω"},
		{"Cyrillic", "ЖЯЁ", "жяё"},
		{"title case", "ǅǈ", "ǆǉ"},
		{"capitals that came later", "ẞⱯꞋ", "ßɐꞌ"},
		{"Georgian capitals", "ᲐᲑ", "აბ"},
		{"Cherokee, whose small letters are the younger", "Ꭰꭰ", "ꭰꭰ"},
		{"numbers and letters in circles", "ⅧⒶ", "ⅷⓐ"},
		{"other planes", "𐐀𞤀", "𐐨𞤢"},
		{"signs that are letters", "\u2126\u212a\u212b", "ωkå"},
		{"scripts without case", "中あש", "中あש"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Map(uni.ToLower, c.in)
			tell(t, "normalizer", map[string]any{"name": c.name, "spec": json.RawMessage(`{"type":"Lowercase"}`), "text": c.in, "want": got})
			if got != c.want {
				t.Errorf("%s became %s, want %s", c.in, got, c.want)
			}
		})
	}
}

// formNames are the names that the reference has for the forms.
var formNames = map[uni.Form]string{uni.NFC: "NFC", uni.NFD: "NFD", uni.NFKC: "NFKC", uni.NFKD: "NFKD"}

func TestEachFormIsThatOfUnicode9(t *testing.T) {
	for _, c := range []struct {
		name string
		form uni.Form
		in   string
		want string
	}{
		{"NFC composes two steps", uni.NFC, "s\u0323\u0307", "ṩ"},
		{"NFC composes over a mark of another class", uni.NFC, "a\u0323\u0302", "ậ"},
		{"NFC is blocked by a mark of the same class", uni.NFC, "a\u0301\u0302", "á\u0302"},
		{"NFC is blocked by a character without a class", uni.NFC, "a\u034f\u0301", "a\u034f\u0301"},
		{"NFC takes a composed letter that is out of order apart", uni.NFC, "\u00e0\u0323", "ạ\u0300"},
		{"NFC writes a singleton as its letter", uni.NFC, "\u212b\u2126", "ÅΩ"},
		{"NFC leaves what is excluded from composition apart", uni.NFC, "\u0958", "क़"},
		{"NFC composes Hangul", uni.NFC, "\u1112\u1161\u11ab", "한"},
		{"NFC adds a last letter to a syllable", uni.NFC, "하\u11ab", "한"},
		{"NFC leaves a letter that fits no syllable", uni.NFC, "한\u11ab", "한ᆫ"},
		{"NFC leaves compatibility characters", uni.NFC, "ﬁ²Ａ", "ﬁ²Ａ"},
		{"NFD takes letters apart all the way", uni.NFD, "\u1e69\u01d5", "s\u0323\u0307U\u0308\u0304"},
		{"NFD sorts marks by class", uni.NFD, "a\u0315\u0300\u05ae\u0062", "a֮\u0300\u0315b"},
		{"NFD keeps the order of one class", uni.NFD, "a\u0302\u0301", "a\u0302\u0301"},
		{"NFD takes Hangul apart", uni.NFD, "한하", "한하"},
		{"NFKC writes width and position as plain", uni.NFKC, "Ａｂ１²₃", "Ab123"},
		{"NFKC writes one character as several", uni.NFKC, "㍿ﷺ", "株式会社صلى الله عليه وسلم"},
		{"NFKC composes what it has taken apart", uni.NFKC, "ﾊﾟ", "パ"},
		{"NFKC writes spaces as a space", uni.NFKC, "a\u00a0\u3000b", "a  b"},
		{"NFKC writes letters of mathematics as letters", uni.NFKC, "𝕳𝒶𝟘", "Ha0"},
		{"NFKD takes ligatures and letters apart", uni.NFKD, "ﬄé", "ffle\u0301"},
		{"NFKD writes fractions with a slash of their own", uni.NFKD, "¾", "3⁄4"},
		{"what is younger than Unicode 9 has no form", uni.NFKD, "\U0001fbf0\ua7f2", "🯰ꟲ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := uni.Normalize(c.form, c.in, nil)
			spec := json.RawMessage(fmt.Sprintf(`{"type":%q}`, formNames[c.form]))
			tell(t, "normalizer", map[string]any{"name": c.name, "spec": spec, "text": c.in, "want": got})
			if got != c.want {
				t.Errorf("%+q became %+q, want %+q", c.in, got, c.want)
			}
			if again := uni.Normalize(c.form, got, nil); again != got {
				t.Errorf("a second time it became %+q", again)
			}
		})
	}
}

// What Trace tells must make the text that Normalize makes, and take all of the old
// one's characters: each change takes one and -Delta more, those inserted none.
func TestATraceTakesEachCharacterOnce(t *testing.T) {
	for _, text := range []string{"é", "e\u0301", "각", "\u1100\u1161\u11a8x", "s\u0323\u0307a", "ﬁ", "q\u0307\u0323", "\u0344", "日本\u3099", "\u00e0\u0323"} {
		for form := uni.NFC; form <= uni.NFKD; form++ {
			changes := uni.Trace(form, text, nil)
			if changes == nil {
				if got := uni.Normalize(form, text, nil); got != text {
					t.Errorf("form %d of %+q: no trace, but it becomes %+q", form, text, got)
				}
				continue
			}
			made, taken := "", 0
			for _, c := range changes {
				if made += string(c.Rune); c.Delta <= 0 {
					taken += 1 - int(c.Delta)
				}
			}
			if want := uni.Normalize(form, text, nil); made != want || taken != utf8.RuneCountInString(text) {
				t.Errorf("form %d of %+q: %+q of %d characters, want %+q of %d", form, text, made, taken, want, utf8.RuneCountInString(text))
			}
		}
	}
}

func TestAScriptIsThatOfTheReference(t *testing.T) {
	same := func(a, b rune) bool { return uni.Script(a) == uni.Script(b) }
	for _, c := range []struct {
		name string
		a, b rune
		want bool
	}{
		{"two letters of Latin", 'a', 'é', true},
		{"Latin and Cyrillic", 'a', 'д', false},
		{"Han and Hiragana", '中', 'あ', true},
		{"Han and Katakana", '中', 'ア', true},
		{"the sign for long vowels and Katakana", 'ー', 'ア', true},
		{"Han and Hangul", '中', '가', false},
		{"digits and Latin", '1', 'a', false},
		{"digits and punctuation", '1', '!', true},
	} {
		if got := same(c.a, c.b); got != c.want {
			t.Errorf("%s are of one script: %v, want %v", c.name, got, c.want)
		}
	}
	if uni.Script(' ') != 0 {
		t.Error("a space has a script")
	}
}

func TestAGuardStopsANormalization(t *testing.T) {
	long := strings.Repeat("é\u0323\u0301", 1<<14)
	for form := uni.NFC; form <= uni.NFKD; form++ {
		for after := range 12 { // of each of its passes
			calls := 0
			guard := func(_, _ int) bool { calls++; return calls <= after }
			if got := uni.Normalize(form, long, guard); got != "" {
				t.Errorf("form %d stopped after %d calls: got %d bytes", form, after, len(got))
			}
			calls = 0
			if got := uni.Trace(form, long, guard); got != nil {
				t.Errorf("the trace of form %d stopped after %d calls: got %d changes", form, after, len(got))
			}
		}
	}
}

var errGrown = errors.New("grown")

func TestAGuardIsToldHowLargeTheTextHasBecome(t *testing.T) {
	most := 0
	var err error
	uni.Normalize(uni.NFKD, strings.Repeat("ﷺ", 1<<14), func(_, size int) bool {
		if most = max(most, size); most > 1<<18 {
			err = errGrown
		}
		return err == nil
	})
	if !errors.Is(err, errGrown) {
		t.Errorf("it was told of %d bytes at most", most)
	}
}

func TestACharacterIsAsLongAsItsBytes(t *testing.T) {
	for text, want := range map[string]int{"a": 1, "é": 2, "中": 3, "🙂": 4, "\xff": 1, "\xe4\xb8": 1} {
		if got := uni.CharLen(text, 0); got != want {
			t.Errorf("%q is %d bytes long, want %d", text, got, want)
		}
	}
}
