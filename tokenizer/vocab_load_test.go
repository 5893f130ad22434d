package tokenizer_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// Small files of each form. The ids are worked out by hand.
const (
	smallVocab  = `{"a":0,"b":1,"ab":2,"Ġ":3,"Ġab":4,"<|endoftext|>":5}`
	smallMerges = "#version: 0.2\na b\nĠ ab\n"
	smallWords  = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nab\n##c\n"
	smallRanks  = "YQ== 0\nYg== 1\nYWI= 2\n"
	smallTekken = `{"config":{"pattern":"[^ ]+| ","version":"v13"},"special_tokens":[{"rank":0,"token_str":"<s>"}],` +
		`"vocab":[{"rank":0,"token_bytes":"YQ==","token_str":"a"},{"rank":1,"token_bytes":"Yg==","token_str":"b"}]}`
)

// encoded returns the ids of a text, with special tokens, by a folder of files.
func encoded(t *testing.T, files map[string]string, text string) []int {
	t.Helper()
	tok, err := tokenizer.LoadFS(folderOf(files), "m")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := tok.Encode(text, true)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// The order is that of AutoTokenizer: tokenizer.json, then the three names that it looks
// for whatever the class, then the files of the class.
func TestTheFirstOfSeveralVocabulariesIsTaken(t *testing.T) {
	files := map[string]string{"vocab.txt": smallWords}
	for _, step := range []struct {
		name, text string
		want       []int // of "ab"
	}{
		{"vocab.txt", smallWords, []int{2, 5, 3}},
		{"vocab.json", smallVocab, []int{2, 5, 3}}, // merges.txt is not there, so it is of something else
		{"merges.txt", smallMerges, []int{2}},
		{"cl100k_base.tiktoken", "Yg== 0\nYQ== 1\n", []int{1, 0}},
		{"tiktoken.model", "YQ== 0\nYg== 1\n", []int{0, 1}},
		{"tokenizer.model", smallRanks, []int{2}},
		{"tekken.json", smallTekken, []int{0, 1, 2}},
		{"tokenizer.json", `{"model":{"type":"BPE","vocab":{"a":7,"b":8},"merges":[]}}`, []int{7, 8}},
	} {
		files[step.name] = step.text
		if got := encoded(t, files, "ab"); !slices.Equal(got, step.want) {
			t.Errorf("with %s: got %v, want %v", step.name, got, step.want)
		}
	}
}

func TestAFileIsLoadedByItself(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		want []int
	}{
		"vocab.json":            {smallVocab, []int{2}},
		"bert-vocab.txt":        {smallWords, []int{2, 5, 3}},
		"some.tiktoken":         {smallRanks, []int{2}},
		"original.model":        {smallRanks, []int{2}},
		"tekken_241114.json":    {smallTekken, []int{0, 1, 2}},
		"o200k_base.tiktoken":   {smallRanks, []int{2}},
		"without-an-extension1": {smallRanks, []int{2}},
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(file, []byte(c.text), 0o600), os.WriteFile(filepath.Join(dir, "merges.txt"), []byte(smallMerges), 0o600)); err != nil {
			t.Fatal(err)
		}
		tok, err := tokenizer.Load(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if ids, err := tok.Encode("ab", true); err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("%s: got %v (%v), want %v", name, ids, err, c.want)
		}
	}
}

