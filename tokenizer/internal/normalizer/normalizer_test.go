package normalizer

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// Each case is what Hugging Face tokenizers does with the text, alone and with the
// places of the original. testdata/gen/tokenizer/cases.py asks it again.
func TestNormalizers(t *testing.T) {
	for _, c := range []struct{ name, spec, text, want string }{
		{"NFC puts a letter and its accent together", `{"type":"NFC"}`, "e\u0301", "é"},
		{"NFC leaves a ligature alone", `{"type":"NFC"}`, "ﬁ", "ﬁ"},
		{"NFD takes a letter and its accent apart", `{"type":"NFD"}`, "é", "e\u0301"},
		{"NFD takes Korean apart", `{"type":"NFD"}`, "가", "\u1100\u1161"},
		{"NFKC writes a ligature as letters", `{"type":"NFKC"}`, "ﬁé", "fié"},
		{"NFKC writes a circled number as a digit", `{"type":"NFKC"}`, "①", "1"},
		{"NFKD takes ligatures and accents apart", `{"type":"NFKD"}`, "ﬁé", "fie\u0301"},
		{"Lowercase knows more than ASCII", `{"type":"Lowercase"}`, "ÀΣЖ", "àσж"},
		{"Lowercase makes two characters of the dotted capital I", `{"type":"Lowercase"}`, "İ", "i\u0307"},
		{"Lowercase does not look at the end of a word", `{"type":"Lowercase"}`, "ΑΣ", "ασ"},
		{"StripAccents removes marks that stand alone", `{"type":"StripAccents"}`, "e\u0301a", "ea"},
		{"StripAccents leaves composed letters alone", `{"type":"StripAccents"}`, "é", "é"},
		{"Strip removes white space on both sides", `{"type":"Strip","strip_left":true,"strip_right":true}`, " \t a b\u00a0\n", "a b"},
		{"Strip can leave the right side alone", `{"type":"Strip","strip_left":true,"strip_right":false}`, " a ", "a "},
		{"Strip can leave the left side alone", `{"type":"Strip","strip_left":false,"strip_right":true}`, " a ", " a"},
		{"Strip may leave nothing", `{"type":"Strip","strip_left":true,"strip_right":true}`, "  ", ""},
		{"Prepend puts a text before", `{"type":"Prepend","prepend":"▁"}`, "a", "▁a"},
		{"Prepend adds nothing to nothing", `{"type":"Prepend","prepend":"▁"}`, "", ""},
		{"Replace takes a fixed text", `{"type":"Replace","pattern":{"String":" "},"content":"▁"}`, "a b  c", "a▁b▁▁c"},
		{"Replace takes a pattern", `{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}`, "a   b c", "a b c"},
		{"Replace can remove", `{"type":"Replace","pattern":{"String":"a"},"content":""}`, "banana", "bnn"},
		{"Replace reads its content as a text", `{"type":"Replace","pattern":{"Regex":"(a)"},"content":"$1$1"}`, "a", "$1$1"},
		{"Nmt removes control characters", `{"type":"Nmt"}`, "a\x01b\x7fc", "abc"},
		{"Nmt turns line breaks into spaces", `{"type":"Nmt"}`, "a\nb\u2028c", "a b c"},
		{"ByteLevel spells bytes", `{"type":"ByteLevel"}`, "é\n", "Ã©Ċ"},
		{"ByteLevel writes a space as a letter", `{"type":"ByteLevel"}`, "a b", "aĠb"},
		{"BertNormalizer cleans, separates Chinese, removes accents and lowers", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`, "É\x00中\t", "e 中  "},
		{"BertNormalizer keeps accents where it keeps capitals", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":false}`, "É", "É"},
		{"BertNormalizer can remove accents of capitals", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":true,"lowercase":false}`, "É", "E"},
		{"BertNormalizer can leave Chinese together", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":null,"lowercase":true}`, "中文", "中文"},
		{"BertNormalizer removes what is no character", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":false,"lowercase":false}`, "a\ufffdb\u200bc\u00add", "abcd"},
		{"BertNormalizer makes every white space a space", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":false,"lowercase":false}`, "a\u00a0b\u3000c\u2028d\u0085e", "a b c de"},
		{"BertNormalizer can leave control characters", `{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}`, "a\x01\tb", "a\u0001\tb"},
		{"BertNormalizer takes no Japanese or Korean letters for Chinese", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}`, "漢字かな한글", " 漢  字 かな한글"},
		{"BertNormalizer takes ideographs of later planes for Chinese", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}`, "a𠀀b豈c", "a 𠀀 b 豈 c"},
		{"BertNormalizer does not know what Unicode has added since", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}`, "a\U00030000b", "a𰀀b"},
		{"BertNormalizer takes the older name Bert in files of its time", `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":true,"lowercase":true}`, "ÀÉ", "ae"},
		{"NFC leaves marks younger than Unicode 9 where they are", `{"type":"NFC"}`, "a\U0001e2ec\u0323", "ạ𞋬"},
		{"NFKC writes half-width Katakana in full", `{"type":"NFKC"}`, "ｶﾞ", "ガ"},
		{"NFKC writes a unit as its letters", `{"type":"NFKC"}`, "㎏™Ω", "kgTMΩ"},
		{"NFKD takes a syllable of a compatibility block apart", `{"type":"NFKD"}`, "㌔", "キロ"},
		{"Lowercase maps letters of any plane", `{"type":"Lowercase"}`, "𐐀ᲐꭰẞⅧ", "𐐨აꭰßⅷ"},
		{"Lowercase leaves title case no capital", `{"type":"Lowercase"}`, "ǅǈ", "ǆǉ"},
		{"StripAccents removes marks that take room too", `{"type":"StripAccents"}`, "कि\u0903", "क"},
		{"Strip knows the white space of Unicode", `{"type":"Strip","strip_left":true,"strip_right":true}`, "\u3000\u2003a\u200bb\u0085", "a\u200bb"},
		{"Strip of neither side leaves the text alone", `{"type":"Strip","strip_left":false,"strip_right":false}`, " a ", " a "},
		{"Prepend puts a text of any length before", `{"type":"Prepend","prepend":"<s> "}`, "é", "<s> é"},
		{"Replace does not look at what it has written", `{"type":"Replace","pattern":{"String":"a"},"content":"aa"}`, "aba", "aabaa"},
		{"Replace finds matches that touch", `{"type":"Replace","pattern":{"String":"aa"},"content":"b"}`, "aaaaa", "bba"},
		{"Replace puts a text where nothing is", `{"type":"Replace","pattern":{"Regex":"x*"},"content":"-"}`, "axb", "-a-b-"},
		{"Replace sees the ends of lines", `{"type":"Replace","pattern":{"Regex":"^"},"content":"> "}`, "a\nb", "> a\n> b"},
		{"Replace takes a pattern with a look behind", `{"type":"Replace","pattern":{"Regex":"(?<=\\d),(?=\\d)"},"content":""}`, "1,000, a,b", "1000, a,b"},
		{"Replace of a text of nothing finds it between characters", `{"type":"Replace","pattern":{"String":""},"content":"-"}`, "ab", "-a-b-"},
		{"Nmt turns marks of direction and joiners into spaces", `{"type":"Nmt"}`, "a\u200eb\u200dc\ufeffd", "a b c d"},
		{"Nmt takes the mark of SentencePiece for a space", `{"type":"Nmt"}`, "▁a\ufffdb", " a b"},
		{"Nmt leaves other white space", `{"type":"Nmt"}`, "a\u00a0b\u3000c", "a b　c"},
		{"ByteLevel spells what is not printable", `{"type":"ByteLevel"}`, "\x00\x7f\u00ad", "ĀġÂŃ"},
		{"Sequence of nothing leaves the text alone", `{"type":"Sequence","normalizers":[]}`, "É", "É"},
		{"Sequence may have another in it", `{"type":"Sequence","normalizers":[{"type":"Sequence","normalizers":[{"type":"NFD"}]},{"type":"StripAccents"}]}`, "É", "E"},
		{"Sequence stops where nothing is left: Prepend adds nothing", `{"type":"Sequence","normalizers":[{"type":"StripAccents"},{"type":"Prepend","prepend":"x"}]}`, "\u0301", ""},
		{"Precompiled replaces what its table has", precompiled(map[string]string{"a": "xy", "é": "e"}), "abé", "xybe"},
		{"Precompiled can remove", precompiled(map[string]string{"a": ""}), "banana", "bnn"},
		{"Precompiled replaces a letter with its marks whole", precompiled(map[string]string{"e\u0301": "é"}), "e\u0301e", "ée"},
		{"Precompiled replaces all of a letter and its marks where it knows a beginning", precompiled(map[string]string{"e": "E"}), "e\u0301e", "EE"},
		{"Precompiled looks for the shortest", precompiled(map[string]string{"a\u0301": "2", "a": "1"}), "a\u0301a", "11"},
		{"Precompiled looks for no text of several letters", precompiled(map[string]string{"ab": "x"}), "abab", "abab"},
		{"Precompiled replaces a line break of two characters as one", precompiled(map[string]string{"\r\n": "n", "\r": "r"}), "a\r\nb\r", "arbr"},
		{"Precompiled looks at each character of what is longer than five bytes", precompiled(map[string]string{"e": "E"}), "e\u0301\u0302\u0303", "É̂̃"},
		{"Precompiled takes the tone of an emoji with the letter before it", precompiled(map[string]string{"a": "A"}), "a\U0001f3fdb", "Ab"},
		{"Precompiled takes a half-width mark with the letter before it", precompiled(map[string]string{"a": "A"}), "a\uff9fb", "Ab"},
		{"Precompiled takes a vowel sign of Thai with the letter before it", precompiled(map[string]string{"a": "A"}), "a\u0e33b", "Ab"},
		{"Precompiled takes a letter with the sign before it", precompiled(map[string]string{"\u0600": "A"}), "\u0600ab", "Ab"},
		{"Precompiled has an enclosing mark by itself behind a line break", precompiled(map[string]string{"\n": "n", "\u0301": "!"}), "\n\u0301", "n!"},
		{"Precompiled may have no table", precompiled(nil), "ab", "ab"},
		{"Sequence goes from left to right", `{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"A"},{"type":"Lowercase"},{"type":"Replace","pattern":{"String":"a"},"content":"AA"}]}`, "x", "AAx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := bothWays(t, steps(t, c.spec), c.text)
			told, err := json.Marshal(map[string]any{"name": c.name, "spec": json.RawMessage(c.spec), "text": c.text, "want": got})
			if err != nil {
				t.Fatal(err)
			}
			if t.Attr("normalizer", string(told)); got != c.want {
				t.Errorf("%q became %q, want %q", c.text, got, c.want)
			}
		})
	}
}

// precompiled returns a Precompiled with a table of these replacements.
func precompiled(replacements map[string]string) string {
	return `{"type":"Precompiled","precompiled_charsmap":"` + base64.StdEncoding.EncodeToString(table(replacements)) + `"}`
}

// table returns a compiled table of replacements: a trie as a double array, of which
// precompiled.go says how it is stored.
func table(replacements map[string]string) []byte {
	children := map[string][]byte{} // the bytes that follow a beginning, 0 for an end
	for key := range replacements {
		for i := range len(key) + 1 {
			next := byte(0)
			if i < len(key) {
				next = key[i]
			}
			if !slices.Contains(children[key[:i]], next) {
				children[key[:i]] = append(children[key[:i]], next)
			}
		}
	}
	units, texts := make([]uint32, 512), []byte(nil)
	nodes := map[string]uint32{"": 0} // where the unit of a beginning lies
	used := map[uint32]bool{0: true}
	for _, node := range slices.Sorted(maps.Keys(children)) { // a parent goes before its children
		// The first place from which all children fall on units that are free, and
		// that no other node starts from.
		start := uint32(1)
		for used[start<<16] || slices.ContainsFunc(children[node], func(b byte) bool { return used[start^uint32(b)] }) {
			start++
		}
		used[start<<16] = true
		units[nodes[node]] |= (nodes[node] ^ start) << 10
		for _, b := range children[node] {
			at := start ^ uint32(b)
			used[at] = true
			if b != 0 {
				nodes[node+string([]byte{b})] = at
				units[at] = uint32(b)
				continue
			}
			units[nodes[node]] |= 1 << 8
			units[at] = 1<<31 | uint32(len(texts))
			texts = append(append(texts, replacements[node]...), 0)
		}
	}
	data := binary.LittleEndian.AppendUint32(nil, uint32(4*len(units)))
	for _, unit := range units {
		data = binary.LittleEndian.AppendUint32(data, unit)
	}
	return append(data, texts...)
}

// What a file says of its table is checked where it is used: a damaged table replaces
// nothing, and reads nothing outside of itself.
func TestATableThatIsDamagedIsRefusedOrFindsNothing(t *testing.T) {
	whole := table(map[string]string{"a": "xy"})
	for size := range 5 {
		if _, err := readCharsMap(base64.StdEncoding.EncodeToString(whole[:size])); !errors.Is(err, ErrCharsMap) {
			t.Errorf("of %d bytes: got %v", size, err)
		}
	}
	if _, err := readCharsMap("*"); !errors.Is(err, ErrCharsMap) {
		t.Errorf("of no base64: got %v", err)
	}
	for name, data := range map[string][]byte{
		"a size that is no multiple of a unit's": append([]byte{3, 0, 0, 0}, whole...),
		"a size beyond the data":                 append([]byte{0xfc, 0xff, 0xff, 0xff}, whole...),
	} {
		if _, err := ReadTable(data); !errors.Is(err, ErrCharsMap) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for bit := range 32 {
		p, err := ReadTable(whole)
		if err != nil {
			t.Fatal(err)
		}
		for unit := range p.units[:256] {
			p.units[unit] ^= 1 << bit
			var may budget.Budget
			may.Begin(nil, 1)
			if text, ok := p.replacement(&may, "a"); ok && text != "xy" && text != "y" && text != "" {
				t.Errorf("with bit %d of unit %d changed: got %q", bit, unit, text)
			}
			p.units[unit] ^= 1 << bit
		}
	}
}

func TestTheLongestBeginningOfATextIsFound(t *testing.T) {
	p, err := ReadTable(table(map[string]string{"a": "1", "abc": "3", "abcde": "5"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, with string
		size       int
	}{
		{"abcdef", "5", 5},
		{"abcd", "3", 3},
		{"ab", "1", 1},
		{"b", "", 0},
		{"", "", 0},
	} {
		var may budget.Budget
		may.Begin(nil, len(c.text))
		if with, size := p.Longest(&may, c.text); with != c.with || size != c.size {
			t.Errorf("%q: got %q for %d bytes, want %q for %d", c.text, with, size, c.with, c.size)
		}
	}
}

// Prepend of nothing, and a replacement at the start of a text, put something where
// the original has no place. The text alone cannot say so: it is made with places.
func TestATextWithAPartThatHasNoPlaceIsMadeWithItsPlaces(t *testing.T) {
	for _, c := range []struct{ name, spec, text, want string }{
		{"Prepend of nothing", `{"type":"Prepend","prepend":""}`, "ab", "ab"},
		{"a replacement of nothing at the start", `{"type":"Replace","pattern":{"Regex":"^"},"content":"x"}`, "ab", "xab"},
		{"a replacement elsewhere", `{"type":"Replace","pattern":{"Regex":"b"},"content":"x"}`, "ab", "ax"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var may budget.Budget
			may.Begin(nil, len(c.text))
			if got, err := Alone(&may, steps(t, c.spec), c.text); err != nil || got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// steps reads a normalizer.
func steps(t *testing.T, text string) []Step {
	t.Helper()
	var spec Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		t.Fatal(err)
	}
	steps, err := spec.Steps(nil, &pattern.Compiler{})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func TestANormalizerInASequenceThatIsNotKnownIsNamed(t *testing.T) {
	for _, spec := range []string{
		`{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Upside"}]}`,
		`{"type":"Sequence","normalizers":[{"type":"Sequence","normalizers":[{"type":"Upside"}]}]}`,
	} {
		var s Spec
		if err := json.Unmarshal([]byte(spec), &s); err != nil {
			t.Fatal(err)
		}
		if steps, err := s.Steps(nil, &pattern.Compiler{}); err == nil || !strings.Contains(fmt.Sprint(err), `"Upside"`) || steps != nil {
			t.Errorf("%s: got %d steps and %v", spec, len(steps), err)
		}
	}
}

func TestANormalizerThatIsNotKnownIsNamed(t *testing.T) {
	_, err := (&Spec{Type: "Upside"}).Steps(nil, &pattern.Compiler{})
	if want := `tokenizer: unsupported normalizer "Upside"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
