package tokenizer_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// spoken is a vocabulary of Whisper's kind: letters, what times are written with, and
// control tokens. Its times are no tokens, but any ids may spell one.
const spoken = `{"model":{"type":"BPE","vocab":{"a":0,"b":1,"<":2,"|":3,">":4,".":5,"0":6,"1":7,"<|":8,"|>":9,"Ġ":10,"</w>":11,"a</w>":12},"merges":[]},` +
	`"decoder":{"type":"ByteLevel"},"added_tokens":[{"id":20,"content":"<|endoftext|>","special":true},{"id":21,"content":"<|startoftranscript|>","special":true},` +
	`{"id":22,"content":"<|startofprev|>","special":true},{"id":23,"content":"<|1.00|>"},{"id":24,"content":"<pad>","special":true},` +
	`{"id":25,"content":"<|notimestamps|>","special":true}]}`

// ofClass loads that vocabulary with a class.
func ofClass(t testing.TB, class string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.LoadFS(folderOf(map[string]string{"tokenizer.json": spoken, "tokenizer_config.json": `{"pad_token":"<pad>","tokenizer_class":"` + class + `"}`}), "m")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// idsOf returns the ids of tokens with spaces between them.
func idsOf(t testing.TB, tok *tokenizer.Tokenizer, tokens string) (ids []int) {
	t.Helper()
	for _, token := range strings.Fields(tokens) {
		id, ok := tok.TokenToID(token)
		if !ok {
			t.Fatalf("there is no token %q", token)
		}
		ids = append(ids, id)
	}
	return ids
}

// streamed is what a decoder gives, part by part.
func streamed(tok *tokenizer.Tokenizer, ids []int, skip bool) string {
	d := tok.NewDecoder(skip)
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(d.Next(id))
	}
	return b.String() + d.Flush()
}

func TestClassesDecodeInTheirWay(t *testing.T) {
	for _, c := range []struct{ name, class, tokens, all, skipped string }{
		{"times", "WhisperTokenizer", "a <|1.00|> b", "ab", "ab"},
		{"times that ids spell", "WhisperTokenizer", "a < | 1 0 . 1 |> b", "ab", "ab"},
		{"what is not quite a time", "WhisperTokenizer", "a <| 1 0 |> b <| . 1 |> < < <|", "a<|10|>b<|.1|><<<|", "a<|10|>b<|.1|><<<|"},
		{"a time within another", "WhisperTokenizer", "<| 0 . <| 1 . 1 |> 1 |>", "<|0.1|>", "<|0.1|>"},
		{"a prompt", "WhisperTokenizer", "<|startofprev|> a <|startoftranscript|> b", "<|startofprev|>a<|startoftranscript|>b", "b"},
		{"a prompt alone", "WhisperTokenizer", "<|startofprev|> a b", "<|startofprev|>ab", ""},
		{"a prompt that is not at the beginning", "WhisperTokenizer", "a <|startofprev|> b", "a<|startofprev|>b", "ab"},
		{"ends of words", "CLIPTokenizer", "Ġ a</w> b a</w> Ġ", "a ba", "a ba"},
		{"an end alone", "CLIPTokenizer", "a </w> b", "a b", "a b"},
		{"equal ids", "ParakeetTokenizer", "a a <pad> a b b b", "aab", "aab"},
		{"another class", "PreTrainedTokenizerFast", "a a <|1.00|> </w> b", "aa<|1.00|></w>b", "aa<|1.00|></w>b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := ofClass(t, c.class)
			ids := idsOf(t, tok, c.tokens)
			for skip, want := range map[bool]string{false: c.all, true: c.skipped} {
				if got := tok.Decode(ids, skip); got != want {
					t.Errorf("skipping %v: got %q, want %q", skip, got, want)
				}
				if got := streamed(tok, ids, skip); got != want && c.class != "CLIPTokenizer" {
					t.Errorf("skipping %v: the stream gives %q, want %q", skip, got, want)
				}
			}
		})
	}
}