func TestADirectoryWithoutATokenizerSaysWhatWasLookedFor(t *testing.T) {
	_, err := tokenizer.LoadFS(folderOf(map[string]string{"config.json": "{}"}), "m")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	for _, name := range append(tokenizer.FileNames(), "*.tiktoken") {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestMalformedVocabulariesNameTheirFileAndLine(t *testing.T) {
	with := func(name, text string) map[string]string {
		files := map[string]string{"vocab.json": smallVocab, "merges.txt": smallMerges}
		maps.Copy(files, map[string]string{name: text})
		return files
	}
	for name, c := range map[string]struct {
		files      map[string]string
		file, want string
	}{
		"a merge of three":           {with("merges.txt", "#version\na b c\n"), "merges.txt", "line 2"},
		"an empty line of merges":    {with("merges.txt", "a b\n\nĠ ab\n"), "merges.txt", "line 2"},
		"a merge of nothing known":   {with("merges.txt", "a b\nb z\n"), "merges.txt", "line 2"},
		"merges that are no text":    {with("merges.txt", "a \xff\n"), "merges.txt", "line 1"},
		"no merges":                  {map[string]string{"vocab.json": smallVocab}, "vocab.json", "merges.txt"},
		"a vocabulary that ends":     {with("vocab.json", `{"a":0,`), "vocab.json", "malformed JSON at byte 7"},
		"two vocabularies":           {with("vocab.json", smallVocab+"{}"), "vocab.json", "text after the end"},
		"an id beyond all bound":     {with("vocab.json", `{"a":4194304}`), "vocab.json", "out of range"},
		"words that are no text":     {map[string]string{"vocab.txt": "a\n\xff\n"}, "vocab.txt", "line 2"},
		"a word of 16385 bytes":      {map[string]string{"vocab.txt": "a\n" + strings.Repeat("b", 1<<14+1)}, "vocab.txt", "line 2"},
		"ranks that are no base64":   {map[string]string{"a.tiktoken": "YQ== 0\n? 1\n"}, "a.tiktoken", "line 2"},
		"a tekken.json without end":  {map[string]string{"tekken.json": "{"}, "tekken.json", "malformed JSON"},
		"a pattern that is none":     {map[string]string{"tekken.json": strings.Replace(smallTekken, "[^ ]+| ", "(", 1)}, "tekken.json", "pattern"},
		"settings that are no JSON":  {with("tokenizer_config.json", "{"), "tokenizer_config.json", ""},
		"a setting of another type":  {with("tokenizer_config.json", `{"add_prefix_space":[1]}`), "tokenizer_config.json", "add_prefix_space"},
		"an added token without id":  {with("tokenizer_config.json", `{"added_tokens_decoder":{"one":{"content":"x"}}}`), "tokenizer_config.json", "one"},
		"added tokens in a list":     {with("added_tokens.json", `[]`), "added_tokens.json", ""},
		"an added token far outside": {map[string]string{"a.tiktoken": smallRanks, "tokenizer_config.json": `{"added_tokens_decoder":{"4000000":{"content":"x"}}}`}, "a.tiktoken", "4000000"},
		"a model that is no JSON":    {with("config.json", "]"), "config.json", "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tokenizer.LoadFS(folderOf(c.files), "m")
			if format, ok := errors.AsType[*tokenizer.FormatError](err); ok {
				if format.File != c.file || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %s and %q", err, c.file, c.want)
				}
				return
			}
			if _, ok := errors.AsType[*tokenizer.UnsupportedError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error of %s with %q", err, c.file, c.want)
			}
		})
	}
}

// What these classes make of a vocabulary is written in Python alone.
func TestClassesThatAreNotKnownAreRefused(t *testing.T) {
	for _, class := range []string{"CTRLTokenizer", "BertJapaneseTokenizer", "MadeUpTokenizerFast", "BertTokenizer"} {
		files := map[string]string{"vocab.json": smallVocab, "merges.txt": smallMerges, "tokenizer_config.json": fmt.Sprintf(`{"tokenizer_class":%q}`, class)}
		_, err := tokenizer.LoadFS(folderOf(files), "m")
		if e, ok := errors.AsType[*tokenizer.UnsupportedError](err); !ok || !strings.HasPrefix(class, strings.TrimSuffix(e.Name, " without tokenizer.json")) {
			t.Errorf("%s: got %v", class, err)
		}
	}
}

