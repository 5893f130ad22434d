package normalizer

import (
	"encoding/json"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// Each case is what Hugging Face tokenizers does with the text, alone and with the
// places of the original.
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
		{"Sequence goes from left to right", `{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"A"},{"type":"Lowercase"},{"type":"Replace","pattern":{"String":"a"},"content":"AA"}]}`, "x", "AAx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var spec Spec
			if err := json.Unmarshal([]byte(c.spec), &spec); err != nil {
				t.Fatal(err)
			}
			steps, err := spec.Steps(nil, &pattern.Compiler{})
			if err != nil {
				t.Fatal(err)
			}
			if got := bothWays(t, steps, c.text); got != c.want {
				t.Errorf("%q became %q, want %q", c.text, got, c.want)
			}
		})
	}
}

func TestANormalizerThatIsNotKnownIsNamed(t *testing.T) {
	_, err := (&Spec{Type: "Upside"}).Steps(nil, &pattern.Compiler{})
	if want := `tokenizer: unsupported normalizer "Upside"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
