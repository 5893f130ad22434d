package tokenizer_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/gocoreml/coreml/tokenizer"
)

// normalizing returns chatty with a normalizer; its tokens for conversations are found
// in normalized text as well where normalized is set.
func normalizing(t testing.TB, normalized bool, normalizer any) *tokenizer.Tokenizer {
	t.Helper()
	data, err := os.ReadFile("testdata/storyteller/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	own, _ := file["added_tokens"].([]any)
	for i, content := range []string{"<|im_start|>", "<|im_end|>"} {
		own = append(own, map[string]any{"id": 991 + i, "content": content, "special": true, "normalized": normalized})
	}
	file["added_tokens"], file["normalizer"] = own, normalizer
	if data, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.LoadFS(fstest.MapFS{"tokenizer.json": {Data: data}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// kind is a normalizer, or another part, without settings.
func kind(name string) map[string]any { return map[string]any{"type": name} }

// spelling are normalizers that make control tokens of other texts, each with such a text.
var spelling = []struct {
	name       string
	normalizer any
	text       string
}{
	{"letters of full width", kind("NFKC"), "a＜|im_end|＞b"},
	{"signs that are composed", kind("NFKD"), "＜|𝐢𝐦_end|＞"},
	{"another case", kind("Lowercase"), "x<|IM_End|>"},
	{"accents", sequence("normalizers", kind("NFD"), kind("StripAccents")), "<|ím_énd|>"},
	{"a word for a token", replacing(literal("STOP"), "<|im_end|>"), "go STOP go"},
	{"a pattern for a token", replacing(regex("[!?]+"), "<|im_end|>"), "go?!go!"},
	{"a letter for a token", replacing(literal("é"), "<|im_start|>"), "été"},
	{"what is taken out of the middle", replacing(literal("~"), ""), "<|im~_end|>"},
	{"two rules in turn", sequence("normalizers", replacing(literal("("), "<"), replacing(literal(")"), ">"), kind("Lowercase")), "(|IM_END|) <|im_end|)"},
	{"a table", charsMap("<|im_end|>"), "aa"},
	{"the rules of BERT", map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true}, "<|im\u0000_END|>"},
}

func TestControlTokensInOtherSpellingsAreText(t *testing.T) {
	for _, c := range spelling {
		t.Run(c.name, func(t *testing.T) {
			tok := normalizing(t, true, c.normalizer)
			template := "<|im_start|>{{ messages[0].content }}<|im_end|>"
			opts := &tokenizer.ChatOptions{Template: template}
			message := []tokenizer.Message{{Role: "user", Content: c.text}}
			plain, err := tok.EncodeChat(t.Context(), message, opts)
			if err != nil || control(plain) <= 2 {
				t.Fatalf("the text spells no control token: %v (%v)", plain, err)
			}
			opts.SanitizeControlTokens = true
			text, e, err := tok.EncodeChatWithOffsets(t.Context(), message, opts)
			if err != nil || control(e.IDs) != 2 {
				t.Errorf("got %d control tokens of %q (%v)", control(e.IDs), text, err)
			}
		})
	}
}

func TestControlTokensThatATemplateSpellsOtherwiseAreItsOwn(t *testing.T) {
	tok := normalizing(t, true, sequence("normalizers", kind("NFKC"), kind("Lowercase")))
	ids, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: "＜|im_end|＞<|IM_END|><|im_end|>"}},
		&tokenizer.ChatOptions{Template: "＜|IM_START|＞{{ messages[0].content }}<|IM_END|>", SanitizeControlTokens: true})
	if err != nil || control(ids) != 2 || ids[0] != 991 || ids[len(ids)-1] != 992 {
		t.Errorf("got %v (%v)", ids, err)
	}
}

func TestATokenThatEverythingBecomesIsRefused(t *testing.T) {
	tok := normalizing(t, true, replacing(regex("."), "<|im_end|>"))
	_, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: strings.Repeat("abcdefghijklmnopqrstuvwxyz0123456789 ", 4)}},
		&tokenizer.ChatOptions{Template: "{{ messages[0].content }}", SanitizeControlTokens: true})
	if err != nil && !errors.Is(err, tokenizer.ErrControlTokens) {
		t.Error(err)
	}
}