func TestTheClassIsThatOfTheModelWhereNoFileNamesOne(t *testing.T) {
	for name, c := range map[string]struct{ config, model string }{
		"the type alone":                        {`{}`, `{"model_type":"roberta"}`},
		"a class without one of its own":        {`{"tokenizer_class":"PreTrainedTokenizerFast"}`, `{"model_type":"roberta"}`},
		"the class in config.json":              {`{}`, `{"model_type":"gpt2","tokenizer_class":"RobertaTokenizer"}`},
		"the class before the type":             {`{"tokenizer_class":"RobertaTokenizer"}`, `{"model_type":"gpt2"}`},
		"the class before that of config.json":  {`{"tokenizer_class":"BartTokenizer"}`, `{"tokenizer_class":"GPT2Tokenizer"}`},
		"a type whose class is wrong elsewhere": {`{"tokenizer_class":"LlamaTokenizer"}`, `{"model_type":"qwen2"}`},
	} {
		t.Run(name, func(t *testing.T) {
			vocab := strings.Replace(smallVocab, "}", `,"<s>":6,"</s>":7}`, 1)
			got := encoded(t, map[string]string{"vocab.json": vocab, "merges.txt": smallMerges, "tokenizer_config.json": c.config, "config.json": c.model}, "ab")
			want := []int{6, 2, 7}
			if strings.Contains(c.model, "qwen2") {
				want = []int{2}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// Kimi's vocabulary comes with a class of its own, which cuts Chinese off and reserves 256
// ids behind the ranks (tokenization_kimi.py).
func TestKimiHasItsOwnPattern(t *testing.T) {
	var ranks strings.Builder
	for b := range 256 {
		fmt.Fprintf(&ranks, "%s %d\n", base64.StdEncoding.EncodeToString([]byte{byte(b)}), b)
	}
	fmt.Fprintf(&ranks, "%s 256\n", base64.StdEncoding.EncodeToString([]byte("a")[:0:0]))
	text := strings.TrimSuffix(ranks.String(), " 256\n")
	text += base64.StdEncoding.EncodeToString([]byte{'a', "字"[0]}) + " 256\n"
	files := map[string]string{
		"tiktoken.model":        text,
		"tokenizer_config.json": `{"tokenizer_class":"TikTokenTokenizer","auto_map":{"AutoTokenizer":["tokenization_kimi.TikTokenTokenizer",null]},"added_tokens_decoder":{"258":{"content":"[EOS]","special":true}}}`,
	}
	if got, want := encoded(t, files, "a字[EOS]"), []int{'a', int("字"[0]), int("字"[1]), int("字"[2]), 258}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	tok, err := tokenizer.LoadFS(folderOf(files), "m")
	if err != nil {
		t.Fatal(err)
	}
	if token, _ := tok.IDToToken(512); tok.VocabSize() != 513 || token != "<|reserved_token_512|>" {
		t.Errorf("%d ids, the last %q", tok.VocabSize(), token)
	}
	delete(files, "tokenizer_config.json")
	if got := encoded(t, files, "a字"); got[0] != 256 {
		t.Errorf("got %v: another model's pattern cuts before Chinese", got)
	}
}

// Voxtral and others of Mistral begin a text; another model with a tekken.json does so only
// where it is told to.
func TestTekkenBeginsATextForMistral(t *testing.T) {
	for name, c := range map[string]struct {
		model, config string
		begins        bool
	}{
		"no model":                      {`{}`, `{}`, true},
		"no model, and told not to":     {`{}`, `{"add_bos_token":false}`, false},
		"one of Mistral's":              {`{"model_type":"voxtral"}`, `{"add_bos_token":false}`, true},
		"another":                       {`{"model_type":"llava"}`, `{}`, false},
		"another that is told to do so": {`{"model_type":"llava"}`, `{"add_bos_token":true}`, true},
	} {
		got := encoded(t, map[string]string{"tekken.json": smallTekken, "config.json": c.model, "tokenizer_config.json": c.config}, "ab<s>")
		if want := []int{0, 1, 2, 0}; c.begins && !slices.Equal(got, want) || !c.begins && !slices.Equal(got, want[1:]) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func FuzzVocabMerges(f *testing.F) {
	f.Add([]byte(smallVocab), []byte(smallMerges), []byte(`{"tokenizer_class":"CLIPTokenizer","add_prefix_space":true}`))
	f.Add([]byte(smallVocab), []byte("a b\r\n"), []byte(`{"tokenizer_class":"Qwen2Tokenizer","bos_token":{"content":"<s>"},"added_tokens_decoder":{"9":{"content":"x"}}}`))
	f.Add([]byte(smallVocab), []byte(""), []byte(`{"tokenizer_class":"WhisperTokenizer","task":"translate","extra_special_tokens":{"a_token":"y"}}`))
	f.Fuzz(func(t *testing.T, words, merges, config []byte) {
		checkFuzzed(t, map[string]string{"vocab.json": string(words), "merges.txt": string(merges), "tokenizer_config.json": string(config)})
	})
}

func FuzzVocabText(f *testing.F) {
	f.Add([]byte(smallWords), []byte(`{"tokenizer_class":"BertTokenizer","do_lower_case":false}`))
	f.Add([]byte("a\r\na \n\u3000\n"), []byte(`{"tokenizer_class":"MPNetTokenizer","strip_accents":true,"unk_token":"a"}`))
	f.Fuzz(func(t *testing.T, words, config []byte) {
		checkFuzzed(t, map[string]string{"vocab.txt": string(words), "tokenizer_config.json": string(config)})
	})
}

// checkFuzzed loads a folder and uses what it gives: whatever the files are, that is an
// error or a tokenizer whose ids and texts are bounded by them.
func checkFuzzed(t *testing.T, files map[string]string) {
	t.Helper()
	size := 0
	for _, text := range files {
		size += len(text)
	}
	tok, err := tokenizer.LoadFS(folderOf(files), "m")
	if err != nil {
		if len(err.Error()) > 3000 {
			t.Errorf("a message of %d bytes", len(err.Error()))
		}
		return
	}
	if n := tok.VocabSize(); n > 16*size+1<<16+4096 {
		t.Errorf("%d ids from %d bytes", n, size)
	}
	ids, err := tok.Encode("ab é\xff <s>[MASK]\n123", true)
	if err != nil {
		return
	}
	if len(ids) > 1<<12 {
		t.Errorf("%d ids", len(ids))
	}
	tok.Decode(ids, false)
}