func TestStreamsLeaveOutWhatTheWholeLeavesOut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	ids := []int{0, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22, 23, 24}
	for _, class := range []string{"WhisperTokenizer", "ParakeetTokenizer"} {
		tok := ofClass(t, class)
		for range 20_000 {
			list := make([]int, rnd.IntN(14))
			for i := range list {
				list[i] = ids[rnd.IntN(len(ids))]
			}
			for _, skip := range []bool{false, true} {
				if got, want := streamed(tok, list, skip), tok.Decode(list, skip); got != want {
					t.Fatalf("%s %v, skipping %v: the stream gives %q, the whole %q", class, list, skip, got, want)
				}
			}
		}
	}
}

func TestAStreamOfMarksIsNotHeldForever(t *testing.T) {
	tok := ofClass(t, "WhisperTokenizer")
	d := tok.NewDecoder(true)
	ids := append(idsOf(t, tok, "<|"), slices.Repeat(idsOf(t, tok, "0"), 10_000)...)
	size := 0
	for _, id := range ids {
		size += len(d.Next(id))
	}
	if size < 5000 {
		t.Errorf("of 10002 bytes %d have come", size)
	}
	if text := d.Flush(); size+len(text) != 10_002 {
		t.Errorf("%d bytes have come in all", size+len(text))
	}
}

// The vocabulary's own components make one token of a space and what follows, which
// neither of these classes does.
func TestALoaderKeepsTheComponentsOfTheFile(t *testing.T) {
	files := map[string]string{
		"tokenizer.json": `{"model":{"type":"BPE","vocab":{"a":0,"b":1,"Q":2,"Ġ":3,"</s>":4},"merges":[]},"normalizer":{"type":"Prepend","prepend":"Q"},` +
			`"pre_tokenizer":{"type":"Whitespace"},"decoder":{"type":"Fuse"},"added_tokens":[{"id":5,"content":"[x]"}]}`,
		"tokenizer_config.json": `{"tokenizer_class":"GPT2Tokenizer","eos_token":"</s>","chat_template":"t"}`,
	}
	fsys := folderOf(files)
	for _, c := range []struct {
		loader *tokenizer.Loader
		want   []int // of "a b"
		unk    string
	}{
		{nil, []int{0, 3, 1}, "<|endoftext|>"},
		{&tokenizer.Loader{}, []int{0, 3, 1}, "<|endoftext|>"},
		{&tokenizer.Loader{KeepComponents: true}, []int{2, 0, 1}, ""},
	} {
		tok, err := c.loader.LoadFS(fsys, "m")
		if err != nil {
			t.Fatal(err)
		}
		ids, err := tok.Encode("a b", true)
		if err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("%+v: got %v (%v), want %v", c.loader, ids, err, c.want)
		}
		if config := tok.Config(); config.UnkToken != c.unk || config.EOSToken != "</s>" || config.ChatTemplate != "t" {
			t.Errorf("%+v: the files say %+v", c.loader, config)
		}
		if id, ok := tok.TokenToID("[x]"); !ok || id != 5 {
			t.Errorf("%+v: an added token has the id %d, %v", c.loader, id, ok)
		}
	}
	delete(files, "tokenizer_config.json")
	tok, err := tokenizer.LoadFS(folderOf(files), "m")
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := tok.Encode("a b", true); err != nil || !slices.Equal(ids, []int{2, 0, 1}) {
		t.Errorf("without files beside it: got %v (%v)", ids, err)
	}
}

func TestAFileThatTheClassCannotTakeStands(t *testing.T) {
	tok := ofClass(t, "T5Tokenizer") // whose vocabulary has scores
	if ids, err := tok.Encode("ab", false); err != nil || !slices.Equal(ids, []int{0, 1}) {
		t.Errorf("got %v (%v)", ids, err)
	}
}

func TestALanguageThatTheVocabularyLacksIsNamed(t *testing.T) {
	_, err := tokenizer.LoadFS(folderOf(map[string]string{"tokenizer.json": spoken, "tokenizer_config.json": `{"tokenizer_class":"WhisperTokenizer","language":"yue"}`}), "m")
	if format, ok := errors.AsType[*tokenizer.FormatError](err); !ok || format.File != "tokenizer_config.json" || !strings.Contains(err.Error(), "language") {
		t.Errorf("got %v", err)
	}
}
