package tokenizer_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/tokenizer"
)

// tiny is a tokenizer in the SentencePiece style with four letters.
const tiny = `{"added_tokens":[{"id":1,"content":"<s>","special":true},{"id":10,"content":"[x]"}],
"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
"pre_tokenizer":null,
"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[1]}}},
"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
"model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,
"vocab":{"<unk>":0,"<s>":1,"<0xC3>":2,"<0xA9>":3,"▁":4,"a":5,"b":6,"ab":7,"▁ab":8,"<0xFF>":9},"merges":["a b","▁ ab"]}}`

func loadText(t testing.TB, text string, others ...string) (*tokenizer.Tokenizer, error) {
	t.Helper()
	files := fstest.MapFS{"m/tokenizer.json": {Data: []byte(text)}}
	for i := 0; i+1 < len(others); i += 2 {
		files["m/"+others[i]] = &fstest.MapFile{Data: []byte(others[i+1])}
	}
	return tokenizer.LoadFS(files, "m")
}

func loadTiny(t testing.TB, others ...string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := loadText(t, tiny, others...)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestTextsInTheSentencePieceStyle(t *testing.T) {
	tok := loadTiny(t)
	for _, c := range []struct {
		name, text string
		special    bool
		want       []int
	}{
		{"words", "ab ab", false, []int{8, 8}},
		{"special tokens around", "ab", true, []int{1, 8}},
		{"nothing", "", false, nil},
		{"nothing with special tokens", "", true, []int{1}},
		{"a character by its bytes", "é", false, []int{4, 2, 3}},
		{"unknown characters are fused", "xyz", false, []int{4, 0}},
		{"added tokens in the text", "ab[x]<s>a", false, []int{8, 10, 1, 4, 5}},
		{"a byte that is not text is U+FFFD", "a\xffb", false, []int{4, 5, 0, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := tok.Encode(c.text, c.special)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestAppendEncodeKeepsWhatIsThere(t *testing.T) {
	got, err := loadTiny(t).AppendEncode([]int{7, 7}, "ab", true)
	if want := []int{7, 7, 1, 8}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestIDsAndTokens(t *testing.T) {
	tok := loadTiny(t)
	if got := tok.VocabSize(); got != 11 {
		t.Errorf("vocabulary of %d, want 11", got)
	}
	for id := range tok.VocabSize() {
		text, ok := tok.IDToToken(id)
		if !ok {
			t.Fatalf("id %d has no token", id)
		}
		if back, ok := tok.TokenToID(text); !ok || back != id {
			t.Errorf("%q has id %d, want %d", text, back, id)
		}
	}
	for _, id := range []int{-1, 11, math.MaxInt} {
		if text, ok := tok.IDToToken(id); ok {
			t.Errorf("id %d is %q", id, text)
		}
	}
	if !tok.IsSpecial(1) || tok.IsSpecial(10) || tok.IsSpecial(5) {
		t.Error("only <s> is special")
	}
	if got := tok.Decode([]int{1, 8, -3, 99, 10}, true); got != "ab[x]" {
		t.Errorf("decoded %q", got)
	}
	if got := tok.Decode([]int{1, 8}, false); got != "<s> ab" {
		t.Errorf("decoded %q with special tokens", got)
	}
}

func TestAStreamHoldsBackHalfCharacters(t *testing.T) {
	d := loadTiny(t).NewDecoder(true)
	var got []string
	for _, id := range []int{8, 2, 3, 8, 2} {
		got = append(got, d.Next(id))
	}
	got = append(got, d.Flush(), d.Next(8))
	if want := []string{"ab", "", "é", " ab", "", "\uFFFD", "ab"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAStreamOfBytesThatNeverFormTextIsBounded(t *testing.T) {
	d := loadTiny(t).NewDecoder(true)
	text := ""
	for range 5000 {
		text += d.Next(9)
	}
	if text == "" {
		t.Error("nothing came out of 5000 tokens")
	}
	text += d.Flush()
	if got := utf8.RuneCountInString(text); got != 5000 {
		t.Errorf("got %d characters, want 5000", got)
	}
}

func TestUnknownComponentsAreNamed(t *testing.T) {
	for _, c := range []struct{ name, old, new, component, what string }{
		{"model", `"type":"BPE"`, `"type":"Other"`, "model", "Other"},
		{"normalizer", `"type":"Prepend"`, `"type":"Shout"`, "normalizer", "Shout"},
		{"pre-tokenizer", `"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Scissors"}`, "pre-tokenizer", "Scissors"},
		{"decoder", `"type":"Fuse"`, `"type":"Riddle"`, "decoder", "Riddle"},
		{"post-processor", `"type":"TemplateProcessing"`, `"type":"Other"`, "post-processor", "Other"},
		{"pattern", `"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(?<n"}}`, "pattern", "(?<n"},
		{"dropout", `"fuse_unk":true`, `"dropout":0.1`, "option", "BPE.dropout"},
		{"behavior", `"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Split","behavior":"Odd","pattern":{"String":"a"}}`, "option", "Split.behavior=Odd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadText(t, strings.Replace(tiny, c.old, c.new, 1))
			var got *tokenizer.UnsupportedError
			if !errors.As(err, &got) {
				t.Fatalf("got error %v", err)
			}
			if want := (&tokenizer.UnsupportedError{Component: c.component, Name: c.what}); *got != *want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestMalformedFilesAreFormatErrors(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"nothing", ""},
		{"no object", "[]"},
		{"no model", "{}"},
		{"text after the end", tiny + "x"},
		{"half a file", tiny[:len(tiny)/2]},
		{"no vocabulary", `{"model":{"type":"BPE","merges":[]}}`},
		{"a negative id", strings.Replace(tiny, `"a":5`, `"a":-5`, 1)},
		{"a huge id", strings.Replace(tiny, `"a":5`, `"a":4000000000`, 1)},
		{"a large id in a small vocabulary", strings.Replace(tiny, `"a":5`, `"a":4000000`, 1)},
		{"a merge of one token", strings.Replace(tiny, `"a b"`, `"ab"`, 1)},
		{"a merge of three tokens", strings.Replace(tiny, `"a b"`, `["a","b","c"]`, 1)},
		{"a merge that is not in the vocabulary", strings.Replace(tiny, `"a b"`, `"b a"`, 1)},
		{"a control character", strings.Replace(tiny, `"a b"`, "\"a\n\"", 1)},
		{"deep nesting", strings.Repeat("[", 100000)},
		{"a special token with a negative id", strings.Replace(tiny, `"ids":[1]`, `"ids":[-1]`, 1)},
		{"an undefined special token", strings.Replace(tiny, `"special_tokens":{"<s>"`, `"special_tokens":{"<t>"`, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadText(t, c.text)
			var got *tokenizer.FormatError
			if !errors.As(err, &got) || got.File != "tokenizer.json" {
				t.Errorf("got error %v", err)
			}
		})
	}
	if _, err := tokenizer.LoadFS(fstest.MapFS{}, "m"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v for a missing file", err)
	}
	_, err := loadText(t, tiny, "tokenizer_config.json", "{")
	var got *tokenizer.FormatError
	if !errors.As(err, &got) || got.File != "tokenizer_config.json" {
		t.Errorf("got error %v for a malformed configuration", err)
	}
}

func TestTheFilesBesideTheTokenizerAreRead(t *testing.T) {
	no := false
	for _, c := range []struct {
		name  string
		files []string
		want  tokenizer.Config
	}{
		{"nothing", nil, tokenizer.Config{}},
		{"tokens as texts and objects", []string{"tokenizer_config.json", `{"bos_token":{"content":"<s>"},"eos_token":"</s>","pad_token":null,"model_max_length":1e30,"add_bos_token":false,"tokenizer_class":"X"}`}, tokenizer.Config{BOSToken: "<s>", EOSToken: "</s>", AddBOSToken: &no, TokenizerClass: "X"}},
		{"the last of two values, as in Python", []string{"tokenizer_config.json", `{"eos_token":"a","bos_token":"<s>","bos_token":null,"eos_token":"b"}`}, tokenizer.Config{EOSToken: "b"}},
		{"keys as they are spelt, as in Python", []string{"tokenizer_config.json", `{"bos_token":"<s>","BOS_TOKEN":"x","Chat_Template":"A"}`}, tokenizer.Config{BOSToken: "<s>"}},
		{"a map of special tokens, which goes first", []string{"special_tokens_map.json", `{"eos_token":"a","unk_token":"u","additional_special_tokens":["p",{"content":"q"}]}`, "tokenizer_config.json", `{"eos_token":"b"}`}, tokenizer.Config{EOSToken: "a", UnkToken: "u", AdditionalSpecialTokens: []string{"p", "q"}}},
		{"a template in the configuration", []string{"tokenizer_config.json", `{"chat_template":"A"}`}, tokenizer.Config{ChatTemplate: "A", ChatTemplates: map[string]string{"default": "A"}}},
		{"a template in a file goes first", []string{"tokenizer_config.json", `{"chat_template":"A"}`, "chat_template.jinja", "B"}, tokenizer.Config{ChatTemplate: "B", ChatTemplates: map[string]string{"default": "B"}}},
		{"a template in JSON", []string{"chat_template.json", `{"chat_template":"C"}`}, tokenizer.Config{ChatTemplate: "C", ChatTemplates: map[string]string{"default": "C"}}},
		{"templates with names", []string{"tokenizer_config.json", `{"chat_template":[{"name":"default","template":"A"},{"name":"rag","template":"R"}],"model_max_length":12}`, "additional_chat_templates/tool_use.jinja", "T"}, tokenizer.Config{ModelMaxLength: 12, ChatTemplate: "A", ChatTemplates: map[string]string{"default": "A", "rag": "R", "tool_use": "T"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := *loadTiny(t, c.files...).Config()
			if c.want.ChatTemplates == nil {
				c.want.ChatTemplates = map[string]string{}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConversationsBecomeText(t *testing.T) {
	config := `{"bos_token":"<s>","chat_template":[{"name":"default","template":"{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ m.tool_calls|tojson if m.tool_calls }}{% endfor %}{{ '|' if add_generation_prompt }}{{ tone }}"},{"name":"tool_use","template":"{{ tools|tojson }}"}]}`
	tok := loadTiny(t, "tokenizer_config.json", config)
	var parsed []tokenizer.Message
	if err := json.Unmarshal([]byte(`[{"role":"user","content":"Hi"},{"content":null,"role":"assistant","tool_calls":[{"b":1,"a":2.0}]}]`), &parsed); err != nil {
		t.Fatal(err)
	}
	hi := []tokenizer.Message{{Role: "user", Content: "Hi"}}
	for _, c := range []struct {
		name     string
		messages []tokenizer.Message
		opts     *tokenizer.ChatOptions
		want     string
	}{
		{"no options", hi, nil, "<s>[user]Hi"},
		{"a prompt for an answer", hi, &tokenizer.ChatOptions{AddGenerationPrompt: true}, "<s>[user]Hi|"},
		{"further variables", hi, &tokenizer.ChatOptions{Extra: map[string]any{"tone": "!", "bos_token": "B"}}, "B[user]Hi!"},
		{"messages of JSON keep their order", parsed, nil, `<s>[user]Hi[assistant]None[{"b": 1, "a": 2.0}]`},
		{"tools have a template of their own", hi, &tokenizer.ChatOptions{Tools: []any{map[string]any{"b": 1, "a": []int{2}}}}, `[{"a": [2], "b": 1}]`},
		{"a template by its name", hi, &tokenizer.ChatOptions{Template: "tool_use"}, "null"},
		{"a template by its text", hi, &tokenizer.ChatOptions{Template: "{{ messages|length }}"}, "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := tok.ApplyChatTemplate(t.Context(), c.messages, c.opts)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	back, err := json.Marshal(parsed)
	if want := `[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"tool_calls":[{"b":1,"a":2.0}]}]`; err != nil || string(back) != want {
		t.Errorf("got %s, %v, want %s", back, err, want)
	}
}

func TestChatTemplatesFailWithTypedErrors(t *testing.T) {
	tok := loadTiny(t)
	if tok.HasChatTemplate() {
		t.Error("there is no template")
	}
	if _, err := tok.ApplyChatTemplate(t.Context(), nil, nil); !errors.Is(err, tokenizer.ErrNoChatTemplate) {
		t.Errorf("got error %v", err)
	}
	for _, text := range []string{"{% if %}", "\n{{ raise_exception('no') }}", "{% for x in range(99999) %}{% for y in range(99999) %}{% endfor %}{% endfor %}"} {
		_, err := tok.ApplyChatTemplate(t.Context(), nil, &tokenizer.ChatOptions{Template: text})
		var got *tokenizer.TemplateError
		if !errors.As(err, &got) || got.Line == 0 {
			t.Errorf("%q: got error %v", text, err)
		}
	}
	if _, err := tok.ApplyChatTemplate(t.Context(), nil, &tokenizer.ChatOptions{Template: "x", Extra: map[string]any{"f": func() {}}}); err == nil {
		t.Error("a function became a variable")
	}
}

func TestATokenizerWorksInManyGoroutines(t *testing.T) {
	tok, err := tokenizer.Load("testdata/storyteller/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"Once upon a time", "there was a frog.", strings.Repeat("The frog was happy. ", 50), "é\xff🙂"}
	var want [][]int
	for _, text := range texts {
		ids, err := tok.Encode(text, true)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, ids)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				k := i % len(texts)
				got, err := tok.Encode(texts[k], true)
				if err != nil || !slices.Equal(got, want[k]) {
					t.Errorf("%q: got %v, %v", texts[k], got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestTextsThatGrowWithoutEndAreErrors(t *testing.T) {
	twice := `{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`
	for _, c := range []struct{ name, old, new string }{
		{"in a normalizer", `"normalizers":[`, `"normalizers":[` + strings.Repeat(twice+",", 12)},
		{"in a pre-tokenizer", `"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Sequence","pretokenizers":[` + strings.TrimSuffix(strings.Repeat(`{"type":"ByteLevel","use_regex":false},`, 60), ",") + `]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := loadText(t, strings.Replace(tiny, c.old, c.new, 1))
			if err != nil {
				t.Fatal(err)
			}
			if ids, err := tok.Encode("aé", false); err == nil {
				t.Errorf("got %d ids", len(ids))
			}
		})
	}
}

func TestPatternsThatBacktrackTooLongAreErrors(t *testing.T) {
	text := strings.Replace(tiny, `"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(a+)+c"}}`, 1)
	tok, err := loadText(t, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tok.Encode(strings.Repeat("a", 100)+"b", false); err == nil {
		t.Error("the pattern came to an end")
	}
	if ids, err := tok.Encode("ab", false); err != nil || !slices.Equal(ids, []int{8}) {
		t.Errorf("got %v, %v afterwards", ids, err)
	}
}