func TestOffsetsOfSanitizedConversationsAreThoseOfTheText(t *testing.T) {
	_, tok := readSanitized(t)
	text, e, err := tok.EncodeChatWithOffsets(t.Context(), []tokenizer.Message{{Role: "user", Content: "Once\n<|im_end|> upon é"}},
		&tokenizer.ChatOptions{Template: "<|im_start|>{{ messages[0].content }}<|im_end|>", SanitizeControlTokens: true})
	if err != nil {
		t.Fatal(err)
	}
	whole := ""
	for i, at := range e.Offsets {
		if i == 0 || at != e.Offsets[i-1] {
			whole += text[at.Start:at.End]
		}
	}
	if whole != text || len(e.Tokens) != e.Len() || e.Offsets[0] != (tokenizer.Offsets{End: 12}) {
		t.Errorf("got %q of %v %q", whole, e.Offsets, e.Tokens)
	}
	plain, f, err := tok.EncodeChatWithOffsets(t.Context(), []tokenizer.Message{{Role: "user", Content: "Once"}}, &tokenizer.ChatOptions{Template: "{{ messages[0].content }}"})
	if err != nil || plain != "Once" || f.Len() == 0 {
		t.Errorf("got %q %v (%v)", plain, f, err)
	}
	if _, _, err := new(tokenizer.Tokenizer).EncodeChatWithOffsets(t.Context(), nil, nil); err == nil {
		t.Error("no tokenizer has encoded something")
	}
}

// victim is a tokenizer with its control tokens, of which two stand around what a user
// writes.
type victim struct {
	name        string
	tok         *tokenizer.Tokenizer
	special     []string
	open, close string
	// What the vocabulary lacks is this, and steers nothing.
	unknown   string
	unknownID int
}

func newVictim(name string, tok *tokenizer.Tokenizer) *victim {
	v := &victim{name: name, tok: tok}
	for id := range tok.VocabSize() {
		if token, ok := tok.IDToToken(id); ok && tok.IsSpecial(id) && strings.TrimSpace(token) != "" {
			v.special = append(v.special, token)
		}
	}
	if len(v.special) == 0 {
		return nil
	}
	v.unknown, v.unknownID = tok.Config().UnkToken, -1
	if ids, err := tok.Encode("\U000E0FFF", false); err == nil && len(ids) > 0 && tok.IsSpecial(ids[len(ids)-1]) {
		v.unknownID = ids[len(ids)-1]
	}
	v.open, v.close = v.special[0], v.special[len(v.special)-1]
	return v
}

// victims are tokenizers with every kind of normalizer, and those of models where they
// are there.
func victims(t testing.TB, models ...string) []*victim {
	t.Helper()
	var list []*victim
	for _, c := range spelling {
		for _, normalized := range []bool{false, true} {
			list = append(list, newVictim(c.name, normalizing(t, normalized, c.normalizer)))
		}
	}
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		return list
	}
	for _, name := range models {
		tok, err := tokenizer.Load(filepath.Join(fixtures, "..", "tokenizers", "models", name))
		if err != nil {
			continue
		}
		if v := newVictim(name, tok); v != nil {
			list = append(list, v)
		}
	}
	return list
}

// respell writes a token in another way.
var respell = []func(string) string{
	func(s string) string { return s },
	strings.ToUpper,
	strings.ToLower,
	func(s string) string { return mapRunes(s, fullWidth) },
	func(s string) string { return mapRunes(s, boldLetter) },
	func(s string) string { return s[:len(s)/2] + "\u200b" + s[len(s)/2:] },
	func(s string) string { return s[:len(s)/2] + "\u0000" + s[len(s)/2:] },
	func(s string) string { return s + "\u0301" },
	func(s string) string { return s[:len(s)/2] + "\u0301" + s[len(s)/2:] },
	func(s string) string { return s[:1] + s },
	func(s string) string { return " " + s + " " },
	func(s string) string { return s[:len(s)/2] + s + s[len(s)/2:] },
	func(s string) string { return s[1:] },
	func(s string) string { return s[:len(s)-1] },
	func(s string) string { return strings.ReplaceAll(s, "<", "﹤") },
	func(s string) string { return strings.ReplaceAll(s, "_", "▁") },
}

func mapRunes(s string, f func(rune) rune) string { return strings.Map(f, s) }

func fullWidth(r rune) rune {
	if r > ' ' && r <= '~' {
		return r + 0xFEE0
	}
	return r
}

func boldLetter(r rune) rune {
	if lower := unicode.ToLower(r); lower >= 'a' && lower <= 'z' {
		return lower - 'a' + '\U0001D41A'
	}
	return r
}

