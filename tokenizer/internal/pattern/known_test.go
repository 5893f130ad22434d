package pattern

import (
	"encoding/json"
	"slices"
	"testing"
)

// What the patterns in use make of the places where they differ: case, digits,
// contractions, line breaks, other scripts. The answers are Oniguruma's for the exact
// text of the pattern, which is what the functions are found by.
func TestEachKnownPatternCutsAsItsModelExpects(t *testing.T) {
	const (
		gpt2      = contractions + `| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+` + blanks
		newQwen   = foldContractions + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+` + blanks
		clip      = `<\|startoftext\|>|<\|endoftext\|>|` + contractions + `|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
		deepseek3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+" +
			`|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+` + blanks
	)
	for _, c := range []struct {
		name, expr, text string
		want             []string
	}{
		{"GPT-2 takes a space with what follows", gpt2, "a  b 12 -- c", []string{"[a]", "[ ]", "[ b]", "[ 12]", "[ --]", "[ c]"}},
		{"GPT-2 knows contractions of small letters", gpt2, "it's IT'S", []string{"[it]", "['s]", "[ IT]", "[']", "[S]"}},
		{"GPT-2 takes numbers whole", gpt2, "12345 ½", []string{"[12345]", "[ ½]"}},
		{"GPT-2 leaves white space before a word but for the last", gpt2, "a \n\n b", []string{"[a]", "[ \n\n]", "[ b]"}},
		{"GPT-2 cuts marks off their letters", gpt2, "e\u0301a", []string{"[e]", "[\u0301]", "[a]"}},
		{"Llama 3 takes three digits", cl100k(`\p{N}{1,3}`), "1234567", []string{"[123]", "[456]", "[7]"}},
		{"Llama 3 takes contractions of any case", cl100k(`\p{N}{1,3}`), "IT'S it'ſ", []string{"[IT]", "['S]", "[ it]", "['ſ]"}},
		{"Llama 3 takes any one character with the word behind it", cl100k(`\p{N}{1,3}`), "a\tb (c", []string{"[a]", "[\tb]", "[ (]", "[c]"}},
		{"Llama 3 takes line breaks with what goes before", cl100k(`\p{N}{1,3}`), "a,\n\nb \n c", []string{"[a]", "[,\n\n]", "[b]", "[ \n]", "[ c]"}},
		{"Qwen takes one digit", cl100k(`\p{N}`), "123", []string{"[1]", "[2]", "[3]"}},
		{"a form between takes two", cl100k(`\p{N}{1,2}`), "12345", []string{"[12]", "[34]", "[5]"}},
		{"the newer Qwen takes marks with their letters", newQwen, "e\u0301a नि", []string{"[e\u0301a]", "[ नि]"}},
		{"the newer Qwen takes a mark for no symbol", newQwen, "- \u0301-", []string{"[-]", "[ \u0301]", "[-]"}},
		{"GPT-4o cuts where the case changes", o200k(foldContractions+`?`, `\p{N}{1,3}`), "camelCaseHTTPServer", []string{"[camel]", "[Case]", "[HTTPServer]"}},
		{"GPT-4o takes a contraction with its word", o200k(foldContractions+`?`, `\p{N}{1,3}`), "it's IT'S", []string{"[it's]", "[ IT'S]"}},
		{"GPT-4o takes a slash with what goes before", o200k(foldContractions+`?`, `\p{N}{1,3}`), "a./b", []string{"[a]", "[./]", "[b]"}},
		{"GPT-4o takes letters without case for either", o200k(foldContractions+`?`, `\p{N}{1,3}`), "A中aB中B", []string{"[A中a]", "[B中]", "[B]"}},
		{"Tekken leaves contractions apart", o200k(``, `\p{N}`), "it's 12", []string{"[it]", "['s]", "[ ]", "[1]", "[2]"}},
		{"CLIP knows its special tokens", clip, "<|startoftext|>a 12<|endoftext|>", []string{"[<|startoftext|>]", "[a]", " ", "[1]", "[2]", "[<|endoftext|>]"}},
		{"CLIP takes no spaces", clip, "it's  a-- b", []string{"[it]", "['s]", "  ", "[a]", "[--]", " ", "[b]"}},
		{"DeepSeek takes a sign with the letters behind it", deepseek3, "a.b $x", []string{"[a]", "[.b]", "[ $]", "[x]"}},
		{"DeepSeek takes one number into the word behind it", deepseek3, "a1b ½c", []string{"[a]", "[1b]", "[ ]", "[½c]"}},
		{"DeepSeek takes signs together", deepseek3, "a ...\n\nb", []string{"[a]", "[ ...\n\n]", "[b]"}},
		{"DeepSeek cuts Chinese and Japanese off", `[一-龥぀-ゟ゠-ヿ]+`, "a日本のテキスト1", []string{"a", "[日本のテキスト]", "1"}},
		{"its older form cuts Korean off too", `[一-龥ࠀ-一가-퟿]+`, "a한국어日本1", []string{"a", "[한국어日本]", "1"}},
		{"three digits of ASCII", `[0-9][0-9][0-9]`, "12345678 ٣٣٣", []string{"[123]", "[456]", "78 ٣٣٣"}},
		{"a word with the white space before it", "\\s?\\p{L}+", "a  b\tc1", []string{"[a]", " ", "[ b]", "[\tc]", "1"}},
		{"punctuation with the white space before it", "\\s?\\p{P}+", "a , !-", []string{"a", "[ ,]", "[ !-]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if known[c.expr] == nil {
				t.Fatal("no function matches the pattern")
			}
			m, err := (&Compiler{}).compile(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			got := find(t, m, c.text)
			told, err := json.Marshal(map[string]any{"name": c.name, "expr": c.expr, "text": c.text, "want": got})
			if err != nil {
				t.Fatal(err)
			}
			if t.Attr("pattern", string(told)); !slices.Equal(got, c.want) {
				t.Errorf("%q was cut into %q, want %q", c.text, got, c.want)
			}
		})
	}
}

func TestWordsAreCutAsTheSecondEngineDoes(t *testing.T) {
	for text, want := range map[string][]string{
		"it's a_b":    {"[it]", "[']", "[s]", " ", "[a_b]"},
		"e\u0301a!?":  {"[e\u0301a]", "[!?]"},
		"中文、かな":       {"[中文]", "[、]", "[かな]"},
		"a\u200db\tc": {"[a\u200db]", "\t", "[c]"},
	} {
		if got := find(t, NewScanner(ScanWords), text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