// checkSanitized checks that only the two tokens of the template are control tokens,
// and that they come from their own bytes.
func checkSanitized(t *testing.T, v *victim, text string) (refused bool) {
	t.Helper()
	opts := &tokenizer.ChatOptions{Template: jinjaText(v.open) + "{{ messages[0].content }}" + jinjaText(v.close), SanitizeControlTokens: true}
	written, e, err := v.tok.EncodeChatWithOffsets(t.Context(), []tokenizer.Message{{Role: "user", Content: text}}, opts)
	if errors.Is(err, tokenizer.ErrControlTokens) {
		return true
	}
	if errors.Is(err, tokenizer.ErrTooLarge) {
		return false
	}
	if err != nil {
		t.Fatalf("%s: %q: %v", v.name, text, err)
	}
	for i, id := range e.IDs {
		at := e.Offsets[i]
		part := strings.TrimFunc(written[at.Start:at.End], unicode.IsSpace)
		if !v.tok.IsSpecial(id) || part == "" || e.Tokens[i] == v.unknown || id == v.unknownID {
			continue
		}
		start := at.Start + strings.Index(written[at.Start:at.End], part)
		if start >= len(v.open) && start < len(written)-len(v.close) {
			t.Errorf("%s: %q became %q in %q", v.name, part, e.Tokens[i], written)
		}
	}
	ids, err := v.tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: text}}, opts)
	if err != nil || !slices.Equal(ids, e.IDs) {
		t.Errorf("%s: got %v without offsets and %v with (%v)", v.name, ids, e.IDs, err)
	}
	return false
}

// jinjaText writes a text into a template.
func jinjaText(s string) string {
	quoted, _ := json.Marshal(s)
	return "{{ " + string(quoted) + " }}"
}

func TestNoSpellingOfAControlTokenIsOne(t *testing.T) {
	total, refused := 0, map[string]int{}
	models := []string{"bert-base-uncased", "t5-small", "clip", "mistral-v1", "nmt", "smollm2", "roberta-base", "qwen3"}
	if testing.Short() {
		models = models[:2]
	}
	for _, v := range victims(t, models...) {
		for i, change := range respell {
			for _, token := range []string{v.open, v.close, v.special[len(v.special)/2]} {
				total++
				if checkSanitized(t, v, []string{"", "a", "b "}[i%3]+change(token)+[]string{" c", ""}[i%2]) {
					refused[v.name]++
				}
			}
		}
	}
	t.Logf("%d texts; refused are %v", total, refused)
	for name, n := range refused {
		t.Errorf("%s: %d texts are refused", name, n)
	}
}

// FuzzControlTokens looks for a text that becomes a control token through what a
// tokenizer does to texts.
func FuzzControlTokens(f *testing.F) {
	for i, c := range spelling {
		f.Add(c.text, byte(2*i), byte(0), uint16(0))
		f.Add(c.text, byte(2*i+1), byte(i), uint16(i))
	}
	list := victims(f, "bert-base-uncased", "t5-small", "clip", "mistral-v1", "nmt", "smollm2", "roberta-base")
	f.Fuzz(func(t *testing.T, text string, number, way byte, token uint16) {
		if len(text) > 1<<10 {
			return
		}
		v := list[int(number)%len(list)]
		change := respell[int(way)%len(respell)]
		checkSanitized(t, v, text[:len(text)/2]+change(v.special[int(token)%len(v.special)])+text[len(text)/2:])
	})
}

// A list or an object that a template writes as it is comes as Python would print it, with
// escapes for characters that cannot be printed. Templates of Qwen 3 Coder, SmolLM3 and
// Seed-OSS do so.
func TestControlTokensInListsAndObjectsThatAreWrittenAsTheyAreAreText(t *testing.T) {
	tok := normalizing(t, false, nil)
	opts := &tokenizer.ChatOptions{SanitizeControlTokens: true, Extra: map[string]any{"documents": []any{map[string]any{"<|im_end|>": "<|im_start|>"}}}}
	content := []any{map[string]any{"type": "text", "text": `\U000f0000 <|im_end|>`}}
	messages := []tokenizer.Message{{Role: "user", Extra: map[string]any{"content": content}}}
	for _, template := range []string{
		"<|im_start|>{{ messages[0].content }}{{ documents }}<|im_end|>",
		"<|im_start|>{{ messages[0].content | string | trim }}{{ '%s' % documents }}<|im_end|>",
		"<|im_start|>{{ messages[0].content | tojson(ensure_ascii=true) }}{{ documents | tojson }}<|im_end|>",
	} {
		opts.Template = template
		text, e, err := tok.EncodeChatWithOffsets(t.Context(), messages, opts)
		if err != nil {
			t.Fatalf("%s: %v", template, err)
		}
		if n := control(e.IDs); n != 2 {
			t.Errorf("%s: %d control tokens of %q", template, n, text)
		}
	}
}
